"""Read files with one word per line, or one value per document."""

from pathlib import Path

from topicml.corpus.sources.decoding import open_text, read_lines
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError, warn


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


def read_stop_words(path: Path) -> list[str]:
    """Read a file of stop words with one word per line; ignore blank lines.

    The file is UTF-8, or UTF-16 with its mark; a file that is neither is read as cp1252.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of str
        Without a word twice.

    Raises
    ------
    InputError
        If the file cannot be read, or no line has one word.

    Warns
    -----
    TopicWarning
        If lines have several words, which no token equals; or if the file was read as cp1252.
    """
    try:
        lines = _lines(path, "utf-8")
    except InputError as error:
        if not isinstance(error.__cause__, UnicodeError):
            raise
        lines = _lines(path, "cp1252")
        shown = next(line for line in lines if not line.isascii())
        warn(
            f"{path} is not UTF-8, and was read as cp1252, with words such as {shown[:40]!r}. If that is wrong, save "
            "it as UTF-8."
        )
    several = [line for line in lines if len(line.split()) > 1]
    words = list(dict.fromkeys(line for line in lines if len(line.split()) == 1))
    problem = f"{path} has several words on one line ({several[0][:60]!r})" if several else f"{path} has no word"
    if not words:
        raise InputError(f"{problem}. Write one stop word on each line.")
    if several:
        warn(
            f"{problem}{'' if len(several) == 1 else f', and {len(several) - 1:,} more such lines'}. They have no "
            "effect: a stop word is one word. Write each word that must go on a line of its own."
        )
    return words


def _lines(path: Path, encoding: str) -> list[str]:
    with open_text(path, encoding) as text:
        return [line.strip() for line in text]


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
