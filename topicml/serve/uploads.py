"""Read an uploaded file as documents, in the formats of `topicml.Corpus.read`."""

import json
import re
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from topicml.corpus import Corpus
from topicml.corpus.sources.decoding import marked_encoding
from topicml.corpus.sources.delimiters import CANDIDATES, named_in
from topicml.errors import InputError, TopicWarning
from topicml.serve.limits import Limits, TooLargeError

# No compressed files and no Parquet: a small one can contain any amount of text.
SUFFIXES = (".txt", ".text", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
Encoding = Literal["utf-8", "utf-16", "latin-1", "cp1252", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr"]
_MAX_COLUMNS = 1_000


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
    with tempfile.TemporaryDirectory(prefix="topicml-upload-") as folder:
        path = Path(folder) / f"upload{suffix}"
        path.write_bytes(data)
        try:
            corpus = _read(path, text_column if suffix not in (".txt", ".text") else None, encoding)
        except InputError as error:
            raise InputError(_without_path(str(error), path)) from error
        except RecursionError as error:
            raise InputError(
                "The file's JSON is nested too deeply. Use one JSON object of plain values per line."
            ) from error
    if "text" in corpus.fields:
        texts = [text or "" for text in corpus.fields["text"].tolist()]
        limits.check([len(text) for text in texts])
        return texts, []
    tokens = [list(corpus.document(row)) for row in range(corpus.n_docs)]
    limits.check([sum(map(len, words)) + len(words) for words in tokens])
    return None, tokens


def _without_path(message: str, path: Path) -> str:
    """A message with "the file" instead of the path of the temporary file."""
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


def _check_size(data: bytes, suffix: str, encoding: str, limits: Limits) -> None:
    """Refuse tables with very many columns: reading takes time for each column, even in a small file."""
    n_columns = 0
    encoding = marked_encoding(data[:4]) or encoding
    if suffix in (".csv", ".tsv"):
        head = data[: data.find(b"\n", data.find(b"\n") + 1)].decode(encoding, errors="replace").lstrip("\ufeff")
        named = named_in(head.splitlines()[0]) if head else None
        delimiters = CANDIDATES if named is None else (named,)
        n_columns = 1 + max((line.count(sign) for line in head.splitlines()[:2] for sign in delimiters), default=0)
    elif suffix in (".jsonl", ".ndjson", ".json"):
        n_objects, n_columns = _json_size(data.decode(encoding, errors="replace").lstrip("\ufeff"))
        limits.check([0] * n_objects)
    if n_columns > _MAX_COLUMNS:
        raise TooLargeError(f"The file has {n_columns:,} columns; this server reads {_MAX_COLUMNS:,} at most.")


def _json_size(text: str) -> tuple[int, int]:
    """Number of objects and of different keys, up to the first invalid JSON, which `Corpus.read` reports."""
    keys: set[str] = set()
    n_objects = 0
    try:
        for part in [text] if text.lstrip().startswith("[") else filter(str.strip, text.split("\n")):
            parsed = json.loads(part, object_pairs_hook=lambda pairs: keys.update(key for key, _ in pairs))
            n_objects += len(parsed) if isinstance(parsed, list) else 1
    except (ValueError, RecursionError):
        pass
    return n_objects, len(keys)


def _shown(suffix: str) -> str:
    return repr(suffix[:12]) if suffix else "'' (none)"
