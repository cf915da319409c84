"""Files of one word a line, and of one value a document."""

from pathlib import Path

from topicml.corpus.sources.decoding import read_lines
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def read_vocabulary(path: Path, encoding: str = "utf-8") -> Vocabulary:
    """Read one word a line; blank lines at the end are none.

    Raises
    ------
    InputError
        If a word is there twice or a line is blank: the message names the lines.
    """
    words = _without_blank_end([line.strip() for line in read_lines(path, encoding)])
    lines: dict[str, int] = {}
    for number, word in enumerate(words, start=1):
        if not word:
            raise InputError(f"Line {number} of {path} is blank; each line must hold a word.")
        if word in lines:
            raise InputError(f"Lines {lines[word]} and {number} of {path} hold one word, {word!r}; remove one of them.")
        lines[word] = number
    return Vocabulary(words)


def read_values(path: Path, n_docs: int, encoding: str = "utf-8") -> list[str | None]:
    """Read one value a document, None for a blank line; `InputError` where there is not a line a document."""
    values: list[str | None] = [line.strip() or None for line in read_lines(path, encoding)]
    while len(values) > n_docs and values[-1] is None:
        values.pop()
    if len(values) != n_docs:
        raise InputError(f"{path} has {len(values):,} lines, but there are {n_docs:,} documents.")
    return values


def _without_blank_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
