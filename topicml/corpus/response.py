"""The response of documents: a field that topics are to predict, as numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from topicml.corpus.corpus import Corpus
from topicml.errors import InputError
from topicml.settings import is_number

_CATEGORICAL = re.compile(r"C\((.+)\)")
_MAX_LEVELS = 1000


@dataclass(frozen=True)
class Response:
    """How the values of a field become targets.

    Attributes
    ----------
    field : str
        The field.
    levels : tuple of str or None
        Its values in the documents of the fit; None if it is a number.
    mean, scale : float
        Mean and standard deviation of a number in the documents of the fit.
    """

    field: str
    levels: tuple[str, ...] | None
    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, response: str, corpus: Corpus | None, rows: np.ndarray) -> Self:
        """Learn from documents how a field becomes targets.

        Parameters
        ----------
        response : str
            The name of a field, or ``C(name)`` for a number whose values are levels. Text and booleans have levels.
        corpus : Corpus or None
            The documents.
        rows : ndarray of int
            The documents to learn from.

        Returns
        -------
        Response

        Raises
        ------
        InputError
            If there is no such field, or it has fewer than two values, or more than 1,000 levels.
        """
        field = field_of_response(response)
        values = _column(corpus, field)
        if response == field and values.dtype.kind in "iuf":
            known = values[rows].astype(np.float64)
            known = known[np.isfinite(known)]
            if len(known) and known.std() > 0:
                return cls(field, None, float(known.mean()), float(known.std()))
            raise InputError(f"response={response!r}: the field has no two different numbers, so nothing predicts it.")
        assert corpus is not None  # checked by `_column`
        names, codes = corpus.fields.classes(field)
        levels = tuple(names[code] for code in np.unique(codes[rows]).tolist() if code >= 0)
        if not 2 <= len(levels) <= _MAX_LEVELS:
            raise InputError(
                f"response={response!r}: the field has {len(levels):,} different values in the training documents. "
                f"Give one with 2 to {_MAX_LEVELS:,} levels, or a column of numbers."
            )
        return cls(field, levels)

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a prediction: one for each level, or one for a number."""
        return 1 if self.levels is None else len(self.levels)

    def targets(self, corpus: Corpus | None) -> np.ndarray:
        """Compute the targets of documents.

        Parameters
        ----------
        corpus : Corpus or None
            The documents.

        Returns
        -------
        ndarray, float64, (n_docs,)
            The number of the level, or the standardised number; NaN if it is missing, or not a level of the fit.

        Raises
        ------
        InputError
            If there is no such field.
        """
        values = _column(corpus, self.field)
        if self.levels is None:
            if values.dtype.kind not in "iuf":
                raise InputError(f"The field {self.field!r} was a number in the fit, and is {values.dtype} now.")
            return (values.astype(np.float64) - self.mean) / self.scale
        assert corpus is not None  # checked by `_column`
        names, codes = corpus.fields.classes(self.field)
        place = {level: float(i) for i, level in enumerate(self.levels)}
        of_names = np.array([*(place.get(name, np.nan) for name in names), np.nan])  # the last for missing values
        return of_names[codes]

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON-able values."""
        levels = None if self.levels is None else list(self.levels)
        return {"field": self.field, "levels": levels, "mean": self.mean, "scale": self.scale}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Self:
        """Return what `to_dict` described; raises `ValueError` if it cannot be."""
        levels, mean, scale = described["levels"], described["mean"], described["scale"]
        if not isinstance(described["field"], str) or not is_number(mean) or not is_number(scale) or scale <= 0:
            raise ValueError("its response has no field, mean and scale")
        if levels is not None and not (isinstance(levels, list) and len(levels) > 1 and len({*levels}) == len(levels)):
            raise ValueError("the levels of its response are not a list of different values")
        return cls(described["field"], None if levels is None else tuple(map(str, levels)), float(mean), float(scale))


def field_of_response(response: str) -> str:
    """The field that a response names: ``rating`` of ``rating`` and of ``C(rating)``."""
    if not isinstance(response, str) or not response.strip():
        raise InputError(f"response={response!r} is not the name of a field.")
    found = _CATEGORICAL.fullmatch(response.strip())
    return (found[1] if found else response).strip()


def _column(corpus: Corpus | None, field: str) -> np.ndarray:
    if corpus is None:
        raise InputError(f"The response {field!r} is a field, and these documents have no fields. Give a Corpus.")
    values = corpus.fields[field]
    if values.ndim > 1:
        raise InputError(f"The response {field!r} holds vectors; it must be one value for each document.")
    return values
