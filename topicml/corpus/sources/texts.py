"""Read raw texts, from memory or from text files."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from topicml.corpus.columns import encodable
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.places import Places, places_of
from topicml.corpus.sources.column_types import ArrowTypes, whole_table
from topicml.corpus.sources.decoding import open_text
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError, warn

_BLOCK = 1_000  # texts that are Python strings at a time
SUFFIXES = (".txt", ".text")
_NOTES = ("readme", "license", "licence", "copying", "about", "changelog", "changes", "citation")


def corpus_of_texts(
    texts: Iterable[str] | pa.ChunkedArray,
    preprocessor: Any = None,
    fields: Mapping[str, Any] | pa.Table | None = None,
    places: Places | None = None,
    *,
    tell_empty: bool = True,
) -> CorpusData:
    """Make a corpus from raw texts.

    Parameters
    ----------
    texts, preprocessor, fields
        As in `Corpus.from_texts`.
    places : Places, optional
        Where the texts are in their file.
    tell_empty : bool
        Whether to tell documents without words: a part of a corpus leaves it to the whole.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.from_texts`.
    """
    if isinstance(texts, pa.ChunkedArray) and pa.types.is_large_string(texts.type) and not texts.null_count:
        texts = ArrowTexts(texts)
    else:
        texts = _checked_texts(texts)
    columns = Fields.of(fields, len(texts))
    if "text" not in columns:
        columns = Fields(_with_texts(columns.table, texts))
    if preprocessor is False:
        corpus = CorpusData.from_tokens((text.split() for text in texts), None, columns.table)
        corpus.words_read = corpus.lengths  # all words are in the vocabulary
        when = ""
    else:
        from topicml.corpus.preprocessing.given import as_preprocessor, warn_of_own

        preprocessor = as_preprocessor(preprocessor)
        warn_of_own(preprocessor)
        corpus = _split(texts, preprocessor, columns)
        corpus.preprocessor = preprocessor
        corpus.words_read = getattr(preprocessor, "words_read_", corpus.words_read)
        when = " left after preprocessing"
    corpus.places = places
    if tell_empty:
        report_empty(corpus, when)
    return corpus


class ArrowTexts(Sequence[str]):
    """Texts of an Arrow column of `large_string` without missing values; they become Python strings when they are read.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        The texts; also an attribute.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self.column[i].as_py() for i in range(*row.indices(len(self)))]
        return self.column[row].as_py()

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), _BLOCK):
            yield from self.column.slice(begin, _BLOCK).to_pylist()


def _split(texts: Sequence[str], preprocessor: Any, columns: Fields) -> CorpusData:
    """The corpus of texts; word ids, if the preprocessor gives them, take less memory than lists of words."""
    from topicml.corpus.preprocessing import Preprocessor

    if isinstance(preprocessor, Preprocessor) and type(preprocessor).fit_tokens is Preprocessor.fit_tokens:
        tokens, offsets, words = preprocessor.fit_encoded(texts)
        return CorpusData(Vocabulary(words), tokens=tokens, offsets=offsets, fields=columns)
    token_lists, vocabulary = preprocessor.fit_tokens(texts if isinstance(texts, list) else list(texts))
    return CorpusData.from_tokens(token_lists, vocabulary, columns.table)


def read_text_file(path: Path, preprocessor: Any = None, encoding: str = "utf-8") -> CorpusData:
    """Read a text file with one document per line. A blank line is an empty document: document i is line i + 1.

    Parameters
    ----------
    path : Path
        The file, which may be compressed.
    preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
        As in `Corpus.from_texts`.
    encoding : str
        Encoding of the file.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `open_text` and `Corpus.from_texts`.
    """
    table = whole_table(line_batches(path, encoding), ArrowTypes)
    places = Places.of_numbers("line", range(1, len(table) + 1))
    return corpus_of_texts(table.column("text"), preprocessor, places=places)


def line_batches(path: Path, encoding: str = "utf-8", rows: int = 10_000) -> Iterator[pa.Table]:
    """Read a text file with one document per line in batches, which bound the memory.

    Parameters
    ----------
    path, encoding
        As in `read_text_file`.
    rows : int
        Lines of a batch.

    Yields
    ------
    pyarrow.Table
        The next lines, in the column "text".

    Raises
    ------
    InputError
        If the file is empty, or as `open_text`.
    """
    with open_text(path, encoding) as stream:
        lines = (encodable(line.removesuffix("\n")) for line in stream)
        batch = list(islice(lines, rows))
        if not batch:
            raise InputError(f"{path} is empty.")
        while batch:
            yield pa.table({"text": pa.array(batch, pa.large_string())})
            batch = list(islice(lines, rows))


def text_files(folder: Path) -> list[Path]:
    """Return the text files in a folder and its subfolders, sorted by path, without hidden files."""
    paths = (path for suffix in SUFFIXES for end in ("", ".gz", ".zst") for path in folder.rglob(f"*{suffix}{end}"))
    return sorted(path for path in paths if path.is_file() and not _is_hidden(path.relative_to(folder)))


def read_text_folder(folder: Path, preprocessor: Any = None, encoding: str = "utf-8") -> CorpusData:
    """Read a folder of text files with one document per file, sorted by path.

    The field "file" is the path relative to the folder. If there are files in at least two subfolders, the field
    "label" is the name of the top-level subfolder, as in scikit-learn's `load_files`. A file beside these subfolders
    has no label; a README, a licence and the like beside them is left out.

    Parameters
    ----------
    folder : Path
        The folder.
    preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
        As in `Corpus.from_texts`.
    encoding : str
        Encoding of the files.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `open_text` and `Corpus.from_texts`.

    Warns
    -----
    TopicWarning
        If there are files beside the subfolders.
    """
    relative = [path.relative_to(folder) for path in text_files(folder)]
    classes = {path.parts[0] for path in relative if len(path.parts) > 1}
    has_labels = len(classes) > 1 or (len(classes) == 1 and all(len(path.parts) > 1 for path in relative))
    if has_labels:
        relative = _without_notes(folder, relative)
    texts = []
    for path in relative:
        with open_text(folder / path, encoding) as stream:
            texts.append(stream.read())
    fields: dict[str, list[str | None]] = {"file": [encodable(path.as_posix()) for path in relative]}
    if has_labels:
        fields["label"] = [encodable(path.parts[0]) if len(path.parts) > 1 else None for path in relative]
    return corpus_of_texts(texts, preprocessor, fields, Places("file", np.array(fields["file"], dtype=object)))


def _without_notes(folder: Path, paths: list[Path]) -> list[Path]:
    """Leave out a README beside folders of classes; warn of it, and of other files that have no class."""
    beside = [path for path in paths if len(path.parts) == 1]
    notes = [path for path in beside if path.name.partition(".")[0].lower() in _NOTES]
    unlabelled = [path for path in beside if path not in notes]
    said = []
    if notes:
        said.append(f"{_names(notes)} describes the data, and was left out.")
    if unlabelled:
        said.append(f"{_names(unlabelled)} is in no subfolder, and has no label.")
    if said:
        warn(f"The subfolders of {folder} are the labels of documents. {' '.join(said)}")
    return [path for path in paths if path not in notes]


def _names(paths: list[Path]) -> str:
    shown = ", ".join(path.name for path in paths[:3])
    return shown if len(paths) <= 3 else f"Each of {shown} and {len(paths) - 3:,} more files"


NO_WORDS = "no words"
"""The cause of the warning of `report_empty`."""


def report_empty(corpus: CorpusData, when: str = "") -> None:
    """Warn if some documents have no words; raise if all have none.

    Parameters
    ----------
    corpus : CorpusData
        The corpus.
    when : str
        End of the message's clause "have no words", for example " left after preprocessing".

    Raises
    ------
    InputError
        If no document has a word.

    Warns
    -----
    TopicWarning
        If some documents have no words. The message says where the first ten are.
    """
    rows = corpus.empty
    if len(rows) == corpus.n_docs:
        raise InputError(f"None of {corpus.n_docs:,} documents has a word{when}.")
    if len(rows):
        have, keep, them, their = ("have", "They keep their rows, and get", "them", "their")
        if len(rows) == 1:
            have, keep, them, their = ("has", "It keeps its row, and gets", "it", "its")
        warn(
            f"{len(rows):,} of {corpus.n_docs:,} documents {have} no words{when} ({places_of(corpus, rows)}). {keep} "
            f"no topic: labelled rows have topic -1 for {them}, and {their} topic proportions are those that the model "
            "assumes before it reads a word.",
            cause=NO_WORDS,
        )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _with_texts(table: pa.Table, texts: Sequence[str]) -> pa.Table:
    """A table of fields with the texts as its first column."""
    column = texts.column if isinstance(texts, ArrowTexts) else pa.array(texts, pa.large_string())
    if not table.num_columns:
        return pa.table({"text": column})
    return table.add_column(0, "text", column)


def _checked_texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str | bytes | os.PathLike):
        raise InputError(
            "texts is one string; pass an iterable with one string per document. For a file use Corpus.read(path)."
        )
    if isinstance(texts, Mapping | Set) or hasattr(texts, "columns") or hasattr(texts, "column_names"):
        use = "a set has no order; pass a list." if isinstance(texts, Set) else "for a table use Corpus.from_frame."
        raise InputError(f"texts is a {type(texts).__name__}, not a list with one string per document; {use}")
    if not hasattr(texts, "__iter__"):
        raise InputError(f"texts is {texts!r:.60}, a {type(texts).__name__}; pass a list with one string per document.")
    texts = texts.to_pylist() if isinstance(texts, pa.Array | pa.ChunkedArray) else list(texts)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"Text {row} is {text!r}, a {type(text).__name__}, not a string. "
                "For lists of tokens use Corpus.from_tokens; replace a missing text by ''."
            )
        texts[row] = encodable(text)
    return texts
