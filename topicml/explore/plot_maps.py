"""Maps of topics and documents: who is near whom."""

from typing import TYPE_CHECKING

import numpy as np

from topicml.errors import InputError, MissingExtraError
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.topics import correlations, similarities, topic_sizes

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from topicml.explore.view import TopicView


_DENSE = 500  # topics up to which a map's axes are found by a dense method; beyond, by Lanczos's


def principal_axes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) on the first two principal axes, and the share of variance of each; signs are made definite."""
    centred = values - values.mean(axis=0)
    covariance = centred.T @ centred
    sizes, axes = _largest(covariance)
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    places = np.zeros((len(values), 2))
    places[:, : axes.shape[1]] = centred @ axes
    return places, np.append(sizes, [0, 0])[:2] / max(np.trace(covariance), 1e-300)


def classical_scaling(distance: np.ndarray) -> np.ndarray:
    """Places (n, 2) whose distances are near these (n, n); signs are made definite (Torgerson 1952)."""
    squares = -0.5 * distance**2
    sizes, axes = _largest(squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean())
    places = np.zeros((len(distance), 2))
    places[:, : axes.shape[1]] = axes * np.sqrt(sizes)
    signs = np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])
    return places * np.where(signs == 0, 1, signs)


def _largest(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two largest eigenvalues (2,), at least 0, and their vectors (n, 2); one where n is 1."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    n = len(symmetric)
    if n <= _DENSE or not symmetric.any():
        sizes, axes = eigh(symmetric, subset_by_index=[max(0, n - 2), n - 1])
    else:
        start = np.random.default_rng(0).standard_normal(n)  # the same model gives the same map
        sizes, axes = eigsh(symmetric, 2, which="LA", v0=start)
    return np.maximum(sizes[::-1], 0), axes[:, ::-1]


def plot_topic_map(view: "TopicView", *, template: str = "light") -> "Figure":
    """Topics by the Hellinger distance of their words on two axes (classical scaling); area is mass."""
    objects = graph_objects()
    shown, labels = view.shown, view.labels
    places = classical_scaling(1 - similarities(view.beta[shown]))
    mass = topic_sizes(view)["mass"].to_numpy()
    figure = objects.Figure(
        objects.Scatter(
            x=places[:, 0],
            y=places[:, 1],
            mode="markers+text",
            text=[str(k) for k in shown],
            customdata=[labels[k] for k in shown],
            hovertemplate="%{customdata}<br>mass %{marker.size:.3f}<extra></extra>",
            marker={
                "size": mass,
                "sizemode": "area",
                "sizeref": 2 * mass.max() / 60**2,
                "color": style(0)["color"],
                "opacity": 0.6,
            },
        )
    )
    largest = shown[int(mass.argmax())]
    told = f"{len(shown)} topics; the largest is {labels[largest]} with {mass.max():.1%} of the mass."
    return finished(
        figure, "Map of topics", told, template, "axis 1 (Hellinger distance)", "axis 2 (Hellinger distance)"
    )


def plot_document_map(
    view: "TopicView", *, method: str = "pca", max_documents: int = 10_000, seed: int = 0, template: str = "light"
) -> "Figure":
    """Documents by their topics, coloured by the largest.

    Parameters
    ----------
    method : {"pca", "umap"}
        Principal components of sqrt(theta), whose Euclidean distance is Hellinger's; or UMAP of the same.
    max_documents : int
        More are sampled at random, which the title says.
    seed : int
        Of the sample and of UMAP.

    Raises
    ------
    InputError
        If `method` is unknown or no document has words.
    MissingExtraError
        If umap-learn or plotly is not installed.
    """
    objects = graph_objects()
    rows = np.flatnonzero(np.diff(view.counts.indptr) > 0)
    if method not in ("pca", "umap") or not len(rows):
        raise InputError(f"method must be 'pca' or 'umap' (received {method!r}), and a document must have words.")
    title = f"Map of {len(rows):,} documents"
    if len(rows) > max_documents:
        title = f"Map of {max_documents:,} of {len(rows):,} documents, sampled at random"
        rows = np.sort(np.random.default_rng(seed).choice(rows, max_documents, replace=False))
    root = np.sqrt(view.theta[rows].astype(np.float64))
    if method == "pca":
        places, share = principal_axes(root)
        names = [f"component {i + 1} of √theta ({share[i]:.0%} of variance)" for i in (0, 1)]
    else:
        try:
            from umap import UMAP
        except ImportError as error:
            raise MissingExtraError("method='umap' needs umap-learn: pip install umap-learn") from error
        places = UMAP(random_state=seed).fit_transform(root)
        names = ["UMAP axis 1 (no unit)", "UMAP axis 2 (no unit)"]
    shown, labels = view.shown, view.labels
    leading = view.leading(view.theta[rows])
    figure = objects.Figure()
    for number, k in enumerate(shown):
        of_topic = leading == k
        if of_topic.any():
            figure.add_trace(
                objects.Scattergl(
                    x=places[of_topic, 0],
                    y=places[of_topic, 1],
                    customdata=rows[of_topic],
                    hovertemplate="document %{customdata}",
                    name=labels[k],
                    mode="markers",
                    marker={"color": style(number)["color"], "symbol": style(number)["symbol"], "size": 5},
                )
            )
    told = "; ".join(f"{trace.name}: {len(trace.x)}" for trace in figure.data)
    return finished(figure, title, f"Documents by largest topic: {told}.", template, *names)


def plot_similarity(view: "TopicView", measure: str = "hellinger", *, template: str = "light") -> "Figure":
    """Likeness of topics as a heat map; `measure` as in `similarities`, or "correlation" of theta."""
    objects = graph_objects()
    shown, labels = view.shown, view.labels
    signed = measure == "correlation"
    values = correlations(view.theta) if signed else similarities(view.beta, measure)
    values = values[np.ix_(shown, shown)]
    names = [labels[k] for k in shown]
    unit = "correlation (−1 to 1)" if signed else f"{measure} similarity (0 to 1)"  # noqa: RUF001
    figure = objects.Figure(
        objects.Heatmap(
            z=values, x=names, y=names, zmin=-1 if signed else 0, zmax=1, colorscale="Cividis", colorbar_title_text=unit
        )
    )
    figure.update_yaxes(autorange="reversed")
    told = "There is one topic."
    if len(shown) > 1:
        apart = np.where(np.eye(len(shown), dtype=bool) | np.isnan(values), -np.inf, values)
        i, j = np.unravel_index(int(apart.argmax()), apart.shape)
        told = f"The likest are {names[i]} and {names[j]}, at {values[i, j]:.2f}."
    return finished(figure, "Likeness of topics", told, template, "topic", "topic")


def plot_hierarchy(view: "TopicView", *, template: str = "light") -> "Figure":
    """Topics joined by average linkage of the Hellinger distances of their words: a dendrogram.

    Raises
    ------
    InputError
        If fewer than two topics are shown.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage
    from scipy.spatial.distance import squareform

    objects = graph_objects()
    shown, labels = view.shown, view.labels
    if len(shown) < 2:
        raise InputError("A hierarchy needs two topics at least.")
    distance = 1 - similarities(view.beta[shown])
    joined = linkage(squareform(distance, checks=False), "average")
    tree = dendrogram(joined, no_plot=True, labels=[labels[k] for k in shown])
    figure = objects.Figure()
    for across, up in zip(tree["dcoord"], tree["icoord"], strict=True):
        figure.add_trace(objects.Scatter(x=across, y=up, mode="lines", line_color=style(0)["color"], showlegend=False))
    figure.update_yaxes(tickvals=[10 * i + 5 for i in range(len(shown))], ticktext=tree["ivl"])
    told = f"{len(shown)} topics join between distances {joined[0, 2]:.2f} and {joined[-1, 2]:.2f}."
    return finished(figure, "Hierarchy of topics", told, template, "Hellinger distance (0 to 1)", "topic")
