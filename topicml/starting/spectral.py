"""A spectral estimate of topics from word co-occurrence, in seconds and without a network."""

import os
import threading
import warnings
from collections.abc import Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import csr_matrix
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer

from topicml.corpus.word_pairs import document_pairs, presence
from topicml.starting.seeded import seeded_weights, unlike_seeded
from topicml.starting.start import DEFAULT_START, Start

_FILTERS = threading.Lock()


def _after_fork_in_child() -> None:
    global _FILTERS
    _FILTERS = threading.Lock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_after_fork_in_child)


def spectral_topics(
    counts: csr_matrix,
    n_topics: int,
    start: Start = DEFAULT_START,
    *,
    seed: int,
    seeded: Sequence[np.ndarray] = (),
    share: np.ndarray | None = None,
) -> np.ndarray:
    """Estimate topics by a factorisation of word counts.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Non-negative word counts of documents, or of passages of long documents.
    n_topics : int
        Number of topics, K. Topics beyond the rank of the counts are random.
    start : Start
        The options; the method is "npmi" or "nmf".
    seed : int
        Seed of every random choice.
    seeded : sequence of ndarray of int
        Word ids of the first topics (`topicml.starting.seeded`).
    share : ndarray, (n_words,), optional
        Share of each word that is factorised; by default 1.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
        Centred log-weights.
    """
    rng = np.random.default_rng(seed)
    topics = random_topics(n_topics, counts.shape[1], start, rng)
    counts = sample_documents(counts, rng, max_pairs=start.max_pairs)
    rank = min(n_topics, counts.shape[1] - 1, counts.shape[0] - 1)
    if rank < max(1, len(seeded)):
        return topics
    core, weights = SpectralStart(counts, start, seed=seed, share=share).weights(rank, seeded)
    log = np.full((rank, counts.shape[1]), np.log(start.floor), dtype=np.float32)
    log[:, core] = np.log(weights + start.floor)
    topics[:rank] = log - log.mean(axis=1, keepdims=True)
    return topics


class SpectralStart:
    """What the spectral topics of all numbers of topics share: the words, and the matrix to factorise.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts; all of them are read.
    start : Start
        The options; the method is "npmi" or "nmf".
    seed : int
        Seed of the factorisation.
    share : ndarray, (n_words,), optional
        Share of each word that is factorised; by default 1.
    """

    def __init__(
        self, counts: csr_matrix, start: Start = DEFAULT_START, *, seed: int, share: np.ndarray | None = None
    ) -> None:
        self.start, self.seed = start, seed
        self.core = _most_frequent(counts, start.max_words)
        self.graph = association(counts, self.core, start.replace(frequency_power=0.0))
        if start.method == "npmi":
            self.matrix = _weighted(self.graph, counts[:, self.core], start.frequency_power)
        else:
            self.matrix = TfidfTransformer(sublinear_tf=start.sublinear_tf).fit_transform(counts[:, self.core])
        if share is not None:
            self.matrix = self._shared(share[self.core])

    def weights(self, n_topics: int, seeded: Sequence[np.ndarray] = ()) -> tuple[np.ndarray, np.ndarray]:
        """The words of the topics, as ids (n_selected,), and their weights relative to the mean of the topic.

        Parameters
        ----------
        n_topics : int
            Number of topics, less than the numbers of documents and of words.
        seeded : sequence of ndarray of int
            Word ids of the first topics, at most `n_topics` of them; the others are the topics without seeds that
            these do not replace (`topicml.starting.seeded`).

        Returns
        -------
        core : ndarray of int, (n_selected,)
            The `max_words` most frequent words.
        weights : ndarray, (n_topics, n_selected)
            Non-negative.
        """
        if len(seeded) == n_topics:
            topics = seeded_weights(self.graph, self.core, seeded)
        else:
            topics = _factorise(self.matrix, n_topics, self.start, self.seed)
            if len(seeded):
                weights = seeded_weights(self.graph, self.core, seeded)
                topics = np.vstack([weights, unlike_seeded(topics, weights)])
        return self.core, exclusive(topics, self.graph, self.start)

    def _shared(self, share: np.ndarray) -> csr_matrix:
        """The matrix with a share of each of the selected words."""
        left = sparse.diags(share.astype(np.float32))
        return left @ self.matrix @ left if self.start.method == "npmi" else self.matrix @ left


