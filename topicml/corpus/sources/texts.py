"""Read raw texts, from memory or from text files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields, encodable
from topicml.corpus.sources.decoding import open_text, read_lines
from topicml.errors import InputError, warn

SUFFIXES = (".txt", ".text")


def corpus_of_texts(
    texts: Iterable[str], preprocessor: Any = None, fields: Mapping[str, Any] | pa.Table | None = None
) -> CorpusData:
    """Make a corpus from raw texts.

    Parameters
    ----------
    texts, preprocessor, fields
        As in `Corpus.from_texts`.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.from_texts`.
    """
    texts = _checked_texts(texts)
    columns = Fields.of(fields, len(texts))
    if "text" not in columns:
        columns = Fields.of({"text": texts} | dict(zip(columns, columns.table.columns, strict=True)), len(texts))
    if preprocessor is False:
        corpus = CorpusData.from_tokens([text.split() for text in texts], None, columns.table)
        when = ""
    else:
        from topicml.corpus.preprocessing.given import as_preprocessor, warn_of_own

        preprocessor = as_preprocessor(preprocessor)
        warn_of_own(preprocessor)
        token_lists, vocabulary = preprocessor.fit_tokens(texts)
        corpus = CorpusData.from_tokens(token_lists, vocabulary, columns.table)
        corpus.preprocessor = preprocessor
        corpus.words_read = getattr(preprocessor, "words_read_", corpus.words_read)
        when = " left after preprocessing"
    report_empty(corpus, when)
    return corpus


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
    return corpus_of_texts(read_lines(path, encoding), preprocessor)


def text_files(folder: Path) -> list[Path]:
    """Return the text files in a folder and its subfolders, sorted by path, without hidden files."""
    paths = (path for suffix in SUFFIXES for end in ("", ".gz", ".zst") for path in folder.rglob(f"*{suffix}{end}"))
    return sorted(path for path in paths if path.is_file() and not _is_hidden(path.relative_to(folder)))


def read_text_folder(folder: Path, preprocessor: Any = None, encoding: str = "utf-8") -> CorpusData:
    """Read a folder of text files with one document per file, sorted by path.

    The field "file" is the path relative to the folder. If every file is in a subfolder, the field "label" is the name
    of the top-level subfolder, as in scikit-learn's `load_files`.

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
    """
    paths = text_files(folder)
    texts = []
    for path in paths:
        with open_text(path, encoding) as stream:
            texts.append(stream.read())
    relative = [path.relative_to(folder) for path in paths]
    fields = {"file": [path.as_posix() for path in relative]}
    if all(len(path.parts) > 1 for path in relative):
        fields["label"] = [path.parts[0] for path in relative]
    return corpus_of_texts(texts, preprocessor, fields)


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
        If some documents have no words. The message gives their first ten rows.
    """
    rows = corpus.empty
    if len(rows) == corpus.n_docs:
        raise InputError(f"None of {corpus.n_docs:,} documents has a word{when}.")
    if len(rows):
        shown = ", ".join(map(str, rows[:10])) + (", …" if len(rows) > 10 else "")
        warn(
            f"{len(rows):,} of {corpus.n_docs:,} documents have no words{when} (rows {shown}). "
            "They keep their rows, and a model gives them its prior mean. See corpus.empty for all rows."
        )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _checked_texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise InputError(
            "texts is one string; pass an iterable with one string per document. For a file use Corpus.read(path)."
        )
    texts = list(texts)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"Text {row} is {text!r}, a {type(text).__name__}, not a string. "
                "For lists of tokens use Corpus.from_tokens; replace a missing text by ''."
            )
        texts[row] = encodable(text)
    return texts
