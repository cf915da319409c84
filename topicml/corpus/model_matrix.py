"""Model matrices: the fields of documents as numbers, by a formula."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, vstack

from topicml.checks import nearest
from topicml.corpus.columns import is_missing
from topicml.corpus.corpus import Corpus
from topicml.corpus.formulas import fields_of, functions, parsed
from topicml.errors import InputError, warn

_CHUNK = 20_000  # documents whose fields are numbers at a time
_NAMED = 5  # rows in messages
_SECONDS = 86_400  # of a day
_DATE = re.compile(r"\s*\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class ModelMatrix:
    """How fields of documents become numbers: a formula, and what it learned from the documents of a fit.

    Attributes
    ----------
    formula : str
        Such as ``~ treatment * party + s(day)``.
    levels : dict of str to list of str
        Levels of the fields that are text; the first is the one that others are compared with.
    states : dict
        What functions of the formula learned, such as the knots of splines.
    columns : tuple of str
        Names of the columns, without the intercept.
    means, scales : tuple of float
        Mean and standard deviation of each column over the documents of the fit.
    """

    formula: str
    levels: dict[str, list[str]]
    states: dict[str, Any]
    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    @classmethod
    def of(cls, formula: str, corpus: Corpus | None, rows: np.ndarray) -> Self:
        """Learn levels, knots and columns from documents.

        Parameters
        ----------
        formula : str
            Of `topicml.corpus.formulas.parsed`.
        corpus : Corpus or None
            The documents, with the fields of the formula.
        rows : ndarray of int
            Rows to learn from.

        Returns
        -------
        ModelMatrix

        Raises
        ------
        InputError
            If the formula is wrong, a field is unknown or has missing values, or a column is constant.
        """
        terms = parsed(formula)
        if corpus is None:
            raise InputError(
                f"The formula {formula!r} needs fields of the documents ({', '.join(fields_of(terms))}). Give a Corpus "
                "with them: Corpus.read(path), Corpus.from_frame(frame, text_column=…) or Corpus.from_texts(texts, "
                "fields=…)."
            )
        for name in fields_of(terms):
            _check_field(name, corpus)
        levels = {name: found for name in fields_of(terms) if (found := _levels(corpus, name)) is not None}
        for name, found in levels.items():
            if len(found) < 2:
                raise InputError(
                    f"Field {name!r} of the formula {formula!r} is constant: its one level is {_some(found)!r}, so it "
                    "has no effect that could be learned. Leave the term out."
                )
        new = cls(formula, levels, {}, (), (), ())
        missing, _ = new._unknown(corpus, rows)
        if len(missing):
            raise InputError(
                f"{_rows_text(missing, corpus)} no value in a field of the formula {formula!r}. Fill the values in, or "
                "leave these documents out: corpus[rows]."
            )
        matrix = new._evaluated(new._frame(corpus, rows), terms)
        names = tuple(map(str, matrix.model_spec.column_names))
        kept = [i for i, name in enumerate(names) if name != "Intercept"]
        values = csr_matrix(matrix, dtype=np.float64)[:, kept]
        columns = tuple(names[i] for i in kept)
        if len(columns) + 1 >= len(rows):  # one is the intercept
            raise InputError(
                f"The formula {formula!r} makes {len(columns):,} columns from {len(rows):,} documents, more than "
                f"they can tell apart. Field {_largest(levels)} may be a name or a number of each document: leave it "
                "out, or group its values."
            )
        for name, found in levels.items():
            if 2 * len(found) > len(rows):
                warn(
                    f"Field {name!r} of the formula {formula!r} has {len(found):,} levels in {len(rows):,} documents: "
                    "no effect can be told from one document. Leave the field out, or group its values."
                )
        means = np.asarray(values.mean(axis=0)).ravel()
        squares = np.asarray(values.multiply(values).mean(axis=0)).ravel()
        with np.errstate(invalid="ignore"):  # of values that are not finite, which are refused in words
            scales = np.sqrt(np.maximum(squares - means**2, 0.0))
        _check_columns(formula, columns, means, scales)
        states = _plain(matrix.model_spec.transform_state)
        return cls(formula, levels, states, columns, tuple(means.tolist()), tuple(scales.tolist()))

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that the formula reads."""
        return fields_of(parsed(self.formula))

    def has_fields(self, corpus: Corpus | None) -> bool:
        """Whether a corpus has all fields of the formula."""
        return corpus is not None and all(name in corpus.fields for name in self.fields)

    def matrix(self, corpus: Corpus) -> tuple[csr_matrix, np.ndarray]:
        """Compute the columns of documents.

        Parameters
        ----------
        corpus : Corpus
            Documents with the fields of the formula.

        Returns
        -------
        matrix : csr_matrix of float64, (n_docs, n_columns)
            A document with a missing value or an unknown level gets the means of the columns.
        unknown : ndarray of int
            Rows of these documents.

        Raises
        ------
        InputError
            If a field has another type than in the fit.
        """
        parts, rows = [csr_matrix((0, len(self.columns)), dtype=np.float64)], np.arange(corpus.n_docs)
        _, unknown = self._unknown(corpus, rows)
        for start in range(0, len(rows), _CHUNK):
            parts.append(self._of_frame(self._frame(corpus, rows[start : start + _CHUNK])))
        matrix = csr_matrix(vstack(parts, format="csr"))
        if len(unknown):
            matrix = matrix.tolil()
            for row in unknown:
                matrix[row] = np.asarray(self.means)
            matrix = csr_matrix(matrix)
        return matrix, unknown

    def with_value(self, corpus: Corpus, rows: np.ndarray, field: str, value: Any) -> np.ndarray:
        """Compute the mean of each column if one field had the same value in all documents.

        Parameters
        ----------
        corpus : Corpus
            The documents, for the other fields.
        rows : ndarray of int
            The documents.
        field : str
            A field of the formula.
        value : object
            The value: a level, or a number.

        Returns
        -------
        ndarray, (n_columns,)

        Raises
        ------
        InputError
            If the formula does not read the field, or the field cannot have the value.
        """
        self.check_value(field, value)
        frame = self._frame(corpus, rows)
        if field in self.levels:
            frame[field] = self._categorical([_level(value)] * len(frame), field)
        else:
            frame[field] = _number(value)
        return np.asarray(self._of_frame(frame).mean(axis=0), dtype=np.float64).ravel()

    def numbers(self, corpus: Corpus, rows: np.ndarray, field: str) -> np.ndarray:
        """The values of a field of numbers or dates, as the formula reads them: (len(rows),), NaN if missing.

        Parameters
        ----------
        corpus : Corpus
            The documents.
        rows : ndarray of int
            The documents.
        field : str
            A field of the formula that has no levels.

        Raises
        ------
        InputError
            If the formula does not read the field.
        """
        self.check_value(field, 0)
        return _as_numbers(corpus.fields[field][rows], field)

    def has_dates(self, corpus: Corpus, field: str) -> bool:
        """Whether a field has dates, which the formula reads as days since 1970.

        Parameters
        ----------
        corpus : Corpus
            The documents.
        field : str
            A field of the formula.
        """
        if field in self.levels or not corpus.n_docs:
            return False
        values = corpus.fields[field]
        return values.dtype.kind == "M" or (values.dtype == object and bool(_DATE.match(str(values[0]))))

    def check_value(self, field: str, value: Any) -> None:
        """Raise `InputError` if the formula does not read a field, or the field cannot have a value.

        Parameters
        ----------
        field : str
            The field.
        value : object
            The value.
        """
        if field not in self.fields:
            raise InputError(f"{field!r} is not in the formula {self.formula!r}; its fields: {', '.join(self.fields)}.")
        if field in self.levels:
            if _level(value) not in self.levels[field]:
                raise InputError(f"Field {field!r} has no level {value!r}; its levels: {_some(self.levels[field])}.")
            return
        try:
            is_finite = bool(np.isfinite(_number(value)))
        except (TypeError, ValueError):
            is_finite = False
        if not is_finite:
            raise InputError(f"Field {field!r} has numbers or dates; received {value!r}.")

    def to_dict(self) -> dict[str, Any]:
        """The content as JSON-able values."""
        return {
            "formula": self.formula,
            "levels": self.levels,
            "states": self.states,
            "columns": list(self.columns),
            "means": list(self.means),
            "scales": list(self.scales),
        }

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Make the model matrix that `to_dict` described.

        Raises
        ------
        ValueError
            If the content is not one.
        """
        if not isinstance(content, dict) or {*content} != {*cls.__dataclass_fields__}:
            raise ValueError("its model matrix lacks an entry")
        columns, means, scales = (content[name] for name in ("columns", "means", "scales"))
        are_numbers = all(isinstance(each, list) and len(each) == len(columns) for each in (means, scales))
        if not are_numbers or not np.isfinite(np.array([*means, *scales], dtype=np.float64)).all() or min(scales) <= 0:
            raise ValueError("the columns of its model matrix have no means and scales")
        parsed(content["formula"])
        return cls(
            content["formula"],
            {str(name): [str(level) for level in levels] for name, levels in content["levels"].items()},
            content["states"],
            tuple(map(str, columns)),
            tuple(map(float, means)),
            tuple(map(float, scales)),
        )

    def unknown_values(self, corpus: Corpus, unknown: np.ndarray) -> str:
        """Say which documents have a missing value or an unknown level, for a warning.

        Parameters
        ----------
        corpus : Corpus
            The documents.
        unknown : ndarray of int
            Their rows, as `matrix` returned them.
        """
        new = []
        for name, levels in self.levels.items():
            values = {level for value in corpus.fields[name][unknown] if (level := _level(value)) is not None}
            new += [f"{name}={level}" for level in sorted(values - {*levels})]
        levels_text = f" (levels that the fit did not see: {_some(new)})" if new else ""
        return f"{_rows_text(unknown, corpus)} no value that the formula {self.formula!r} knows{levels_text}"

    def _of_frame(self, frame: Any) -> csr_matrix:
        """The columns of a frame of fields; missing values are 0."""
        matrix = self._evaluated(frame, parsed(self.formula))
        names = list(map(str, matrix.model_spec.column_names))
        kept = [i for i, name in enumerate(names) if name != "Intercept"]
        if tuple(names[i] for i in kept) != self.columns:
            raise InputError(
                f"The fields of these documents make other columns by the formula {self.formula!r} than those of "
                f"the fit: {_some([names[i] for i in kept])} instead of {_some(self.columns)}. Give fields of the same "
                "type."
            )
        values = csr_matrix(matrix, dtype=np.float64)[:, kept]
        values.data[~np.isfinite(values.data)] = 0.0
        return values

    def _evaluated(self, frame: Any, terms: Any) -> Any:
        from formulaic import ModelSpec
        from formulaic.errors import FormulaicError

        specification = ModelSpec(
            formula=terms, transform_state=_live(self.states), output="sparse", na_action="ignore"
        )
        try:
            with np.errstate(all="ignore"):
                return specification.get_model_matrix(frame, context=functions())
        except (FormulaicError, ValueError, TypeError, ArithmeticError, NameError) as error:
            cause = error.__cause__ if isinstance(error.__cause__, InputError) else error
            reason = " ".join(str(cause).split())
            raise InputError(f"The formula {self.formula!r} cannot be computed: {reason:.300}") from error

    def _frame(self, corpus: Corpus, rows: np.ndarray) -> Any:
        """The fields of documents as a pandas frame of numbers and categories."""
        import pandas

        columns = {}
        for name in self.fields:
            values = corpus.fields[name][rows]
            if name in self.levels:
                columns[name] = self._categorical([_level(value) for value in values], name)
            else:
                columns[name] = _as_numbers(values, name)
        return pandas.DataFrame(columns, index=range(len(rows)))

    def _categorical(self, values: list[str | None], name: str) -> Any:
        import pandas

        known = {*self.levels[name]}
        return pandas.Categorical([each if each in known else None for each in values], categories=self.levels[name])

    def _unknown(self, corpus: Corpus, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows with a missing value; and rows with a missing value or an unknown level."""
        missing, unknown = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
        for name in self.fields:
            values = corpus.fields[name][rows]
            if name in self.levels:
                levels = [_level(value) for value in values]
                missing |= np.array([level is None for level in levels], dtype=bool)
                known = {*self.levels[name]}
                unknown |= np.array([level not in known for level in levels], dtype=bool)
            else:
                missing |= ~np.isfinite(_as_numbers(values, name))
        return rows[missing], rows[missing | unknown]


