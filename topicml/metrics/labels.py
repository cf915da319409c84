"""Labels of documents, checked: which documents have one, and a number for each label."""

from typing import Any

import numpy as np

from topicml.errors import InputError


def numbered_labels(labels: Any, n_docs: int) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Which documents have a label, its number for each of those, and the labels in the order of their numbers.

    Raises
    ------
    InputError
        If there are not `n_docs` labels, one cannot be hashed, or fewer than two documents or labels are left.
    """
    values = list(labels)
    if n_docs != len(values):
        raise InputError(f"There are {n_docs} documents in theta and {len(values)} labels.")
    present = np.array([not _missing(value) for value in values], dtype=bool)
    if present.sum() < 2:
        raise InputError(f"Only {present.sum()} of {len(values)} documents have a label.")
    names: dict[Any, int] = {}
    try:
        numbers = np.array([names.setdefault(value, len(names)) for value in values if not _missing(value)])
    except TypeError as error:
        value = next(value for value in values if not _missing(value))
        raise InputError(f"Labels must be one value a document that can be hashed; received {value!r}.") from error
    if len(names) < 2:
        raise InputError(f"All labels are {next(iter(names))!r}; agreement needs at least two different ones.")
    return present, numbers, list(names)


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):  # pandas' NA, which is neither; an array, which is no label
        return not isinstance(value, np.ndarray)
