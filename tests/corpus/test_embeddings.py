"""The embeddings of a corpus: kept in step with its rows, saved, opened, and checked."""

import warnings

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import topicml
from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.storage import writing
from topicml.errors import InputError, TopicWarning
from topicml.models.documents import in_model_words

N_DOCS = 12


def corpus_of(n_docs=N_DOCS, **fields):
    """Document i has i + 1 words and the vector (i + 1, 2 i + 1)."""
    words = [["ant", "bee", "cat"][i % 3] for i in range(n_docs)]
    return topicml.Corpus.from_tokens([[word] * (i + 1) for i, word in enumerate(words)], fields=fields or None)


def vectors_of(n_docs=N_DOCS):
    rows = np.arange(n_docs)
    return np.stack([rows + 1, 2 * rows + 1], axis=1).astype(np.float32)


def in_step(corpus):
    """Whether each document has its own vector: the first number is its length."""
    return np.array_equal(corpus.embeddings[:][:, 0], corpus.lengths)


INDEX = st.one_of(
    st.slices(N_DOCS),
    st.lists(st.integers(-N_DOCS, N_DOCS - 1), max_size=20),
    st.lists(st.booleans(), min_size=N_DOCS, max_size=N_DOCS).map(np.array),
)


@settings(max_examples=60, deadline=None)
@given(first=INDEX, again=st.slices(5), kind=st.sampled_from(["array", "file"]))
def test_vectors_stay_with_their_documents_in_every_selection_of_rows(first, again, kind, tmp_path_factory):
    vectors = vectors_of()
    if kind == "file":
        path = tmp_path_factory.mktemp("vectors") / "v.npy"
        np.save(path, vectors)
        vectors = path
    part = corpus_of().with_embeddings(vectors)[
        first if isinstance(first, slice) else np.array(first, dtype=None if len(first) else int)
    ]
    assert in_step(part) and part.embeddings.n_docs == part.n_docs
    assert in_step(part[again])
    assert in_step(part[again][::-1])


def test_vectors_stay_with_their_documents_in_a_split():
    for part in corpus_of(30).with_embeddings(vectors_of(30)).split(min_df=1):
        assert in_step(part)
    train, held_out = corpus_of(30).with_embeddings(vectors_of(30)).split(min_df=7)  # words are removed
    rows = np.random.default_rng(1234).permutation(30)[:18]
    assert sorted(train.embeddings[:][:, 0]) == sorted(rows + 1)
    assert len(held_out.embeddings) == 12


def test_vectors_stay_when_the_words_become_those_of_a_model():
    corpus = corpus_of().with_embeddings(vectors_of())
    counts = corpus.counts[:, :2]
    changed = in_model_words(Documents(counts, ("ant", "bee"), corpus=corpus)).corpus
    assert tuple(changed.vocabulary) == ("ant", "bee")
    assert np.array_equal(changed.embeddings[:], vectors_of())


def test_a_selection_copies_no_vectors(tmp_path):
    np.save(tmp_path / "v.npy", vectors_of())
    found = Embeddings.of(tmp_path / "v.npy", N_DOCS).take([3, 1]).take([1])
    assert np.shares_memory(found._vectors, found.take([0])._vectors)
    assert found[:].tolist() == [[2, 3]]


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_saved_and_opened_with_the_corpus(dtype, tmp_path):
    corpus = corpus_of().with_embeddings(vectors_of().astype(dtype))[[4, 2, 9]]
    corpus.save(tmp_path / "saved")
    opened = topicml.Corpus.open(tmp_path / "saved")
    assert opened.embeddings.dtype == dtype and in_step(opened)
    assert opened.embeddings.fingerprint == corpus.embeddings.fingerprint
    assert (opened.embeddings.source, opened.embeddings.outside_knowledge) == ("array", True)
    assert not isinstance(opened.embeddings._vectors.base, type(None))  # mapped, not read
    again = corpus_of().with_embeddings(opened.embeddings.take([0, 1, 2]).take(np.arange(3).repeat(4)))
    assert again.embeddings.n_docs == N_DOCS


def test_a_corpus_without_embeddings_opens_as_before(tmp_path):
    corpus_of().save(tmp_path / "saved")
    assert topicml.Corpus.open(tmp_path / "saved").embeddings is None


def test_parts_with_and_without_embeddings_are_not_one_corpus(tmp_path):
    corpus = corpus_of()
    mixed = pytest.raises(InputError, match="All parts of a corpus must have embeddings, or none")
    with mixed, writing(tmp_path / "saved", corpus.vocabulary) as writer:
        writer.append(corpus.with_embeddings(vectors_of()))
        writer.append(corpus)


