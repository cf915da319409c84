"""Save a corpus: a folder of arrays, an Arrow file of fields, the vocabulary, and a JSON header.

corpus.json          format version, sizes, fingerprint, preprocessor
vocabulary.json      the words, in order
tokens.npy           int32 (n_tokens,)      } unless the corpus has counts only
offsets.npy          int64 (n_docs + 1,)    }
counts_data.npy      int32 (n_entries,)     }
counts_indices.npy   int32 (n_entries,)     } CSR
counts_indptr.npy    int32 or int64 (n_docs + 1,)
fields.arrow         one column per field, if there are fields
embeddings.npy       float16 or float32 (n_docs, size), if there are embeddings
targets_data.npy     float32 (n_targets,)   }
targets_indices.npy  int32 (n_targets,)     } CSR, if there are targets
targets_indptr.npy   int32 or int64 (n_docs + 1,)

A corpus of many parts has corpus.json, which then lists the parts, and vocabulary.json. Each part is a folder with the
other files and part.json, its sizes (`topicml.corpus.parts`).
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

import topicml
from topicml.corpus.checking import stamp
from topicml.corpus.counts import index_dtype
from topicml.corpus.data import CorpusData
from topicml.corpus.fingerprint import Digest, digest, digest_of, fingerprint
from topicml.corpus.joined import PAGE
from topicml.corpus.tokens import offsets_of
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import atomic_folder, file_json
from topicml.trust import sign

FORMAT = "topicml corpus"
VERSION = 1
HEADER = "corpus.json"
_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = 192  # bytes that the header of an array needs at most


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
    before : mapping of str to int, optional
        Number of entries of each array in the parts before this folder, for a part of a corpus: the entries begin where
        they can be mapped behind those (`topicml.corpus.joined`).
    """

    def __init__(self, folder: Path, vocabulary: Vocabulary, before: Mapping[str, int] | None = None) -> None:
        self._folder = folder
        self._vocabulary = vocabulary
        self._before = before
        self._open_files = ExitStack()
        self._arrays: dict[str, _ArrayFile] = {}
        self._fields: pa.RecordBatchFileWriter | None = None
        self._token_lengths: list[np.ndarray] = []
        self._entry_lengths: list[np.ndarray] = []
        self._has_order: bool | None = None
        self._embeddings: dict[str, Any] | None = None
        self._targets: dict[str, Any] | None = None
        self._target_lengths: list[np.ndarray] = []

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
        if (part.embeddings is None) == ("embeddings" in self._arrays):
            raise InputError("All parts of a corpus must have embeddings, or none.")
        if (part.targets is None) == ("targets_data" in self._arrays):
            raise InputError("All parts of a corpus must have targets, or none.")
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
        if part.embeddings is not None:
            for _, block in part.embeddings.blocks():
                self._arrays["embeddings"].append(block)
        if part.targets is not None:
            weights = part.targets.weights
            self._arrays["targets_data"].append(weights.data)
            self._arrays["targets_indices"].append(weights.indices)
            self._target_lengths.append(np.diff(weights.indptr))
        if self._fields is not None:
            self._fields.write_table(part.fields.table.cast(self._fields_schema))

    def finish_arrays(self) -> tuple[dict[str, Any], list[str], list[str]]:
        """Write the offsets.

        Returns
        -------
        sizes : dict
            Entries of the header: sizes, names of the fields, and the descriptions of embeddings and targets.
        counts, words : list of str
            Digests of the arrays of the counts, and of those that the fingerprint is made of.
        """
        if self._has_order is None:
            raise InputError("No part was written; append at least one, which may have no documents.")

        indptr = offsets_of(np.concatenate(self._entry_lengths))
        digests = [self._arrays[name].digest for name in ("counts_data", "counts_indices")]
        digests.append(self._whole_array("counts_indptr", indptr.astype(index_dtype(int(indptr[-1]))), "<i8"))
        words = digests
        lengths = {name: array.length for name, array in self._arrays.items()}
        if self._has_order:
            offsets = offsets_of(np.concatenate(self._token_lengths))
            words = [self._arrays["tokens"].digest, self._whole_array("offsets", offsets, "<i8")]
        sizes: dict[str, Any] = {
            "n_docs": sum(map(len, self._entry_lengths)),
            "n_words": len(self._vocabulary),
            "n_entries": lengths["counts_data"],
            "n_tokens": lengths.get("tokens"),
            "fields": [] if self._fields is None else self._fields_schema.names,
        }
        if self._embeddings is not None:
            sizes["embeddings"] = self._embeddings
        if self._targets is not None:
            ends = offsets_of(np.concatenate(self._target_lengths))
            self._whole_array("targets_indptr", ends.astype(index_dtype(int(ends[-1]))), "<i8")
            sizes |= {"targets": self._targets, "n_targets": lengths["targets_data"]}
        return sizes, digests, words

    def finish(self, preprocessor: Any) -> None:
        """Write the files that depend on all parts: offsets, vocabulary and header."""
        sizes, counts, words = self.finish_arrays()
        header = header_of(sizes, self._vocabulary, counts, words, preprocessor)
        write_json(self._folder / "vocabulary.json", list(self._vocabulary))
        signature = sign(stamp(self._folder, header["fingerprint"]))
        write_json(self._folder / HEADER, header | {"signature": signature})

    def _start(self, part: CorpusData) -> None:
        self._has_order = part.has_order
        for name in ["counts_data", "counts_indices"] + ["tokens"] * part.has_order:
            self._open_array(name, "<i4")
        if (given := part.embeddings) is not None:
            kind = "<f2" if given.dtype == np.float16 else "<f4"
            self._embeddings = {
                "source": given.source,
                "outside_knowledge": given.outside_knowledge,
                "size": given.size,
                "dtype": np.dtype(kind).name,
            }
            self._open_array("embeddings", kind, given.size)
        if (targets := part.targets) is not None:
            self._targets = {"source": targets.source, "outside_knowledge": targets.outside_knowledge}
            self._open_array("targets_data", "<f4")
            self._open_array("targets_indices", "<i4")
        if len(part.fields):
            self._fields_schema = part.fields.table.schema
            sink = self._open_files.enter_context((self._folder / "fields.arrow").open("wb"))
            self._fields = self._open_files.enter_context(pa.ipc.new_file(sink, self._fields_schema))

    def _open_array(self, name: str, dtype: str, width: int | None = None) -> None:
        before = None if self._before is None else self._before[name]
        file = _ArrayFile(self._folder / f"{name}.npy", dtype, width, before)
        self._arrays[name] = self._open_files.enter_context(file)

    def _whole_array(self, name: str, array: np.ndarray, digest_dtype: str) -> str:
        np.save(self._folder / f"{name}.npy", array)
        return digest(array, digest_dtype)


