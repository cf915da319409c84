"""Save and open a corpus: a folder of memory-mapped arrays, an Arrow file of fields, the vocabulary, a JSON header.

corpus.json          format version, sizes, fingerprint, preprocessor
vocabulary.json      the words, in order
tokens.npy           int32 (n_tokens,)      } unless the corpus has counts only
offsets.npy          int64 (n_docs + 1,)    }
counts_data.npy      int32 (n_entries,)     }
counts_indices.npy   int32 (n_entries,)     } CSR
counts_indptr.npy    int32 or int64 (n_docs + 1,)
fields.arrow         one column per field, if there are fields
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

import topicml
from topicml.corpus.counts import csr, index_dtype
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.fingerprint import Digest, digest, fingerprint
from topicml.corpus.tokens import offsets_of
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import atomic_folder

FORMAT = "topicml corpus"
VERSION = 1
HEADER = "corpus.json"


def save(corpus: CorpusData, folder: str | os.PathLike[str], overwrite: bool = False, block: int = 100_000) -> None:
    """Write a corpus to a folder; see `Corpus.save`.

    Parameters
    ----------
    corpus : CorpusData
        The corpus.
    folder : str or path
        The folder to create.
    overwrite : bool
        Replace a corpus that was saved there before.
    block : int
        Number of documents to write at a time; it bounds the memory.

    Raises
    ------
    InputError
        If `folder` exists and `overwrite` is false, or if it contains something other than a corpus.
    """
    with writing(folder, corpus.vocabulary, corpus.preprocessor, overwrite=overwrite) as writer:
        for begin in range(0, max(len(corpus), 1), block):
            writer.append(corpus[begin : begin + block])


@contextmanager
def writing(
    folder: str | os.PathLike[str], vocabulary: Vocabulary, preprocessor: Any = None, overwrite: bool = False
) -> Iterator["CorpusWriter"]:
    """Context manager: write a corpus that does not fit into memory, part by part.

    The folder appears under its name only if the block succeeds.

    Parameters
    ----------
    folder : str or path
        The folder to create.
    vocabulary : Vocabulary
        The vocabulary of all parts.
    preprocessor : Preprocessor or VectorizerPreprocessor, optional
        Saved with the corpus.
    overwrite : bool
        Replace a corpus that was saved there before.

    Yields
    ------
    CorpusWriter
        Call its `append` for each part.

    Raises
    ------
    InputError
        If `folder` exists and `overwrite` is false, or if it contains something other than a corpus.

    Example
    -------
    >>> with writing("folder", vocabulary) as writer:  # doctest: +SKIP
    ...     for part in parts:
    ...         writer.append(part)
    """
    with atomic_folder(folder, overwrite=overwrite, mark=HEADER) as temporary:
        with CorpusWriter(temporary, vocabulary) as writer:
            yield writer
        writer.finish(preprocessor)


class CorpusWriter:
    """Append corpora with the same vocabulary and fields to the files of a folder; see `writing`.

    Parameters
    ----------
    folder : Path
        An existing folder.
    vocabulary : Vocabulary
        The vocabulary of all parts.
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary) -> None:
        self._folder = folder
        self._vocabulary = vocabulary
        self._open_files = ExitStack()
        self._arrays: dict[str, _ArrayFile] = {}
        self._fields: pa.RecordBatchFileWriter | None = None
        self._token_lengths: list[np.ndarray] = []
        self._entry_lengths: list[np.ndarray] = []
        self._has_order: bool | None = None

    def __enter__(self) -> "CorpusWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open_files.close()

    def append(self, part: CorpusData) -> None:
        """Append the documents of `part`."""
        if self._has_order is None:
            self._start(part)
        if part.vocabulary != self._vocabulary or part.has_order != self._has_order:
            raise InputError(
                "All parts of a corpus must have one vocabulary, and all must have word order, or all counts only."
            )
        counts = part.counts
        self._arrays["counts_data"].append(counts.data)
        self._arrays["counts_indices"].append(counts.indices)
        self._entry_lengths.append(np.diff(counts.indptr))
        if part.tokens is not None:
            self._arrays["tokens"].append(part.tokens)
            self._token_lengths.append(part.lengths)
        if self._fields is not None:
            self._fields.write_table(part.fields.table.cast(self._fields_schema))

    def finish(self, preprocessor: Any) -> None:
        """Write the files that depend on all parts: offsets, vocabulary and header."""
        if self._has_order is None:
            raise InputError("No part was written; append at least one, which may have no documents.")
        n_docs = sum(map(len, self._entry_lengths))
        indptr = offsets_of(np.concatenate(self._entry_lengths))
        digests = [self._arrays[name].digest for name in ("counts_data", "counts_indices")]
        digests.append(self._whole_array("counts_indptr", indptr.astype(index_dtype(int(indptr[-1]))), "<i8"))
        lengths = {name: array.length for name, array in self._arrays.items()}
        if self._has_order:
            offsets = offsets_of(np.concatenate(self._token_lengths))
            digests = [self._arrays["tokens"].digest, self._whole_array("offsets", offsets, "<i8")]
        header = {
            "format": FORMAT,
            "version": VERSION,
            "topicml": topicml.__version__,
            "n_docs": n_docs,
            "n_words": len(self._vocabulary),
            "n_entries": lengths["counts_data"],
            "n_tokens": lengths.get("tokens"),
            "fields": [] if self._fields is None else self._fields_schema.names,
            "fingerprint": fingerprint(self._vocabulary, *digests),
            "preprocessor": None if preprocessor is None else preprocessor.to_config(),
        }
        _write_json(self._folder / "vocabulary.json", list(self._vocabulary))
        _write_json(self._folder / HEADER, header)

    def _start(self, part: CorpusData) -> None:
        self._has_order = part.has_order
        for name in ["counts_data", "counts_indices"] + ["tokens"] * part.has_order:
            self._arrays[name] = self._open_files.enter_context(_ArrayFile(self._folder / f"{name}.npy", "<i4"))
        if len(part.fields):
            self._fields_schema = part.fields.table.schema
            sink = self._open_files.enter_context(pa.OSFile(str(self._folder / "fields.arrow"), "wb"))
            self._fields = self._open_files.enter_context(pa.ipc.new_file(sink, self._fields_schema))

    def _whole_array(self, name: str, array: np.ndarray, digest_dtype: str) -> str:
        np.save(self._folder / f"{name}.npy", array)
        return digest(array, digest_dtype)


