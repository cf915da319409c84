"""Labels of documents as numbers."""

from collections.abc import Sized
from itertools import compress
from typing import Any

import numpy as np

from topicml.errors import InputError


def numbered_labels(labels: Any, n_docs: int) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """Number the labels in order of first occurrence, and leave out documents without a label.

    Parameters
    ----------
    labels : sequence of n_docs labels
        Labels of any hashable type; None, NaN, NaT and "" are missing labels.
    n_docs : int
        Number of documents, to check the length.

    Returns
    -------
    present : ndarray of bool, (n_docs,)
        Documents with a label.
    numbers : ndarray of int, (n_labelled,)
        The label number of each of those.
    names : list
        Labels by number.

    Raises
    ------
    InputError
        If the number of labels is not `n_docs`, a label cannot be hashed, or fewer than two labelled documents or two
        different labels remain.
    """
    values = labels if isinstance(labels, np.ndarray) else list(labels)
    check_number_of_labels(values, n_docs)
    present = np.fromiter((not _missing(value) for value in values), dtype=bool, count=n_docs)
    if present.sum() < 2:
        raise InputError(f"Only {present.sum()} of {len(values)} documents have a label.")
    names: dict[Any, int] = {}
    try:
        numbers = np.fromiter((names.setdefault(value, len(names)) for value in compress(values, present)), np.int32)
    except TypeError as error:
        value = next(value for value in values if not _missing(value))
        raise InputError(f"Labels must be one hashable value per document; received {value!r}.") from error
    if len(names) < 2:
        raise InputError(f"All labels are {next(iter(names))!r}; agreement needs at least two different ones.")
    return present, numbers, list(names)


def check_number_of_labels(labels: Sized, n_docs: int) -> None:
    """Raise `InputError` unless there is a label for each of the documents."""
    if n_docs != len(labels):
        raise InputError(f"There are {n_docs} documents in theta and {len(labels)} labels.")


def _missing(value: Any) -> bool:
    """Whether a label is None, an empty string, NaN, NaT or pandas' NA."""
    if value is None or (isinstance(value, str) and not value):
        return True
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):  # comparing pandas' NA or an array has no truth value
        return not isinstance(value, np.ndarray)
