"""Read an uploaded file as documents, in the formats of `topicml.Corpus.read`."""

import codecs
import csv
import io
import json
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from topicml.corpus import Corpus
from topicml.corpus.sources.decoding import marked_encoding
from topicml.corpus.sources.delimiters import CANDIDATES, named_in
from topicml.errors import InputError, TopicWarning
from topicml.files import clean_leftovers, temporary_folder
from topicml.serve.limits import Limits, TooLargeError

# No compressed files and no Parquet: a small one can contain any amount of text.
SUFFIXES = (".txt", ".text", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr"]
_MAX_COLUMNS = 1_000
_SPACE = re.compile(r"\s*")


def read_upload(
    data: bytes, name: str, limits: Limits, *, text_column: str | None = None, encoding: Encoding = "utf-8"
) -> tuple[list[str] | None, list[list[str]]]:
    """Read the documents of an uploaded file.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        Name of the file, as the sender gives it. Only its suffix is used: the file is stored under another name.
    limits : Limits
        Limits on the documents.
    text_column : str, optional
        Column of the text in a table; by default recognised by name and content.
    encoding : str
        Encoding of the text.

    Returns
    -------
    texts : list of str or None
        Raw texts; None if the file has documents that are lists of words.
    tokens : list of list of str
        These lists of words.

    Raises
    ------
    InputError
        If the suffix is unknown, or the file cannot be read.
    TooLargeError
        If the file has too many columns or documents, or a document is too long.
    """
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"A file with the suffix {_shown(suffix)} is not read here. Known: {', '.join(SUFFIXES)}, not compressed."
        )
    _check_size(data, suffix, encoding, limits)
    clean_leftovers(tempfile.gettempdir(), "topicml-upload")  # of servers that were killed
    with temporary_folder("topicml-upload", tempfile.gettempdir()) as folder:
        path = folder / f"upload{suffix}"
        path.write_bytes(data)
        try:
            corpus = _read(path, text_column if suffix not in (".txt", ".text") else None, encoding)
        except InputError as error:
            raise InputError(_without_path(str(error), path)) from error
        except RecursionError as error:
            raise InputError(
                "The file's JSON is nested too deeply. Use one JSON object of plain values per line."
            ) from error
        except UnicodeError as error:
            raise InputError(f"The file is not {encoding.upper()}: {_reason(error)}. Choose its encoding.") from error
    if "text" in corpus.fields:
        texts = [text or "" for text in corpus.fields["text"].tolist()]
        limits.check([len(text) for text in texts])
        return texts, []
    tokens = [list(corpus.document(row)) for row in range(corpus.n_docs)]
    limits.check([sum(map(len, words)) + len(words) for words in tokens])
    return None, tokens


def _without_path(message: str, path: Path) -> str:
    """A message with "the file" instead of the path of the temporary file, and without options of the program."""
    message = re.sub(r" \(--[a-z-]+[^)]*\)", "", message)
    return re.sub(r"(^|(?<=[.!?] ))the file", "The file", message.replace(str(path), "the file"))


class _NoPreprocessor:
    """Placeholder for a preprocessor: `read_upload` takes raw texts from the field, and they are preprocessed later."""

    def fit_tokens(self, texts: Sequence[str]) -> tuple[list[list[str]], list[str]]:
        """One word for each text, the same for all, because `Corpus.read` refuses documents that have no words."""
        return [["text"] for _ in texts], ["text"]


def _read(path: Path, text_column: str | None, encoding: str) -> Corpus:
    with warnings.catch_warnings():
        # The warning that lists of words are not preprocessed is meant for fits, not for uploads.
        warnings.simplefilter("ignore", TopicWarning)
        return Corpus.read(path, preprocessor=_NoPreprocessor(), text_column=text_column, encoding=encoding)


def _reason(error: UnicodeError) -> str:
    return error.reason if isinstance(error, UnicodeDecodeError) else str(error)


def _check_size(data: bytes, suffix: str, encoding: str, limits: Limits) -> None:
    """Refuse too many documents or columns before they are read: each costs time, even in a small file."""
    encoding = marked_encoding(data[:4]) or encoding
    try:
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(data).lstrip("\ufeff")
    except UnicodeError:  # UTF-16 without its mark: the reader of the file says so
        return
    if suffix in (".txt", ".text"):
        ends = text.count("\n") + text.count("\r") - text.count("\r\n")
        limits.check_number(ends + (not text.endswith(("\n", "\r"))))
        return
    if suffix in (".csv", ".tsv"):
        header, *rest = re.split("[\r\n]+", text, maxsplit=2)
        named = named_in(header)
        if named is not None and rest:
            header = rest[0]
        delimiters = CANDIDATES if named is None else (named,)
        n_columns = max(header.count(delimiter) for delimiter in delimiters) + 1
        n_documents = min(_n_rows(text, delimiter, limits.max_documents) for delimiter in delimiters)
    else:
        n_documents, n_columns = _json_size(text, limits.max_documents)
    limits.check_number(n_documents, is_all=False)
    if n_columns > _MAX_COLUMNS:
        raise TooLargeError(f"The file has {n_columns:,} columns; this server reads {_MAX_COLUMNS:,} at most.")


def _n_rows(text: str, delimiter: str, most: int) -> int:
    """Number of rows below the first, as far as one more than `most`."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return sum(1 for _ in islice(filter(None, rows), most + 2)) - 1
    finally:
        csv.field_size_limit(before)


def _json_size(text: str, most: int) -> tuple[int, int]:
    """Number of objects and of different keys, up to one object more than `most` or to what is not JSON.

    `Corpus.read` says what is not JSON.
    """
    keys: set[str] = set()
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: keys.update(key for key, _ in pairs))
    n_objects = 0
    try:
        for _ in islice(_json_objects(text, decoder), most + 1):
            n_objects += 1
    except (ValueError, RecursionError):
        pass
    return n_objects, len(keys)


def _json_objects(text: str, decoder: json.JSONDecoder) -> Iterator[object]:
    """The objects of a JSON array, or one a line."""
    text = text.lstrip()
    if not text.startswith("["):
        yield from map(decoder.decode, filter(str.strip, io.StringIO(text, newline="\n")))
        return
    position = 0
    while position < len(text) and text[position] in "[,":
        start = _SPACE.match(text, position + 1)
        value, end = decoder.raw_decode(text, start.end() if start else position + 1)
        yield value
        after = _SPACE.match(text, end)
        position = after.end() if after else end


def _shown(suffix: str) -> str:
    return repr(suffix[:12]) if suffix else "'' (none)"
