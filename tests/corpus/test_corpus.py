"""`Corpus` of tokens or counts: contents, rows, vocabulary and fields."""

import copy
import pickle
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import KFold, train_test_split

from topicml.corpus import Corpus, Vocabulary
from topicml.errors import InputError

# Any string that UTF-8 can hold is a word: with spaces, line breaks, quotes, or nothing at all.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
DOCUMENTS = st.lists(st.lists(WORDS, max_size=8), max_size=12)


@given(DOCUMENTS)
def test_documents_come_back_in_their_rows_and_order(documents):
    corpus = Corpus.from_tokens(documents)
    assert len(corpus) == corpus.n_docs == len(documents)
    assert list(corpus) == documents
    assert corpus.lengths.tolist() == [len(document) for document in documents]
    assert corpus.empty.tolist() == [i for i, document in enumerate(documents) if not document]
    assert corpus.vocabulary == sorted({word for document in documents for word in document})


@given(DOCUMENTS)
def test_counts_are_canonical_and_count(documents):
    corpus = Corpus.from_tokens(documents)
    counts = corpus.counts
    assert counts.shape == corpus.shape
    assert counts.dtype == np.int32
    for row, document in enumerate(documents):
        entries = slice(counts.indptr[row], counts.indptr[row + 1])
        words = [corpus.vocabulary[i] for i in counts.indices[entries]]
        assert words == sorted(words)
        assert dict(zip(words, counts.data[entries].tolist(), strict=True)) == Counter(document)


def test_counts_equal_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    documents = [[f"w{i}" for i in rng.zipf(1.5, 40) % 300] for _ in range(200)]
    vectorizer = CountVectorizer(analyzer=list)
    expected = vectorizer.fit_transform(documents)
    corpus = Corpus.from_tokens(documents)
    assert corpus.vocabulary == vectorizer.get_feature_names_out()
    assert (corpus.counts != expected).nnz == 0


@given(DOCUMENTS, st.data())
def test_from_tokens_keeps_the_order_of_a_vocabulary_and_drops_other_words(documents, data):
    known = sorted({word for document in documents for word in document})
    vocabulary = data.draw(st.permutations(known))[: data.draw(st.integers(0, len(known)))]
    corpus = Corpus.from_tokens(documents, vocabulary)
    assert corpus.vocabulary == vocabulary
    assert list(corpus) == [[word for word in document if word in vocabulary] for document in documents]


@given(DOCUMENTS, st.data())
def test_indexing_follows_numpy(documents, data):
    corpus = Corpus.from_tokens(documents, fields={"row": np.arange(len(documents))})
    n = len(documents)
    index = data.draw(
        st.one_of(
            st.slices(n),
            st.lists(st.integers(-n, n - 1), max_size=6) if n else st.just([]),
            st.lists(st.booleans(), min_size=n, max_size=n).map(np.array) if n else st.just([]),
        )
    )
    if data.draw(st.booleans()):
        _ = corpus.counts  # derived before or after, a part counts the same
    part = corpus[index]
    rows = np.arange(n)[np.array(index, dtype=int) if isinstance(index, list) else index]
    assert list(part) == [documents[i] for i in rows]
    assert part.fields["row"].tolist() == rows.tolist()
    assert part.vocabulary is corpus.vocabulary
    assert (part.counts != corpus.counts[rows]).nnz == 0
    assert part.fingerprint == Corpus.from_tokens([documents[i] for i in rows], corpus.vocabulary).fingerprint


@given(DOCUMENTS, st.data())
def test_a_corpus_of_counts_equals_one_of_tokens_except_for_the_order(documents, data):
    ordered = Corpus.from_tokens(documents)
    counted = Corpus.from_counts(ordered.counts, ordered.vocabulary)
    assert not counted.has_order
    assert counted.n_tokens == ordered.n_tokens
    assert counted.lengths.tolist() == ordered.lengths.tolist()
    assert list(counted) == [sorted(document) for document in documents]
    n = len(documents)
    rows = data.draw(st.slices(n))
    assert list(counted[rows]) == list(counted)[rows]


def test_a_slice_shares_memory():
    corpus = Corpus.from_tokens([["a", "b", "a"]] * 50, fields={"n": range(50)})
    _ = corpus.counts
    part = corpus[10:40]
    assert np.shares_memory(part.tokens, corpus.tokens)
    assert np.shares_memory(part.counts.data, corpus.counts.data)
    assert np.shares_memory(part.fields["n"], corpus.fields["n"])


def test_documents_may_be_a_stream():
    assert list(Corpus.from_tokens(iter(word) for word in ["ab", "", "ba"])) == [["a", "b"], [], ["b", "a"]]


def test_require_order_raises_for_counts_only():
    Corpus.from_tokens([["a"]]).require_order("C_v coherence")
    with pytest.raises(InputError, match=r"C_v coherence needs word order.*counts only"):
        Corpus.from_counts(sp.eye(2), ["a", "b"]).require_order("C_v coherence")


