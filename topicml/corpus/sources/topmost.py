"""Read TopMost folders: ``vocab.txt``, ``train_bow.npz`` or ``train_texts.txt``, and the same for the test split."""

import logging
from pathlib import Path

import pyarrow as pa
import scipy.sparse as sp

from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.npy_headers import reading
from topicml.corpus.sources.decoding import read_lines
from topicml.corpus.sources.wordlists import read_values, read_vocabulary
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError

_log = logging.getLogger(__name__)

MARK = "vocab.txt"
SPLITS = ("train", "test")


def is_topmost(folder: Path) -> bool:
    """Whether a folder has the files of TopMost's format."""
    files = [f"{split}_{kind}" for split in SPLITS for kind in ("bow.npz", "texts.txt")]
    return (folder / MARK).is_file() and any((folder / file).is_file() for file in files)


def read_topmost(folder: Path, split: str | None = None, encoding: str = "utf-8") -> CorpusData:
    """Read a TopMost folder without preprocessing.

    The corpus has word order if there is a file of texts (white space separates tokens) and its counts equal those of
    the matrix, or there is no matrix. Otherwise it has counts only. Files of labels and times become the fields
    "label" and "time" (strings).

    Parameters
    ----------
    folder : Path
        The folder.
    split : {"train", "test", "all"}, optional
        Default: "train". "all" reads train, then test, and adds the field "partition".
    encoding : str
        Encoding of the text files.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        If the split does not exist, or the files of the folder do not match each other.
    """
    if split not in (None, "all", *SPLITS):
        raise InputError(f"split is {split!r}; for a TopMost folder it is 'train' (default), 'test' or 'all'.")
    words = read_vocabulary(folder / MARK, encoding)
    if split != "all":
        return _read_split(folder, split or "train", words, encoding)
    present = [name for name in SPLITS if _has_split(folder, name)]
    return _concatenated({name: _read_split(folder, name, words, encoding) for name in present}, words)


def _has_split(folder: Path, split: str) -> bool:
    """Whether the folder has documents of a split ("train" or "test")."""
    return (folder / f"{split}_bow.npz").is_file() or (folder / f"{split}_texts.txt").is_file()


def _read_split(folder: Path, split: str, words: Vocabulary, encoding: str) -> CorpusData:
    if not _has_split(folder, split):
        raise InputError(f"{folder} has no {split} split: neither {split}_bow.npz nor {split}_texts.txt.")
    bow, texts = folder / f"{split}_bow.npz", folder / f"{split}_texts.txt"
    from_matrix = _read_bow(bow, words) if bow.is_file() else None
    from_texts = None
    if texts.is_file():
        from_texts = CorpusData.from_tokens([line.split() for line in read_lines(texts, encoding)], words)
    corpus = _with_order_if_equal(from_matrix, from_texts, folder, split)
    kinds = {"label": folder / f"{split}_labels.txt", "time": folder / f"{split}_times.txt"}
    corpus.fields = Fields.of(
        {name: read_values(path, corpus.n_docs, encoding) for name, path in kinds.items() if path.is_file()},
        corpus.n_docs,
    )
    return corpus


def _read_bow(path: Path, words: Vocabulary) -> CorpusData:
    try:
        matrix = reading(lambda: sp.load_npz(path))
    except Exception as error:  # NumPy parses the headers as Python, which fails in many ways
        raise InputError(f"{path} cannot be read as a SciPy sparse matrix: {error!r:.200}.") from error
    try:
        return CorpusData.from_counts(matrix, words)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _with_order_if_equal(
    from_matrix: CorpusData | None, from_texts: CorpusData | None, folder: Path, split: str
) -> CorpusData:
    if from_matrix is None or from_texts is None:
        corpus = from_texts or from_matrix
        assert corpus is not None
        return corpus
    if from_texts.n_docs == from_matrix.n_docs and (from_texts.counts != from_matrix.counts).nnz == 0:
        return from_texts
    _log.info(
        "%s_texts.txt and %s_bow.npz of %s have different counts; using the matrix, without word order",
        split,
        split,
        folder,
    )
    return from_matrix


def _concatenated(parts: dict[str, CorpusData], words: Vocabulary) -> CorpusData:
    """Concatenate the parts, and add their names as the field "partition"."""
    tables = [
        part.fields.table.append_column("partition", pa.array([name] * len(part), pa.large_string()))
        for name, part in parts.items()
    ]
    fields = pa.concat_tables(tables, promote_options="default")
    if all(part.has_order for part in parts.values()):
        return CorpusData.from_tokens((document for part in parts.values() for document in part), words, fields)
    return CorpusData.from_counts(sp.vstack([part.counts for part in parts.values()], format="csr"), words, fields)
