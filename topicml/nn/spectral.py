"""Where topics start: a spectral estimate from word co-occurrence, in seconds and without a network."""

import warnings

import numpy as np
from scipy import sparse
from scipy.sparse import csr_matrix
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer

from topicml.errors import InputError

STARTS = ("npmi", "nmf", "random")
FLOOR = 0.1  # weight of a word that a topic does not hold, as a share of the topic's mean


def initial_topics(
    counts: csr_matrix,
    n_topics: int,
    *,
    method: str = "npmi",
    exclusivity: float | str = "auto",
    max_words: int = 10_000,
    seed: int = 0,
) -> np.ndarray:
    """Centred log-weights of `n_topics` starting topics, (n_topics, n_words).

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Non-negative word counts of documents, or of passages of long documents.
    n_topics : int
        K.
    method : {"npmi", "nmf", "random"}
        ``npmi``: symmetric factorisation of the words' association graph (see `association`).
        ``nmf``: factorisation of the tf-idf matrix. ``random``: small Gaussian weights.
    exclusivity : float or "auto"
        Weights are multiplied by p(topic | word) to this power: see `exclusive`.
    max_words : int
        Only so many of the most frequent words are factorised; the others start alike in all topics.
    seed : int
        Seed of every random choice.

    Raises
    ------
    InputError
        If `method` is unknown.
    """
    if method not in STARTS:
        raise InputError(f"init={method!r} is unknown. Choose one of {', '.join(STARTS)}.")
    rng = np.random.default_rng(seed)
    random = rng.normal(scale=0.1, size=(n_topics, counts.shape[1])).astype(np.float32)
    if method == "random":
        return random
    counts = sample_documents(counts, rng)
    rank = min(n_topics, counts.shape[1] - 1, counts.shape[0] - 1)
    if rank < 1:
        return random
    core = _most_frequent(counts, max_words)
    graph = association(counts, core, frequency_power=0.0)
    if method == "npmi":
        weights = _factorise(_weighted(graph, counts[:, core]), rank, seed)
    else:
        weights = _factorise(TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, core]), rank, seed)
    weights = exclusive(weights, graph, exclusivity)
    log = np.full((rank, counts.shape[1]), np.log(FLOOR), dtype=np.float32)
    log[:, core] = np.log(weights + FLOOR)
    random[:rank] = log - log.mean(axis=1, keepdims=True)
    return random


