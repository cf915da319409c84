"""Read fields of the corpus (labels, times, numbers) for views and contrasts."""

import numpy as np

from topicml.corpus.documents import Documents
from topicml.corpus.times import times_of
from topicml.errors import InputError


def field_of(documents: Documents, field: str, reader: str) -> np.ndarray:
    """Return a field of the corpus.

    Parameters
    ----------
    documents : Documents
        The documents.
    field : str
        Name of the field.
    reader : str
        What needs the field, for the message.

    Returns
    -------
    ndarray, (n_docs,) or (n_docs, size)
        One value, or one vector, per document.

    Raises
    ------
    InputError
        If the documents have no fields, not this one, or one of another length.
    """
    counts, corpus = documents.counts, documents.corpus
    if corpus is None:
        raise InputError(
            f"{reader} needs the field {field!r} of the documents, and a matrix of counts has no fields. "
            f"Pass a Corpus with that field (Corpus.from_counts(matrix, vocabulary, fields={{{field!r}: ...}}))."
        )
    if field not in corpus.fields:
        names = ", ".join(map(repr, corpus.fields)) or "none"
        raise InputError(f"{reader} needs the field {field!r}; the corpus's fields: {names}.")
    values = corpus.fields[field]
    if len(values) != counts.shape[0]:
        raise InputError(f"The corpus has {len(values)} documents, the counts have {counts.shape[0]} rows.")
    return values


def codes_of(values: np.ndarray) -> np.ndarray:
    """Encode different values as different integers: int64 (n_docs,), -1 for a missing value (None or NaN)."""
    missing = np.array([value is None or value != value for value in values.tolist()], dtype=bool)
    codes = np.full(len(values), -1, dtype=np.int64)
    if not missing.all():
        codes[~missing] = np.unique(values[~missing], return_inverse=True)[1]
    return codes


def numbers_of(values: np.ndarray, field: str, reader: str) -> np.ndarray:
    """Convert the values of a field to numbers.

    Parameters
    ----------
    values : ndarray, (n_docs,)
        Numbers, datetimes, or strings with ISO dates or times; `topicml.corpus.times.times_of` says what is a time.
    field : str
        Name of the field, for the message.
    reader : str
        What needs the numbers, for the message.

    Returns
    -------
    float64 array, (n_docs,)
        Numbers as they are, times in days; NaN for a missing value.

    Raises
    ------
    InputError
        If the values are neither numbers nor times.
    """
    if values.ndim == 1 and values.dtype.kind == "b":
        return values.astype(np.float64)
    try:
        times = times_of(values, field)
    except InputError as error:
        raise InputError(f"{reader} needs numbers or times in the field {field!r}. {error}") from error
    if times.dtype.kind != "M":
        return times.astype(np.float64)
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 86400.0)
