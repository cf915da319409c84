"""Classes of documents: the distinct values of a column, in order."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from topicml.corpus.columns import values_of
from topicml.errors import InputError


def classes_of(column: pa.ChunkedArray, name: str) -> tuple[list[str], np.ndarray]:
    """Number the distinct values of a column.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        A column with one value per document.
    name : str
        Its name, for messages.

    Returns
    -------
    names : list of str
        Names of the classes, in order.
    codes : ndarray of int64, (n_docs,)
        The number of each document's class; -1 if its value is missing.

    Raises
    ------
    InputError
        If the column holds vectors.
    """
    if pa.types.is_nested(column.type) and not pa.types.is_struct(column.type):
        raise InputError(f"Field {name!r} holds vectors; classes are single values.")
    if pa.types.is_dictionary(column.type):
        categories = _categories(column)
        values = values_of(column.cast(column.type.value_type))
    else:
        values = [None if each != each else each for each in values_of(column)]
        categories = _in_order({_key(each): each for each in values if each is not None})
    names = list(dict.fromkeys(map(class_name, categories)))
    numbers = {each: i for i, each in enumerate(names)}
    codes = [-1 if each is None else numbers[class_name(each)] for each in values]
    return names, np.array(codes, dtype=np.int64)


def class_name(value: Any) -> str:
    """The name of the class of a value. Whole numbers have no point: integers with missing values are floats."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _categories(column: pa.ChunkedArray) -> list[Any]:
    """The categories that occur, in the order of the dictionary."""
    present = values_of(pc.unique(column.cast(column.type.value_type)))
    order = {each: i for chunk in column.chunks for i, each in enumerate(values_of(chunk.dictionary))}
    return sorted((each for each in present if each is not None), key=lambda each: order[each])


def _in_order(values: dict[Any, Any]) -> list[Any]:
    different = list(values.values())
    if all(isinstance(each, str) for each in different):
        try:
            return sorted(different, key=float)
        except ValueError:
            return sorted(different, key=_with_numbers)
    try:
        return sorted(different)
    except TypeError:  # such as dicts
        return sorted(different, key=str)


def _with_numbers(text: str) -> list[Any]:
    """Sort key of text that contains numbers: "week 9" comes before "week 10"."""
    parts = re.split(r"([0-9]+)", text)
    return [_by_length(part.lstrip("0")) if i % 2 else part for i, part in enumerate(parts)]


def _by_length(digits: str) -> tuple[int, str]:
    """Sort key of a whole number of any length."""
    return len(digits), digits


def _key(value: Any) -> Any:
    return str(value) if isinstance(value, dict) else value
