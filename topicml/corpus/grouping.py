"""Groups of documents by a field: slices of time, or the levels of a category."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from topicml.corpus.columns import is_missing
from topicml.corpus.corpus import Corpus
from topicml.corpus.places import places_of
from topicml.corpus.slices import (
    EQUAL,
    MOST_SLICES,
    NUMBERS,
    SLICES,
    UNKNOWN_GROUPS,
    Slices,
    documents_that,
    with_field,
)
from topicml.errors import InputError, warn

_MOST_LEVELS = 50


@dataclass(frozen=True)
class Levels:
    """The levels of a field of categories.

    Attributes
    ----------
    field : str
        The field.
    names : tuple of str
        Its levels, sorted.
    """

    field: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, field: str, corpus: Corpus | None, rows: np.ndarray) -> Self:
        """Learn the levels of documents.

        Parameters
        ----------
        field : str
            The field.
        corpus : Corpus or None
            The documents.
        rows : ndarray of int
            Rows to learn from.

        Returns
        -------
        Levels

        Raises
        ------
        InputError
            If there is no such field, or it has fewer than 2 or more than 50 levels.
        """
        corpus = with_field(corpus, field, "content")
        found = sorted({level for value in corpus.fields[field][rows] if (level := _level(value)) is not None})
        if not 2 <= len(found) <= _MOST_LEVELS:
            some = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            raise InputError(
                f"The field {field!r} has {len(found):,} levels ({some or 'none'}); `content` takes a field with 2 to "
                f"{_MOST_LEVELS}. For times and numbers, choose `time`."
            )
        return cls(field, tuple(found))

    @property
    def n(self) -> int:
        """Number of levels."""
        return len(self.names)

    def codes(self, corpus: Corpus) -> np.ndarray:
        """Find the level of each document.

        Parameters
        ----------
        corpus : Corpus
            With the field.

        Returns
        -------
        ndarray of int64, (n_docs,)
            -1 for a missing or unknown level, with a warning.
        """
        number = {name: i for i, name in enumerate(self.names)}
        levels = [_level(value) for value in corpus.fields[self.field]]
        codes = np.array([-1 if level is None else number.get(level, -1) for level in levels], dtype=np.int64)
        if lost := int((codes < 0).sum()):
            new = sorted({level for level in levels if level is not None and level not in number})
            seen = f" (levels that the fit did not see: {', '.join(new[:5])})" if new else ""
            where = places_of(corpus, np.flatnonzero(codes < 0), 5)
            warn(
                f"{documents_that(lost, 'has', 'have')} no known level of {self.field!r}{seen}, {where}: the words of "
                "all documents stand for theirs.",
                cause=UNKNOWN_GROUPS,
            )
        return codes


Grouping = Slices | Levels


def groups_of(grouping: Grouping, corpus: Corpus | None, n_docs: int) -> np.ndarray:
    """Find the group of each document.

    Parameters
    ----------
    grouping : Slices or Levels
        Of the fit.
    corpus : Corpus or None
        The documents.
    n_docs : int
        Number of documents.

    Returns
    -------
    ndarray of int64, (n_docs,)
        -1 for documents without a group: all, with a warning, if the field is missing.
    """
    if corpus is None or grouping.field not in corpus.fields:
        warn(
            f"These documents do not have the field {grouping.field!r}, so the topics of all groups together stand for "
            "those of each. Give a Corpus with it.",
            cause=UNKNOWN_GROUPS,
        )
        return np.full(n_docs, -1, dtype=np.int64)
    return grouping.codes(corpus)


def described(grouping: Grouping) -> dict[str, Any]:
    """A grouping as JSON-able values."""
    return asdict(grouping)


def grouping_from(content: Any) -> Grouping:
    """Make the grouping that `described` describes.

    Raises
    ------
    ValueError
        If the content is not one.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"its groups are {content!r:.60}")
    if {*content} == {"field", "names"}:
        return Levels(str(content["field"]), tuple(map(str, content["names"])))
    if {*content} != {"field", "unit", "first", "width", "n"} or content["unit"] not in (*SLICES, *EQUAL, *NUMBERS):
        raise ValueError(f"its groups are {content!r:.60}")
    first, width, n = float(content["first"]), float(content["width"]), content["n"]
    if not (np.isfinite([first, width]).all() and width > 0 and isinstance(n, int) and 0 < n < 10 * MOST_SLICES):
        raise ValueError(f"its groups are {content!r:.60}")
    return Slices(str(content["field"]), content["unit"], first, width, n)


def _level(value: Any) -> str | None:
    return None if is_missing(value) or (isinstance(value, str) and not value.strip()) else str(value)
