"""A model that grows with a stream: ten days, and a topic that appears on the sixth."""

import copy

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

import topicml
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError, TopicWarning
from topicml.models import Changes, Growth
from topicml.models.growth import Memory
from topicml.models.novelty import find_groups
from topicml.nn.growing import check_growable

FIT = {"n_topics": 4, "batch_size": 50, "random_state": 0}
GROW = Growth(memory=400)


def day(number: int) -> Corpus:
    """240 documents of 4 topics; from day 6, one in six is of a fifth; topic 3 has none on day 10."""
    random = np.random.default_rng(number)
    frequency = 1 / np.arange(4, 24)
    texts = []
    for i in range(240):
        topic = 4 if number >= 6 and i % 6 == 0 else i % (3 if number == 10 else 4)
        words = random.choice(20, size=12, p=frequency / frequency.sum())
        texts.append([f"t{topic}_{word}" for word in words] + [f"common_{word}" for word in random.choice(30, size=6)])
    return Corpus.from_tokens(texts)


def words_of(model: topicml.ProdLDA) -> list[set[str]]:
    return [set(words) for words in model.topics(10)]


@pytest.fixture(scope="module")
def days() -> list[tuple[list[set[str]], Changes, int]]:
    """After each day: words of the topics, changes, and the documents in memory."""
    model = topicml.ProdLDA(**FIT)
    found = []
    for number in range(1, 11):
        model.partial_fit(day(number), grow=GROW)
        found.append((words_of(model), model.changes_, model._memory.counts.shape[0]))
    return found


@pytest.fixture(scope="module")
def grown() -> topicml.ProdLDA:
    """A model after the day of the new topic."""
    return topicml.ProdLDA(**FIT).partial_fit(day(1), grow=GROW).partial_fit(day(6), grow=GROW)


def test_a_new_topic_is_found_on_its_day(days):
    assert [len(words) for words, _, _ in days] == [4] * 5 + [5] * 5
    words, changes, _ = days[5]
    assert list(changes.new_topics) == [4] and changes.new_topics[4] >= 30
    assert sum(word.startswith("t4_") for word in words[4]) >= 6
    assert all(word.startswith(("t4_", "common_")) for word in words[4])


def test_old_topics_keep_their_numbers_and_words(days):
    before = days[4][0]
    for words, _, _ in days[5:]:
        assert np.mean([len(one & other) / 10 for one, other in zip(before, words, strict=False)]) >= 0.9


def test_no_topic_appears_on_other_days(days):
    assert not any(changes.new_topics for i, (_, changes, _) in enumerate(days) if i != 5)


def test_new_words_are_said(days):
    assert all(word.startswith("t4_") for word in days[5][1].new_words)
    assert len(days[5][1].new_words) >= 15
    assert not days[3][1].new_words
    assert str(days[3][1]) == "Nothing new."
    assert "New topic 4" in str(days[5][1]) and "words are new: t4_" in str(days[5][1])


def test_topics_and_words_that_fade_are_said(days):
    topic = next(k for k, words in enumerate(days[8][0]) if any(word.startswith("t3_") for word in words))
    assert days[9][1].faded_topics == (topic,)
    assert {"t3_0", "t3_1"} <= set(days[9][1].faded_words)
    assert not any(changes.faded_topics for _, changes, _ in days[:9])
    assert "rare now" in str(days[9][1])


def test_memory_is_flat(days):
    assert [n_docs for _, _, n_docs in days] == [240] + [400] * 9


def test_a_grown_model_can_be_saved(grown, tmp_path):
    grown.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    assert loaded.n_topics == 5 and loaded.get_params()["n_topics"] == 5
    np.testing.assert_array_equal(loaded.components_, grown.components_)
    np.testing.assert_array_equal(loaded.transform(day(7)), grown.transform(day(7)))
    assert loaded.partial_fit(day(7), grow=True).n_topics == 5  # and goes on growing


def test_theta_of_documents_of_the_new_topic(grown):
    theta = grown.transform(day(8))
    assert theta.shape == (240, 5)
    assert (theta[::6].argmax(axis=1) == 4).mean() >= 0.8
    assert (theta[1::6].argmax(axis=1) == 4).mean() <= 0.1


def test_the_vocabulary_has_a_limit():
    model = topicml.ProdLDA(**FIT).partial_fit(day(1), grow=True)
    n_words = len(model.vocabulary_)
    with pytest.warns(TopicWarning, match="not in the model's vocabulary"):
        model.partial_fit(day(6), grow=Growth(max_words=n_words + 2, max_new_topics=0))
    assert len(model.vocabulary_) == n_words + 2
    assert model.changes_.left_out >= 10
    assert "left out" in str(model.changes_)