def association(
    counts: csr_matrix,
    words: np.ndarray | None = None,
    *,
    threshold: float = 0.1,
    frequency_power: float = 0.15,
    min_count: int = 2,
    discount: float = 0.2,
    window: int = 10,
    block: int = 200,
) -> csr_matrix:
    """Weighted graph of words that occur together more than chance would have it, (n_words, n_words).

    ``A_ij = max(0, npmi_ij * c_ij / (c_ij + discount) - threshold) * (df_i df_j) ** frequency_power``, with npmi from
    the documents that hold both words. ``c_ij`` counts those documents, each as ``min(1, window / length)``: how many
    times the two would be expected within `window` words. So pairs seen only in a few long documents are discounted,
    as Pantel & Lin (2002) discount rare pairs, while in short texts nearly all pairs count in full.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    words : ndarray, optional
        The rows and columns wanted; all words by default.
    threshold : float
        npmi that a pair must exceed.
    frequency_power : float
        0 treats rare and frequent words alike; 0.5 lets frequent words dominate.
    min_count : int
        Documents that must hold both words.
    discount, window : float, int
        As above.
    block : int
        Rows computed at a time; bounds the memory.
    """
    present = csr_matrix((np.ones(counts.nnz, np.float32), counts.indices, counts.indptr), shape=counts.shape)
    if words is not None:
        present = present[:, words]
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    weight_of_document = np.minimum(1, window / np.maximum(lengths, 1)).astype(np.float32)
    # Documents and how close their words are, counted by one product: the real and the imaginary part.
    either = present.astype(np.complex64)
    either.data.imag = np.repeat(weight_of_document, np.diff(present.indptr))
    frequency = np.asarray(present.sum(axis=0), dtype=np.float64).ravel()  # documents that hold the word
    weight = np.maximum(frequency, 1) ** frequency_power
    by_word = present.T.tocsr()
    blocks = []
    for start in range(0, present.shape[1], block):  # the graph is symmetric: the upper half is enough
        rows = by_word[start : start + block]
        pairs = (rows @ either[:, start:]).tocoo()
        kept = (pairs.row < pairs.col) & (pairs.data.real >= min_count) | (pairs.row == pairs.col)
        i, j = pairs.row[kept] + start, pairs.col[kept] + start
        both, near = pairs.data.real[kept].astype(np.float64), pairs.data.imag[kept]
        share = both / counts.shape[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            npmi = np.log(both * counts.shape[0] / (frequency[i] * frequency[j])) / -np.log(share)
        strength = npmi * near / (near + discount)
        strength[i == j] = 1.0
        strength[~np.isfinite(strength)] = 0.0
        value = np.maximum(strength - threshold, 0) * weight[i] * weight[j]
        strong = value > 0
        shape = (rows.shape[0], present.shape[1])
        blocks.append(csr_matrix((value[strong].astype(np.float32), (i[strong] - start, j[strong])), shape=shape))
    upper = sparse.vstack(blocks, format="csr")
    return (upper + sparse.triu(upper, k=1).T).tocsr()


def sample_documents(counts: csr_matrix, rng: np.random.Generator, *, max_pairs: float = 4e8) -> csr_matrix:
    """At most so many documents that their word pairs number about `max_pairs`: bounds time and memory."""
    sizes = np.diff(counts.indptr).astype(np.float64)
    pairs = float((sizes**2).sum())
    if pairs <= max_pairs:
        return counts
    rows = np.sort(rng.choice(counts.shape[0], size=max(2, int(counts.shape[0] * max_pairs / pairs)), replace=False))
    return counts[rows]


def exclusive(
    weights: np.ndarray, graph: csr_matrix, power: float | str = "auto", *, kept: float = 0.97, n_top: int = 10
) -> np.ndarray:
    """Weights of topics times ``p(topic | word) ** power``: words that many topics share step back.

    They do not vanish: on top of that a word keeps its weight up to the topic's mean, so that all words of a topic
    still speak for it when documents are encoded.

    Parameters
    ----------
    weights : ndarray, (n_topics, n_words)
        Non-negative.
    graph : csr_matrix, (n_words, n_words)
        Association of words.
    power : float or "auto"
        0 changes nothing. ``auto`` is the largest power up to 3 at which the `n_top` first words of the topics keep
        the share `kept` of their association in `graph`: topics as distinct as coherence allows.

    Returns
    -------
    weights : ndarray, (n_topics, n_words)
        Relative to the topic's mean.

    References
    ----------
    Bischof & Airoldi (2012) weigh frequency against exclusivity when they show topics; here topics start so.
    """
    weights = weights / (weights.mean(axis=1, keepdims=True) + 1e-12)
    log_share = np.log(weights + FLOOR) - np.log((weights + FLOOR).sum(axis=0))
    if power == "auto":
        powers = np.arange(0, 3.25, 0.25)
        held = [_mean_association(weights * np.exp(p * log_share), graph, n_top) for p in powers]
        power = max(p for p, each in zip(powers, held, strict=True) if each >= kept * held[0])
    if not power:
        return weights
    apart = weights * np.exp(power * log_share)
    return apart / (apart.mean(axis=1, keepdims=True) + 1e-12) + np.minimum(weights, 1)


def _mean_association(weights: np.ndarray, graph: csr_matrix, n_top: int) -> float:
    """Mean association of the pairs of each topic's first words."""
    tops = np.argsort(-weights, axis=1, kind="stable")[:, :n_top]
    return float(np.mean([(block := graph[top][:, top]).sum() - block.diagonal().sum() for top in tops]))


def _weighted(graph: csr_matrix, counts: csr_matrix, power: float = 0.15) -> csr_matrix:
    """The graph with the weight of a pair times the words' document frequencies to `power`."""
    frequency = np.maximum(np.asarray((counts > 0).sum(axis=0), dtype=np.float64).ravel(), 1) ** power
    scale = sparse.diags(frequency.astype(np.float32))
    return (scale @ graph @ scale).tocsr()


def _most_frequent(counts: csr_matrix, n: int) -> np.ndarray:
    """Ids of the `n` most frequent words, ascending."""
    frequency = np.asarray(counts.sum(axis=0)).ravel()
    return np.sort(np.argsort(-frequency, kind="stable")[:n])


def _factorise(matrix: csr_matrix, rank: int, seed: int) -> np.ndarray:
    matrix = matrix.astype(np.float32, copy=False)
    if matrix.nnz:
        matrix.data /= matrix.data.max()
    model = NMF(rank, init="nndsvd", max_iter=30, tol=1e-3, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a start need not be converged
        model.fit(matrix)
    return model.components_
