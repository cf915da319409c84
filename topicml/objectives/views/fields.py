"""What contrast reads of documents beside their words: labels, times and numbers, out of the corpus's fields."""

import numpy as np

from topicml.corpus.documents import Documents
from topicml.errors import InputError


def field_of(documents: Documents, field: str, who: str) -> np.ndarray:
    """The column `field` of the corpus, a value a document; InputError names `who` needs it."""
    counts, corpus = documents.counts, documents.corpus
    if corpus is None:
        raise InputError(
            f"{who} needs the field {field!r} of the documents, and a matrix of counts has no fields. "
            f"Give a Corpus with that field (Corpus.from_counts(matrix, vocabulary, fields={{{field!r}: ...}}))."
        )
    if field not in corpus.fields:
        known = ", ".join(map(repr, corpus.fields)) or "none"
        raise InputError(f"{who} needs the field {field!r}; the corpus's fields: {known}.")
    values = corpus.fields[field]
    if len(values) != counts.shape[0]:
        raise InputError(f"The corpus has {len(values)} documents, the counts have {counts.shape[0]} rows.")
    return values


def codes_of(values: np.ndarray) -> np.ndarray:
    """A number for each different value, int64; -1 where there is none (None or NaN)."""
    missing = np.array([value is None or value != value for value in values.tolist()], dtype=bool)
    codes = np.full(len(values), -1, dtype=np.int64)
    if not missing.all():
        codes[~missing] = np.unique(values[~missing], return_inverse=True)[1]
    return codes


def numbers_of(values: np.ndarray, field: str, who: str) -> np.ndarray:
    """The values as float64: numbers as they are, times in days; NaN where there is none.

    Strings are read as ISO dates or times.
    """
    if values.ndim == 1 and values.dtype.kind in "biuf":
        return values.astype(np.float64)
    try:
        if values.ndim != 1:
            raise ValueError("it holds vectors")
        times = np.array(values, dtype="datetime64[s]")
        return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 86400.0)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{who} needs numbers or times in the field {field!r}, and they cannot be read as such ({error}). "
            "Give numbers, datetimes or ISO dates such as 2024-05-31."
        ) from error