def test_scikit_learn_splits_a_corpus():
    corpus = Corpus.from_tokens([[str(i)] for i in range(10)], fields={"label": range(10)})
    train, test = train_test_split(corpus, test_size=3, random_state=0)
    assert sorted(word for part in (train, test) for document in part for word in document) == sorted("0123456789")
    assert [document[0] for document in test] == [str(i) for i in test.fields["label"]]
    assert [len(corpus[rows]) for _, rows in KFold(5).split(corpus)] == [2] * 5


def test_the_fingerprint_depends_on_the_words_but_not_on_the_fields():
    documents = [["a", "b"], [], ["b"]]
    same = Corpus.from_tokens(documents).fingerprint
    assert same == Corpus.from_tokens(documents, fields={"label": [1, 2, 3]}).fingerprint
    different = [
        Corpus.from_tokens([["b", "a"], [], ["b"]]),
        Corpus.from_tokens([["a", "b"], ["b"], []]),
        Corpus.from_tokens(documents, ["b", "a"]),
        Corpus.from_tokens(documents, ["a", "b", "c"]),
        Corpus.from_counts(Corpus.from_tokens(documents).counts, ["a", "b"]),
    ]
    assert len({same, *(corpus.fingerprint for corpus in different)}) == 6


def test_the_fingerprint_is_stable_across_versions():
    assert Corpus.from_tokens([["a", "b"], ["ä"]]).fingerprint == (
        "5393548c305250fc8e3e27045c985a8afe7953228dc36baa1b2d722f04d12cd8"
    )


def test_it_can_be_pickled_and_copied():
    corpus = Corpus.from_tokens([["a", "b"], []], fields={"label": ["x", "y"]})
    for other in (pickle.loads(pickle.dumps(corpus)), copy.deepcopy(corpus)):
        assert list(other) == list(corpus)
        assert other.fields["label"].tolist() == ["x", "y"]
        assert hash(other.vocabulary) == hash(corpus.vocabulary)


class Reviews(Corpus):
    """A user's subclass."""


def test_every_constructor_of_a_subclass_returns_it(tmp_path):
    frame = {"text": ["a b", "b"]}
    (tmp_path / "a.txt").write_text("a b\nb\n")
    Reviews.from_tokens([["a", "b"], ["b"]]).save(tmp_path / "saved")
    made = [
        Reviews.from_texts(frame["text"], preprocessor=False),
        Reviews.from_tokens([["a", "b"], ["b"]]),
        Reviews.from_counts([[1, 1], [0, 1]], ["a", "b"]),
        Reviews.from_bow([[(0, 1), (1, 1)], [(1, 1)]], ["a", "b"]),
        Reviews.from_frame(frame, preprocessor=False),
        Reviews.read(tmp_path / "a.txt", preprocessor=False),
        Reviews.open(tmp_path / "saved"),
    ]
    for corpus in made:
        assert type(corpus) is Reviews and isinstance(corpus, Corpus)
        assert type(corpus[1:]) is Reviews
        assert list(corpus) == [["a", "b"], ["b"]]
        assert type(pickle.loads(pickle.dumps(corpus))) is Reviews
        assert repr(corpus).startswith("Reviews(2 documents")
    assert type(Corpus.read(tmp_path / "saved")) is Corpus
    assert pickle.dumps(Corpus.from_tokens([["a"]])).count(b"topicml.corpus.corpus") == 1


def test_repr_lists_sizes_and_fields():
    corpus = Corpus.from_tokens([["a", "b"], []], fields={"label": ["x", "y"]})
    assert repr(corpus) == "Corpus(2 documents, 2 words, 2 tokens, 1 empty, fields: label)"
    assert "counts only" in repr(Corpus.from_counts(corpus.counts, ["a", "b"]))


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        (["a text"], r"Document 0 is a string.*from_texts"),
        ([["a"], None], r"Document 1 is None, a NoneType"),
        ([["a"], [1]], r"A token is 1, a int"),
        ([["a"], [["nested"]]], r"Document 1 contains a token that is not a string"),
        ("one text", r"token_lists is one string"),
        ([["\ud800"]], r"lone surrogate"),
    ],
)
def test_invalid_token_lists_raise(documents, message):
    with pytest.raises(InputError, match=message):
        Corpus.from_tokens(documents)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (3, r"document\(i\)"),
        ([5], r"Row numbers run from 0 to 1; received 5 to 5"),
        ([True], r"mask has 1 values, but there are 2 documents"),
        ([0.5], r"whole numbers"),
        ("label", r"slice, row numbers or a mask"),
    ],
)
def test_invalid_rows_raise(rows, message):
    with pytest.raises(InputError, match=message):
        Corpus.from_tokens([["a"], ["b"]])[rows]


