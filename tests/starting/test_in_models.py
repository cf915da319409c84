"""Models start from what `starting` estimates: from passages, from their seed, from given topics, with all options."""

import numpy as np
import pytest
from sklearn.base import clone

import topicml
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError, TopicWarning
from topicml.starting import Start, VectorStart, starting_topics

MODELS = ("ProdLDA", "ETM", "ECRTM", "LDA2Vec", "TSCTM", "DocNADE")
# Topics stay where they start, which is computed from all documents.
STILL = {"max_epochs": 1, "topic_rate": 0.0, "learning_rate": 1e-9, "validation_fraction": 0.0, "ranking": "decoder"}


def long_documents():
    """Every document goes through all topics, one after the other: only nearby words tell the topics apart."""
    rng = np.random.default_rng(0)
    texts = []
    for _ in range(30):
        order = rng.permutation(4)
        texts.append([f"{'abcd'[k]}{i}" for k in order for i in rng.integers(8, size=40)])
    return Corpus.from_tokens(texts)


CORPUS = long_documents()
DOCUMENTS = Documents(CORPUS.counts, tuple(CORPUS.vocabulary), None, CORPUS)


def start_of(model):
    """Centred log-weights of a ProdLDA that has not moved."""
    log = np.log(model.components_)
    return log - log.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("name", MODELS)
def test_models_start_from_passages_where_the_order_of_words_allows(name):
    model = getattr(topicml, name)(n_topics=4, random_state=0, **STILL)
    topics = model.fit(CORPUS).topics(8)
    assert {frozenset(word[0] for word in words) for words in topics} == {*map(frozenset, "abcd")}
    unordered = clone(model).fit(Corpus.from_counts(CORPUS.counts, CORPUS.vocabulary)).topics(8)
    assert {frozenset(word[0] for word in words) for words in unordered} != {*map(frozenset, "abcd")}


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("init", ["npmi", "nmf", "random"])
def test_the_seed_and_the_method_of_a_model_decide_its_start(init, seed):
    model = topicml.ProdLDA(n_topics=40, init=init, random_state=seed, **STILL)
    with pytest.warns(TopicWarning):  # more topics than words: those beyond the rank are random
        model.fit(CORPUS)
    expected = starting_topics(DOCUMENTS, 40, Start(method=init), seed=seed)
    expected = expected - expected.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(start_of(model), expected, atol=1e-4)
    other = starting_topics(DOCUMENTS, 40, Start(method=init), seed=seed + 1)
    assert np.abs(other - expected).max() > 0.1


def test_a_model_takes_every_option_of_the_start():
    start = Start(threshold=0.3, floor=0.5, exclusivity=1.0)
    model = topicml.ProdLDA(n_topics=4, init=start, random_state=0, **STILL).fit(CORPUS)
    np.testing.assert_allclose(start_of(model), starting_topics(DOCUMENTS, 4, start, seed=0), atol=1e-4)
    flat = topicml.ProdLDA(n_topics=4, init="npmi", exclusivity=1.0, random_state=0, **STILL).fit(CORPUS)
    expected = starting_topics(DOCUMENTS, 4, Start(exclusivity=1.0), seed=0)
    np.testing.assert_allclose(start_of(flat), expected, atol=1e-4)
    with pytest.raises(InputError, match="both set the exclusivity"):
        topicml.ProdLDA(init=start, exclusivity=2.0).fit(CORPUS)


@pytest.mark.parametrize(("name", "argument"), [("ETM", "embeddings"), ("LDA2Vec", "vectors")])
@pytest.mark.parametrize("source", ["corpus", "word2vec"])
def test_a_model_takes_every_option_of_the_word_vectors(name, argument, source):
    def words(start):
        model = getattr(topicml, name)(n_topics=4, init=start, random_state=0, **{argument: source}, **STILL)
        return model.fit(CORPUS).network_.cpu().decoder.words.detach().numpy()

    change = {"corpus": {"shift": 0.5}, "word2vec": {"word2vec_epochs": 1}}[source]
    before, after = words(Start()), words(Start(vectors=VectorStart(**change)))
    assert np.abs(before @ before.T - after @ after.T).max() > 0.01


@pytest.mark.parametrize("name", MODELS)
def test_models_start_from_the_topics_of_another(name, tmp_path):
    weights = np.zeros((4, CORPUS.n_words))
    for i, word in enumerate(CORPUS.vocabulary):
        weights["dbca".index(word[0]), i] = 1.0
    model = getattr(topicml, name)(n_topics=4, init=weights, random_state=0, **STILL)
    topics = clone(model).fit(CORPUS).topics(8)
    assert [{word[0] for word in words} for words in topics] == [{"d"}, {"b"}, {"c"}, {"a"}]
    with pytest.warns(TopicWarning, match="init"):
        model.fit(CORPUS).save(tmp_path / "model")
    opened = topicml.load(tmp_path / "model")
    assert opened.score(CORPUS) == pytest.approx(model.score(CORPUS))


def test_given_topics_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"shape \(3, 5\); 4 topics of 32 words need \(4, 32\)"):
        topicml.ProdLDA(n_topics=4, init=np.ones((3, 5))).fit(CORPUS)
    with pytest.raises(InputError, match="init is negative at topic 0, word 0"):
        topicml.ProdLDA(n_topics=4, init=-np.ones((4, 32))).fit(CORPUS)


def test_a_model_with_a_start_is_saved_with_it(tmp_path):
    start = Start(threshold=0.3, vectors=VectorStart(shift=0.5))
    topicml.ProdLDA(n_topics=4, init=start, random_state=0, **STILL).fit(CORPUS).save(tmp_path / "model")
    assert repr(topicml.load(tmp_path / "model").init) == repr(start)
