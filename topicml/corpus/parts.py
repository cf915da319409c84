"""A corpus of many parts: folders of arrays and fields, and one manifest, which is written last.

corpus.json          as for a corpus of one part, with version 2 and the list of parts
vocabulary.json      the words of all parts
part-00000/ …        arrays and fields of some documents, and part.json, their sizes

Row i is document i over all parts. The arrays of the parts are joined when the corpus is opened, without a copy
(`topicml.corpus.joined`), so that a corpus of many parts is the same corpus, to the bit, as one of one part.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from topicml.checks import require
from topicml.corpus.checking import ArrayFile, Entries, stamp
from topicml.corpus.counts import index_dtype
from topicml.corpus.data import CorpusData
from topicml.corpus.fingerprint import Digest
from topicml.corpus.joined import JoinedArray, JoinedOffsets
from topicml.corpus.storage import HEADER, CorpusWriter, header_of, write_json
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import atomic_folder
from topicml.trust import sign

VERSION = 2
"""Version of the format of a corpus of many parts."""

SIZES = "part.json"
_NAME = re.compile("part-[0-9]{5,9}")
_COUNTED = ("n_docs", "n_entries", "n_tokens")
_TARGETS = "n_targets"  # counted, too, if there are targets


def name_of_part(number: int) -> str:
    """The name of the folder of a part, from its number, which counts from 0."""
    return f"part-{number:05d}"


@dataclass
class Before:
    """How many documents, entries of the counts, tokens and weights of targets are in the parts before a part."""

    n_docs: int = 0
    n_entries: int = 0
    n_tokens: int = 0
    n_targets: int = 0

    def add(self, sizes: dict[str, Any]) -> None:
        """Count a part."""
        self.n_docs += sizes["n_docs"]
        self.n_entries += sizes["n_entries"]
        self.n_tokens += sizes["n_tokens"] or 0
        self.n_targets += sizes.get(_TARGETS, 0)

    def of_arrays(self) -> dict[str, int]:
        """Number of entries of each array."""
        entries = dict.fromkeys(("counts_data", "counts_indices"), self.n_entries)
        entries |= dict.fromkeys(("targets_data", "targets_indices"), self.n_targets)
        return {**entries, "tokens": self.n_tokens, "embeddings": self.n_docs}


def save_parts(corpus: CorpusData, folder: str | os.PathLike[str], shard_rows: int, overwrite: bool = False) -> None:
    """Write a corpus to a folder in parts; see `Corpus.save`.

    Parameters
    ----------
    corpus : CorpusData
        The corpus.
    folder : str or path
        The folder to create.
    shard_rows : int
        Number of documents of a part.
    overwrite : bool
        Replace a corpus that was saved there before.

    Raises
    ------
    InputError
        If `shard_rows` is less than 1, `folder` exists and `overwrite` is false, or it holds something else.
    """
    require(shard_rows >= 1, "shard_rows", shard_rows, "at least 1")
    with atomic_folder(folder, overwrite=overwrite, mark=HEADER) as temporary:
        before, parts = Before(), []
        for number, begin in enumerate(range(0, max(len(corpus), 1), shard_rows)):
            part = temporary / name_of_part(number)
            part.mkdir()
            parts.append(write_part(part, corpus[begin : begin + shard_rows], before))
            before.add(parts[-1])
        write_manifest(temporary, corpus.vocabulary, corpus.preprocessor, parts)


def write_part(folder: Path, part: CorpusData, before: Before) -> dict[str, Any]:
    """Write a part of a corpus.

    Parameters
    ----------
    folder : Path
        An empty folder.
    part : CorpusData
        Documents in the vocabulary of the whole corpus.
    before : Before
        What is in the parts before this one.

    Returns
    -------
    dict
        The sizes of the part, for `write_manifest`; ``part.json`` has them too.
    """
    with CorpusWriter(folder, part.vocabulary, before.of_arrays()) as writer:
        writer.append(part)
    sizes, _, _ = writer.finish_arrays()
    write_json(folder / SIZES, sizes)
    return sizes


def sizes_of_part(folder: Path) -> dict[str, Any]:
    """The sizes of a part that `write_part` wrote; raises `InputError` if it is damaged."""
    try:
        sizes = json.loads((folder / SIZES).read_text("utf-8"))
        return {"n_docs": int(sizes["n_docs"]), **sizes}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / SIZES} cannot be read ({error}): a damaged part of a corpus.") from error


def write_manifest(folder: Path, vocabulary: Vocabulary, preprocessor: Any, parts: Sequence[dict[str, Any]]) -> None:
    """Write the vocabulary and the header of a corpus of many parts, from the parts in the folder.

    All arrays are read once, because the fingerprint is that of the corpus in one part.

    Parameters
    ----------
    folder : Path
        The folder with the parts.
    vocabulary : Vocabulary
        The words.
    preprocessor : Preprocessor, VectorizerPreprocessor or None
        Saved with the corpus.
    parts : sequence of dict
        The sizes of each part.

    Raises
    ------
    InputError
        If a part has other columns or other kinds of arrays than the first, or a file of a part is damaged.
    """
    names = [name_of_part(number) for number in range(len(parts))]
    for name, sizes in zip(names, parts, strict=True):
        for key, what in (("fields", "columns"), ("embeddings", "embeddings"), ("targets", "targets")):
            if sizes.get(key) != parts[0].get(key):
                raise _other(folder / name, what, sizes.get(key), parts[0].get(key), names[0])
    keys = _counted(parts[0])
    counted = {name: [part[name] for part in parts] for name in keys}
    total: dict[str, Any] = {name: None if None in values else sum(values) for name, values in counted.items()}
    listed = [{"name": name, **{key: sizes[key] for key in keys}} for name, sizes in zip(names, parts, strict=True)]
    arrays = Arrays.of([folder / name for name in names], listed, total)
    counts = [_digest(arrays.data), _digest(arrays.indices), _digest(arrays.indptr, "<i8")]
    words = counts
    if arrays.tokens is not None and arrays.offsets is not None:
        words = [_digest(arrays.tokens), _digest(arrays.offsets, "<i8")]
    sizes = {**parts[0], **total}
    header = header_of(sizes, vocabulary, counts, words, preprocessor) | {"version": VERSION, "parts": listed}
    write_json(folder / "vocabulary.json", list(vocabulary))
    signature = sign(stamp_of_parts(folder, names, header["fingerprint"]))
    write_json(folder / HEADER, header | {"signature": signature})


def stamp_of_parts(folder: Path, names: Sequence[str], content: str) -> dict[str, Any]:
    """A value that changes if the files of a corpus of many parts change; see `topicml.corpus.checking.stamp`.

    Parameters
    ----------
    folder : Path
        The folder of the corpus.
    names : sequence of str
        The names of its parts.
    content : str
        The fingerprint of the corpus.

    Returns
    -------
    dict
    """
    vocabulary = stamp(folder, content)["files"].get("vocabulary.json")
    parts = {name: stamp(folder / name, "")["files"] for name in names}
    return {"fingerprint": content, "vocabulary": vocabulary, "parts": parts}


def _counted(sizes: dict[str, Any]) -> tuple[str, ...]:
    """The sizes that add up over parts."""
    return (*_COUNTED, _TARGETS) if _TARGETS in sizes else _COUNTED


def parts_of(folder: Path, header: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts that the header of a corpus lists.

    Parameters
    ----------
    folder : Path
        The folder of the corpus.
    header : dict
        Its header.

    Returns
    -------
    list of dict
        Name and sizes of each part.

    Raises
    ------
    InputError
        If a part is missing; the message names it.
    ValueError
        If the list is not one, or its sizes do not add up.
    """
    parts = header["parts"]
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise ValueError(f"its parts are {parts!r:.80}")
    for number, part in enumerate(parts):
        name = part["name"]
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name != name_of_part(number):
            raise ValueError(f"the name of part {number} is {name!r:.80}")
        for key in _counted(header):
            value = part[key]
            is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62
            if not is_number and not (key == "n_tokens" and value is None and header["n_tokens"] is None):
                raise ValueError(f"{key} of {name} is {value!r:.80}")
    for key in _counted(header):
        if header[key] is not None and sum(part[key] for part in parts) != header[key]:
            raise ValueError(f"{key} of its parts do not add up to {header[key]:,}")
    missing = [part["name"] for part in parts if not (folder / part["name"] / SIZES).is_file()]
    if missing:
        shown = ", ".join(missing[:5]) + ("" if len(missing) <= 5 else f" and {len(missing) - 5:,} more")
        raise InputError(
            f"{folder} is a corpus of {len(parts):,} parts, and {shown} "
            f"{'is' if len(missing) == 1 else 'are'} missing or not completely written. Copy the whole folder again, "
            "or build the corpus again."
        )
    return parts


