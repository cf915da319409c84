"""Read files with one word per line, or one value per document."""

from pathlib import Path

from topicml.corpus.sources.decoding import read_lines
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def read_vocabulary(path: Path, encoding: str = "utf-8") -> Vocabulary:
    """Read a vocabulary file with one word per line; ignore blank lines at the end.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str
        Its encoding.

    Returns
    -------
    Vocabulary

    Raises
    ------
    InputError
        If a word is repeated or a line is blank. The message names the lines.
    """
    words = _strip_blank_end([line.strip() for line in read_lines(path, encoding)])
    lines: dict[str, int] = {}
    for number, word in enumerate(words, start=1):
        if not word:
            raise InputError(f"Line {number} of {path} is blank; each line must have a word.")
        if word in lines:
            raise InputError(
                f"Lines {lines[word]} and {number} of {path} have the same word, {word!r}; remove one of them."
            )
        lines[word] = number
    return Vocabulary(words)


def read_values(path: Path, n_docs: int, encoding: str = "utf-8") -> list[str | None]:
    """Read a file with one value per document.

    Parameters
    ----------
    path : Path
        The file.
    n_docs : int
        Number of documents.
    encoding : str
        Encoding of the file.

    Returns
    -------
    list of str or None
        None for a blank line.

    Raises
    ------
    InputError
        If the file does not have one line per document.
    """
    values: list[str | None] = [line.strip() or None for line in read_lines(path, encoding)]
    while len(values) > n_docs and values[-1] is None:
        values.pop()
    if len(values) != n_docs:
        raise InputError(f"{path} has {len(values):,} lines, but there are {n_docs:,} documents.")
    return values


def _strip_blank_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
