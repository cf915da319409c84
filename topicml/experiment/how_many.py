"""Estimate the number of topics from the starting topics, without training a network.

Topics that are not due to chance are found again in other documents of the same kind. The documents are split at random
into halves, several times. For each number of topics K, topics are estimated from each half
(`topicml.starting`), and the two halves are compared:

- words: the mean rank-biased overlap of the first words of the topics, matched one to one (Greene et al. 2014);
- documents: the topics of each half are assigned to all documents; the adjusted Rand index of the two assignments
  (Lange et al. 2004). It is 0 by chance, for any K.

Two broad topics nearly always agree, and say little. The mean of the two agreements is therefore multiplied by the
share of pairs of documents that have different topics: 1/2 for two topics of equal size, 0.95 for twenty.

The agreement by chance is computed in the same way after the words were exchanged at random between documents. The
score of K is the agreement above chance, ``(agreement - chance) / (1 - chance)``. It does not depend on which other
numbers are tried.

References
----------
Greene, O'Callaghan & Cunningham 2014, How Many Topics? Stability Analysis for Topic Models.
Lange, Roth, Braun & Buhmann 2004, Stability-Based Validation of Clustering Solutions.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.halves import Halves, distinct_documents
from topicml.experiment.statistics import Summary, summary
from topicml.metrics.labels import numbered_labels
from topicml.settings import is_of
from topicml.starting import Start

START = Start(max_words=2000, max_pairs=1e8, exclusivity=1.0)
"""A fast start: it uses the 2,000 most frequent words, and a fixed exclusivity, because a search takes twice the time
and gives the same result."""

MARGIN = 0.15
"""Numbers whose score is lower than the best by at most this share are about as good: splits differ as much."""

LEAST_SCORE = 0.1
"""With a best score below this, the agreement is that of chance: the documents do not decide."""

LARGEST = 100
LEAST_WORDS = 3  # two topics of two words are the words themselves
SMALL_CORPUS = 1000  # with fewer documents, six splits instead of three, because their results differ more


@dataclass(frozen=True)
class NumberScore:
    """The scores of one number of topics.

    Attributes
    ----------
    score : Summary
        Agreement of the halves above chance, over splits; with labels, its mean with the agreement with the labels.
    words, documents, told_apart : float
        The agreement of words and of documents, and the share of pairs of documents with different topics (see the
        module).
    chance : float
        Agreement of the halves after the words were exchanged at random.
    labels : float or None
        Adjusted mutual information of topics and labels.
    """

    score: Summary
    words: float
    documents: float
    told_apart: float
    chance: float
    labels: float | None = None


@dataclass(frozen=True)
class NumberOfTopics:
    """An estimate of the number of topics.

    Attributes
    ----------
    best : int
        The number with the highest score; if the documents do not decide, the tried number nearest to `usual_number`.
    recommended : tuple of int
        The smallest and the largest of the numbers around `best` that are about as good.
    decided : bool
        Whether the halves agree better than by chance for any number of topics. If not, the range follows from the size
        of the corpus.
    scores : dict of int to NumberScore
        The scores of each number of topics.
    documents : int
        Number of documents that were used.
    without_words, repeated : int
        Number of documents that were left out because they have no words, or the same words as another one. Of a
        sample (`max_documents`), repetitions are not counted.
    usual : int
        `usual_number` of the documents with words, for comparison: the number by their size alone.
    """

    best: int
    recommended: tuple[int, int]
    decided: bool
    scores: Mapping[int, NumberScore] = field(repr=False)
    documents: int = 0
    without_words: int = 0
    repeated: int = 0
    usual: int = 0

    @property
    def tried(self) -> tuple[int, int]:
        """The smallest and the largest number of topics that was tried."""
        return min(self.scores), max(self.scores)

    def __str__(self) -> str:
        first, last = self.recommended
        return f"{first} topics" if first == last else f"{first} to {last} topics (best: {self.best})"


def usual_number(n_docs: int, n_words: int) -> int:
    """The usual number of topics for the size of a corpus: the square root of the number of documents, up to 50.

    There is at most one topic for five words of the vocabulary.

    Parameters
    ----------
    n_docs : int
        Number of documents with words.
    n_words : int
        Size of the vocabulary.

    Returns
    -------
    int
        At least 2: 10 for 107 documents, 32 for 1,000 and 50 from 2,500.
    """
    return max(2, min(50, round(math.sqrt(n_docs)), n_words // 5))


def how_many(
    corpus: Corpus,
    topics: Sequence[int] | None = None,
    *,
    labels: Any = None,
    splits: int | None = None,
    max_documents: int = 8000,
    seed: int = 0,
    on_number: Callable[[int, NumberScore], None] | None = None,
) -> NumberOfTopics:
    """Estimate how many topics the documents support, without training.

    Parameters
    ----------
    corpus : Corpus
        The documents. Copies of a document count once.
    topics : sequence of int, optional
        Numbers to try. By default from 2 to 100, in growing steps. The largest number is smaller for a small corpus.
        From half of `usual_number` on, the search stops when the score has declined.
    labels : array-like, (n_docs,), optional
        Classes of the documents; missing ones are None or NaN. They count as much as the agreement of the halves.
    splits : int, optional
        Number of random splits; by default 6 for fewer than 1,000 documents, otherwise 3.
    max_documents : int
        Number of documents to use at most; a random sample if there are more.
    seed : int
        Seed of the sample and of the splits.
    on_number : function, optional
        Called with each number of topics and its scores, in ascending order.

    Returns
    -------
    NumberOfTopics
        The best number and a range.

    Raises
    ------
    InputError
        If there are fewer than eight documents with different words, or fewer than three words, labels are not one for
        each document, or an argument is out of range.

    Examples
    --------
    >>> from topicml.corpus import synthetic
    >>> from topicml.experiment import how_many
    >>> corpus = synthetic.lda(n_docs=300, n_topics=5, n_words=200, random_state=1).corpus
    >>> estimate = how_many(corpus, [2, 3, 5, 8, 12])
    >>> estimate.best
    5
    """
    require(splits is None or splits >= 1, "splits", splits, "at least 1")
    require(max_documents >= 8, "max_documents", max_documents, "at least 8")
    rows = distinct_documents(corpus, max_documents, seed)
    if len(rows) < 8:
        raise InputError(
            f"An estimate of the number of topics needs at least 8 documents with different words; found {len(rows)}."
        )
    read = corpus[rows]
    n_words = len(np.unique(read.counts.indices))
    if n_words < LEAST_WORDS:
        raise InputError(
            f"An estimate of the number of topics needs at least three words; the documents have {n_words}."
        )
    truth = None if labels is None else _numbered(labels, corpus.n_docs, rows)
    numbers = _numbers(topics, read)
    n_splits = splits or (6 if len(rows) < SMALL_CORPUS else 3)
    real = [Halves(read, START, seed=seed + i) for i in range(n_splits)]
    chance = [Halves(read, START, seed=seed + i, shuffled=True) for i in range(max(1, n_splits // 3))]
    scores: dict[int, NumberScore] = {}
    n_with_words = int(np.count_nonzero(corpus.lengths))
    usual = usual_number(n_with_words, corpus.n_words)
    declined, level = 0, 0.0
    for n_topics in numbers:
        level = max(0.0, float(np.mean([halves.agreement(n_topics).score for halves in chance])))
        scores[n_topics] = _score(n_topics, real, level, truth)
        if on_number is not None:
            on_number(n_topics, scores[n_topics])
        best = max(each.score.mean for each in scores.values())
        declined = declined + 1 if scores[n_topics].score.mean < 0.6 * best else 0
        # A few broad topics that agree are a small peak before the larger one of the subjects.
        if topics is None and declined >= 4 and best > LEAST_SCORE and n_topics >= usual // 2:
            break
    repeated = 0 if len(rows) == max_documents else n_with_words - len(rows)
    found = _decide(scores, read)
    return replace(found, without_words=corpus.n_docs - n_with_words, repeated=repeated, usual=usual)


def best_range(scores: Mapping[int, Summary]) -> tuple[int, tuple[int, int]]:
    """The best number of topics, and the numbers around it that are about as good, on a scale from 0 to 1.

    Parameters
    ----------
    scores : mapping of int to Summary
        Number of topics to the summary of its scores.

    Returns
    -------
    best : int
        The number with the highest mean; the smallest of equal ones.
    range : tuple of int
        The smallest and the largest of the numbers around `best` whose mean is below the highest one by at most 15 % or
        one standard error, whichever is more.
    """
    sizes = sorted(scores)
    best = max(sizes, key=lambda k: (scores[k].mean, -k))
    top = scores[best]
    error = top.std / math.sqrt(top.n) if top.n > 1 else 0.0
    bound = top.mean - max(MARGIN * abs(top.mean), error)
    first = last = sizes.index(best)
    while first > 0 and scores[sizes[first - 1]].mean >= bound:
        first -= 1
    while last + 1 < len(sizes) and scores[sizes[last + 1]].mean >= bound:
        last += 1
    return best, (sizes[first], sizes[last])


def _numbered(labels: Any, n_docs: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The labels of some rows as numbers, and which of these rows have one; labels are checked to be of all rows."""
    values = np.asarray(labels, dtype=object)
    if values.ndim == 0 or len(values) != n_docs:
        raise InputError(f"labels must be one for each of the {n_docs} documents.")
    present, numbers, _ = numbered_labels(values[rows].tolist(), len(rows))
    return present, numbers