class _ArrayFile:
    """A growing one-dimensional .npy file. On exit it rewrites the header with the final length."""

    def __init__(self, path: Path, dtype: str) -> None:
        self._dtype = np.dtype(dtype)
        self._file: BinaryIO = open(path, "w+b")  # noqa: SIM115 - closed by __exit__
        self._digest = Digest(dtype)
        self.length = 0
        self._write_header()

    def __enter__(self) -> "_ArrayFile":
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:
            end_of_header = self._begin
            self._file.seek(0)
            self._write_header()
            assert self._begin == end_of_header  # NumPy pads the header so that the first axis can grow

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def append(self, array: np.ndarray) -> None:
        array = np.ascontiguousarray(array, dtype=self._dtype)
        self._digest.update(array)
        array.tofile(self._file)
        self.length += len(array)

    def _write_header(self) -> None:
        description = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.length,)}
        np.lib.format.write_array_header_1_0(self._file, description)
        self._file.flush()
        self._begin = self._file.tell()


def is_saved(folder: Path) -> bool:
    """Whether a folder is a saved corpus: it has a header file."""
    return (folder / HEADER).is_file()


def open_folder(folder: str | os.PathLike[str]) -> CorpusData:
    """Open a saved corpus; see `Corpus.open` for the errors."""
    folder = Path(folder)
    header = _read_header(folder)
    try:
        vocabulary = Vocabulary(json.loads((folder / "vocabulary.json").read_text("utf-8")))
        _expect(folder, "vocabulary.json", len(vocabulary), header["n_words"])
        n_docs, n_entries, n_tokens = header["n_docs"], header["n_entries"], header["n_tokens"]
        data = _mapped(folder, "counts_data", np.int32, n_entries)
        indices = _mapped(folder, "counts_indices", np.int32, n_entries)
        indptr = _mapped(folder, "counts_indptr", index_dtype(n_entries), n_docs + 1)
        tokens = None if n_tokens is None else _mapped(folder, "tokens", np.int32, n_tokens)
        offsets = None if n_tokens is None else _mapped(folder, "offsets", np.int64, n_docs + 1)
        fields = Fields(pa.table({}))
        if header["fields"]:
            fields = Fields(pa.ipc.open_file(pa.memory_map(str(folder / "fields.arrow"))).read_all())
            _expect(folder, "fields.arrow", fields.table.num_rows, n_docs)
        fingerprint_ = header["fingerprint"]
        config = header["preprocessor"]
    except KeyError as error:
        raise InputError(f"{folder / HEADER} has no entry {error}: the corpus is damaged. Save it again.") from error
    except (OSError, EOFError, TypeError, ValueError, pa.ArrowException) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is a damaged or truncated corpus ({error}). Save it again.") from error
    return CorpusData(
        vocabulary,
        tokens=tokens,
        offsets=offsets,
        counts=csr(data, indices, indptr, (n_docs, len(vocabulary))),
        fields=fields,
        preprocessor=_preprocessor(config),
        fingerprint=fingerprint_,
    )


def _read_header(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; a saved corpus is a folder.")
    if not is_saved(folder):
        raise InputError(f"{folder} is not a saved corpus: it has no {HEADER}. For other sources use Corpus.read.")
    try:
        header = json.loads((folder / HEADER).read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{folder / HEADER} cannot be read as JSON ({error}): the corpus is damaged.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputError(f"{folder} is not a saved topicml corpus: its {HEADER} does not have the format {FORMAT!r}.")
    if not isinstance(header.get("version"), int) or header["version"] > VERSION:
        raise InputError(
            f"{folder} has format version {header.get('version')}, written by topicml {header.get('topicml')}; this is "
            f"topicml {topicml.__version__}, which reads versions up to {VERSION}. Upgrade topicml to read it."
        )
    return header


def _mapped(folder: Path, name: str, dtype: Any, length: int) -> np.ndarray:
    """Memory-map an array; read only its header."""
    path = folder / f"{name}.npy"
    array = np.load(path, mmap_mode="r" if length else None, allow_pickle=False)
    if array.dtype != dtype or array.ndim != 1:
        raise InputError(
            f"{path} has {array.dtype} of shape {array.shape}, not a column of {np.dtype(dtype)}: a damaged corpus."
        )
    _expect(folder, path.name, len(array), length)
    return np.asarray(array)  # a plain array view: SciPy and torch treat np.memmap differently


def _expect(folder: Path, name: str, length: int, expected: int) -> None:
    if length != expected:
        raise InputError(f"{folder / name} has {length:,} entries but {HEADER} says {expected:,}: a damaged corpus.")


def _preprocessor(config: dict[str, Any] | None) -> Any:
    if config is None:
        return None
    from topicml.corpus.preprocessing import preprocessor_from_config

    return preprocessor_from_config(config)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=0), "utf-8")
