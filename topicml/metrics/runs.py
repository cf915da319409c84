"""The windows that contain a word, as runs of consecutive windows.

A window of w words slides over a document of n words one word at a time. The document has ``max(1, n - w + 1)``
windows, and the word at position p is in the windows ``p - w + 1`` to p. A word is therefore in a few runs of
consecutive windows. All counts follow from the lengths of runs and of their overlaps, without building the windows.

When gensim slides its window, it drops the word that leaves on the left even if the window contains the same word again
(`WordOccurrenceAccumulator._slide_window`, 4.4). The word is then missing until it enters again on the right. Published
scores are gensim's, and ``repeats="gensim"`` reproduces them. ``repeats="boolean"`` counts every window that contains
the word, as the measures are defined (Röder et al. 2015, section 3.2).
"""

from dataclasses import dataclass

import numpy as np

REPEATS = ("gensim", "boolean")


@dataclass(frozen=True)
class Runs:
    """Runs of windows, sorted by word and then by first window; the runs of a word are disjoint.

    Attributes
    ----------
    word : ndarray, (n_runs,)
        Word id, ascending.
    first : ndarray of int64, (n_runs,)
        First window of the run; windows are numbered over all documents.
    length : ndarray of int64, (n_runs,)
        Number of windows in the run.
    """

    word: np.ndarray
    first: np.ndarray
    length: np.ndarray


def windows_of(lengths: np.ndarray, window: int | None) -> np.ndarray:
    """Return the number of windows of each document.

    Parameters
    ----------
    lengths : ndarray of int, (n_docs,)
        Number of tokens in each document.
    window : int or None
        Number of words in a window; None: each document is one window.

    Returns
    -------
    n_windows : ndarray of int, (n_docs,)
        At least 1, also for an empty document.
    """
    return np.ones_like(lengths) if window is None else np.maximum(lengths - window + 1, 1)


def runs_of(tokens: np.ndarray, lengths: np.ndarray, n_words: int, window: int | None, repeats: str = "gensim") -> Runs:
    """Compute the runs of windows that contain each word.

    Parameters
    ----------
    tokens : ndarray of int, (n_tokens,)
        Word ids of all documents, one document after another. Negative ids are words without runs.
    lengths : ndarray of int64, (n_docs,)
        Number of tokens in each document.
    n_words : int
        One more than the largest word id.
    window : int or None
        Number of words in a window; None: each document is one window.
    repeats : {"gensim", "boolean"}
        Treatment of words that occur twice in a window; see above.

    Returns
    -------
    runs : Runs
        Runs of all words with an id that is not negative.
    """
    order = _by_word(tokens, n_words)
    word = tokens[order]
    document = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[order]
    is_repeat = np.zeros(len(order), dtype=bool)  # whether the word occurs earlier in the document
    is_repeat[1:] = (word[1:] == word[:-1]) & (document[1:] == document[:-1])
    n_windows = windows_of(lengths, window)
    n_before = np.cumsum(n_windows) - n_windows  # windows of earlier documents
    first = n_before[document]
    length = np.ones(len(order), dtype=np.int64)
    not_empty = ~is_repeat  # occurrences with a run that is not empty
    if window is not None and (slides := np.flatnonzero((n_windows > 1)[document])).size:
        position = (order - (np.cumsum(lengths) - lengths)[document])[slides]
        begin = _begins(word[slides], document[slides], position, is_repeat[slides], window, repeats)
        end = np.minimum(position + 1, n_windows[document[slides]])
        first[slides] += begin
        length[slides] = end - begin
        not_empty[slides] = begin < end
    return Runs(word[not_empty], first[not_empty], length[not_empty])


def _begins(
    word: np.ndarray, document: np.ndarray, position: np.ndarray, is_repeat: np.ndarray, window: int, repeats: str
) -> np.ndarray:
    """First window of the run that each occurrence ends, numbered within its document."""
    begin = np.maximum(position - window + 1, 0)
    close = np.flatnonzero(is_repeat)  # occurrences that share windows with the previous occurrence begin after it
    close = close[begin[close] <= position[close - 1]]
    begin[close] = position[close - 1] + 1
    if repeats == "gensim" and len(close):
        begin[close] = _next_entry(word, document, position, close, window)
    return begin


def _next_entry(
    word: np.ndarray, document: np.ndarray, position: np.ndarray, close: np.ndarray, window: int
) -> np.ndarray:
    """First window after the previous occurrence left in which an occurrence of the word enters on the right.

    If no occurrence enters while the current one is in the window, the window after the current one: its run is empty.
    """
    reach = position[close - 1] + window  # an occurrence at this position enters as the previous one leaves
    stride = int(position.max()) + window + 1
    group = np.cumsum(np.r_[True, (word[1:] != word[:-1]) | (document[1:] != document[:-1])])
    entering = np.searchsorted(group * stride + position, group[close] * stride + reach)
    entering = np.minimum(entering, len(word) - 1)
    entered = (group[entering] == group[close]) & (position[entering] >= reach)
    return np.where(entered, np.minimum(position[entering] - window, position[close]) + 1, position[close] + 1)


def _by_word(tokens: np.ndarray, n_words: int) -> np.ndarray:
    """Indices of the tokens that are not negative, sorted by word and then by index."""
    index = np.flatnonzero(tokens >= 0).astype(np.int32 if len(tokens) < 2**31 else np.int64)
    # NumPy's stable sort of 16-bit integers is a radix sort, ten times as fast as its sort of wider ones.
    word = tokens[index].astype(np.uint16 if n_words <= 2**16 else np.int32, copy=False)
    return index[np.argsort(word, kind="stable")]
