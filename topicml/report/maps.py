"""Maps as drawings: topics as bubbles, documents as dots, and a tree of topics."""

from dataclasses import dataclass

import numpy as np

from topicml.explore import TopicView
from topicml.explore.projections import classical_scaling, document_positions
from topicml.explore.topics import similarities
from topicml.report.charts import dots, scaled_to
from topicml.report.names import short_names
from topicml.report.placing import Text, placed_texts
from topicml.report.subject import any_words
from topicml.report.text import count, plain
from topicml.runs.rows import shortened

WIDTH, HEIGHT = 720.0, 480.0  # user units
MAX_IN_TREE = 150  # topics; a tree of more cannot be read
WIDE_TYPE, NARROW_TYPE = 13.0, 22.0  # size of type in user units, on a wide page and on a phone
_WIDE_NAME, _NARROW_NAME = 30, 15  # characters of a name
_MIN_FOR_UMAP = 16  # documents; UMAP needs more than its 15 neighbours


@dataclass(frozen=True)
class Bubble:
    """A topic on the map.

    Attributes
    ----------
    topic : int
        The topic.
    label : str
        Its label.
    x, y, radius : float
        Centre and radius in user units.
    """

    topic: int
    label: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Cloud:
    """The documents that a topic leads.

    Attributes
    ----------
    topic : int
        The topic.
    label : str
        Its label.
    documents : int
        Number of dots.
    path : str
        SVG path of the dots.
    style : int
        Number of the colour and shape.
    """

    topic: int
    label: str
    documents: int
    path: str
    style: int


@dataclass(frozen=True)
class Names:
    """The names on a map, placed for the type of a wide page and for the larger one of a phone."""

    wide: list[Text]
    narrow: list[Text]


@dataclass(frozen=True)
class TopicMap:
    """Bubbles, names, and a description of the map in words."""

    bubbles: list[Bubble]
    names: Names
    description: str


@dataclass(frozen=True)
class DocumentMap:
    """Clouds, names, what places the documents, a sentence on sampling, and a description of the map in words."""

    clouds: list[Cloud]
    names: Names
    axes: tuple[str, str]
    of: str  # words, embeddings or topics
    sampled: str
    description: str


@dataclass(frozen=True)
class Tree:
    """A dendrogram of topics.

    Attributes
    ----------
    leaves : list of (int, str)
        Topics and labels, from top to bottom.
    path : str
        SVG path of the lines, in units of leaves downwards (leaf i at i + 0.5), and from 0 to 100 across, with the
        leaves at 100.
    description : str
        The tree in words.
    """

    leaves: list[tuple[int, str]]
    path: str
    description: str


def topic_map(view: TopicView, led: np.ndarray | None) -> TopicMap:
    """Map of the shown topics: classical scaling of the Hellinger distances of their words; the area is the size.

    Parameters
    ----------
    view : TopicView
        The topics.
    led : ndarray, (n_topics,), optional
        Number of documents that each topic leads; without it all bubbles have one size.

    Returns
    -------
    map : TopicMap
        The largest bubbles first, so that small ones are drawn on top of them.
    """
    shown, labels = view.shown, view.numbered_labels
    positions = scaled_to(classical_scaling(1 - similarities(view.beta[shown])), WIDTH, HEIGHT, 48)
    sizes = np.ones(len(shown)) if led is None else led[shown]
    largest = min(42.0, 150.0 / max(1.0, len(shown)) ** 0.5 + 6)
    radii = np.maximum(3.0, largest * np.sqrt(sizes / max(sizes.max(), 1e-12)))
    order = np.argsort(-radii, kind="stable")
    topics = [shown[i] for i in order]
    bubbles = [
        Bubble(k, plain(labels[k]), round(float(x), 1), round(float(y), 1), round(float(r), 1))
        for k, (x, y), r in zip(topics, positions[order], radii[order], strict=True)
    ]
    description = f"{len(shown)} topics, placed by the similarity of their words."
    if led is not None:
        description += f" The largest are {'; '.join(bubble.label for bubble in bubbles[:3])}."
    return TopicMap(bubbles, _names(view, topics, positions[order], radii[order] + 2 * WIDE_TYPE), description)


