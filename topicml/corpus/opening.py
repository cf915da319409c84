"""Open a saved corpus: check its files, which may be damaged or anybody's, and memory-map them."""

import json
import mmap
import os
from pathlib import Path
from typing import Any

import pyarrow as pa

import topicml
from topicml.corpus.checking import ArrayFile, checked_counts_data, checked_ids, checked_offsets, stamp
from topicml.corpus.counts import csr
from topicml.corpus.data import CorpusData
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.fields import Fields
from topicml.corpus.fingerprint import digest_of, fingerprint
from topicml.corpus.joined import JoinedArray
from topicml.corpus.mapped import MappedFile
from topicml.corpus.parts import SIZES, VERSION, Arrays, joined_fields, parts_of, stamp_of_parts
from topicml.corpus.storage import FORMAT, HEADER
from topicml.corpus.targets import Targets
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import recover
from topicml.paths import expanded
from topicml.trust import is_signed


def is_saved(folder: Path) -> bool:
    """Whether a folder is a saved corpus: it has a header file."""
    return (folder / HEADER).is_file()


def open_folder(folder: str | os.PathLike[str], *, trust: bool = False) -> CorpusData:
    """Open a saved corpus.

    Parameters
    ----------
    folder, trust
        As in `Corpus.open`.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.open`.
    """
    folder = expanded(folder)
    recover(folder)
    header = _read_header(folder)
    try:
        words = json.loads((folder / "vocabulary.json").read_text("utf-8"))
        if not isinstance(words, list):
            raise ValueError("its vocabulary is not a list of words")
        vocabulary = Vocabulary(words)
        _expect(folder, "vocabulary.json", len(vocabulary), header["n_words"])
        folders, parts, content = [folder], [header], stamp(folder, header["fingerprint"])
        if "parts" in header:
            parts = parts_of(folder, header)
            folders = [folder / part["name"] for part in parts]
            content = stamp_of_parts(folder, [part["name"] for part in parts], header["fingerprint"])
        arrays = Arrays.of(folders, parts, header)
        checks = not is_signed(content, header.get("signature"))
        if checks:
            _check_words(header, vocabulary, arrays)
        fields = Fields(pa.table({}))
        if header["fields"]:
            files = [_mapped(each / "fields.arrow") for each in folders]
            tables = [
                _fields(each / "fields.arrow", file, header["fields"], checks)
                for each, file in zip(folders, files, strict=True)
            ]
            for each, part, table in zip(folders, parts, tables, strict=True):
                _expect(each, "fields.arrow", table.num_rows, part["n_docs"])
            fields = Fields(tables[0] if len(tables) == 1 else joined_fields(tables, folder), files)
        embeddings = _embeddings(folders, parts, header, checks)
        targets = _targets(header, len(vocabulary), arrays, checks)
        preprocessor = _preprocessor(header["preprocessor"], trust)
    except KeyError as error:
        raise InputError(f"{folder / HEADER} has no entry {error}: the corpus is damaged. Save it again.") from error
    except (OSError, EOFError, TypeError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        # pyarrow's errors are among these
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is a damaged or truncated corpus ({error}). Save it again.") from error
    return CorpusData(
        vocabulary,
        tokens=None if arrays.tokens is None else arrays.tokens.mapped(),
        offsets=None if arrays.offsets is None else arrays.offsets.mapped(),
        counts=csr(
            arrays.data.mapped(), arrays.indices.mapped(), arrays.indptr.mapped(), (header["n_docs"], len(vocabulary))
        ),
        fields=fields,
        preprocessor=preprocessor,
        fingerprint=header["fingerprint"],
        embeddings=embeddings,
        targets=targets,
    )


def _read_header(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; a saved corpus is a folder.")
    if not is_saved(folder) and (folder / SIZES).is_file():
        raise InputError(f"{folder} is a part of a corpus; open the whole corpus, {folder.absolute().parent}.")
    if not is_saved(folder):
        raise InputError(f"{folder} is not a saved corpus: it has no {HEADER}. For other sources use Corpus.read.")
    try:
        header = json.loads((folder / HEADER).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{folder / HEADER} cannot be read as JSON ({error}): the corpus is damaged.") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise InputError(f"{folder} is not a saved topicml corpus: its {HEADER} does not have the format {FORMAT!r}.")
    if not isinstance(header.get("version"), int) or header["version"] > VERSION:
        raise InputError(
            f"{folder} has format version {header.get('version')}, written by topicml {header.get('topicml')}; this is "
            f"topicml {topicml.__version__}, which reads versions up to {VERSION}. Upgrade topicml to read it."
        )
    _check_header(folder, header)
    return header


def _check_header(folder: Path, header: dict[str, Any]) -> None:
    """Raise `InputError` for values of other kinds; an entry that is missing is named later."""
    for name in ("n_docs", "n_words", "n_entries", "n_tokens", "n_targets"):
        value = header.get(name, 0)
        is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62
        if not is_number and not (value is None and name == "n_tokens"):
            raise InputError(f"{folder} is a damaged or truncated corpus ({name} is {value!r}). Save it again.")
    names = header.get("fields", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{folder} is a damaged or truncated corpus (fields is {names!r}). Save it again.")


def _check_words(header: dict[str, Any], vocabulary: Vocabulary, arrays: Arrays) -> None:
    """Read the arrays, and raise `InputError` or ValueError unless they are valid, and those that were saved."""
    of_rows = checked_offsets(arrays.indptr, header["n_entries"])
    rows, ends = arrays.indptr.mapped(), None
    of_words = []
    if arrays.tokens is not None and arrays.offsets is not None:
        of_words = [checked_ids(arrays.tokens, len(vocabulary)), checked_offsets(arrays.offsets, header["n_tokens"])]
        ends = arrays.offsets.mapped()
    of_ids = checked_ids(arrays.indices, len(vocabulary), rows=rows)
    of_counts = [checked_counts_data(arrays.data, rows, ends), of_ids, of_rows]
    if header.get("counts_digest") not in (None, digest_of(of_counts)):  # older folders have none
        raise ValueError("its counts are not those that were saved")
    if fingerprint(vocabulary, *(of_words or of_counts)) != header["fingerprint"]:
        raise ValueError("its words are not those that were saved")


def _mapped(path: Path) -> MappedFile:
    with open(path, "rb") as stream:  # not pa.memory_map, which takes only names in UTF-8
        return MappedFile(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _fields(path: Path, file: MappedFile, names: list[str], checks: bool) -> pa.Table:
    """The fields of a mapped file. Arrow uses offsets in the file as they are, so all of them are checked first."""
    source = pa.py_buffer(file)
    try:
        table = pa.ipc.open_file(pa.BufferReader(source)).read_all()
        if checks:
            table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: {error}") from error
    if table.column_names != names:
        raise ValueError(f"the columns of {path} are {table.column_names}, and its header says {names}")
    if table.nbytes > 2 * source.size:  # a compressed file, or many views of one buffer: topicml writes neither
        raise ValueError("its fields are larger than their file")
    return table


def _embeddings(
    folders: list[Path], parts: list[dict[str, Any]], header: dict[str, Any], checks: bool
) -> Embeddings | None:
    """Memory-map the embeddings; `checks` reads them once, as values that are not finite would spoil a fit."""
    given = header.get("embeddings")
    if given is None:
        return None
    if not isinstance(given, dict) or given["dtype"] not in ("float16", "float32"):
        raise ValueError(f"its embeddings are {given!r:.80}")
    size = given["size"]
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size < 2**31:
        raise ValueError(f"the size of its embeddings is {size!r}")
    sized = zip(folders, parts, strict=True)
    files = [ArrayFile.of(each / "embeddings.npy", given["dtype"], part["n_docs"], size) for each, part in sized]
    vectors = JoinedArray(files).mapped()
    source, outside = str(given["source"]), bool(given["outside_knowledge"])
    found = Embeddings(vectors, source=source, outside_knowledge=outside)
    if checks:
        found.check()
    return found


def _targets(header: dict[str, Any], n_words: int, arrays: Arrays, checks: bool) -> Targets | None:
    """Memory-map the targets; `checks` reads them once, as SciPy and torch use their indices without a check."""
    given = header.get("targets")
    if given is None:
        return None
    if arrays.targets is None:
        raise KeyError("n_targets")
    if not isinstance(given, dict):
        raise ValueError(f"its targets are {given!r:.80}")
    data, indices, indptr = arrays.targets
    if checks:
        checked_offsets(indptr, header["n_targets"])
        checked_ids(indices, n_words, rows=indptr.mapped())
    weights = csr(data.mapped(), indices.mapped(), indptr.mapped(), (header["n_docs"], n_words))
    found = Targets(weights, source=str(given["source"]), outside_knowledge=bool(given["outside_knowledge"]))
    if checks:
        found.check()
    return found


def _expect(folder: Path, name: str, length: int, expected: int) -> None:
    if length != expected:
        raise InputError(f"{folder / name} has {length:,} entries but {HEADER} says {expected:,}: a damaged corpus.")


def _preprocessor(config: dict[str, Any] | None, trust: bool) -> Any:
    if config is None:
        return None
    from topicml.corpus.preprocessing import preprocessor_from_config

    return preprocessor_from_config(config, trust=trust)