class _ArrayFile:
    """A growing .npy file, of numbers or of vectors. On exit it rewrites the header with the final length.

    If `before` is given, the entries begin at the byte within a page that follows so many entries.
    """

    def __init__(self, path: Path, dtype: str, width: int | None = None, before: int | None = None) -> None:
        self._dtype, self._width = np.dtype(dtype), width
        self._aligned: int | None = None  # where the entries begin
        if before is not None:
            phase = before * self._dtype.itemsize * (width or 1) % PAGE
            self._aligned = phase if phase >= _HEADER else phase + PAGE
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
        self._digest.update(array.ravel())
        array.tofile(self._file)
        self.length += len(array)

    def _write_header(self) -> None:
        shape = (self.length,) if self._width is None else (self.length, self._width)
        description = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        if self._aligned is None:
            np.lib.format.write_array_header_1_0(self._file, description)
        else:
            text = repr(description).encode().ljust(self._aligned - len(_MAGIC) - 3) + b"\n"
            self._file.write(_MAGIC + len(text).to_bytes(2, "little") + text)
        self._file.flush()
        self._begin = self._file.tell()


def header_of(
    sizes: Mapping[str, Any], vocabulary: Vocabulary, counts: list[str], words: list[str], preprocessor: Any
) -> dict[str, Any]:
    """The header of a corpus, without its signature.

    Parameters
    ----------
    sizes : mapping
        From `CorpusWriter.finish_arrays`.
    vocabulary : Vocabulary
        The words.
    counts, words : list of str
        Digests of the arrays of the counts, and of those that the fingerprint is made of.
    preprocessor : Preprocessor, VectorizerPreprocessor or None
        Saved with the corpus.

    Returns
    -------
    dict
    """
    from topicml.corpus.preprocessing import config_of

    return {
        "format": FORMAT,
        "version": VERSION,
        "topicml": topicml.__version__,
        **sizes,
        "counts_digest": digest_of(counts),
        "fingerprint": fingerprint(vocabulary, *words),
        "preprocessor": config_of(preprocessor),
    }


def write_json(path: Path, value: Any) -> None:
    """Write JSON with a value of a list or an object in each line."""
    path.write_text(file_json(value, indent=0), "utf-8")