def document_map(
    view: TopicView, *, max_documents: int = 2500, method: str = "tsne", seed: int = 0
) -> DocumentMap | None:
    """Map of documents by their embeddings or words, coloured by the leading topic.

    Parameters
    ----------
    view : TopicView
        The topics.
    max_documents : int
        Number of documents at most; of more, a random sample is drawn, and `DocumentMap.sampled` says so.
    method : {"tsne", "umap", "pca"}
        As in `topicml.explore.projections.document_positions`; of fewer than 16 documents, "tsne" instead of "umap".
    seed : int
        Seed of the sample, of t-SNE and of UMAP.

    Returns
    -------
    map : DocumentMap or None
        None if the view has no document with words.

    Raises
    ------
    MissingExtraError
        If umap-learn is needed and not installed.
    """
    if not any_words(view):
        return None
    n_docs = int(view.has_words.sum())
    method = "tsne" if method == "umap" and min(n_docs, max_documents) < _MIN_FOR_UMAP else method
    rows, positions, axes = document_positions(view, method=method, max_documents=max_documents, seed=seed)
    sampled = f"All {count(n_docs)} documents are drawn."
    if len(rows) < n_docs:
        sampled = f"{count(len(rows))} of {count(n_docs)} documents are drawn, sampled at random."
    positions = scaled_to(positions, WIDTH, HEIGHT, 14)
    leading, labels = view.leading(view.theta[rows]), view.numbered_labels
    members = {k: np.flatnonzero(leading == k) for k in view.shown}
    styles = {k: style for style, k in enumerate(view.shown)}
    order = sorted((k for k in members if len(members[k])), key=lambda k: -len(members[k]))
    names = _names(view, order, np.array([_densest(positions[members[k]]) for k in order]), np.full(len(order), 44.0))
    clouds = [
        Cloud(k, plain(labels[k]), len(members[k]), dots(positions[members[k]]), styles[k]) for k in sorted(order)
    ]
    largest = sorted(clouds, key=lambda cloud: -cloud.documents)[:5]
    leaders = "; ".join(f"{cloud.label}: {count(cloud.documents)}" for cloud in largest)
    description = f"{sampled} The topics that lead the most of them: {leaders}."
    of = "words" if view.corpus is None or view.corpus.embeddings is None else "embeddings"
    return DocumentMap(clouds, names, axes, "topics" if method == "pca" else of, sampled, description)


def tree(view: TopicView) -> Tree | None:
    """Dendrogram of the shown topics by the Hellinger distances of their words (average linkage).

    Returns None for fewer than 3 topics, or more than 150.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    shown, labels = view.shown, view.numbered_labels
    if not 3 <= len(shown) <= MAX_IN_TREE:
        return None
    distance = squareform(np.clip(1 - similarities(view.beta[shown]), 0, None), checks=False)
    linkages = optimal_leaf_ordering(linkage(distance, "average"), distance)
    layout = dendrogram(linkages, no_plot=True)
    # Heights stay on a linear scale (a square root would mislead), but start near the lowest merge: the distance that
    # separates all topics is cut off, so that differences can be seen.
    lowest, highest = float(linkages[0, 2]), float(linkages[-1, 2])
    floor = max(0.0, lowest - 0.25 * (highest - lowest)) if highest > lowest else 0.0
    span = (highest - floor) or 1.0

    def across(height: float) -> float:
        return round(100 - 98 * max(0.0, height - floor) / span, 1)

    path = ""
    for heights, leaves in zip(layout["dcoord"], layout["icoord"], strict=True):
        points = [(across(h), round(i / 10, 2)) for h, i in zip(heights, leaves, strict=True)]
        path += "M" + "L".join(f"{a:g} {b:g}" for a, b in points)
    first, second = (shown[int(i)] if i < len(shown) else None for i in linkages[0, :2])
    description = f"{len(shown)} topics merge at Hellinger distances of {lowest:.2f} to {highest:.2f}."
    if first is not None and second is not None:
        description += f" The most similar are {plain(labels[first])} and {plain(labels[second])}."
    return Tree([(shown[i], plain(labels[shown[i]])) for i in layout["leaves"]], path, description)


def _names(view: TopicView, topics: list[int], anchors: np.ndarray, reach: np.ndarray) -> Names:
    """Names of topics at their anchors: short ones where the type is large."""
    names = short_names(view, 2)

    def placed(size: float, longest: int) -> list[Text]:
        texts = [shortened(names[k], longest) for k in topics]
        return placed_texts(topics, texts, anchors, reach, size, WIDTH, HEIGHT)

    return Names(placed(WIDE_TYPE, _WIDE_NAME), placed(NARROW_TYPE, _NARROW_NAME))


def _densest(points: np.ndarray) -> np.ndarray:
    """The point with the nearest neighbours: a topic may have several groups, and the mean of all lies between them."""
    from scipy.spatial import cKDTree

    n = min(len(points), 1 + max(3, len(points) // 4))
    distances = cKDTree(points).query(points, k=n)[0].reshape(len(points), -1)
    return np.asarray(points[int(distances.sum(axis=1).argmin())])
