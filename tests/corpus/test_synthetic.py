"""Synthetic corpora: each follows its generative model, and a seed gives the same documents in memory and on disk."""

import numpy as np
import pytest
from scipy.stats import chi2

from topicml.corpus import synthetic
from topicml.corpus.mapped import file_of
from topicml.errors import InputError

STORIES = [synthetic.lda, synthetic.short_text, synthetic.prodlda]


@pytest.mark.parametrize("story", STORIES)
def test_shapes_and_simplices(story):
    drawn = story(300, 7, 90, random_state=1)
    assert drawn.corpus.shape == (300, 90)
    assert drawn.theta.shape == (300, 7)
    assert drawn.beta.shape == (7, 90)
    assert np.allclose(drawn.theta.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(drawn.beta.sum(axis=1), 1)
    assert not len(drawn.corpus.empty)
    assert (drawn.corpus.fields["label"] == drawn.theta.argmax(axis=1)).all()


@pytest.mark.parametrize("story", STORIES)
def test_a_seed_gives_the_same_documents_in_memory_and_in_a_folder(story, tmp_path):
    first, again = (story(250, 5, 60, random_state=3, chunk=100) for _ in range(2))
    written = story(250, 5, 60, random_state=3, chunk=100, folder=tmp_path / "c")
    other = story(250, 5, 60, random_state=4, chunk=100)
    assert first.corpus.fingerprint == again.corpus.fingerprint == written.corpus.fingerprint
    assert (first.theta == written.theta).all()
    assert (first.beta == written.beta).all()
    assert (written.corpus.fields["label"] == first.corpus.fields["label"]).all()
    assert first.corpus.fingerprint != other.corpus.fingerprint
    assert file_of(written.corpus.tokens) is not None


def expected_words(story, drawn):
    if story is synthetic.prodlda:  # softmax(theta · log beta) is softmax(theta · logits)
        product = np.exp(drawn.theta @ np.log(drawn.beta))
        return product / product.sum(axis=1, keepdims=True)
    return drawn.theta @ drawn.beta


@pytest.mark.parametrize("story", STORIES)
def test_words_come_from_the_story(story):
    drawn = story(2_000, 4, 30, random_state=0)
    expected = (expected_words(story, drawn) * drawn.corpus.lengths[:, None]).reshape(4, 500, 30)
    counts = drawn.corpus.counts.toarray().reshape(4, 500, 30)
    # Of every 500 documents together, each word is as frequent as its expectation: chi-square at 1e-6.
    statistic = ((counts.sum(axis=1) - expected.sum(axis=1)) ** 2 / np.maximum(expected.sum(axis=1), 5)).sum()
    assert statistic < chi2(4 * 29).ppf(1 - 1e-6)
    # And it is the documents' own distributions that fit, not those of their neighbours.
    likelihood = (counts * np.log(np.maximum(expected, 1e-9))).sum()
    assert likelihood > (counts * np.log(np.maximum(np.roll(expected, 1, axis=1), 1e-9))).sum()


def test_words_of_a_document_are_in_no_order_of_topics():
    drawn = synthetic.lda(400, 2, 20, mean_length=40, alpha=5.0, random_state=0)
    first_half, second_half = np.zeros(20), np.zeros(20)
    for i in range(len(drawn.corpus)):
        begin, end = drawn.corpus.offsets[i : i + 2]
        middle = (begin + end) // 2
        first_half += np.bincount(drawn.corpus.tokens[begin:middle], minlength=20)
        second_half += np.bincount(drawn.corpus.tokens[middle:end], minlength=20)
    total = first_half + second_half
    share = first_half.sum() / total.sum()
    statistic = ((first_half - share * total) ** 2 / np.maximum(share * (1 - share) * total, 1e-9)).sum()
    assert statistic < chi2(19).ppf(1 - 1e-6)


def test_lengths():
    lengths = synthetic.short_text(2_000, min_length=3, max_length=6).corpus.lengths
    assert np.bincount(lengths).nonzero()[0].tolist() == [3, 4, 5, 6]
    lengths = synthetic.lda(2_000, mean_length=20).corpus.lengths
    assert abs(lengths.mean() - 20) < 5 * np.sqrt(20 / 2_000)


def test_lda_recovers_the_topics():
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.metrics import normalized_mutual_info_score

    drawn = synthetic.short_text(1_500, 5, 200, random_state=0)
    found = LatentDirichletAllocation(5, random_state=0, max_iter=20).fit_transform(drawn.corpus.counts).argmax(axis=1)
    assert normalized_mutual_info_score(drawn.corpus.fields["label"], found) > 0.8


def test_zero_documents_raise():
    with pytest.raises(InputError, match="n_docs and chunk must be at least 1; received 0"):
        synthetic.lda(0)
