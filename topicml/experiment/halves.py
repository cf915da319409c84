"""Topics of random halves of a corpus, estimated without training, and the agreement of two halves."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.metrics.similarity import overlaps
from topicml.metrics.stability import matched
from topicml.starting import Start
from topicml.starting.passages import passage_counts
from topicml.starting.spectral import SpectralStart, sample_documents

TOP_WORDS = 10
PERSISTENCE = 0.9  # of rank-biased overlap, as in `topicml.metrics.stability`


@dataclass(frozen=True)
class Agreement:
    """The agreement of the topics of two halves.

    Attributes
    ----------
    words : float
        Mean rank-biased overlap of the first words of matched topics, from 0 to 1.
    documents : float
        Adjusted Rand index of the topics that the two halves assign to documents: 0 by chance, 1 for the same topics.
    told_apart : float
        Share of pairs of documents that have different topics, mean of the two halves.
    leading : tuple of ndarray
        The topic that each half assigns to each document; -1 for a document without a word of its topics.
    """

    words: float
    documents: float
    told_apart: float
    leading: tuple[np.ndarray, np.ndarray]

    @property
    def score(self) -> float:
        """Mean agreement of words and documents, times the share of pairs of documents with different topics."""
        return (self.words + max(self.documents, 0.0)) / 2 * self.told_apart


class Halves:
    """A corpus split at random into two halves, prepared to estimate any number of topics.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    start : Start
        How topics are estimated.
    seed : int
        Seed of the split.
    shuffled : bool
        Whether to exchange the words of all documents at random: documents of the same lengths and words, without
        topics.
    """

    def __init__(self, corpus: Corpus, start: Start, *, seed: int, shuffled: bool = False) -> None:
        rng = np.random.default_rng(seed)
        order = rng.permutation(corpus.n_docs)
        self._starts, self._floor = [], start.floor
        for rows in (order[: len(order) // 2], order[len(order) // 2 :]):
            half = corpus[np.sort(rows)]
            counts = passage_counts(half, start) if half.has_order and start.method == "npmi" else half.counts
            counts = sample_documents(counts, rng, max_pairs=start.max_pairs)
            self._starts.append(
                SpectralStart(with_words_shuffled(counts, rng) if shuffled else counts, start, seed=seed)
            )
        self._documents = with_words_shuffled(corpus.counts, rng) if shuffled else corpus.counts

    def agreement(self, n_topics: int) -> Agreement:
        """Estimate topics from each half, and compare them.

        Parameters
        ----------
        n_topics : int
            Number of topics, less than the numbers of words and of documents in a half.

        Returns
        -------
        Agreement
        """
        words, leading = [], []
        for start in self._starts:
            core, weights = start.weights(n_topics)
            first = np.argsort(-weights, axis=1, kind="stable")[:, :TOP_WORDS]
            words.append([[str(word) for word in row] for row in core[first].tolist()])
            leading.append(_leading(self._documents[:, core], weights, self._floor))
        return agreement_of((words[0], words[1]), (leading[0], leading[1]), n_topics)


def agreement_of(
    topics: tuple[list[list[str]], list[list[str]]], leading: tuple[np.ndarray, np.ndarray], n_topics: int
) -> Agreement:
    """Compare two sets of topics of the same documents.

    Parameters
    ----------
    topics : two lists of lists of str
        Words of the topics, best first; the first ten count.
    leading : two ndarrays of int, (n_docs,)
        The topic of each document; -1 for none.
    n_topics : int
        Number of topics.

    Returns
    -------
    Agreement
    """
    from sklearn.metrics import adjusted_rand_score

    n_words = min(TOP_WORDS, *(len(words) for each in topics for words in each))
    first, second = ([words[:n_words] for words in each] for each in topics)
    similarity = overlaps(first, second, PERSISTENCE)
    mean_overlap = float(similarity[matched(similarity)].mean())
    known = (leading[0] >= 0) & (leading[1] >= 0)
    documents = float(adjusted_rand_score(leading[0][known], leading[1][known])) if known.sum() > 1 else 0.0
    apart = float(np.mean([_told_apart(each[known], n_topics) for each in leading]))
    return Agreement(mean_overlap, documents, apart, leading)


def with_words_shuffled(counts: sp.csr_matrix, rng: np.random.Generator) -> sp.csr_matrix:
    """Exchange the tokens of all documents at random. Lengths of documents and frequencies of words stay.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts; fractions are rounded up.
    rng : numpy Generator
        Source of the random numbers.

    Returns
    -------
    csr_matrix of int32, (n_docs, n_words)
    """
    repeats = np.ceil(counts.data).astype(np.int64)
    tokens = np.repeat(counts.indices, repeats)
    rng.shuffle(tokens)
    ends = np.concatenate([[0], np.cumsum(repeats)])[counts.indptr]
    shuffled = sp.csr_matrix((np.ones(len(tokens), dtype=np.int32), tokens, ends), shape=counts.shape)
    shuffled.sum_duplicates()
    return shuffled


def distinct_documents(corpus: Corpus, limit: int, seed: int) -> np.ndarray:
    """Rows of a random sample of the documents that have words, without repetitions of a document.

    Copies of a document in both halves would agree for any topics.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    limit : int
        Number of documents at most.
    seed : int
        Seed of the sample.

    Returns
    -------
    rows : ndarray of int64
        In ascending order.
    """
    counts = corpus.counts
    seen: dict[bytes, int] = {}
    for row in np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(counts.indptr))).tolist():
        part = slice(counts.indptr[row], counts.indptr[row + 1])
        seen.setdefault(counts.indices[part].tobytes() + counts.data[part].tobytes(), row)
        if len(seen) == limit:
            break
    return np.sort(np.array(list(seen.values()), dtype=np.int64))


def _leading(documents: sp.csr_matrix, weights: np.ndarray, floor: float) -> np.ndarray:
    """The topic with the largest log-likelihood of each document; -1 if all are equal."""
    log = np.log(weights + floor)
    log -= log.mean(axis=1, keepdims=True)
    likelihood = np.asarray(documents @ log.T)
    leading = likelihood.argmax(axis=1)
    leading[np.ptp(likelihood, axis=1) == 0] = -1
    return leading


def _told_apart(leading: np.ndarray, n_topics: int) -> float:
    """Probability that two documents, drawn with replacement, have different topics."""
    share = np.bincount(leading, minlength=n_topics) / max(len(leading), 1)
    return 1 - float((share**2).sum())
