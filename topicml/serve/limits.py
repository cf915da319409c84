"""Limits on a request, and on the connections of the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from topicml.checks import require


class TooLargeError(Exception):
    """A request is larger than the server accepts; the message has the limit."""


@dataclass(frozen=True)
class Limits:
    """Limits on a request, and on the connections of the server.

    Parameters
    ----------
    max_bytes : int
        Bytes of the body, counted as it arrives. Default 10 MB: about 2,000 long articles.
    max_documents : int
        Number of documents. Default 1,000: the answer is still short enough to read.
    max_characters : int
        Characters of a document. Default 100,000: a long chapter.
    max_seconds : float
        Seconds in which the body of a request must arrive, and in which a client must take some of the answer. Default
        60: 10 MB at 170 kB a second.
    header_seconds : float
        Seconds in which the header of a request must arrive. `topicml serve` applies this limit and the next one; with
        another server, set its own.
    max_connections : int
        Number of open connections.

    Raises
    ------
    InputError
        If a number is not positive.
    """

    max_bytes: int = 10_000_000
    max_documents: int = 1_000
    max_characters: int = 100_000
    max_seconds: float = 60.0
    header_seconds: float = 10.0
    max_connections: int = 256

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name.endswith("seconds"):
                require(value > 0, name, value, "positive")
            else:
                require(value >= 1, name, value, "at least 1")

    def check(self, lengths: Sequence[int]) -> None:
        """Check the lengths of documents, in characters.

        Raises
        ------
        TooLargeError
            If there are too many documents or one is too long; the message names it.
        """
        self.check_number(len(lengths))
        for number, length in enumerate(lengths):
            if length > self.max_characters:
                raise TooLargeError(
                    f"Document {number} has {length:,} characters; this server takes {self.max_characters:,} at most."
                )

    def check_number(self, n_documents: int, *, is_all: bool = True) -> None:
        """Check the number of documents.

        Parameters
        ----------
        n_documents : int
            The number.
        is_all : bool
            Whether these are all documents; false if counting stopped early.

        Raises
        ------
        TooLargeError
            If there are too many.
        """
        if n_documents > self.max_documents:
            are = f"There are {n_documents:,}" if is_all else f"There are more than {self.max_documents:,}"
            raise TooLargeError(f"{are} documents; this server takes {self.max_documents:,} in a request.")