def random_topics(n_topics: int, n_words: int, start: Start, rng: np.random.Generator) -> np.ndarray:
    """Draw Gaussian log-weights.

    Parameters
    ----------
    n_topics, n_words : int
        Shape of the result.
    start : Start
        `noise` is the standard deviation.
    rng : numpy Generator
        Source of the random numbers.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
    """
    return rng.normal(scale=start.noise, size=(n_topics, n_words)).astype(np.float32)


def association(counts: csr_matrix, words: np.ndarray | None = None, start: Start = DEFAULT_START) -> csr_matrix:
    """Weighted graph of words that occur together more often than by chance.

    ``A_ij = max(0, npmi_ij * c_ij / (c_ij + discount) - threshold) * (df_i df_j) ** frequency_power``. NPMI and the
    document frequencies df count documents. ``c_ij`` sums ``min(1, window / length)`` over the documents that contain
    both words: the expected number of co-occurrences within `window` tokens. So pairs of a few long documents are
    discounted, as Pantel & Lin (2002) discount rare pairs, while in short texts nearly all pairs count in full.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    words : ndarray of int, optional
        The words to return; all by default.
    start : Start
        Its `threshold`, `frequency_power`, `min_count`, `discount`, `window` and `block`.

    Returns
    -------
    csr_matrix, float32, (n_selected_words, n_selected_words)
        Symmetric, with an edge from every word to itself.
    """
    present = presence(counts, words)
    n_words = present.shape[1]
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    weight_of_document = np.minimum(1, start.window / np.maximum(lengths, 1)).astype(np.float32)
    # One product counts documents in its real part and sums their weights in its imaginary part.
    weighted = present.astype(np.result_type(present.dtype, np.complex64))
    weighted.data.imag = np.repeat(weight_of_document, np.diff(present.indptr))
    frequency = np.asarray(present.sum(axis=0), dtype=np.float64).ravel()
    weight = np.maximum(frequency, 1) ** start.frequency_power
    blocks, first = [], 0
    for block in document_pairs(present, weighted, block=start.block, upper=True):
        pairs = block.tocoo()
        enough = (pairs.row < pairs.col) & (pairs.data.real >= start.min_count) | (pairs.row == pairs.col)
        i, j = pairs.row[enough] + first, pairs.col[enough] + first
        both, near = pairs.data.real[enough].astype(np.float64), pairs.data.imag[enough]
        share = both / counts.shape[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            npmi = np.log(both * counts.shape[0] / (frequency[i] * frequency[j])) / -np.log(share)
        strength = npmi * near / (near + start.discount)
        strength[i == j] = 1.0
        strength[~np.isfinite(strength)] = 0.0
        value = np.maximum(strength - start.threshold, 0) * weight[i] * weight[j]
        strong = value > 0
        edges = (value[strong].astype(np.float32), (i[strong] - first, j[strong]))
        blocks.append(csr_matrix(edges, shape=(pairs.shape[0], n_words)))
        first += pairs.shape[0]
    upper = sparse.vstack(blocks, format="csr")
    return (upper + sparse.triu(upper, k=1).T).tocsr()


def sample_documents(counts: csr_matrix, rng: np.random.Generator, *, max_pairs: float) -> csr_matrix:
    """Sample documents at random if there are too many word pairs.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    rng : numpy Generator
        Source of the random numbers; unused if all documents are kept.
    max_pairs : float
        Approximate number of word pairs to keep: the squared number of different words, summed over documents.

    Returns
    -------
    csr_matrix, (n_sampled_docs, n_words)
        At least two documents, in their order.
    """
    sizes = np.diff(counts.indptr).astype(np.float64)
    pairs = float((sizes**2).sum())
    if pairs <= max_pairs:
        return counts
    rows = np.sort(rng.choice(counts.shape[0], size=max(2, int(counts.shape[0] * max_pairs / pairs)), replace=False))
    return counts[rows]


def exclusive(weights: np.ndarray, graph: csr_matrix, start: Start = DEFAULT_START) -> np.ndarray:
    """Multiply the weights of topics by ``p(topic | word) ** power``, so that words of many topics lose weight.

    Such words keep a part of their weight (`shared_weight`), so that all words of a topic still indicate it when
    documents are encoded.

    Parameters
    ----------
    weights : ndarray, (n_topics, n_words)
        Non-negative.
    graph : csr_matrix, (n_words, n_words)
        Association of the words.
    start : Start
        Its `exclusivity` is the power. ``auto`` is the largest of the powers up to `max_power` at which the
        `top_words` first words of the topics keep the share `coherence_kept` of their association in `graph`.

    Returns
    -------
    ndarray, (n_topics, n_words)
        Weights relative to the topic's mean.

    References
    ----------
    Bischof & Airoldi (2012) weigh frequency against exclusivity to summarise fitted topics.
    """
    weights = weights / (weights.mean(axis=1, keepdims=True) + 1e-12)
    log_share = np.log(weights + start.floor) - np.log((weights + start.floor).sum(axis=0))
    power = start.exclusivity
    if power == "auto":
        powers = np.arange(int(start.max_power / start.power_step + 1e-9) + 1) * float(start.power_step)
        coherence = [_mean_association(weights * np.exp(p * log_share), graph, start.top_words) for p in powers]
        least = start.coherence_kept * coherence[0]
        power = max(p for p, each in zip(powers, coherence, strict=True) if each >= least)
    if not power:
        return weights
    scaled = weights * np.exp(power * log_share)
    return scaled / (scaled.mean(axis=1, keepdims=True) + 1e-12) + np.minimum(weights, start.shared_weight)


def _mean_association(weights: np.ndarray, graph: csr_matrix, n_top: int) -> float:
    """Mean association of the pairs of each topic's first words."""
    tops = np.argsort(-weights, axis=1, kind="stable")[:, :n_top]
    return float(np.mean([(block := graph[top][:, top]).sum() - block.diagonal().sum() for top in tops]))


def _weighted(graph: csr_matrix, counts: csr_matrix, power: float) -> csr_matrix:
    """The graph, with each edge times its words' document frequencies to `power`."""
    frequency = np.maximum(np.asarray((counts > 0).sum(axis=0), dtype=np.float64).ravel(), 1) ** power
    scale = sparse.diags(frequency.astype(np.float32))
    return (scale @ graph @ scale).tocsr()


def _most_frequent(counts: csr_matrix, n: int) -> np.ndarray:
    """Ids of the `n` most frequent words, ascending."""
    frequency = np.asarray(counts.sum(axis=0)).ravel()
    return np.sort(np.argsort(-frequency, kind="stable")[:n])


def _factorise(matrix: csr_matrix, rank: int, start: Start, seed: int) -> np.ndarray:
    """The non-negative factor (rank, n_words) of a matrix."""
    matrix = matrix.astype(np.float32, copy=False)
    if matrix.nnz:
        matrix.data /= matrix.data.max()
    model = NMF(rank, init="nndsvd", max_iter=start.iterations, tol=start.tolerance, random_state=seed)
    with _FILTERS, warnings.catch_warnings():  # one thread at a time, or they restore each other's filters
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start need not converge, as training follows
        with np.errstate(invalid="ignore"):  # NMF takes the root of its error, which rounding may leave below 0
            model.fit(matrix)
    return model.components_