def test_a_damaged_file_of_a_corpus_is_an_error(tmp_path):
    corpus_of().with_embeddings(vectors_of()).save(tmp_path / "saved")
    np.save(tmp_path / "saved" / "embeddings.npy", np.full((N_DOCS, 2), np.nan, dtype=np.float32))
    with pytest.raises(InputError, match="not finite"):
        topicml.Corpus.open(tmp_path / "saved")
    np.save(tmp_path / "saved" / "embeddings.npy", vectors_of()[:5])
    with pytest.raises(InputError, match="5 entries"):
        topicml.Corpus.open(tmp_path / "saved")


def test_fingerprint_depends_on_vectors_and_their_order_alone(tmp_path):
    np.save(tmp_path / "v.npy", vectors_of().astype(np.float64))
    of_array, of_file = Embeddings.of(vectors_of(), N_DOCS), Embeddings.of(tmp_path / "v.npy", N_DOCS)
    assert of_array.fingerprint == of_file.fingerprint
    assert of_array.fingerprint != of_array.take(slice(None, None, -1)).fingerprint
    assert of_array.fingerprint != Embeddings.of(vectors_of().reshape(-1, 4), N_DOCS // 2).fingerprint
    assert corpus_of().fingerprint == corpus_of().with_embeddings(vectors_of()).fingerprint


def test_a_column_of_vectors():
    lists = pa.array(vectors_of().tolist())
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(vectors_of().ravel()), 2)
    for column in (lists, fixed):
        assert in_step(corpus_of(vector=column).with_embeddings("vector"))
    with pytest.raises(InputError, match=r"vectors of one length: row 2 is \[1.0\]"):
        corpus_of(vector=pa.array([[1.0, 2.0]] * 2 + [[1.0]] * 10)).with_embeddings("vector")


def test_read_takes_embeddings(tmp_path):
    (tmp_path / "texts.txt").write_text("a cat\na dog\n")
    corpus = topicml.Corpus.read(tmp_path / "texts.txt", preprocessor=False, embeddings=np.eye(2))
    assert corpus.embeddings[:].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (vectors_of(5), "5 rows, but the corpus has 12 documents"),
        (np.where(vectors_of() == 7, np.nan, vectors_of()), r"not finite.*rows 3, 6"),
        (
            vectors_of().astype(np.float64) * 1e300,
            "12 documents have values that are not finite.*rows 0, 1, 2, 3, 4, …",
        ),
        (vectors_of()[:, 0], "matrix of numbers with a row per document"),
        ([["a", "b"]] * N_DOCS, "matrix of numbers"),
        ([[1.0]] * 11 + [[1.0, 2.0]], "matrix of numbers"),
        (7, "matrix of numbers"),
        ("no field", "neither a field of the corpus, nor a file, nor the name of an encoder.*Encoders: minilm"),
        ("none.npy", "There is no file none.npy"),
    ],
)
def test_what_is_not_a_vector_per_document_is_an_error(vectors, message):
    with pytest.raises(InputError, match=message):
        corpus_of().with_embeddings(vectors)


def test_zero_vectors_are_named():
    vectors = vectors_of()
    vectors[[2, 7]] = 0
    with pytest.warns(TopicWarning, match="embeddings of 2 documents are zero: rows 2, 7"):
        corpus_of().with_embeddings(vectors)


def test_a_file_that_is_no_array_is_an_error(tmp_path):
    (tmp_path / "v.npy").write_text("no array")
    with pytest.raises(InputError, match="cannot be read as embeddings"):
        corpus_of().with_embeddings(tmp_path / "v.npy")


def test_a_large_file_is_read_block_by_block(tmp_path, monkeypatch):
    largest = []
    original = Embeddings.__getitem__
    monkeypatch.setattr("topicml.corpus.embeddings._BLOCK_BYTES", 64)
    monkeypatch.setattr(
        Embeddings, "__getitem__", lambda self, rows: largest.append(original(self, rows)) or largest[-1]
    )
    np.save(tmp_path / "v.npy", vectors_of().astype(np.float64))
    corpus = corpus_of().with_embeddings(tmp_path / "v.npy")
    corpus.save(tmp_path / "saved")
    assert len(corpus.embeddings.fingerprint) == 64
    assert max(map(len, largest)) == 8 and corpus.embeddings._vectors.dtype == np.float64
    assert topicml.Corpus.open(tmp_path / "saved").embeddings.dtype == np.float32


def test_options_of_encoders_with_an_array_are_an_error(tmp_path):
    with pytest.raises(InputError, match="file: only an encoder has this option"):
        corpus_of().with_embeddings(vectors_of(), file=tmp_path / "v.npy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not corpus_of().with_embeddings(vectors_of(), outside_knowledge=False).embeddings.outside_knowledge