def _numbers(topics: Sequence[int] | None, corpus: Corpus) -> list[int]:
    """Numbers to try, ascending. Numbers too large for a half raise an error, or by default are left out."""
    most = min(corpus.n_docs // 2, corpus.n_words) - 1
    if topics is not None:
        is_sequence = hasattr(topics, "__len__") and len(topics) > 0 and not isinstance(topics, str)
        require(is_sequence, "topics", topics, "a sequence of at least one number")
        for number in topics:
            require(is_of(int, number), "topics", number, "whole numbers")
            require(2 <= number <= most, "topics", number, f"from 2 to {most}, for this corpus")
        return sorted({int(number) for number in topics})
    largest = max(2, min(LARGEST, corpus.n_docs // 6, corpus.n_words // 5, most))
    numbers = [2]
    while (following := max(numbers[-1] + 1, round(numbers[-1] * 1.12))) <= largest:
        numbers.append(following)
    return numbers


def _score(
    n_topics: int, real: Sequence[Halves], chance: float, truth: tuple[np.ndarray, np.ndarray] | None
) -> NumberScore:
    from sklearn.metrics import adjusted_mutual_info_score

    found = [halves.agreement(n_topics) for halves in real]
    values = [(each.score - chance) / (1 - chance) for each in found]
    label_values = None
    if truth is not None:
        present, numbers = truth
        label_values = [
            float(np.mean([adjusted_mutual_info_score(numbers, half[present]) for half in each.leading]))
            for each in found
        ]
        values = [(value + label) / 2 for value, label in zip(values, label_values, strict=True)]
    words, documents, told_apart = (
        float(np.mean([getattr(each, name) for each in found])) for name in ("words", "documents", "told_apart")
    )
    labelled = None if label_values is None else float(np.mean(label_values))
    return NumberScore(summary(values), words, documents, told_apart, chance, labelled)


def _decide(scores: Mapping[int, NumberScore], corpus: Corpus) -> NumberOfTopics:
    best, recommended = best_range({k: each.score for k, each in scores.items()})
    decided = scores[best].score.mean >= LEAST_SCORE
    if not decided:
        usual = usual_number(corpus.n_docs, corpus.n_words)
        best = min(scores, key=lambda k: (abs(k - usual), k))
        recommended = (max(min(scores), usual // 2), min(max(scores), 2 * usual))
        recommended = (min(best, *recommended), max(best, *recommended))
    return NumberOfTopics(best, recommended, decided, dict(scores), corpus.n_docs)
