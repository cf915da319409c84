"""Names of topics from phrases of the texts."""

import json

import numpy as np
import pyarrow as pa
import pytest

import topicml
from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.runs import FitSettings, Reading, fit_run, open_run, resume_run
from topicml.runs.phrases import topic_phrases
from topicml.runs.rows import automatic_labels, names_beside_words

FILL, MORE = [f"fill{i}" for i in range(40)], [f"more{i}" for i in range(30)]


def phrases_of(texts, words, read=None):
    """The phrases of one topic, which all texts belong to."""
    corpus = Corpus.from_tokens([["x"]] * len(texts), fields={"text": texts})
    found = topic_phrases([words], corpus, np.ones((len(texts), 1)), np.zeros(len(texts), dtype=int), read)
    return found[0]


def around(phrase, n=5, start=0):
    """Texts with a phrase between other words each time, and with more words after that."""
    return [f"{FILL[start + 2 * i]} {phrase} {FILL[start + 2 * i + 1]}. {' '.join(MORE)}" for i in range(n)]


class Lower:
    """Lower case; "the" is a stop word."""

    def tokens(self, texts):
        return [[word for word in text.lower().split() if word != "the"] for text in texts]


def test_words_become_the_phrases_they_are_in():
    texts = around("prime minister") + around("labour", start=10)
    assert phrases_of(texts, ["minister", "labour", "prime"]) == ("prime minister", "labour")
    assert phrases_of(texts, ["labour", "prime"]) == ("labour", "prime minister")
    assert phrases_of(texts, ["absent"]) == ("absent",)


def test_a_phrase_grows_while_most_of_it_is_longer():
    texts = around("new south wales", 5)
    assert phrases_of(texts, ["south"]) == ("new south wales",)
    assert phrases_of(texts + around("new south", 3, 20), ["south"]) == ("new south wales",)  # 5 of 8
    assert phrases_of(texts + around("new south", 4, 20), ["south"]) == ("new south",)  # 5 of 9
    assert phrases_of(around("one two three four five"), ["one"]) == ("one two three four",)  # four words at most


def test_a_phrase_needs_three_uses_and_a_fifth_of_its_word():
    assert phrases_of(around("a b", 2), ["a"]) == ("a",)
    assert phrases_of(around("a b", 3), ["a"]) == ("a b",)
    assert phrases_of(around("a b", 3) + around("a", 12, 6), ["a"]) == ("a b",)  # 3 of 15
    assert phrases_of(around("a b", 3) + around("a", 13, 6), ["a"]) == ("a",)


def test_words_that_meet_by_chance_are_no_phrase():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcd"), 12)) for _ in range(100)]
    assert phrases_of(texts, ["a", "b", "c"]) == ("a", "b", "c")  # each pair is a fourth of the uses of its words


def test_copies_count_once():
    assert phrases_of(["so it a b goes on"] * 9, ["a"]) == ("a",)


def test_phrases_do_not_cross_punctuation_or_words_that_are_left_out():
    for text in ("a, b", "a. b", "a (b", "a\n\nb", "the a the b"):
        assert phrases_of(around(text), ["a"], Lower()) == ("a",), text
    assert phrases_of(around("a\nb"), ["a"]) == ("a b",)
    assert phrases_of(around("a b a"), ["a"])[0] in ("a b", "b a")  # no word twice


def test_names_are_written_as_in_the_texts():
    texts = around("New York", 4) + around("new york", 3, 10) + around("SQL", 3, 20) + around("sql", 2, 30)
    assert phrases_of(texts, ["york", "sql"], Lower()) == ("New York", "SQL")

    class Lemmas(Lower):
        def tokens(self, texts):
            return [[word.rstrip("s") for word in text] for text in super().tokens(texts)]

    assert phrases_of(around("Walls"), ["wall"], Lemmas()) == ("wall",)  # the word of the topic, not a form of it
    assert phrases_of(around("C++ code"), ["code"]) == ("C++ code",)


def test_documents_of_other_topics_and_missing_texts_are_not_read():
    texts = [*around("a b"), *around("a c", 9, 10), None]
    corpus = Corpus.from_tokens([["x"]] * 15, fields={"text": texts})
    leading = np.array([0] * 5 + [1] * 9 + [0])
    theta = np.full((15, 2), 0.5)
    assert topic_phrases([["a"], ["a"]], corpus, theta, leading, None) == (("a b",), ("a c",))
    assert topic_phrases([["a"]], corpus[:0], theta[:0], leading[:0], None) == (("a",),)
    assert topic_phrases([["a"]], Corpus.from_tokens([["a"]]), theta[:1], leading[:1], None) is None


def test_of_many_documents_those_with_most_of_the_topic_are_read(monkeypatch):
    monkeypatch.setattr("topicml.runs.phrases._DOCUMENTS", 5)
    texts = [*around("a b"), *around("a c", 9, 10)]
    corpus = Corpus.from_tokens([["x"]] * 14, fields={"text": texts})
    theta = np.array([[0.9]] * 5 + [[0.8]] * 9)
    assert topic_phrases([["a"]], corpus, theta, np.zeros(14, dtype=int), None) == (("a b",),)
    assert topic_phrases([["a"]], corpus, theta[::-1], np.zeros(14, dtype=int), None) == (("a c",),)


def test_texts_in_parts_are_not_joined():
    parts = [pa.array([f"{'x' * 10_000} {text}" for text in around("a b")]) for _ in range(100)]
    corpus = Corpus.from_tokens([["x"]] * 500)
    corpus.fields = Fields(pa.table({"text": pa.chunked_array(parts)}))
    leading, theta = np.full(500, -1), np.full((500, 1), 0.5)
    leading[240:250] = 0
    before, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    try:
        topic_phrases([["a"]], corpus, theta, leading, None)
    finally:
        pa.set_memory_pool(before)
    assert pool.max_memory() < corpus.fields.table.nbytes / 4


