"""The number of topics from the agreement of halves, without training."""

import sys

import numpy as np
import pytest

from topicml.corpus import Corpus, synthetic
from topicml.errors import InputError
from topicml.experiment import how_many, usual_number
from topicml.experiment.halves import Agreement, agreement_of, distinct_documents, with_words_shuffled
from topicml.experiment.how_many import NumberScore
from topicml.experiment.statistics import summary
from topicml.starting import Start
from topicml.starting.spectral import SpectralStart, spectral_topics

module = sys.modules["topicml.experiment.how_many"]  # `topicml.experiment.how_many` is the function


@pytest.mark.parametrize(("n_topics", "n_docs"), [(5, 150), (5, 300), (8, 600)])
def test_the_range_holds_the_number_that_a_corpus_was_drawn_from(n_topics, n_docs):
    drawn = synthetic.lda(n_docs, n_topics, max(300, 40 * n_topics), mean_length=40, random_state=1).corpus
    found = how_many(drawn, None if n_docs == 150 else [2, 3, 4, 5, 6, 8, 10, 12, 16], splits=3)
    first, last = found.recommended
    assert found.decided and first <= n_topics <= last and last < 2 * n_topics


def test_the_range_does_not_depend_on_the_numbers_that_are_tried():
    drawn = synthetic.lda(600, 8, 320, mean_length=40, random_state=1).corpus
    few, many = how_many(drawn, [6, 8, 10]), how_many(drawn, [2, 6, 8, 10, 20, 40])
    assert {k: many.scores[k] for k in (6, 8, 10)} == dict(few.scores)
    assert few.best == many.best == 8