@dataclass
class Arrays:
    """The arrays of a corpus: each in one file, or joined from the files of the parts."""

    data: Entries
    indices: Entries
    indptr: Entries
    tokens: Entries | None
    offsets: Entries | None
    targets: tuple[Entries, Entries, Entries] | None = None

    @classmethod
    def of(cls, folders: Sequence[Path], parts: Sequence[dict[str, Any]], total: dict[str, Any]) -> "Arrays":
        """Read the headers of all files.

        Parameters
        ----------
        folders : sequence of Path
            The folder of each part, or the one folder of a corpus of one part.
        parts : sequence of dict
            The sizes of each part.
        total : dict
            The sizes of the corpus.

        Returns
        -------
        Arrays

        Raises
        ------
        InputError
            If a file has another type or size than the header says; the message names the file.
        """

        def joined(name: str, key: str, kind: Any = np.int32) -> JoinedArray:
            sized = zip(folders, parts, strict=True)
            return JoinedArray([ArrayFile.of(at / f"{name}.npy", kind, part[key]) for at, part in sized])

        def joined_offsets(name: str, key: str, kinds: Sequence[Any], kind: Any) -> Entries:
            sized = zip(folders, parts, kinds, strict=True)
            files = [ArrayFile.of(at / f"{name}.npy", each, part["n_docs"] + 1) for at, part, each in sized]
            return files[0] if len(files) == 1 else JoinedOffsets(files, [part[key] for part in parts], kind)

        def joined_matrix(name: str, key: str, kind: Any = np.int32) -> tuple[Entries, Entries, Entries]:
            kinds = [index_dtype(part[key]) for part in parts]
            indptr = joined_offsets(f"{name}_indptr", key, kinds, index_dtype(total[key]))
            return joined(f"{name}_data", key, kind), joined(f"{name}_indices", key), indptr

        arrays = cls(*joined_matrix("counts", "n_entries"), None, None)
        if total["n_tokens"] is not None:
            arrays.tokens = joined("tokens", "n_tokens")
            arrays.offsets = joined_offsets("offsets", "n_tokens", [np.int64] * len(parts), np.int64)
        if _TARGETS in total:
            arrays.targets = joined_matrix("targets", _TARGETS, np.float32)
        return arrays


def joined_fields(tables: Sequence[pa.Table], folder: Path) -> pa.Table:
    """The fields of all parts as one table, without a copy.

    Parameters
    ----------
    tables : sequence of pyarrow.Table
        The fields of each part.
    folder : Path
        The folder of the corpus.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If a part has other columns, or columns of other types, than the first.
    """
    first = tables[0].schema
    for number, table in enumerate(tables):
        if not table.schema.equals(first):
            described = [", ".join(f"{each.name}: {each.type}" for each in schema) for schema in (table.schema, first)]
            raise _other(folder / name_of_part(number), "columns", described[0], described[1], name_of_part(0))
    return pa.concat_tables(tables).replace_schema_metadata(first.metadata).unify_dictionaries()


def _digest(file: Entries, kind: str = "<i4") -> str:
    sha = Digest(kind)
    for _, block in file.blocks():
        sha.update(block)
    return sha.hexdigest()


def _other(part: Path, what: str, found: object, expected: object, first: str) -> InputError:
    return InputError(
        f"{part} has other {what} than {first}: {found}, not {expected}. All parts of a corpus must have the same."
    )
