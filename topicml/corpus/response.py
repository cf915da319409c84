"""The response of documents: a field that topics are to predict, as numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

import numpy as np
from sklearn.utils import column_or_1d

from topicml.corpus.columns import is_missing
from topicml.corpus.fields import Fields
from topicml.errors import InputError, warn
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
    def of(cls, response: str, fields: Fields | None, rows: np.ndarray) -> Self:
        """Learn from documents how a field becomes targets.

        Parameters
        ----------
        response : str
            The name of a field, or ``C(name)`` for a number whose values are levels. Text and booleans have levels.
        fields : Fields or None
            Those of the documents.
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
        values = _column(fields, field)
        if response == field and values.dtype.kind in "iuf":
            known = values[rows].astype(np.float64)
            known = known[np.isfinite(known)]
            if len(known) and known.std() > 0:
                return cls(field, None, float(known.mean()), float(known.std()))
            raise InputError(f"response={response!r}: the field has no two different numbers, so nothing predicts it.")
        assert fields is not None  # checked by `_column`
        names, codes = fields.classes(field)
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

    def targets(self, fields: Fields | None) -> np.ndarray:
        """Compute the targets of documents.

        Parameters
        ----------
        fields : Fields or None
            Those of the documents.

        Returns
        -------
        ndarray, float64, (n_docs,)
            The number of the level, or the standardised number; NaN if it is missing, or not a level of the fit.

        Raises
        ------
        InputError
            If there is no such field.
        """
        values = _column(fields, self.field)
        if self.levels is None:
            if values.dtype.kind not in "iuf":
                raise InputError(f"The field {self.field!r} was a number in the fit, and is {values.dtype} now.")
            return (values.astype(np.float64) - self.mean) / self.scale
        assert fields is not None  # checked by `_column`
        names, codes = fields.classes(self.field)
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


def given_response(response: str, y: Any, n_docs: int) -> Fields:
    """Read a response that is given beside the documents, as scikit-learn passes `y`.

    Parameters
    ----------
    response : str
        As in `Response.of`. Its field gets the values.
    y : array-like, (n_docs,)
        Labels (text or booleans), or numbers.
    n_docs : int
        Number of documents.

    Returns
    -------
    Fields
        With this field alone.

    Raises
    ------
    InputError
        If `y` is no column, has another length, lacks values, or has values of several kinds.
    """
    field = field_of_response(response)
    try:
        values = column_or_1d(y if isinstance(y, np.ndarray) else np.asarray(y, dtype=object)).tolist()
    except (TypeError, ValueError) as error:
        raise InputError(f"{str(error).rstrip('.')}. Give one label or number for each document.") from error
    if len(values) != n_docs:
        raise InputError(f"y has {len(values):,} values for {n_docs:,} documents. Give one for each document.")
    if missing := [row for row, value in enumerate(values) if _is_unknown(value)]:
        raise InputError(
            f"y has no value, or an infinite one, for {len(missing):,} documents (first: row {missing[0]}). Leave "
            f"these documents out; or give a Corpus with a field {field!r}, in which values may be missing, without y."
        )
    kinds = sorted({_kind(value) for value in values})
    if len(kinds) > 1:
        raise InputError(f"y has values of several kinds: {', '.join(kinds)}. Give labels as text, or numbers alone.")
    if kinds and kinds[0] not in (_TEXT, _TRUTH, _NUMBER):
        raise InputError(f"y has values of the type {kinds[0]}. Give labels as text, or numbers.")
    if response == field and _are_class_numbers(values):
        warn(
            f"y has the whole numbers 0 to {max(values)}, and they are predicted as amounts. If they are numbers of "
            f"classes, set response='C({field})'; if they are amounts, y.astype(float) avoids this warning."
        )
    return Fields.of({field: values}, n_docs)


_TEXT, _TRUTH, _NUMBER = "text", "true and false", "numbers"


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, bool | np.bool_):
        return _TRUTH
    return _NUMBER if isinstance(value, Real) else type(value).__name__


def _is_unknown(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, float | np.floating) and not np.isfinite(value))


def _are_class_numbers(values: list[Any]) -> bool:
    """Whether values are the whole numbers from 0 to some other one, as scikit-learn's data sets number classes."""
    if not all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in values):
        return False
    different = set(values)
    return len(different) > 1 and different == set(range(len(different)))


def _column(fields: Fields | None, field: str) -> np.ndarray:
    if fields is None:
        raise InputError(
            f"The response {field!r} is a field, and these documents have no fields. Give a Corpus with this field, or "
            "its values as y."
        )
    values = fields[field]
    if values.ndim > 1:
        raise InputError(f"The response {field!r} holds vectors; it must be one value for each document.")
    return values
