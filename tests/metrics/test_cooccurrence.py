"""Exact counts: compared with gensim's accumulator, and with counting in every window."""

import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.topic_coherence.text_analysis import WordOccurrenceAccumulator
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.metrics import coherence
from topicml.metrics.cooccurrence import Cooccurrence

N_WORDS = 6
TOPICS = np.array([[0, 1, 2], [2, 4, -1], [5, 3, 1]])
texts_of_ids = st.lists(st.lists(st.integers(0, N_WORDS - 1), max_size=20), min_size=1, max_size=6).filter(any)


def cooccurrence(texts, *arguments, **options):
    tokens = np.array([word for text in texts for word in text], dtype=np.int32)
    offsets = np.cumsum([0, *map(len, texts)])
    return Cooccurrence(tokens, offsets, N_WORDS, *arguments, **options)


def by_windows(texts, window):
    """Number of windows and pair counts as the measures are defined, by building every window."""
    counts, n_windows = np.zeros((N_WORDS + 1, N_WORDS + 1), dtype=int), 0
    for text in texts:
        single = window is None or len(text) <= window
        windows = [text] if single else [text[i : i + window] for i in range(len(text) - window + 1)]
        n_windows += len(windows)
        for words in map(sorted, map(set, windows)):
            counts[np.ix_(words, words)] += 1
    return n_windows, counts


def by_gensim(texts, window):
    texts = [[str(word) for word in text] for text in texts]
    dictionary = Dictionary(texts)
    accumulator = WordOccurrenceAccumulator(set(dictionary), dictionary).accumulate(texts, window)
    counts = np.zeros((N_WORDS + 1, N_WORDS + 1), dtype=int)
    for a in map(int, dictionary.token2id):
        for b in map(int, dictionary.token2id):
            counts[a, b] = accumulator[str(a)] if a == b else accumulator[str(a), str(b)]
    return accumulator.num_docs, counts


@settings(max_examples=200)
@given(texts_of_ids, st.none() | st.integers(1, 9), st.sampled_from([0, 10**6]), st.sampled_from([5, 10**6]))
def test_counts_are_exact_for_any_limits_and_chunks(texts, window, whole, chunk):
    limits = {"whole": whole, "chunk": chunk}
    expected = {"boolean": by_windows(texts, window)}
    if window is not None:
        expected["gensim"] = by_gensim(texts, window)
    for repeats, (n_windows, counts) in expected.items():
        counted = cooccurrence(texts, window, repeats, **limits)
        assert counted.n_windows == n_windows
        for topics in (TOPICS[:1], TOPICS):  # the second call has words that the first has not
            np.testing.assert_array_equal(counted.count(topics), counts[topics[:, :, None], topics[:, None, :]])


def test_gensim_drops_a_repeated_word_that_is_still_in_the_window():
    text = [0, 0, 1, 2, 3, 4]  # windows of three: 001, 012, 123, 234
    topic = np.array([[0, 1]])
    assert cooccurrence([text], 3, "boolean").count(topic)[0, 0].tolist() == [2, 2]
    assert cooccurrence([text], 3, "gensim").count(topic)[0, 0].tolist() == [1, 1]


def test_boolean_windows_differ_from_gensims_only_for_repeated_words():
    topics = [["a", "b"], ["b", "c"]]
    once = [["a", "b", "c", "d", "e"], ["c", "a", "d"]]
    twice = [["a", "a", "b", "c", "d"], ["c", "a", "d"]]
    defined, gensims = (
        [coherence(topics, texts, "c_npmi", 2, window=3, repeats=repeats).mean for texts in (once, twice)]
        for repeats in ("boolean", "gensim")
    )
    assert defined[0] == gensims[0]
    assert defined[1] != pytest.approx(gensims[1], abs=1e-3)
