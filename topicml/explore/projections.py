"""Points in the plane: principal components, classical scaling, and UMAP."""

import warnings

import numpy as np

from topicml.errors import InputError, MissingExtraError
from topicml.explore.base import BaseView

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
    view: BaseView, *, method: str = "pca", max_documents: int = 10_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """Positions of documents with words on two axes, by their topics.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    method : {"pca", "umap"}
        Principal components of sqrt(theta), whose Euclidean distances are Hellinger distances; or UMAP of the same.
    max_documents : int
        Number of documents at most; of more, a random sample is drawn.
    seed : int
        Seed of the sample and of UMAP.

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
    if method not in ("pca", "umap") or not len(rows):
        raise InputError(
            f"method must be 'pca' or 'umap' (received {method!r}), and at least one document must have words."
        )
    if len(rows) > max_documents:
        rows = np.sort(np.random.default_rng(seed).choice(rows, max_documents, replace=False))
    root = np.sqrt(view.theta[rows].astype(np.float64))
    if method == "umap":
        return rows, _umap(root, seed), ("UMAP axis 1 (no unit)", "UMAP axis 2 (no unit)")
    positions, shares = principal_axes(root)
    first, second = (f"component {i + 1} of √theta ({shares[i]:.0%} of variance)" for i in (0, 1))
    return rows, positions, (first, second)


def _umap(values: np.ndarray, seed: int) -> np.ndarray:
    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingExtraError("A UMAP map needs umap-learn. Install it with: pip install 'topicml[maps]'") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # UMAP warns that a seed disables its threads
        return np.asarray(UMAP(random_state=seed).fit_transform(values), dtype=np.float64)