def test_raw_texts_grow():
    texts = [" ".join(tokens) for tokens in [["apple", "pear", "plum"], ["tax", "bank", "loan"]] * 40]
    model = topicml.ProdLDA(n_topics=2, random_state=0, preprocessor=CountVectorizer()).partial_fit(texts, grow=True)
    model.partial_fit([*texts[:20], *["apple pear melon"] * 6], grow=Growth(max_new_topics=0))
    assert model.changes_.new_words == ("melon",)


def test_one_document_can_bring_words(grown):
    model = copy.deepcopy(grown)
    model.partial_fit(Corpus.from_tokens([["brand", "new", "t0_1"]]), grow=Growth(min_documents=1))
    assert set(model.changes_.new_words) == {"brand", "new"}
    assert model.network_.evidence.log_words.shape == (len(model.vocabulary_), 5)
    assert model.components_.shape == (5, len(model.vocabulary_))


def test_without_grow_nothing_grows():
    model = topicml.ProdLDA(**FIT).partial_fit(day(1))
    with pytest.warns(TopicWarning, match="not in the model's vocabulary"):
        model.partial_fit(day(6))
    assert model.n_topics == 4 and not hasattr(model, "changes_")


def test_an_error_leaves_the_model_as_it_was(grown, monkeypatch):
    model = copy.deepcopy(grown)
    components, history = model.components_, [*model.history_]

    def fail(*_: object, **__: object) -> None:
        raise InputError("no")

    monkeypatch.setattr(topicml.ProdLDA, "_keep", fail)  # after training
    extra = Corpus.from_tokens([["brand", "new", "t0_1", "t0_2"]] * 20)
    with pytest.raises(InputError, match="no"):
        model.partial_fit(extra, grow=True)
    assert len(model.vocabulary_) == components.shape[1] == model.network_.topic_word().shape[1]
    assert model.history_ == history
    assert model.transform(day(7)).shape == (240, 5)


@pytest.mark.parametrize(
    ("model", "documents", "message"),
    [
        (topicml.ETM(n_topics=2, random_state=0), day(1), "cannot grow"),
        (topicml.TSCTM(n_topics=2, random_state=0), day(1), "cannot grow"),
        (
            topicml.ProdLDA(n_topics=2, random_state=0, prevalence="~ x"),
            Corpus.from_tokens([["rain", "sun"], ["sun", "wind"]] * 20, fields={"x": [0.0, 1.0] * 20}),
            "topics depend on covariates",
        ),
        (topicml.ProdLDA(n_topics=2, seeds={"one": ["t0_1"]}, random_state=0), day(1), "seeds among its losses"),
        (topicml.ProdLDA(n_topics=2, random_state=0), np.ones((20, 5)), "words with names"),
    ],
)
def test_what_cannot_grow_is_refused(model, documents, message):
    with pytest.raises(InputError, match=message):
        model.partial_fit(documents, grow=True)
    assert not hasattr(model, "network_")  # as it was


def test_priors_of_each_topic_cannot_grow():
    model = topicml.ProdLDA(n_topics=2, alpha=[0.1, 0.2], random_state=0).partial_fit(day(1), grow=True)
    with pytest.raises(InputError, match="one value for each topic"):
        model.partial_fit(day(2), grow=True)


def test_topics_with_covariates_cannot_grow(grown):
    network = copy.deepcopy(grown.network_)
    network.__dict__["covariates"] = object()
    with pytest.raises(InputError, match="covariates"):
        check_growable(network)


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_grow_is_checked(wrong):
    with pytest.raises(InputError, match="grow must be"):
        topicml.ProdLDA(n_topics=2).partial_fit(day(1), grow=wrong)


def test_documents_without_words_in_common_are_no_group():
    counts = Corpus.from_tokens([[f"{i}_{j}" for j in range(10)] for i in range(60)]).counts
    options = {"min_documents": 5, "max_groups": 3, "least_gain": 0.5}
    assert find_groups(counts, np.arange(60), **options) == []


def test_documents_that_share_one_word_are_no_group():
    tokens = [["shared", *(f"{i}_{j}" for j in range(9))] for i in range(30)]
    others = [[f"common_{(i + j) % 40}" for j in range(10)] for i in range(200)]
    counts = Corpus.from_tokens(tokens + others).counts
    options = {"min_documents": 5, "max_groups": 3, "least_gain": 0.5}
    assert find_groups(counts, np.arange(30), **options) == []


def test_the_memory_gives_each_document_the_same_chance():
    memory = Memory()
    for number in range(20):
        counts = np.zeros((50, 20), dtype=np.int64)
        counts[:, number] = 1
        memory.remember(Documents(csr_matrix(counts)), 400, seed=0)
    kept = np.asarray(memory.counts.sum(axis=0)).ravel()
    assert kept.sum() == 400 and kept.min() >= 10 and kept.max() <= 32  # 20 of each part, give or take