def test_shuffled_words_decide_nothing():
    """Frequencies and lengths are those of documents with topics; seeds alone would agree."""
    drawn = synthetic.lda(400, 6, 300, random_state=2).corpus
    shuffled = with_words_shuffled(drawn.counts, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    noise = Corpus.from_tokens(
        [[f"w{i}" for i in rng.permutation(np.repeat(row.indices, row.data))] for row in shuffled]
    )
    assert how_many(drawn, [3, 6, 12]).decided
    found = how_many(noise, [3, 6, 12])
    assert not found.decided
    assert max(each.score.mean for each in found.scores.values()) < 0.1


def test_labels_count_if_they_are_given():
    drawn = synthetic.lda(300, 6, 240, random_state=3).corpus
    coarse = np.array(drawn.fields["label"]).astype(int) // 2
    found = how_many(drawn, [3, 6], labels=coarse)
    without = how_many(drawn, [3, 6])
    for k in (3, 6):
        assert found.scores[k].labels is not None
        expected = (without.scores[k].score.mean + found.scores[k].labels) / 2
        assert found.scores[k].score.mean == pytest.approx(expected)


def test_copies_of_a_document_count_once():
    drawn = synthetic.lda(100, 4, 200, random_state=0).corpus
    rows = np.concatenate([np.arange(100), np.zeros(300, dtype=int)])
    assert len(distinct_documents(drawn[rows], 1000, 0)) == 100
    assert len(distinct_documents(drawn[rows], 30, 0)) == 30


def test_an_estimate_says_which_documents_it_used():
    drawn = synthetic.lda(100, 4, 200, random_state=0).corpus
    rows = np.concatenate([np.arange(100), np.zeros(30, dtype=int)])
    found = how_many(drawn[rows], [2, 4])
    assert (found.documents, found.repeated, found.without_words) == (100, 30, 0)
    assert found.tried == (2, 4) and found.usual == usual_number(130, 200)
    assert how_many(drawn[rows], [2], max_documents=50).repeated == 0


def test_the_search_does_not_end_at_a_small_peak_of_broad_topics(monkeypatch):
    """The scores rise again after they declined, below half of the usual number for the size."""
    drawn = synthetic.lda(400, 10, 400, random_state=0).corpus
    peaks = {2: 0.12, 3: 0.2, 10: 0.4}

    def score(n_topics, *_):
        return NumberScore(summary([peaks.get(n_topics, 0.11)] * 3), 0.5, 0.5, 0.5, 0.0)

    monkeypatch.setattr(module, "_score", score)
    monkeypatch.setattr(module.Halves, "agreement", lambda *_: Agreement(0.0, 0.0, 0.0, (np.zeros(1), np.zeros(1))))
    found = how_many(drawn)
    assert found.best == 10 and found.tried[1] < 20


def test_shuffling_keeps_lengths_and_frequencies():
    counts = synthetic.lda(50, 4, 100, random_state=0).corpus.counts
    shuffled = with_words_shuffled(counts, np.random.default_rng(0))
    assert np.array_equal(shuffled.sum(axis=0), counts.sum(axis=0))
    assert np.array_equal(shuffled.sum(axis=1), counts.sum(axis=1))
    assert (shuffled != counts).nnz


def test_agreement_is_one_for_equal_topics_in_another_order_and_chance_is_none():
    topics = [[f"{k}{i}" for i in range(10)] for k in "abcd"]
    leading = np.arange(400) % 4
    same = agreement_of((topics, topics[::-1]), (leading, 3 - leading), 4)
    assert (same.words, same.documents, same.told_apart) == (pytest.approx(1), 1, pytest.approx(0.75))
    rng = np.random.default_rng(0)
    other = agreement_of(
        (topics, [[f"x{w}" for w in words] for words in topics]), (leading, rng.integers(4, size=400)), 4
    )
    assert other.words == 0 and abs(other.documents) < 0.02 and other.score < 0.02


def test_a_start_of_many_numbers_is_that_of_each():
    counts = synthetic.lda(200, 5, 150, random_state=0).corpus.counts
    core, weights = SpectralStart(counts, Start(), seed=3).weights(4)
    log = np.log(weights + Start().floor)
    whole = spectral_topics(counts, 4, Start(), seed=3)[:, core]
    assert np.allclose(whole - whole.mean(axis=1, keepdims=True), log - log.mean(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    ("n_docs", "n_words", "expected"), [(107, 1000, 10), (107, 12, 2), (1000, 5000, 32), (10**6, 10**5, 50), (2, 3, 2)]
)
def test_the_usual_number_follows_the_corpus(n_docs, n_words, expected):
    assert usual_number(n_docs, n_words) == expected


def test_too_few_documents_and_wrong_numbers_are_refused():
    with pytest.raises(InputError, match="at least 8 documents with different words; found 1"):
        how_many(Corpus.from_tokens([["a", "b"]] * 20))
    drawn = synthetic.lda(40, 3, 60, random_state=0).corpus
    with pytest.raises(InputError, match="from 2 to 19, for this corpus"):
        how_many(drawn, [20])
    with pytest.raises(InputError, match="splits"):
        how_many(drawn, [2], splits=0)


@pytest.mark.parametrize("vocabulary", [None, list("abcd")])
@pytest.mark.parametrize("n_words", [1, 2])
def test_fewer_than_three_words_are_refused(n_words, vocabulary):
    documents = [["a"] * i + ["b"] * (n_words - 1) for i in range(1, 20)]
    with pytest.raises(InputError, match=f"needs at least three words; the documents have {n_words}"):
        how_many(Corpus.from_tokens(documents, vocabulary=vocabulary))


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([], "at least one number; received"),
        (5, "a sequence of at least one number"),
        ("3", "a sequence of at least one number"),
        ([2.5], "whole numbers; received 2.5"),
        ([True], "whole numbers; received True"),
        (["2"], "whole numbers; received '2'"),
    ],
)
def test_topics_are_whole_numbers(topics, message):
    with pytest.raises(InputError, match=message):
        how_many(synthetic.lda(40, 3, 60, random_state=0).corpus, topics)


@pytest.mark.parametrize("labels", [["x", "y"], ["x", "y"] * 40, "label", 3])
def test_labels_of_another_length_are_refused(labels):
    with pytest.raises(InputError, match="labels must be one for each of the 40 documents"):
        how_many(synthetic.lda(40, 3, 60, random_state=0).corpus, [2], labels=labels)
