"""Points in the plane: principal components, classical scaling, t-SNE and UMAP."""

import warnings

import numpy as np
from scipy.sparse import csr_matrix

from topicml.errors import InputError, MissingExtraError
from topicml.explore.base import BaseView
from topicml.starting.mean_vectors import unit_rows

METHODS = ("tsne", "umap", "pca")  # of a map of documents
_DENSE = 500  # number of points up to which a dense eigensolver is used; above, Lanczos's method


def principal_axes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project points onto their first two principal axes.

    The sign of each axis is fixed: its largest component is positive.

    Parameters
    ----------
    values : ndarray, (n, n_features)
        Points.

    Returns
    -------
    positions : ndarray, (n, 2)
        Coordinates on the axes.
    shares : ndarray, (2,)
        Share of the variance on each axis.
    """
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred
    sizes, axes = _largest(covariance)
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    positions = np.zeros((len(values), 2))
    positions[:, : axes.shape[1]] = centred @ axes
    return positions, np.append(sizes, [0, 0])[:2] / max(np.trace(covariance), 1e-300)


def classical_scaling(distance: np.ndarray) -> np.ndarray:
    """Points in the plane whose distances approximate given ones: classical scaling (Torgerson 1952).

    The sign of each axis is fixed: its largest coordinate is positive.

    Parameters
    ----------
    distance : ndarray, (n, n)
        Symmetric, 0 on the diagonal.

    Returns
    -------
    positions : ndarray, (n, 2)
    """
    squares = -0.5 * distance**2
    sizes, axes = _largest(squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean())
    positions = np.zeros((len(distance), 2))
    positions[:, : axes.shape[1]] = axes * np.sqrt(sizes)
    signs = np.sign(positions[np.abs(positions).argmax(axis=0), [0, 1]])
    return positions * np.where(signs == 0, 1, signs)


def _largest(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two largest eigenvalues (2,), clipped at 0, and their eigenvectors (n, 2); only one if n is 1."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    n = len(symmetric)
    if n <= _DENSE or not symmetric.any():
        sizes, axes = eigh(symmetric, subset_by_index=[max(0, n - 2), n - 1])
    else:
        start = np.random.default_rng(0).standard_normal(n)  # fixed, so that the same model gives the same map
        sizes, axes = eigsh(symmetric, 2, which="LA", v0=start)
    return np.maximum(sizes[::-1], 0), axes[:, ::-1]


def document_positions(
    view: BaseView, *, method: str = "tsne", max_documents: int = 2000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Positions of documents with words on two axes, by their embeddings, words or topics.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    method : {"tsne", "umap", "pca"}
        ``tsne`` and ``umap`` place documents by their embeddings if the corpus has them, and else by their words
        (`word_vectors`), whatever the topics are, so that the map shows whether the topics separate the texts. ``pca``
        places them by their topics: principal components of sqrt(theta), whose Euclidean distances are Hellinger
        distances.
    max_documents : int
        Number of documents at most; of more, a random sample is drawn.
    seed : int
        Seed of the sample, of t-SNE and of UMAP.

    Returns
    -------
    rows : ndarray of int, (n,)
        Rows of the documents, ascending.
    positions : ndarray, (n, 2)
        Their positions.
    axes : tuple of str
        Names of the two axes.

    Raises
    ------
    InputError
        If the view has no documents or none with words, or `method` is unknown.
    MissingExtraError
        If umap-learn is needed and not installed.
    """
    view.require_documents("A map of documents")
    rows = np.flatnonzero(view.has_words)
    if method not in METHODS or not len(rows):
        raise InputError(
            f"method must be one of {', '.join(map(repr, METHODS))} (received {method!r}), and at least one document "
            "must have words."
        )
    if len(rows) > max_documents:
        rows = np.sort(np.random.default_rng(seed).choice(rows, max_documents, replace=False))
    if method == "pca":
        positions, shares = principal_axes(np.sqrt(view.theta[rows].astype(np.float64)))
        first, second = (f"component {i + 1} of √theta ({shares[i]:.0%} of variance)" for i in (0, 1))
        return rows, positions, (first, second)
    embeddings = None if view.corpus is None else view.corpus.embeddings
    vectors = word_vectors(view.counts[rows], seed=seed) if embeddings is None else unit_rows(embeddings[rows])
    if method == "umap":
        return rows, _umap(vectors, seed), ("UMAP axis 1 (no unit)", "UMAP axis 2 (no unit)")
    return rows, _tsne(vectors, seed), ("t-SNE axis 1 (no unit)", "t-SNE axis 2 (no unit)")


def word_vectors(counts: csr_matrix, n_components: int = 50, *, seed: int = 0) -> np.ndarray:
    """Vectors of documents by their words: TF-IDF with a logarithmic count, reduced by a truncated SVD, of length 1.

    Known as latent semantic analysis (Deerwester et al. 1990).

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts.
    n_components : int
        Number of components at most.
    seed : int
        Seed of the SVD.

    Returns
    -------
    vectors : ndarray, (n_docs, n_components)
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.preprocessing import normalize

    weights = TfidfTransformer(sublinear_tf=True).fit_transform(counts.astype(np.float64))
    n = min(n_components, min(weights.shape) - 1)
    if n < 2:
        return np.pad(weights.toarray(), ((0, 0), (0, max(0, 2 - weights.shape[1]))))
    return np.asarray(normalize(TruncatedSVD(n, random_state=seed).fit_transform(weights)))


def _tsne(values: np.ndarray, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten 2014); of fewer than 8 points principal components."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(values) < 8:
        return principal_axes(values)[0]
    tsne = TSNE(init="pca", perplexity=min(30.0, (len(values) - 1) / 3), max_iter=500, random_state=seed)
    with threadpool_limits(1):  # sums over threads differ in their last bits, and t-SNE amplifies that
        return np.asarray(tsne.fit_transform(values), dtype=np.float64)


def _umap(values: np.ndarray, seed: int) -> np.ndarray:
    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingExtraError("A UMAP map needs umap-learn. Install it with: pip install 'topicml[maps]'") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UMAP warns that a seed disables its threads
        return np.asarray(UMAP(random_state=seed).fit_transform(values), dtype=np.float64)
