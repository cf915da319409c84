"""Maps as drawings: topics as bubbles, documents as dots, and the tree of topics."""

from dataclasses import dataclass

import numpy as np

from topicml.explore import TopicView
from topicml.explore.plot_maps import classical_scaling, principal_axes
from topicml.explore.topics import similarities
from topicml.report.charts import dots, fitted, numbers_placed
from topicml.report.subject import any_words
from topicml.report.text import count, plain

WIDTH, HEIGHT = 720.0, 480.0
MOST_IN_TREE = 150


@dataclass(frozen=True)
class Bubble:
    """A topic of the map: number, label, place and radius in user units, and where its number stands, if it fits."""

    topic: int
    label: str
    x: float
    y: float
    radius: float
    number: tuple[float, float] | None


@dataclass(frozen=True)
class Cloud:
    """Documents that a topic leads: topic, label, how many dots, their path, its style, and where its number stands."""

    topic: int
    label: str
    documents: int
    path: str
    style: int
    number: tuple[float, float] | None


@dataclass(frozen=True)
class TopicMap:
    """Bubbles, and the map in words."""

    bubbles: list[Bubble]
    description: str


@dataclass(frozen=True)
class DocumentMap:
    """Clouds, names of the axes, what was sampled, and the map in words."""

    clouds: list[Cloud]
    axes: tuple[str, str]
    sampled: str
    description: str


@dataclass(frozen=True)
class Tree:
    """Topics in the order of the tree's leaves, its lines, and the tree in words.

    ``path`` is in units of leaves downwards (the i-th leaf at i + 0.5) and 0 to 100 across, 100 at the leaves.
    """

    leaves: list[tuple[int, str]]
    path: str
    description: str


def topic_map(view: TopicView, mass: np.ndarray | None) -> TopicMap:
    """Topics by the Hellinger distance of their words on two axes (classical scaling); area is mass.

    Parameters
    ----------
    mass : ndarray, (n_topics,), optional
        Mean of theta; without it all are of one size.
    """
    shown, labels = view.shown, view.labels
    places = fitted(classical_scaling(1 - similarities(view.beta[shown])), WIDTH, HEIGHT, 48)
    sizes = np.ones(len(shown)) if mass is None else mass[shown]
    largest = min(42.0, 150.0 / max(1.0, len(shown)) ** 0.5 + 6)
    radii = np.maximum(3.0, largest * np.sqrt(sizes / max(sizes.max(), 1e-12)))
    order = np.argsort(-radii, kind="stable")
    numbers = numbers_placed([shown[i] for i in order], places[order], radii[order], WIDTH, HEIGHT)
    bubbles = [
        Bubble(k, plain(labels[k]), round(float(x), 1), round(float(y), 1), round(float(r), 1), number)
        for k, (x, y), r, number in zip([shown[i] for i in order], places[order], radii[order], numbers, strict=True)
    ]
    told = f"{len(shown)} topics placed by how alike their words are."
    if mass is not None:
        told += f" The largest are {'; '.join(bubble.label for bubble in bubbles[:3])}."
    return TopicMap(bubbles, told)


def document_map(
    view: TopicView, *, max_documents: int = 4000, method: str = "pca", seed: int = 0
) -> DocumentMap | None:
    """Documents on two axes of sqrt(theta), of the topics that lead them; None where no document has words.

    Parameters
    ----------
    max_documents : int
        More are sampled at random, which `DocumentMap.sampled` says.
    method : {"pca", "umap"}
        Principal components, or UMAP.
    seed : int
        Of the sample and of UMAP.
    """
    if not any_words(view):
        return None
    rows = np.flatnonzero(view.has_words)
    sampled = f"All {count(len(rows))} documents are drawn."
    if len(rows) > max_documents:
        sampled = f"{count(max_documents)} of {count(len(rows))} documents are drawn, sampled at random."
        rows = np.sort(np.random.default_rng(seed).choice(rows, max_documents, replace=False))
    root = np.sqrt(view.theta[rows].astype(np.float64))
    if method == "umap" and len(rows) > 15:
        places, axes = _by_umap(root, seed), ("UMAP axis 1 (no unit)", "UMAP axis 2 (no unit)")
    else:
        places, share = principal_axes(root)
        axes = (
            f"component 1 of √theta ({share[0]:.0%} of variance)",
            f"component 2 of √theta ({share[1]:.0%} of variance)",
        )
    places = fitted(places, WIDTH, HEIGHT, 14)
    leading, labels = view.leading(view.theta[rows]), view.labels
    led = {k: np.flatnonzero(leading == k) for k in view.shown}
    styles = {k: style for style, k in enumerate(view.shown)}
    order = sorted((k for k in led if len(led[k])), key=lambda k: -len(led[k]))
    middles = np.array([np.median(places[led[k]], axis=0) for k in order])
    numbers = dict(zip(order, numbers_placed(order, middles, np.full(len(order), 40.0), WIDTH, HEIGHT), strict=True))
    clouds = [
        Cloud(k, plain(labels[k]), len(led[k]), dots(places[led[k]]), styles[k], numbers[k]) for k in sorted(order)
    ]
    largest = sorted(clouds, key=lambda cloud: -cloud.documents)[:5]
    told = "; ".join(f"{cloud.label}: {count(cloud.documents)}" for cloud in largest)
    return DocumentMap(clouds, axes, sampled, f"{sampled} The topics that lead most of them: {told}.")


def tree(view: TopicView) -> Tree | None:
    """Topics joined by average linkage of the Hellinger distances of their words; None for fewer than 3 or many."""
    from scipy.cluster.hierarchy import dendrogram, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    shown, labels = view.shown, view.labels
    if not 3 <= len(shown) <= MOST_IN_TREE:
        return None
    distance = squareform(np.clip(1 - similarities(view.beta[shown]), 0, None), checks=False)
    joined = optimal_leaf_ordering(linkage(distance, "average"), distance)
    drawn = dendrogram(joined, no_plot=True)
    # Square roots of heights would lie; but what all topics are apart is left out, so that the differences can be seen.
    lowest, highest = float(joined[0, 2]), float(joined[-1, 2])
    floor = max(0.0, lowest - 0.25 * (highest - lowest)) if highest > lowest else 0.0
    span = (highest - floor) or 1.0

    def across(height: float) -> float:
        return round(100 - 98 * max(0.0, height - floor) / span, 1)

    path = ""
    for up, along in zip(drawn["dcoord"], drawn["icoord"], strict=True):
        points = [(across(h), round(i / 10, 2)) for h, i in zip(up, along, strict=True)]
        path += "M" + "L".join(f"{a:g} {b:g}" for a, b in points)
    leaves = [(shown[i], plain(labels[shown[i]])) for i in drawn["leaves"]]
    first, second = (shown[int(i)] if i < len(shown) else None for i in joined[0, :2])
    told = f"{len(shown)} topics join between Hellinger distances of {lowest:.2f} and {highest:.2f}."
    if first is not None and second is not None:
        told += f" The likest are {plain(labels[first])} and {plain(labels[second])}."
    return Tree(leaves, path, told)


def _by_umap(root: np.ndarray, seed: int) -> np.ndarray:
    from topicml.errors import MissingExtraError

    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingExtraError("A UMAP map needs umap-learn. Install it with: pip install 'topicml[maps]'") from error
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own threads
        return np.asarray(UMAP(random_state=seed).fit_transform(root), dtype=np.float64)