def test_a_document_out_of_range_is_an_index_error():
    with pytest.raises(IndexError, match="no document 2: the corpus has 2 documents"):
        Corpus.from_tokens([["a"], ["b"]]).document(2)


class TestVocabulary:
    def test_it_is_a_sequence_equal_to_others(self):
        vocabulary = Vocabulary(["b", "a"])
        assert vocabulary == ["b", "a"] == vocabulary
        assert vocabulary == ("b", "a")
        assert vocabulary == np.array(["b", "a"])
        assert vocabulary != ["a", "b"]
        assert vocabulary != "ba"
        assert vocabulary[0] == "b"
        assert vocabulary[-1:] == ["a"]
        assert vocabulary.index["a"] == 1
        assert "c" not in vocabulary
        assert hash(vocabulary) == hash(Vocabulary(["b", "a"]))

    def test_it_is_read_only(self):
        with pytest.raises(TypeError):
            Vocabulary(["a"]).index["b"] = 1

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["a", "b", "a"], r"'a' at 0 and again at 2"),
            (["a", 1], r"Word 1 of the vocabulary is 1, a int"),
            ("abc", r"single string"),
        ],
    )
    def test_invalid_words_raise(self, words, message):
        with pytest.raises(InputError, match=message):
            Vocabulary(words)


class TestFields:
    def test_columns_keep_their_type(self):
        fields = Corpus.from_tokens(
            [["a"]] * 3,
            fields={
                "label": ["x", None, "y"],
                "year": [2001, 2002, 2003],
                "share": np.array([0.5, np.nan, 1.0]),
                "when": np.array(["2020-01-01", "2021-01-01", "2022-01-01"], dtype="datetime64[D]"),
                "vector": np.arange(6.0).reshape(3, 2),
                "flag": [True, False, True],
            },
        ).fields
        assert list(fields) == ["label", "year", "share", "when", "vector", "flag"]
        assert fields["label"].tolist() == ["x", None, "y"]
        assert fields["label"].dtype == object
        assert fields["year"].dtype == np.int64
        assert np.isnan(fields["share"][1])
        assert fields["when"].dtype == np.dtype("datetime64[D]")
        assert fields["vector"].tolist() == [[0, 1], [2, 3], [4, 5]]
        assert fields["flag"].dtype == bool

    def test_an_arrow_table_is_accepted(self):
        table = pa.table({"label": pa.array(["x", "y"]).dictionary_encode()})
        assert Corpus.from_tokens([["a"], []], fields=table).fields["label"].tolist() == ["x", "y"]

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    def test_a_frame_is_accepted(self, library):
        frame = pytest.importorskip(library).DataFrame({"label": ["x", "y"], "n": [1, 2]})
        assert Corpus.from_tokens([["a"], []], fields=frame).fields["label"].tolist() == ["x", "y"]

    def test_columns_are_read_only(self):
        fields = Corpus.from_tokens([["a"]], fields={"n": [1]}).fields
        with pytest.raises(ValueError, match="read-only"):
            fields["n"][0] = 2

    def test_vectors_follow_their_rows(self):
        vectors = np.arange(12).reshape(6, 2)
        corpus = Corpus.from_tokens([["a"]] * 6, fields={"vector": vectors})
        assert (corpus[2:5][[2, 0]].fields["vector"] == vectors[[4, 2]]).all()

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"label": ["x"]}, r"Field 'label' has 1 values, but there are 2 documents"),
            ({"cube": np.zeros((2, 2, 2))}, r"Field 'cube' cannot be a column.*shape \(2, 2, 2\)"),
            ({"label": "ab"}, r"Field 'label' cannot be a column: it is one string, 'ab'"),
            ({"label": {"x", "y"}}, r"Field 'label' cannot be a column: a set has no order"),
            ({"label": {"x": 1, "y": 2}}, r"Field 'label' cannot be a column: a dict has no order"),
            ({"label": 3}, r"Field 'label' cannot be a column: it is 3, a int"),
            ({"label": np.array(3)}, r"Field 'label' cannot be a column: it is array\(3\)"),
            ({"label": pa.table({"x": [1, 2]})}, r"Field 'label' cannot be a column: it is a whole table"),
            ({"m": sp.eye(2, format="csr")}, r"Field 'm' cannot be a column: it is a sparse matrix"),
            (["x", "y"], r"fields is a list; pass a dict of columns"),
        ],
    )
    def test_invalid_columns_raise(self, fields, message):
        with pytest.raises(InputError, match=message):
            Corpus.from_tokens([["a"], ["b"]], fields=fields)

    def test_the_message_for_a_missing_field_lists_all_fields(self):
        fields = Corpus.from_tokens([["a"]], fields={"tag": [1]}).fields
        assert fields.get("label") is None
        with pytest.raises(InputError, match=r"no field 'label' in this corpus; its fields: 'tag'"):
            fields["label"]
        with pytest.raises(KeyError):
            fields["label"]
