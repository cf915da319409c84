"""Recognise the format of a path, or the name of a corpus, and call the reader for it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from topicml.checks import did_you_mean
from topicml.corpus.cards import cards, is_known
from topicml.corpus.data import CorpusData
from topicml.corpus.opening import is_saved, open_folder
from topicml.corpus.sources import octis, table_files, texts, topmost
from topicml.corpus.sources.decoding import suffix_of
from topicml.corpus.sources.named import read_named
from topicml.corpus.sources.tables import corpus_of_table
from topicml.errors import InputError, warn
from topicml.files import recover
from topicml.paths import expanded


def read(
    source: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessor: Any = None,
    encoding: str = "utf-8",
    split: str | None = None,
    delimiter: str | None = None,
    sheet: str | int | None = None,
) -> CorpusData:
    """Read a corpus from a path or by its name.

    Parameters
    ----------
    source, text_column, label_column, preprocessor, encoding, split, delimiter, sheet
        As in `Corpus.read`.

    Returns
    -------
    CorpusData

    Raises
    ------
    InputError
        As `Corpus.read`.
    """
    if not isinstance(source, str | os.PathLike):
        raise InputError(
            f"Corpus.read takes a path or a name, not a {type(source).__name__}; for objects in memory use "
            "Corpus.from_texts, from_tokens, from_frame, from_counts or from_bow."
        )
    if not str(source).strip():
        raise InputError("The source is an empty string; pass a path or the name of a corpus.")
    path = expanded(source)
    recover(path)
    table_options: dict[str, Any] = {"delimiter": delimiter, "sheet": sheet}
    if _is(path, Path.is_dir):
        _warn_unused(f"{path}, a folder,", **table_options)
        return _read_folder(path, text_column, label_column, preprocessor, encoding, split)
    if _is(path, Path.exists):
        return _read_file(path, text_column, label_column, preprocessor, encoding, split, **table_options)
    if is_known(str(source)):
        _warn_unused(f"{source}, a named corpus,", text_column=text_column, label_column=label_column, **table_options)
        return read_named(str(source), preprocessor=preprocessor, split=split)
    names = [card.name for card in cards()]
    raise InputError(
        f"There is no file or folder {path}, and no corpus has this name."
        f"{did_you_mean(str(source), names, n=1, cutoff=0.7)} Named corpora: {', '.join(names)}."
    )


def _read_folder(
    folder: Path, text_column: str | None, label_column: str | None, preprocessor: Any, encoding: str, split: str | None
) -> CorpusData:
    columns = {"text_column": text_column, "label_column": label_column}
    if is_saved(folder):
        _warn_unused(f"{folder}, a saved corpus,", **columns, preprocessor=preprocessor, split=split)
        return open_folder(folder)
    if (folder / octis.MARK).is_file():
        _warn_unused(f"{folder}, an OCTIS folder of tokens,", **columns, preprocessor=preprocessor)
        corpus = octis.read_octis(folder, split, encoding)
    elif topmost.is_topmost(folder):
        _warn_unused(f"{folder}, a TopMost folder of tokens,", **columns, preprocessor=preprocessor)
        corpus = topmost.read_topmost(folder, split, encoding)
    elif texts.text_files(folder):
        _warn_unused(f"{folder}, a folder of text files,", **columns, split=split)
        return texts.read_text_folder(folder, preprocessor, encoding)
    else:
        contents = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise InputError(
            f"The format of the folder {folder} is unknown; it contains {contents}. Known formats: a saved corpus "
            "(corpus.json), OCTIS (corpus.tsv), TopMost (vocab.txt with train_bow.npz or train_texts.txt), and a "
            "folder of .txt files."
        )
    texts.report_empty(corpus)
    return corpus


def _read_file(
    path: Path,
    text_column: str | None,
    label_column: str | None,
    preprocessor: Any,
    encoding: str,
    split: str | None,
    delimiter: str | None,
    sheet: str | int | None,
) -> CorpusData:
    suffix = suffix_of(path)
    if suffix in table_files.SUFFIXES:
        _warn_unused(
            f"{path}, a table,",
            split=split,
            delimiter=None if suffix in table_files.DELIMITED else delimiter,
            sheet=None if suffix == ".xlsx" else sheet,
        )
        return corpus_of_table(  # the table is not held here: it makes way for its columns in their types
            table_files.read_table(path, encoding, delimiter, sheet), text_column, label_column, preprocessor, str(path)
        )
    if suffix in texts.SUFFIXES:
        _warn_unused(
            f"{path}, a file of one document per line,",
            text_column=text_column,
            label_column=label_column,
            split=split,
            delimiter=delimiter,
            sheet=sheet,
        )
        return texts.read_text_file(path, preprocessor, encoding)
    advice = ""
    if suffix in (".xls", ".ods"):
        advice = " Save it as .xlsx or .csv."
    elif suffix in (".docx", ".doc", ".pdf", ".html", ".htm", ".rtf"):
        advice = " Save its text as .txt."
    elif not path.is_file():  # such as /dev/stdin, or what a shell makes of <(command)
        advice = " It is a pipe or a device: to read standard input, pass - as the source (command | topicml … -)."
    raise InputError(
        f"{path} has the suffix {suffix or path.name!r}, which no reader supports.{advice} Supported suffixes: "
        f"{', '.join((*table_files.SUFFIXES, *texts.SUFFIXES))}; all but Parquet and Excel also with .gz or .zst."
    )


def _is(path: Path, what: Callable[[Path], bool]) -> bool:
    """Whether a path exists, or is a folder; `InputError` if the system refuses to say."""
    try:
        return what(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)[:80]!r} cannot be read: {error}.") from error


def _warn_unused(what: str, **arguments: Any) -> None:
    """Warn of arguments that are set but do not apply to the source `what`."""
    unused = [name for name, value in arguments.items() if value is not None]
    if unused:
        warn(f"For {what} {', '.join(unused)} had no effect.", cause=what)