def test_only_the_beginning_of_a_long_text_is_read(monkeypatch):
    monkeypatch.setattr("topicml.runs.phrases._CHARACTERS", 10)
    assert phrases_of([f"{'x' * 20} {text}" for text in around("a b")], ["a"]) == ("a",)


def test_labels_have_four_words_together():
    parts = [
        ["prime minister", "labour", "vote", "poll"],
        ["a", "b", "c", "d", "e"],
        ["one two three four five", "six"],
    ]
    labels = automatic_labels(parts)
    assert labels == ["prime minister, labour, vote", "a, b, c, d", "one two three four five"]
    assert automatic_labels([["a b c d", "e"], ["a b c d", "f"]]) == ["a b c d, e", "a b c d, f"]
    assert names_beside_words(labels, [None, None, "given"]) == [labels[0], None, labels[2]]
    assert names_beside_words(["a, b"], ["a, b"]) == ["a, b"]


@pytest.fixture(scope="module")
def corpus():
    subjects = ("prime minister labour vote", "stock market bank share")
    rng = np.random.default_rng(0)
    texts = []
    for i in range(200):
        words = subjects[i % 2].split()
        noun = f"{words[0].title()} {words[1]}"
        texts.append(" ".join([noun, *rng.choice(words[2:], 4), noun, *rng.choice(words[2:], 4)]))
    return Corpus.from_texts(texts, fields={"text": texts}, preprocessor=topicml.Preprocessor(max_df=1.0))


@pytest.fixture(scope="module")
def model(corpus):
    return topicml.ProdLDA(2, max_epochs=10, hidden=8, random_state=0, device="cpu").fit(corpus)


def test_a_view_with_phrases(model, corpus):
    view = TopicView.of(model, corpus)
    named = view.with_phrases()
    assert model.phrases_ is None and view.given_phrases is None and view.names == [None, None]
    assert sorted("Prime minister" in label for label in named.labels) == [False, True]
    assert sorted("Stock market" in label for label in named.labels) == [False, True]
    assert named.names == named.labels and named.with_phrases(False).labels == view.labels
    assert (
        named.rename(0, "mine").labels[0] == "mine" and named.rename(0, "mine").rename(0, None).labels == named.labels
    )
    assert named.order([1, 0]).labels == named.labels[::-1]
    assert named.merge([0, 1]).given_phrases == (None,)
    assert named.split(0, words=["vote", "share"]).given_phrases == (None, named.given_phrases[1], None)
    assert "Prime minister" in named.merge([0, 1]).with_phrases().labels[0]


def test_views_without_texts_have_no_phrases(model, corpus):
    with pytest.raises(InputError, match="needs documents"):
        TopicView.of(model).with_phrases()
    for documents in (corpus.counts, corpus.replaced(fields=topicml.corpus.fields.Fields.of({}, 200))):
        with pytest.raises(InputError, match="have none"):
            TopicView.of(model, documents).with_phrases()


def test_phrases_are_saved_and_belong_to_the_ranking(model, corpus, tmp_path):
    model.phrases_ = TopicView.of(model, corpus).with_phrases().given_phrases
    try:
        model.save(tmp_path / "model")
        loaded = topicml.load(tmp_path / "model")
        assert loaded.phrases_ == model.phrases_
        assert TopicView.of(loaded).labels == TopicView.of(model, corpus).with_phrases().labels
        assert open_run(tmp_path / "model").phrases == [list(each) for each in model.phrases_]
        assert loaded.rank_words("decoder").phrases_ is None
        header = json.loads((tmp_path / "model" / "model.json").read_text("utf-8"))
        for phrases in ("a", [["a"]], [["a"], []], [["a"], [1]]):
            (tmp_path / "model" / "model.json").write_text(json.dumps({**header, "phrases": phrases}), "utf-8")
            with pytest.raises(InputError, match=r"damaged.*phrases"):
                topicml.load(tmp_path / "model")
            assert open_run(tmp_path / "model").phrases is None or phrases == [["a"]]
    finally:
        model.phrases_ = None


def test_a_run_is_named_by_phrases(corpus, tmp_path):
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(corpus.fields["text"]), "utf-8")
    parameters = {"n_topics": 2, "max_epochs": 5, "hidden": 8, "random_state": 0, "device": "cpu"}
    settings = FitSettings(Reading(str(source), preprocessing={"max_df": 1.0}), "ProdLDA", parameters)
    result = fit_run(settings, tmp_path / "run", progress=False)
    labels = TopicView.of(result.model).labels
    assert all(any(phrase in label for label in labels) for phrase in ("Prime minister", "Stock market"))
    assert TopicView.of(open_run(tmp_path / "run").model).labels == labels
    written = (tmp_path / "run" / "documents.csv").read_text("utf-8")
    assert all(label in written for label in labels)
    assert not open_run(tmp_path / "run").is_edited
    tokens = FitSettings(Reading(str(source), tokenized=True), "ProdLDA", parameters)
    assert fit_run(tokens, progress=False).model.phrases_ is None
    by_words = FitSettings(settings.reading, "ProdLDA", parameters, names="words")
    assert FitSettings.from_record(by_words.to_record()) == by_words
    result = fit_run(by_words, tmp_path / "words", progress=False)
    assert result.model.phrases_ is None and open_run(tmp_path / "words").phrases is None
    assert resume_run(tmp_path / "words", progress=False) is None
