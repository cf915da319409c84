"""The targets of a corpus: kept in step with its rows and words, saved, opened, and checked."""

import shutil
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import topicml
from topicml.corpus import targets as module
from topicml.corpus.documents import Documents
from topicml.corpus.storage import writing
from topicml.corpus.targets import Targets
from topicml.errors import InputError
from topicml.models.documents import in_model_words

N_DOCS = 12
WORDS = ("ant", "bee", "cat")


def corpus_of(n_docs=N_DOCS):
    """Document i has i + 1 times one word; its targets are i + 1 and half of it, of this word and the next."""
    corpus = topicml.Corpus.from_tokens([[WORDS[i % 3]] * (i + 1) for i in range(n_docs)], WORDS)
    return corpus.with_targets(corpus.counts + 0.5 * sp.csr_matrix(corpus.counts[:, [2, 0, 1]]))


def in_step(corpus):
    """Whether each document has its own targets: the largest is its length."""
    largest = corpus.targets.weights.max(axis=1).toarray().ravel() if corpus.n_docs else np.zeros(0)
    return np.array_equal(largest, corpus.lengths)


INDEX = st.one_of(
    st.slices(N_DOCS),
    st.lists(st.integers(-N_DOCS, N_DOCS - 1), max_size=20),
    st.lists(st.booleans(), min_size=N_DOCS, max_size=N_DOCS).map(np.array),
)


@settings(max_examples=60, deadline=None)
@given(first=INDEX, again=st.slices(5))
def test_targets_stay_with_their_documents_in_every_selection_of_rows(first, again):
    part = corpus_of()[first if isinstance(first, slice) else np.array(first, dtype=None if len(first) else int)]
    assert in_step(part) and part.targets.n_docs == part.n_docs
    assert in_step(part[again]) and in_step(part[again][::-1])


def test_a_selection_copies_weights_when_they_are_read_and_a_slice_never():
    corpus = corpus_of()
    part = corpus.borrowed(np.array([3, 1]))
    assert callable(part.targets._weights)
    assert in_step(part) and not callable(part.targets._weights)
    assert np.shares_memory(corpus[2:5].targets.weights.data, corpus.targets.weights.data)


def test_targets_follow_documents_and_words_in_a_split():
    corpus = corpus_of(30)
    train, held_out = corpus.split(min_df=1)
    assert in_step(train) and in_step(held_out)
    train, held_out = corpus.split(min_df=7)
    assert 0 < train.n_words < 3
    rows = np.random.default_rng(1234).permutation(30)[:18]
    columns = [WORDS.index(word) for word in train.vocabulary]
    expected = corpus.targets.weights[np.sort(rows)][:, columns]
    assert np.array_equal(train.targets.weights.toarray(), expected.toarray())
    assert held_out.targets.weights.shape == (12, train.n_words)


def test_targets_follow_words_by_name():
    corpus = corpus_of()
    found = corpus.targets.of_words(corpus.vocabulary, ("cat", "new", "ant")).weights
    assert np.array_equal(found.toarray()[:, [0, 2]], corpus.targets.weights[:, [2, 0]].toarray())
    assert not found[:, 1].nnz and found.has_sorted_indices and found.dtype == np.float32
    changed = in_model_words(Documents(corpus.counts[:, [1, 0]], ("bee", "ant"), corpus=corpus)).corpus
    assert np.array_equal(changed.targets.weights.toarray(), corpus.targets.weights[:, [1, 0]].toarray())
    kept = corpus.replaced(fields=corpus.fields)
    assert kept.targets is corpus.targets


