"""Open a saved corpus: memory-map its arrays and fields, and check that its files match its header."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import topicml
from topicml.corpus.counts import csr, index_dtype
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.storage import FORMAT, HEADER, VERSION
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.paths import expanded


def is_saved(folder: Path) -> bool:
    """Whether a folder is a saved corpus: it has a header file."""
    return (folder / HEADER).is_file()


def open_folder(folder: str | os.PathLike[str]) -> CorpusData:
    """Open a saved corpus; see `Corpus.open` for the errors."""
    folder = expanded(folder)
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
