"""Select the vocabulary by document frequency and size."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from numbers import Integral

from topicml.errors import InputError

Limit = int | float | None


def check_limit(name: str, value: object) -> None:
    """Check a limit on document frequency or vocabulary size.

    Parameters
    ----------
    name : {"min_df", "max_df", "max_features"}
        Name of the limit.
    value : object
        The value received.

    Raises
    ------
    InputError
        If `value` is not a count (an integer), a share (a float from 0.0 to 1.0) or None.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral | float):
        raise InputError(f"{name} is {value!r}; pass a count (an integer), a share (a float from 0.0 to 1.0) or None.")
    if not isinstance(value, float):
        least = 1 if name == "max_features" else 0
        if int(value) < least:
            raise InputError(f"{name} is {value!r}; a count must be at least {least}.")
    elif not 0.0 <= value <= 1.0:
        raise InputError(f"{name} is {value!r}; a float is a share from 0.0 to 1.0. For a count pass an integer.")


def select_vocabulary(
    documents: Sequence[Sequence[str]], min_df: Limit, max_df: Limit, max_features: Limit
) -> tuple[list[str], dict[str, int]]:
    """Select words by document frequency, then the most frequent ones, as scikit-learn's ``CountVectorizer`` does.

    Parameters
    ----------
    documents : sequence of sequences of str
        The words of all documents, including empty ones.
    min_df, max_df : int, float or None
        Minimum and maximum number (int) or share (float) of documents that contain a word. For None see `Preprocessor`.
    max_features : int, float or None
        Number (int) or share (float) of the remaining words to keep, the most frequent first and ties in alphabetical
        order. None: all.

    Returns
    -------
    vocabulary : list of str
        The selected words, sorted.
    remaining : dict of str to int
        Number of tokens that remain after each limit.

    Raises
    ------
    InputError
        If `max_df` allows fewer documents than `min_df` requires.
    """
    frequency = Counter(chain.from_iterable(documents))
    document_frequency = Counter(chain.from_iterable(map(set, documents)))
    return select_words(frequency, document_frequency, len(documents), min_df, max_df, max_features)


def select_words(
    frequency: Mapping[str, int],
    document_frequency: Mapping[str, int],
    n_docs: int,
    min_df: Limit,
    max_df: Limit,
    max_features: Limit,
) -> tuple[list[str], dict[str, int]]:
    """Select words as `select_vocabulary` does, from their numbers alone.

    Parameters
    ----------
    frequency, document_frequency : mapping of str to int
        Number of tokens of each word, and number of documents that contain it.
    n_docs : int
        Number of documents, including empty ones.
    min_df, max_df, max_features
        As in `select_vocabulary`.

    Returns
    -------
    vocabulary, remaining
        As `select_vocabulary` returns them.

    Raises
    ------
    InputError
        If `max_df` allows fewer documents than `min_df` requires.
    """
    least, most = document_limits(n_docs, min_df, max_df)
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
    """Convert `min_df` and `max_df` to numbers of documents.

    Parameters
    ----------
    n_docs : int
        Number of documents.
    min_df, max_df : int, float or None
        As in `select_vocabulary`.

    Returns
    -------
    least, most : float
        Minimum and maximum number of documents that contain a word.

    Raises
    ------
    InputError
        If `most` is below `least`.
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
            f"max_df={max_df!r} allows words in at most {most:g} of the {n_docs} documents, min_df={min_df!r} requires "
            f"at least {least:g}. Raise max_df or lower min_df."
        )
    return least, most
