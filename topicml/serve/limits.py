"""Limits on the size of a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from topicml.checks import require


class TooLargeError(Exception):
    """A request is larger than the server accepts; the message has the limit."""


@dataclass(frozen=True)
class Limits:
    """Limits on the size of a request.

    Parameters
    ----------
    max_bytes : int
        Bytes of the body, counted as it arrives. Default 10 MB: about 2,000 long articles.
    max_documents : int
        Number of documents. Default 1,000: the answer is still short enough to read.
    max_characters : int
        Characters of a document. Default 100,000: a long chapter.

    Raises
    ------
    InputError
        If a number is not positive.
    """

    max_bytes: int = 10_000_000
    max_documents: int = 1_000
    max_characters: int = 100_000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            require(value >= 1, name, value, "at least 1")

    def check(self, lengths: Sequence[int]) -> None:
        """Check the lengths of documents, in characters.

        Raises
        ------
        TooLargeError
            If there are too many documents or one is too long; the message names it.
        """
        if len(lengths) > self.max_documents:
            raise TooLargeError(
                f"There are {len(lengths):,} documents; this server takes {self.max_documents:,} in a request."
            )
        for number, length in enumerate(lengths):
            if length > self.max_characters:
                raise TooLargeError(
                    f"Document {number} has {length:,} characters; this server takes {self.max_characters:,} at most."
                )