@pytest.mark.parametrize("shard_rows", [None, 5])
def test_saved_targets_open_as_they_were(tmp_path, shard_rows, monkeypatch):
    if sys.platform == "linux":  # the files of parts are mapped, not copied
        monkeypatch.setattr("topicml.corpus.joined._copied", None)
    corpus = corpus_of().replaced(targets=Targets(corpus_of().targets.weights, source="x.npz", outside_knowledge=False))
    corpus.save(tmp_path / "c", shard_rows=shard_rows)
    shutil.copytree(tmp_path / "c", tmp_path / "copy")  # of another, whose files are checked
    for folder in ("c", "copy"):
        opened = topicml.Corpus.open(tmp_path / folder)
        assert np.array_equal(opened.targets.weights.toarray(), corpus.targets.weights.toarray())
        assert (opened.targets.source, opened.targets.outside_knowledge) == ("x.npz", False)
        assert opened.targets.fingerprint == corpus.targets.fingerprint
        assert not opened.targets.weights.data.flags.owndata  # memory-mapped
        assert in_step(opened[[4, 2, 9]])
    assert topicml.Corpus.read(tmp_path / "c").targets is not None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("targets_data", lambda a: np.where(np.arange(len(a)) == 3, np.nan, a), "rows 1"),
        ("targets_data", lambda a: np.where(np.arange(len(a)) == 3, -1, a), "rows 1"),
        ("targets_data", lambda a: a[:-1], "damaged"),
        ("targets_indices", lambda a: a + 3, "words"),
        ("targets_indptr", lambda a: a[::-1], "damaged"),
    ],
)
def test_a_damaged_file_of_targets_is_refused(tmp_path, name, change, message):
    corpus_of().save(tmp_path / "c")
    path = tmp_path / "c" / f"{name}.npy"
    array = np.load(path)
    np.save(path, change(array).astype(array.dtype))
    with pytest.raises(InputError, match=message):
        topicml.Corpus.open(tmp_path / "c")


def test_a_header_with_other_targets_is_refused(tmp_path):
    corpus_of().save(tmp_path / "c")
    path = tmp_path / "c" / "corpus.json"
    text = path.read_text()
    start = text.index('"targets"')
    changes = [
        ('"n_targets": 24', '"n_targets": -1', "n_targets is -1"),
        ('"n_targets": 24', '"n_targets": 23', "24 entries"),
        ('"n_targets": 24', '"other": 24', "no entry 'n_targets'"),
        (text[start : text.index("}", start) + 1], '"targets": 3', "its targets are 3"),
    ]
    for old, new, message in changes:
        assert old in text
        path.write_text(text.replace(old, new))
        with pytest.raises(InputError, match=message):
            topicml.Corpus.open(tmp_path / "c")


def test_all_parts_have_targets_or_none(tmp_path):
    corpus = corpus_of()
    bare = corpus.replaced(targets=None)
    for first, second in ((corpus, bare), (bare, corpus)):
        with (
            pytest.raises(InputError, match="must have targets, or none"),
            writing(tmp_path / "c", corpus.vocabulary) as writer,
        ):
            writer.append(first)
            writer.append(second)


def test_a_file_is_read_and_named(tmp_path):
    weights = corpus_of().targets.weights
    sp.save_npz(tmp_path / "lm.npz", weights)
    found = corpus_of().with_targets(tmp_path / "lm.npz").targets
    assert np.array_equal(found.weights.toarray(), weights.toarray())
    assert repr(found) == "Targets(12 documents, 24 weights, from lm.npz, outside knowledge)"
    assert "targets: lm.npz" in repr(corpus_of().with_targets(str(tmp_path / "lm.npz")))
    with pytest.raises(InputError, match=r"no file .*none\.npz"):
        corpus_of().with_targets(tmp_path / "none.npz")
    for name, write in (("a.npz", lambda path: path.write_text("x")), ("b.npz", lambda path: np.savez(path, x=[1]))):
        write(tmp_path / name)
        with pytest.raises(InputError, match=rf"{name} cannot be read as targets.*save_npz"):
            corpus_of().with_targets(tmp_path / name)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.coo_matrix, sp.csc_array, lambda x: x.toarray(), sp.lil_matrix])
def test_every_form_of_a_matrix_gives_the_same_targets(form):
    corpus = corpus_of()
    weights = corpus.targets.weights.astype(np.float64)
    given = form(weights)
    found = corpus.with_targets(given).targets
    assert found.fingerprint == corpus.targets.fingerprint
    assert found.weights.dtype == np.float32 and found.weights.has_canonical_format
    assert (sp.csr_matrix(given) != weights).nnz == 0  # not changed


def test_zeros_and_duplicates_are_not_kept():
    corpus = topicml.Corpus.from_tokens([["ant"], ["bee"]], WORDS)
    given = sp.csr_matrix(([1.0, 2.0, 0.0, 3.0], [0, 0, 1, 2], [0, 3, 4]), shape=(2, 3))
    found = corpus.with_targets(given).targets.weights
    assert found.data.tolist() == [3, 3] and found.indices.tolist() == [0, 2]
    assert given.nnz == 4


