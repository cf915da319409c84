"""`Corpus.read`: what a path or a name is, and which source reads it."""

import difflib
import os
import warnings
from pathlib import Path
from typing import Any

from topicml.corpus import named
from topicml.corpus.corpus import Corpus
from topicml.corpus.sources import octis, table_files, texts, topmost
from topicml.corpus.sources.decoding import suffix_of
from topicml.corpus.sources.tables import corpus_of_table
from topicml.corpus.storage import is_saved, open_folder
from topicml.errors import InputError, TopicWarning


def read(
    source: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessor: Any = None,
    encoding: str = "utf-8",
    split: str | None = None,
) -> Corpus:
    """Read a corpus from a path or by its name; see `Corpus.read`."""
    if not isinstance(source, str | os.PathLike):
        raise InputError(
            f"Corpus.read takes a path or a name, not a {type(source).__name__}; for objects in memory: "
            "Corpus.from_texts, from_tokens, from_frame, from_counts, from_bow."
        )
    if not str(source).strip():
        raise InputError("The source is an empty string; give a path or the name of a corpus.")
    path = Path(source).expanduser()
    if path.is_dir():
        return _read_folder(path, text_column, label_column, preprocessor, encoding, split)
    if path.exists():
        return _read_file(path, text_column, label_column, preprocessor, encoding, split)
    if named.is_known(str(source)):
        _unused(str(source), text_column=text_column, label_column=label_column)
        return named.load(str(source), preprocessor=preprocessor, split=split)
    near = difflib.get_close_matches(
        str(source).lower(), [card.name.lower() for card in named.cards()], n=1, cutoff=0.7
    )
    hint = f" Did you mean {named.card(near[0]).name!r}?" if near else ""
    raise InputError(
        f"There is no file or folder {path}, and no corpus is named so.{hint} "
        f"Named corpora: {', '.join(card.name for card in named.cards())}."
    )


def _read_folder(
    folder: Path, text_column: str | None, label_column: str | None, preprocessor: Any, encoding: str, split: str | None
) -> Corpus:
    unused = {"text_column": text_column, "label_column": label_column}
    if is_saved(folder):
        _unused(f"{folder}, a saved corpus,", **unused, preprocessor=preprocessor, split=split)
        return open_folder(folder)
    if (folder / octis.MARK).is_file():
        _unused(f"{folder}, an OCTIS folder of tokens,", **unused, preprocessor=preprocessor)
        corpus = octis.read_octis(folder, split, encoding)
    elif topmost.is_topmost(folder):
        _unused(f"{folder}, a TopMost folder of tokens,", **unused, preprocessor=preprocessor)
        corpus = topmost.read_topmost(folder, split, encoding)
    elif texts.text_files(folder):
        _unused(f"{folder}, a folder of text files,", **unused, split=split)
        return texts.read_text_folder(folder, preprocessor, encoding)
    else:
        held = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
        raise InputError(
            f"{folder} is no folder that is known here; it holds {held}. Known: a saved corpus (corpus.json), OCTIS "
            "(corpus.tsv), TopMost (vocab.txt with train_bow.npz or train_texts.txt), and a folder of .txt files."
        )
    texts.report_empty(corpus)
    return corpus


def _read_file(
    path: Path, text_column: str | None, label_column: str | None, preprocessor: Any, encoding: str, split: str | None
) -> Corpus:
    suffix = suffix_of(path)
    if suffix in table_files.SUFFIXES:
        _unused(f"{path}, a table,", split=split)
        table = table_files.read_table(path, encoding)
        return corpus_of_table(table, text_column, label_column, preprocessor, str(path))
    if suffix in texts.SUFFIXES:
        _unused(
            f"{path}, a file of a document a line,", text_column=text_column, label_column=label_column, split=split
        )
        return texts.read_text_file(path, preprocessor, encoding)
    raise InputError(
        f"{path} has the suffix {suffix or path.name!r}, and how to read it cannot be told. Known: "
        f"{', '.join((*table_files.SUFFIXES, *texts.SUFFIXES))}; all but Parquet also with .gz or .zst."
    )


def _unused(what: str, **arguments: Any) -> None:
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        warnings.warn(f"{what} is taken as it is: {', '.join(given)} had no effect.", TopicWarning, stacklevel=4)
