"""Meetings of a topic's words: observed against expected by chance."""

import numpy as np
import pytest
from scipy.stats import chi2

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics import coherence, word_meetings


def corpus_of(n_docs=2000, seed=0):
    """Documents of 6 words: half are of one of 40 subjects of 30 words, the others are 400 words anywhere."""
    rng = np.random.default_rng(seed)
    documents = []
    for _ in range(n_docs):
        subject = rng.integers(40)
        n_own = rng.binomial(6, 0.5)
        own = [f"s{subject}w{i}" for i in rng.integers(30, size=n_own)]
        documents.append(own + [f"any{i}" for i in rng.integers(400, size=6 - n_own)])
    return Corpus.from_tokens(documents)


def test_rare_words_that_meet_more_often_than_by_chance_are_not_called_rarer_than_chance():
    corpus = corpus_of()
    topic = [[f"s0w{i}" for i in range(10)]]
    assert coherence(topic, corpus, "npmi_doc").mean < 0  # most pairs never meet
    found = word_meetings(topic, corpus)
    assert found.verdicts == ("together",)
    assert found.low[0] > 5 and found.expected[0] < found.observed[0]


def test_words_of_different_subjects_meet_more_rarely_than_by_chance():
    rng = np.random.default_rng(0)
    documents = [
        [f"{'abcde'[rng.integers(5)]}{i}" for i in range(1)] * 2 + ["x", f"y{rng.integers(9)}"] for _ in range(900)
    ]
    found = word_meetings([["a0", "b0", "c0", "d0", "e0"]], Corpus.from_tokens(documents), 5)
    assert found.observed[0] == 0 and found.verdicts == ("apart",)


def test_independent_words_are_at_chance_and_rare_ones_cannot_be_told():
    corpus = corpus_of()
    found = word_meetings([[f"any{i}" for i in range(30)]], corpus, 30)
    assert found.verdicts == ("chance",) and found.low[0] < 1 < found.high[0]
    few = word_meetings([[f"any{i}" for i in range(5)]], corpus[np.arange(200)], 5)
    assert few.expected[0] < 5 and few.verdicts == ("unknown",)


def test_at_chance_in_documents_of_very_different_lengths():
    """Long documents hold many words, so that independent words meet there: that is not more than chance."""
    rng = np.random.default_rng(1)
    documents = [[f"w{i}" for i in rng.choice(300, size, replace=False)] for size in (5, 120) for _ in range(500)]
    found = word_meetings(
        [[f"w{i}" for i in range(10)], [f"w{i}" for i in range(20, 30)]], Corpus.from_tokens(documents)
    )
    assert found.verdicts == ("chance", "chance")
    assert found.ratio == pytest.approx([1, 1], abs=0.12)


def test_the_interval_is_that_of_a_poisson_count_if_documents_have_one_meeting_each():
    documents = [["a", "b"]] * 7 + [["a", "c"]] * 20 + [["b", "d"]] * 30 + [["e", "f"]] * 43
    found = word_meetings([["a", "b"]], Corpus.from_tokens(documents), 2)
    assert found.observed[0] == 7 and found.expected[0] == pytest.approx(
        27 * 37 / 100 / 2
    )  # of two places, one is taken
    assert found.low[0] * found.expected[0] == pytest.approx(chi2.ppf(0.025, 14) / 2)
    assert found.high[0] * found.expected[0] == pytest.approx(chi2.ppf(0.975, 16) / 2)


def test_repeated_meetings_in_one_document_widen_the_interval():
    words = [f"w{i}" for i in range(10)]
    pairs = [[words[i], words[j]] for i in range(10) for j in range(i)]
    rest = [[f"z{i % 50}", f"z{i % 49}x"] for i in range(500)]
    spread = word_meetings([words], Corpus.from_tokens(pairs + rest))
    once = word_meetings([words], Corpus.from_tokens([words] + [[word] for word in words for _ in range(8)] + rest))
    assert spread.observed[0] == once.observed[0] == 45
    assert once.high[0] / once.low[0] > 5 * spread.high[0] / spread.low[0]


def test_unknown_words_and_wrong_arguments():
    corpus = Corpus.from_tokens([["a", "b"], ["a", "c"]])
    assert word_meetings([["x", "y"], ["a", "x"]], corpus, 2).verdicts == ("unknown", "unknown")
    with pytest.raises(InputError, match="at least 2"):
        word_meetings([["a"]], corpus, 1)
    with pytest.raises(InputError, match="between 0 and 1"):
        word_meetings([["a", "b"]], corpus, 2, confidence=1)
