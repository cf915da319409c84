"""Maps of topics and documents, a heat map of similarities, and a dendrogram."""

from typing import TYPE_CHECKING

import numpy as np

from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.projections import classical_scaling, document_positions
from topicml.explore.topics import correlations, similarities

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def plot_topic_map(view: BaseView, *, template: str = "light") -> "Figure":
    """Map of the shown topics: classical scaling of the Hellinger distances of their words; the area is the mass.

    Parameters
    ----------
    view : TopicView
        The topics, with documents or `mass`.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If the view has neither documents nor `mass`, or `template` is unknown.
    MissingExtraError
        If plotly is not installed.
    """
    objects = graph_objects()
    shown, labels = view.shown, view.numbered_labels
    positions = classical_scaling(1 - similarities(view.beta[shown]))
    mass = view.require_mass("A map of topics")[shown]
    figure = objects.Figure(
        objects.Scatter(
            x=positions[:, 0],
            y=positions[:, 1],
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
    description = f"{len(shown)} topics; the largest is {labels[largest]} with {mass.max():.1%} of the mass."
    return finished(
        figure, "Map of topics", description, template, "axis 1 (Hellinger distance)", "axis 2 (Hellinger distance)"
    )


def plot_document_map(
    view: BaseView, *, method: str = "tsne", max_documents: int = 2000, seed: int = 0, template: str = "light"
) -> "Figure":
    """Map of documents by their embeddings or words, coloured by the leading topic.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    method : {"tsne", "umap", "pca"}
        t-SNE or UMAP of the documents' embeddings, or of their words if the corpus has none; or principal components
        of sqrt(theta), which show the topics alone.
    max_documents : int
        Number of documents at most; of more, a random sample is drawn, and the title says so.
    seed : int
        Seed of the sample, of t-SNE and of UMAP.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If the view has no documents or none with words, or `method` or `template` is unknown.
    MissingExtraError
        If umap-learn or plotly is not installed.
    """
    objects = graph_objects()
    rows, positions, names = document_positions(view, method=method, max_documents=max_documents, seed=seed)
    n_docs = int(view.has_words.sum())
    title = f"Map of {n_docs:,} documents"
    if n_docs > len(rows):
        title = f"Map of {len(rows):,} of {n_docs:,} documents, sampled at random"
    shown, labels = view.shown, view.numbered_labels
    leading = view.leading(view.theta[rows])
    figure = objects.Figure()
    for number, k in enumerate(shown):
        of_topic = leading == k
        if of_topic.any():
            figure.add_trace(
                objects.Scattergl(
                    x=positions[of_topic, 0],
                    y=positions[of_topic, 1],
                    customdata=rows[of_topic],
                    hovertemplate="document %{customdata}",
                    name=labels[k],
                    mode="markers",
                    marker={"color": style(number)["color"], "symbol": style(number)["symbol"], "size": 5},
                )
            )
    description = "; ".join(f"{trace.name}: {len(trace.x)}" for trace in figure.data)
    return finished(figure, title, f"Documents by leading topic: {description}.", template, *names)


def plot_similarity(view: BaseView, measure: str = "hellinger", *, template: str = "light") -> "Figure":
    """Heat map of the similarities of the shown topics.

    Parameters
    ----------
    view : TopicView
        The topics; "correlation" needs documents.
    measure : {"hellinger", "cosine", "jensen_shannon", "correlation"}
        Similarity of words as in `similarities`, or correlation of the columns of theta.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If `measure` or `template` is unknown, or documents are needed and the view has none.
    MissingExtraError
        If plotly is not installed.
    """
    objects = graph_objects()
    shown, labels = view.shown, view.numbered_labels
    is_signed = measure == "correlation"
    values = correlations(view.theta_with_words) if is_signed else similarities(view.beta, measure)
    values = values[np.ix_(shown, shown)]
    names = [labels[k] for k in shown]
    unit = "correlation (−1 to 1)" if is_signed else f"{measure} similarity (0 to 1)"  # noqa: RUF001
    figure = objects.Figure(
        objects.Heatmap(
            z=values,
            x=names,
            y=names,
            zmin=-1 if is_signed else 0,
            zmax=1,
            colorscale="Cividis",
            colorbar_title_text=unit,
        )
    )
    figure.update_yaxes(autorange="reversed")
    description = "There is one topic."
    if len(shown) > 1:
        off_diagonal = np.where(np.eye(len(shown), dtype=bool) | np.isnan(values), -np.inf, values)
        i, j = np.unravel_index(int(off_diagonal.argmax()), off_diagonal.shape)
        description = f"The most similar are {names[i]} and {names[j]}, at {values[i, j]:.2f}."
    return finished(figure, "Similarity of topics", description, template, "topic", "topic")


def plot_hierarchy(view: BaseView, *, template: str = "light") -> "Figure":
    """Dendrogram of the shown topics: average linkage of the Hellinger distances of their words.

    Parameters
    ----------
    view : TopicView
        The topics.
    template : {"light", "dark"}
        Colours of the background and text.

    Returns
    -------
    figure : plotly.graph_objects.Figure

    Raises
    ------
    InputError
        If fewer than two topics are shown, or `template` is unknown.
    MissingExtraError
        If plotly is not installed.
    """
    from scipy.cluster.hierarchy import dendrogram, linkage
    from scipy.spatial.distance import squareform

    objects = graph_objects()
    shown, labels = view.shown, view.numbered_labels
    if len(shown) < 2:
        raise InputError(f"A hierarchy needs two topics at least; {len(shown)} is shown.")
    distance = 1 - similarities(view.beta[shown])
    linkages = linkage(squareform(distance, checks=False), "average")
    tree = dendrogram(linkages, no_plot=True, labels=[labels[k] for k in shown])
    figure = objects.Figure()
    for across, up in zip(tree["dcoord"], tree["icoord"], strict=True):
        figure.add_trace(objects.Scatter(x=across, y=up, mode="lines", line_color=style(0)["color"], showlegend=False))
    figure.update_yaxes(tickvals=[10 * i + 5 for i in range(len(shown))], ticktext=tree["ivl"])
    description = f"{len(shown)} topics merge at distances of {linkages[0, 2]:.2f} to {linkages[-1, 2]:.2f}."
    return finished(figure, "Hierarchy of topics", description, template, "Hellinger distance (0 to 1)", "topic")
