"""Seeds: what they accept, how they are found among the words of documents, and their files."""

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.corpus.preprocessing import Preprocessor
from topicml.errors import InputError, TopicWarning
from topicml.starting import Seeds, Start, read_seeds, seeds_from, starting_topics
from topicml.starting.seeded import seeded_weights, unlike_seeded
from topicml.starting.spectral import SpectralStart, exclusive

PARCELS = "late parcel courier van"
PRICES = "cost price cheap dear"


def corpus():
    """Two subjects of four words: each document has three words of one."""
    rng = np.random.default_rng(0)
    return Corpus.from_tokens([list(rng.choice((PARCELS, PRICES)[i % 2].split(), 3, replace=False)) for i in range(80)])


def documents(made=None):
    made = made or corpus()
    return Documents(made.counts, tuple(made.vocabulary), made.preprocessor, made)


@pytest.mark.parametrize(
    "seeds, message",
    [
        ({}, "names no topic"),
        ({"delivery": []}, "has no seeds"),
        ({"delivery": "late"}, "must be a list of words"),
        ({"delivery": ["late", ""]}, "is ''"),
        ({"delivery": ["late", 3]}, "is 3"),
        ({"": ["late"]}, "name of a seeded topic"),
        ({"a": ["late"], " a ": ["cost"]}, "have the name 'a'"),
        ({"a": ["late", "van"], "b": ["van", "late"]}, "'a' and 'b' are the same"),
        (["late"], "seeds=.*is a list"),
        (3, "seeds=3 is a int"),
    ],
)
def test_seeds_that_are_no_words_of_topics_are_refused(seeds, message):
    with pytest.raises(InputError, match=message):
        Seeds(seeds)


def test_the_order_of_topics_and_repeated_words():
    seeds = Seeds({"z": ["late", "late"], "a": ["cost"]})
    assert seeds.names == ("z", "a") and seeds.words == (("late",), ("cost",))
    assert Seeds(seeds.seeds).seeds == seeds.seeds == Seeds(seeds).seeds
    assert seeds_from(None) is None and seeds_from(seeds) is seeds


def test_seeds_in_no_document_are_told_with_similar_words():
    with pytest.warns(TopicWarning, match=r"1 of the seeds .* 'parcels' of 'delivery' \(similar: parcel\)"):
        Seeds({"delivery": ["late", "parcels"]}).check(documents())


def test_a_topic_without_a_seed_in_the_documents_is_an_error():
    with pytest.raises(InputError, match=r"No document has a seed of the topic 'delivery'.*parcel"):
        Seeds({"delivery": ["parcels"], "price": ["cost"]}).check(documents())


def test_a_word_of_the_vocabulary_that_no_document_has_is_no_seed():
    made = corpus()
    words = documents(Corpus.from_tokens([made.document(i) for i in range(8)], vocabulary=(*made.vocabulary, "unused")))
    with pytest.raises(InputError, match="No document has a seed"):
        Seeds({"delivery": ["unused"]}).check(words)


def test_topics_with_the_same_seeds_left_are_an_error():
    with pytest.raises(InputError, match="of the documents of the topics 'a' and 'b' are the same"):
        Seeds({"a": ["late", "nowhere"], "b": ["late"]}).check(documents())


def test_seeds_need_names_of_words():
    with pytest.raises(InputError, match="columns have no names"):
        Seeds({"delivery": ["late"]}).check(Documents(corpus().counts))


def test_seeds_are_read_as_the_texts_are():
    texts = ["Late parcels arrive", "Parcels cost money", "late money"] * 4
    made = Corpus.from_texts(texts, preprocessor=Preprocessor(min_df=1))
    (ids,) = Seeds({"delivery": ["LATE", "Money"]}).ids(documents(made))
    assert sorted(made.vocabulary[i] for i in ids) == ["late", "money"]


def test_a_word_may_belong_to_several_topics():
    first, second = Seeds({"a": ["late", "van"], "b": ["late", "cost"]}).ids(documents())
    assert len(set(first) & set(second)) == 1


@pytest.mark.parametrize("method", ["npmi", "nmf", "random"])
def test_seeded_topics_start_from_their_seeds_in_their_order(method):
    given = documents()
    topics = starting_topics(given, 3, Start(method=method), seed=0, seeds=Seeds({"p": ["cost"], "d": ["late"]}))
    first = [given.vocabulary[i] for i in topics.argmax(axis=1)]
    assert first[:2] == ["cost", "late"]
    np.testing.assert_allclose(topics[:2].mean(axis=1), 0, atol=1e-5)


