"""Which windows of a document hold a word: runs of consecutive windows.

A window of w words slides over a document of n words one word at a time, so the document has ``max(1, n - w + 1)``
windows, and a word at position p is in windows ``p - w + 1`` to p. A word therefore occupies a few runs of windows, and
all counts follow from the lengths of runs and of their overlaps; no window is ever formed.

gensim slides its window by forgetting the word that leaves on the left, even where the same word stands in the window
again (`WordOccurrenceAccumulator._slide_window`, 4.4). A repeated word is then absent until it enters once more on the
right. Published scores are gensim's, so that is what ``repeats="gensim"`` counts; ``repeats="boolean"`` counts a window
for as long as the word is in it, as the measures are defined (Röder et al. 2015, section 3.2).
"""

from dataclasses import dataclass

import numpy as np

REPEATS = ("gensim", "boolean")


@dataclass(frozen=True)
class Runs:
    """Runs of windows, by word and by first window.

    Attributes
    ----------
    word : ndarray, (n_runs,)
        Ascending.
    first, length : ndarray, int64, (n_runs,)
        The first window of the run, counted over all documents, and the number of windows. Runs of a word are disjoint.
    """

    word: np.ndarray
    first: np.ndarray
    length: np.ndarray


def windows_of(lengths: np.ndarray, window: int | None) -> np.ndarray:
    """Windows of documents of some lengths; one each where `window` is None. An empty document has one, too."""
    return np.ones_like(lengths) if window is None else np.maximum(lengths - window + 1, 1)


def runs_of(tokens: np.ndarray, lengths: np.ndarray, n_words: int, window: int | None, repeats: str = "gensim") -> Runs:
    """Find the runs of windows that hold each word.

    Parameters
    ----------
    tokens : ndarray, (n_tokens,)
        Word ids of all documents in order; negative ones take a place but are not looked for.
    lengths : ndarray, int64, (n_docs,)
        Tokens a document.
    n_words : int
        One more than the largest word id.
    window : int or None
        Words a window; None: each document is one window.
    repeats : {"gensim", "boolean"}
        As described above.
    """
    order = _by_word(tokens, n_words)
    word = tokens[order]
    document = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)[order]
    again = np.zeros(len(order), dtype=bool)  # whether the word occurred before in the document
    again[1:] = (word[1:] == word[:-1]) & (document[1:] == document[:-1])
    n_windows = windows_of(lengths, window)
    before = np.cumsum(n_windows) - n_windows  # windows of earlier documents
    first = before[document]
    length = np.ones(len(order), dtype=np.int64)
    held = ~again
    if window is not None and (slides := np.flatnonzero((n_windows > 1)[document])).size:
        position = (order - (np.cumsum(lengths) - lengths)[document])[slides]
        begin = _begins(word[slides], document[slides], position, again[slides], window, repeats)
        end = np.minimum(position + 1, n_windows[document[slides]])
        first[slides] += begin
        length[slides] = end - begin
        held[slides] = begin < end
    return Runs(word[held], first[held], length[held])


def _begins(
    word: np.ndarray, document: np.ndarray, position: np.ndarray, again: np.ndarray, window: int, repeats: str
) -> np.ndarray:
    """First window of the run that each occurrence closes, counted in its document."""
    begin = np.maximum(position - window + 1, 0)
    close = np.flatnonzero(again)  # occurrences whose run begins later, for an earlier one is still in the window
    close = close[begin[close] <= position[close - 1]]
    begin[close] = position[close - 1] + 1
    if repeats == "gensim" and len(close):
        begin[close] = _next_entry(word, document, position, close, window)
    return begin


def _next_entry(
    word: np.ndarray, document: np.ndarray, position: np.ndarray, close: np.ndarray, window: int
) -> np.ndarray:
    """First windows, after the previous occurrence left, that an occurrence of the word enters on the right.

    Where there is none while the occurrence at hand is in the window, the window after it, so its run is empty.
    """
    reach = position[close - 1] + window  # an occurrence here enters just as the previous one leaves
    stride = int(position.max()) + window + 1
    group = np.cumsum(np.r_[True, (word[1:] != word[:-1]) | (document[1:] != document[:-1])])
    entering = np.searchsorted(group * stride + position, group[close] * stride + reach)
    entering = np.minimum(entering, len(word) - 1)
    entered = (group[entering] == group[close]) & (position[entering] >= reach)
    return np.where(entered, np.minimum(position[entering] - window, position[close]) + 1, position[close] + 1)


def _by_word(tokens: np.ndarray, n_words: int) -> np.ndarray:
    """Places of the tokens that are not negative, by word and then by place."""
    place = np.flatnonzero(tokens >= 0).astype(np.int32 if len(tokens) < 2**31 else np.int64)
    # numpy sorts numbers of 16 bits by counting: ten times as fast.
    word = tokens[place].astype(np.uint16 if n_words <= 2**16 else np.int32, copy=False)
    return place[np.argsort(word, kind="stable")]
