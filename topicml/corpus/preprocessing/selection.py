"""Which words make the vocabulary: document frequency limits and a size."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from numbers import Integral

from topicml.errors import InputError

Limit = int | float | None


def check_limit(name: str, value: object) -> None:
    """Refuse a limit that is neither a count (an integer) nor a share (a float from 0 to 1), nor None."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral | float):
        raise InputError(f"{name} is {value!r}; give a count (an integer), a share (a float from 0.0 to 1.0) or None.")
    if not isinstance(value, float):
        if int(value) < (1 if name == "max_features" else 0):
            raise InputError(f"{name} is {value!r}; a count cannot be so small.")
    elif not 0.0 <= value <= 1.0:
        raise InputError(f"{name} is {value!r}; a float is a share from 0.0 to 1.0. For a count give an integer.")


def select_vocabulary(
    documents: Sequence[Sequence[str]], min_df: Limit, max_df: Limit, max_features: Limit
) -> tuple[list[str], dict[str, int]]:
    """Return the words to keep, sorted, and how many tokens remain after each limit.

    The limits mean what they mean in scikit-learn's ``CountVectorizer``: words in fewer documents than `min_df` or in
    more than `max_df` go, then the `max_features` most frequent are kept (of equals, the first in the alphabet).
    `documents` includes the empty ones; shares are of all of them. None: see `Preprocessor`.

    Raises
    ------
    InputError
        If `max_df` is fewer documents than `min_df`.
    """
    least, most = document_limits(len(documents), min_df, max_df)
    frequency = Counter(chain.from_iterable(documents))
    document_frequency = Counter(chain.from_iterable(map(set, documents)))
    remaining: dict[str, int] = {}
    words = [word for word, count in document_frequency.items() if count >= least]
    remaining["min_df"] = sum(frequency[word] for word in words)
    words = [word for word in words if document_frequency[word] <= most]
    remaining["max_df"] = sum(frequency[word] for word in words)
    if max_features is not None:
        size = max(1, round(max_features * len(words))) if isinstance(max_features, float) else max_features
        words = sorted(words, key=lambda word: (-frequency[word], word))[:size]
    remaining["max_features"] = sum(frequency[word] for word in words)
    return sorted(words), remaining


def document_limits(n_docs: int, min_df: Limit, max_df: Limit) -> tuple[float, float]:
    """Return the least and the greatest number of documents that a word may be in.

    Raises
    ------
    InputError
        If the second is below the first.
    """
    if min_df is None:
        least: float = min(5, 1 + n_docs // 100)
    else:
        least = min_df * n_docs if isinstance(min_df, float) else min_df
    if max_df is None:
        most: float = max(10, n_docs / 2, least)
    else:
        most = max_df * n_docs if isinstance(max_df, float) else max_df
    if most < least:
        raise InputError(
            f"max_df={max_df!r} allows words in at most {most:g} of the {n_docs} documents, min_df={min_df!r} asks for "
            f"at least {least:g}. Raise max_df or lower min_df."
        )
    return least, most