def test_seeded_topics_start_from_words_that_occur_with_the_seeds():
    given = documents()
    topics = starting_topics(given, 3, seed=0, seeds=Seeds({"price": ["cost"]}))
    assert {given.vocabulary[i] for i in np.argsort(-topics[0])[:4]} == set(PRICES.split())


def test_topics_given_as_an_array_stay():
    given = documents()
    start = Start(method=np.random.default_rng(0).random((3, 8)))
    with_seeds = starting_topics(given, 3, start, seed=0, seeds=Seeds({"price": ["cost"]}))
    np.testing.assert_array_equal(with_seeds, starting_topics(given, 3, start, seed=0))


def test_the_walk_reaches_words_that_never_occur_with_a_seed():
    made = Corpus.from_tokens([["a", "b"], ["b", "c"], ["x", "y"]] * 10)
    start = SpectralStart(made.counts, Start(threshold=0.0), seed=0)
    column = {word: i for i, word in enumerate(made.vocabulary)}
    place = {column_id: i for i, column_id in enumerate(start.core.tolist())}
    (weights,) = seeded_weights(start.graph, start.core, [np.array([column["a"]])])
    a, b, c, x = (weights[place[column[word]]] for word in "abcx")
    assert a > b > c > 0 == x


def test_seeded_topics_replace_the_topics_like_them():
    topics = np.array([[3.0, 1, 0, 0], [0, 0, 2, 2], [1, 3, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(unlike_seeded(topics, topics[[2]]), topics[[0, 1, 3]])
    both = unlike_seeded(topics, np.array([[2.0, 1, 0, 0], [3, 0, 0, 0]]))  # the nearest topic of both is the first
    np.testing.assert_array_equal(both, topics[[1, 3]])
    nothing = np.zeros((1, 4))  # no seed is in the graph
    assert unlike_seeded(topics, nothing).shape == (3, 4)


def test_topics_without_seeds_are_estimated_only_if_some_are_free(monkeypatch):
    made = corpus()
    ids = [np.array([made.vocabulary.index[word]]) for word in ("late", "cost")]
    start = SpectralStart(made.counts, seed=0)
    first = start.weights(2, ids[:1])[1]
    monkeypatch.setattr("topicml.starting.spectral._factorise", lambda *_: pytest.fail("no topic is free"))
    np.testing.assert_array_equal(
        start.weights(2, ids)[1], exclusive(seeded_weights(start.graph, start.core, ids), start.graph, start.start)
    )
    assert first.shape == (2, 8)


def test_free_topics_are_those_of_a_start_without_seeds():
    given = documents()
    start = Start(exclusivity=0.0)
    seeded = starting_topics(given, 2, start, seed=0, seeds=Seeds({"price": ["cost"]}))
    plain = starting_topics(given, 2, start, seed=0)
    of_parcels = plain[:, [given.vocabulary.index(word) for word in PARCELS.split()]].sum(axis=1).argmax()
    np.testing.assert_array_equal(seeded[1], plain[of_parcels])


def test_as_many_seeded_topics_as_topics():
    topics = starting_topics(documents(), 2, seed=0, seeds=Seeds({"p": ["cost"], "d": ["late"]}))
    assert topics.shape == (2, 8) and np.isfinite(topics).all()


def test_files_of_seeds(tmp_path):
    toml, table = tmp_path / "seeds.toml", tmp_path / "seeds.CSV"
    toml.write_text('delivery = ["late", "parcel"]\nprice = ["cost"]\n')
    table.write_text("\ufefftopic,word\ndelivery,late\nprice,cost\ndelivery,parcel\n")
    assert read_seeds(toml) == read_seeds(table) == {"delivery": ["late", "parcel"], "price": ["cost"]}
    assert Seeds(str(toml)).names == Seeds(table).names == ("delivery", "price")


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("seeds.txt", b"delivery: late", "not TOML"),
        ("seeds.toml", b"delivery = 'late'", "not a list of words"),
        ("seeds.toml", b"\xff\xfe\x00", "not text in UTF-8"),
        ("seeds.csv", b"name,word\na,b\n", "have the columns 'name', 'word'"),
        ("seeds.csv", b"", "have the columns none"),
        ("seeds.csv", b"topic,word\ndelivery,\n", "Line 2 .* has no topic or no word"),
        ("seeds.csv", b"topic,word\n", "names no topic"),
    ],
)
def test_files_that_are_no_seeds(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        Seeds(tmp_path / name)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        Seeds(tmp_path / "nowhere.toml")