def _check_field(name: str, corpus: Corpus) -> None:
    if name in corpus.fields:
        return
    names = list(corpus.fields)
    similar = nearest(name, names)
    hint = f" Did you mean {', '.join(map(repr, similar))}?" if similar else ""
    raise InputError(
        f"The documents have no field {name!r}, which the formula reads.{hint} Their fields: {_some(names) or 'none'}."
    )


def _levels(corpus: Corpus, name: str) -> list[str] | None:
    """The levels of a field of text, in order; None for numbers, dates, and text that is all numbers or dates."""
    column = corpus.fields.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        return None
    if pa.types.is_boolean(kind) or pa.types.is_decimal(kind):
        return None
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise InputError(f"Field {name!r} has values of the type {kind}; a formula takes numbers, dates and text.")
    values = [_level(value) for value in corpus.fields[name]]
    present = sorted({value for value in values if value is not None})
    if present and all(map(_is_number, present)):
        return None
    if pa.types.is_dictionary(column.type):  # categories keep their order
        order = [_level(each) for each in column.combine_chunks().dictionary.to_pylist()]
        present = [each for each in order if each in {*present}]
    return present


def _level(value: Any) -> str | None:
    return None if is_missing(value) or (isinstance(value, str) and not value.strip()) else str(value)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(_number(text)))
    except ValueError:
        return False


