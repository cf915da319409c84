"""How much one request may bring."""

from collections.abc import Sequence
from dataclasses import dataclass

from topicml.errors import InputError


class TooLargeError(Exception):
    """A request brings more than the server takes; the message says how much that is."""


@dataclass(frozen=True)
class Limits:
    """What one request may bring.

    Attributes
    ----------
    max_bytes : int
        Of the body, counted as it arrives. Default 10 MB: some 2,000 long articles.
    max_documents : int
        Default 1,000: their answer is still a page one can look through.
    max_characters : int
        Of one document. Default 100,000: a long chapter.

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
            if value < 1:
                raise InputError(f"{name} must be at least 1; received {value}.")

    def check(self, lengths: Sequence[int]) -> None:
        """Refuse documents of these numbers of characters where they are too many or one is too long.

        Raises
        ------
        TooLargeError
            Naming the document.
        """
        if len(lengths) > self.max_documents:
            raise TooLargeError(
                f"There are {len(lengths):,} documents; this server takes {self.max_documents:,} at a time."
            )
        for number, length in enumerate(lengths):
            if length > self.max_characters:
                raise TooLargeError(
                    f"Document {number} has {length:,} characters; this server takes {self.max_characters:,} of one."
                )