def test_the_fingerprint_is_that_of_the_weights():
    first = corpus_of()
    assert first.targets.fingerprint == corpus_of().targets.fingerprint
    others = [first.targets.weights * 2, first.targets.weights[:, [1, 0, 2]], first.targets.weights[::-1]]
    assert len({first.with_targets(each).targets.fingerprint for each in others} | {first.targets.fingerprint}) == 4
    assert first.fingerprint == first.replaced(targets=None).fingerprint


def test_targets_are_taken_from_another_corpus_with_what_they_know():
    known = corpus_of().with_targets(corpus_of().targets.weights, outside_knowledge=False)
    assert not corpus_of().with_targets(known.targets).targets.outside_knowledge
    assert corpus_of().with_targets(corpus_of().targets).targets.outside_knowledge
    assert not corpus_of().with_targets(corpus_of().targets, outside_knowledge=False).targets.outside_knowledge


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (sp.csr_matrix((11, 3)), r"shape \(11, 3\), and the corpus has 12 documents and 3 words"),
        (sp.csr_matrix((12, 4)), r"shape \(12, 4\)"),
        (np.ones(12), r"received float64 of shape \(12,\)"),
        (np.full((12, 3), "a"), "matrix of numbers"),
        ([[1, 2, 3], [1, 2]], "all rows of one length"),
        (sp.csr_matrix(np.where(np.arange(36).reshape(12, 3) == 7, -1.0, 1.0)), "1 documents .* negative .*rows 2"),
        (sp.csr_matrix(np.where(np.arange(36).reshape(12, 3) % 5 == 0, np.nan, 1.0)), "8 documents .*, …"),
        (sp.csr_matrix(np.where(np.arange(36).reshape(12, 3) == 7, -1e300, 1.0)), "1 documents .* negative .*rows 2"),
        (sp.csr_matrix(np.where(np.arange(36).reshape(12, 3) == 7, np.inf, 1.0)), r"\(NaN or infinity\): rows 2"),
        (sp.csr_matrix(np.eye(12, 3)), "9 documents with words have targets without any weight: rows 3, 4, 5, 6, 7, …"),
    ],
)
def test_other_matrices_are_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        corpus_of().with_targets(matrix)


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-45, 1e37, 1e300, 1e308])
@pytest.mark.parametrize("form", [sp.csr_matrix, lambda x: x.toarray()])
def test_rows_that_float32_cannot_hold_keep_their_proportions_and_the_others_their_weights(size, form):
    weights = sp.csr_matrix(np.where(np.arange(36).reshape(12, 3) == 7, 0, 1.0))
    weights[2] *= size
    weights[3] = [1e30, 3, 1e-30]
    given = form(weights)
    found = corpus_of().with_targets(given).targets.weights.toarray()
    others = np.delete(weights.toarray(), 2, axis=0)
    assert np.array_equal(np.delete(found, 2, axis=0), others.astype(np.float32))
    assert 0.5 <= found[2].max() < 1 and found[2].tolist() == [found[2].max(), 0, found[2].max()]
    assert (sp.csr_matrix(given) != weights).nnz == 0  # not changed


def test_indices_outside_the_words_are_refused():
    bad = sp.csr_matrix(np.ones((12, 3)))
    bad.indices[4] = 7
    with pytest.raises(InputError, match="indices outside"):
        corpus_of().with_targets(bad)


def test_an_empty_document_needs_no_weight():
    corpus = topicml.Corpus.from_tokens([["ant"], [], ["bee"]], WORDS)
    assert corpus.with_targets(corpus.counts).targets.weights.nnz == 2


def test_a_large_dense_array_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_MOST_DENSE", 36)
    corpus_of().with_targets(np.ones((12, 3)))
    monkeypatch.setattr(module, "_MOST_DENSE", 35)
    with pytest.raises(InputError, match=r"dense array of 12 documents by 3 words.*csr_matrix"):
        corpus_of().with_targets(np.ones((12, 3)))


def test_a_tensor_is_a_dense_array():
    torch = pytest.importorskip("torch")
    weights = corpus_of().targets.weights.toarray()
    assert corpus_of().with_targets(torch.tensor(weights, requires_grad=True)).targets.weights.nnz == 24
