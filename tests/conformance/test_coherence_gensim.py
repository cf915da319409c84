"""Coherence compared with gensim's CoherenceModel and OCTIS, on real and random corpora."""

import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.metrics import Reference, coherence

GENSIM = ("u_mass", "c_uci", "c_npmi", "c_v")


def random_topics(corpus, n_topics, topn, seed=0):
    frequency = np.asarray((corpus.counts > 0).sum(axis=0)).ravel()
    common = np.argsort(-frequency)[: max(topn, 400)]
    rng = np.random.default_rng(seed)
    return [[corpus.vocabulary[i] for i in rng.choice(common, topn, replace=False)] for _ in range(n_topics)]


def gensims(topics, texts, measure, topn, window=None):
    model = CoherenceModel(
        topics=topics,
        texts=texts,
        dictionary=Dictionary(texts),
        coherence=measure,
        processes=1,
        topn=topn,
        window_size=window,
    )
    return np.array(model.get_coherence_per_topic())


@pytest.mark.parametrize("measure", GENSIM)
@pytest.mark.parametrize("name", ["BBC_News", "SearchSnippets", "StackOverflow"])
def test_numbers_equal_gensims_on_real_corpora(shared_corpora, name, measure):
    corpus = Corpus.read(shared_corpora / name)
    texts = [corpus.document(i) for i in range(corpus.n_docs)]
    topics = random_topics(corpus, 12, 10)
    np.testing.assert_allclose(
        coherence(topics, corpus, measure).per_topic, gensims(topics, texts, measure, 10), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("measure", GENSIM)
def test_numbers_equal_octis_on_the_lee_corpus(measure):
    octis = pytest.importorskip("octis.evaluation_metrics.coherence_metrics")
    corpus = Corpus.read("lee")
    texts = [corpus.document(i) for i in range(corpus.n_docs)]
    topics = random_topics(corpus, 8, 10)
    theirs = octis.Coherence(texts=texts, topk=10, processes=1, measure=measure).score({"topics": topics})
    assert coherence(topics, corpus, measure).mean == pytest.approx(theirs, abs=1e-9)
    assert coherence({"topics": topics}, texts, measure).mean == pytest.approx(theirs, abs=1e-9)


WORDS = "abcdefg"


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=18), min_size=2, max_size=8),
    st.integers(1, 8),
    st.sampled_from(["c_uci", "c_npmi", "c_v"]),
)
def test_numbers_equal_gensims_for_any_corpus_and_window(texts, window, measure):
    present = sorted({word for text in texts for word in text})
    assume(len(present) >= 4)
    topics = [present[:3], present[1:4]]
    theirs = gensims(topics, texts, measure, 3, window)
    ours = coherence(topics, texts, measure, 3, window=window).per_topic
    defined = np.isfinite(theirs)  # gensim divides by zero for a vector of zeros
    np.testing.assert_allclose(ours[defined], theirs[defined], rtol=0, atol=1e-9)


@pytest.mark.parametrize("measure", ["c_npmi", "c_v"])
def test_reused_counts_give_the_same_numbers_as_new_counts(measure):
    corpus = Corpus.read("lee")
    texts = [corpus.document(i) for i in range(corpus.n_docs)]
    reference = Reference(corpus)
    for seed in range(4):  # later sets use the counts of earlier ones
        topics = random_topics(corpus, 5, 8, seed)
        again = coherence(topics, reference, measure, 8).per_topic
        np.testing.assert_array_equal(again, coherence(topics, texts, measure, 8).per_topic)