def _number(value: Any) -> float:
    """A number, or a date as days since 1970; raises ValueError or TypeError for anything else."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if _DATE.match(text):
        return float(np.datetime64(text.strip(), "s").astype(np.int64)) / _SECONDS
    return float(value)


def _as_numbers(values: np.ndarray, name: str) -> np.ndarray:
    """A field as numbers; dates as days since 1970; missing values as NaN."""
    values = np.asarray(values)
    if values.dtype.kind == "M":
        days: np.ndarray = values.astype("datetime64[s]").astype(np.float64) / _SECONDS
        return np.where(np.isnat(values), np.nan, days)
    try:
        if values.dtype.kind in "biuf":
            return values.astype(np.float64)
        return np.array([np.nan if _level(each) is None else _number(each) for each in values], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"Field {name!r} must have numbers, as in the documents of the fit: {error}.") from error


def _check_columns(formula: str, columns: Sequence[str], means: np.ndarray, scales: np.ndarray) -> None:
    for name, mean, scale in zip(columns, means, scales, strict=True):
        if not np.isfinite(mean) or not np.isfinite(scale):
            raise InputError(
                f"The column {name!r} of the formula {formula!r} has values that are not finite numbers. Check what "
                "log() and divisions receive."
            )
        if scale <= 1e-9 * max(1.0, abs(mean)):
            raise InputError(
                f"The column {name!r} of the formula {formula!r} is constant ({mean:g} in all documents), so it has no "
                "effect that could be learned. Leave the term out."
            )


def _rows_text(rows: np.ndarray, corpus: Corpus) -> str:
    named = ", ".join(str(row) for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return f"{'Row' if len(rows) == 1 else 'Rows'} {named}{more} (of {corpus.n_docs:,} documents) " + (
        "has" if len(rows) == 1 else "have"
    )


def _largest(levels: Mapping[str, Sequence[str]]) -> str:
    return repr(max(levels, key=lambda name: len(levels[name]))) if levels else "of a smooth term"


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(str, names[:_NAMED])) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def _plain(value: Any) -> Any:
    """States of functions of a formula as JSON-able values."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def _live(value: Any) -> Any:
    """The inverse of `_plain`: the keys that were whole numbers are whole numbers again."""
    if isinstance(value, Mapping):
        return {int(key) if key.isdecimal() else key: _live(each) for key, each in value.items()}
    return [_live(each) for each in value] if isinstance(value, list) else value
