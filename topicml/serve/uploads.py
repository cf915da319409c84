"""An uploaded file as documents, by the recognition of `topicml.Corpus.read`."""

import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.serve.limits import Limits, TooLargeError

# Neither compressed files nor Parquet: a small one of those can hold any amount of text.
SUFFIXES = (".txt", ".text", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr"]
_MOST_COLUMNS = 1_000


def read_upload(
    data: bytes, name: str, limits: Limits, *, text_column: str | None = None, encoding: Encoding = "utf-8"
) -> tuple[list[str] | None, list[list[str]]]:
    """Return the texts of a file, or None and lists of words where it holds these.

    Parameters
    ----------
    data : bytes
        What the file holds.
    name : str
        What the sender calls it. Only its suffix is looked at: the file is read under a name of our own.
    limits : Limits
        Of the documents.
    text_column : str, optional
        Column of a table; found where it is plain.
    encoding : str
        Of the text.

    Raises
    ------
    InputError
        If the file is of no known kind, or cannot be read.
    TooLargeError
        If it holds too many columns or documents, or one that is too long.
    """
    suffix = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"A file of the suffix {_told(suffix)} is not read here. Known: {', '.join(SUFFIXES)}, not compressed."
        )
    _check_size(data, suffix, encoding, limits)
    with tempfile.TemporaryDirectory(prefix="topicml-upload-") as folder:
        path = Path(folder) / f"upload{suffix}"
        path.write_bytes(data)
        try:
            corpus = _read(path, text_column if suffix not in (".txt", ".text") else None, encoding)
        except InputError as error:
            message = str(error).replace(str(path), "the file")
            raise InputError(message[:1].upper() + message[1:]) from error
        except RecursionError as error:
            raise InputError("The file's JSON is nested too deeply. Give one object of plain values a line.") from error
    if "text" in corpus.fields:
        texts = [text or "" for text in corpus.fields["text"].tolist()]
        limits.check([len(text) for text in texts])
        return texts, []
    tokens = [list(corpus.document(row)) for row in range(corpus.n_docs)]
    limits.check([sum(map(len, words)) + len(words) for words in tokens])
    return None, tokens


class _AsItIs:
    """Stands in for a preprocessor: the texts are kept as a field, and treated later as pasted ones are."""

    def fit_tokens(self, texts: Sequence[str]) -> tuple[list[list[str]], list[str]]:
        """Return one word a text, the same for all: `Corpus.read` wants a document to have one."""
        return [["text"] for _ in texts], ["text"]


def _read(path: Path, text_column: str | None, encoding: str) -> Corpus:
    with warnings.catch_warnings():
        # A file of words is taken as it is; that nothing treated them needs no telling.
        warnings.simplefilter("ignore", TopicWarning)
        return Corpus.read(path, preprocessor=_AsItIs(), text_column=text_column, encoding=encoding)


def _check_size(data: bytes, suffix: str, encoding: str, limits: Limits) -> None:
    """Refuse tables of very many columns: reading takes time by the column, however small the file."""
    n_columns = 0
    if suffix in (".csv", ".tsv"):
        first = data.split(b"\n", 1)[0].split(b"\r", 1)[0]
        n_columns = max(first.count(delimiter) for delimiter in (b",", b";", b"\t")) + 1
    elif suffix in (".jsonl", ".ndjson", ".json"):
        n_objects, n_columns = _json_size(data.decode(encoding, errors="replace").lstrip("\ufeff"))
        limits.check([0] * n_objects)
    if n_columns > _MOST_COLUMNS:
        raise TooLargeError(f"The file has {n_columns:,} columns; at most {_MOST_COLUMNS:,} are read.")


def _json_size(text: str) -> tuple[int, int]:
    """How many objects, and different keys in them, up to where it is not JSON: reading tells that better."""
    keys: set[str] = set()
    n_objects = 0
    try:
        for part in [text] if text.lstrip().startswith("[") else filter(str.strip, text.split("\n")):
            parsed = json.loads(part, object_pairs_hook=lambda pairs: keys.update(key for key, _ in pairs))
            n_objects += len(parsed) if isinstance(parsed, list) else 1
    except (ValueError, RecursionError):
        pass
    return n_objects, len(keys)


def _told(suffix: str) -> str:
    return repr(suffix[:12]) if suffix else "'' (none)"
