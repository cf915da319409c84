"""Plots with the names of BERTopic."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.bertopic_courses import Courses
from topicml.explore.figures import finished, graph_objects, style
from topicml.explore.plot_maps import plot_document_map, plot_hierarchy, plot_similarity, plot_topic_map
from topicml.explore.plot_words import plot_term_rank

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_PER_ROW = 4  # bar charts


class Plots(Courses):
    """Mixin of `LikeBERTopic`. Every method returns a Plotly figure; labels that were set are always shown."""

    def visualize_barchart(
        self,
        topics: Sequence[int] | None = None,
        top_n_topics: int = 8,
        n_words: int = 5,
        custom_labels: bool = False,
        title: str = "Topic Word Scores",
        width: int = 250,
        height: int = 250,
    ) -> "Figure":
        """The first words of each topic as bars.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        n_words : int
            Number of words of each topic.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the bars of one topic in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, or there is no topic to show.
        """
        objects = graph_objects()
        from plotly.subplots import make_subplots

        view = self._of(topics, top_n_topics)
        shown, labels = view.shown, view.numbered_labels
        n_rows = -(-len(shown) // _PER_ROW)
        names = [labels[k] for k in shown]
        figure = make_subplots(rows=n_rows, cols=min(len(shown), _PER_ROW), subplot_titles=names)
        for number, k in enumerate(shown):
            words, values = zip(*reversed(view.show_topic(k, n_words)), strict=True)
            bar = objects.Bar(x=values, y=words, orientation="h", marker_color=style(number)["color"])
            figure.add_trace(bar, row=number // _PER_ROW + 1, col=number % _PER_ROW + 1)
        figure.update_layout(showlegend=False)
        finished(figure, title, f"The {n_words} most probable words of {len(shown)} topics.", "light")
        return _sized(figure, title, width * min(len(shown), _PER_ROW), height * n_rows)

    def visualize_topics(
        self,
        topics: Sequence[int] | None = None,
        top_n_topics: int | None = None,
        use_ctfidf: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Intertopic Distance Map</b>",
        width: int = 650,
        height: int = 650,
    ) -> "Figure":
        """A map of the topics by the similarity of their words; see `topicml.explore.plot_topic_map`.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        use_ctfidf : bool
            Not supported.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, there is no topic to show, or an argument is not supported.
        """
        self.refuse(use_ctfidf=(use_ctfidf, False))
        return _sized(plot_topic_map(self._of(topics, top_n_topics)), title, width, height)

    def visualize_heatmap(
        self,
        topics: Sequence[int] | None = None,
        top_n_topics: int | None = None,
        n_clusters: int | None = None,
        use_ctfidf: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Similarity Matrix</b>",
        width: int = 800,
        height: int = 800,
    ) -> "Figure":
        """The similarities of topics, with similar topics together; see `topicml.explore.plot_similarity`.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        n_clusters : int, optional
            Not supported.
        use_ctfidf : bool
            Not supported.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, there is no topic to show, or an argument is not supported.
        """
        self.refuse(n_clusters=(n_clusters, None), use_ctfidf=(use_ctfidf, False))
        return _sized(plot_similarity(self._of(topics, top_n_topics)), title, width, height)

    def visualize_hierarchy(
        self,
        orientation: str = "left",
        topics: Sequence[int] | None = None,
        top_n_topics: int | None = None,
        use_ctfidf: bool | None = None,
        custom_labels: bool = False,
        title: str = "<b>Hierarchical Clustering</b>",
        width: int = 1000,
        height: int = 600,
    ) -> "Figure":
        """The topics as a tree in which similar topics are together; see `topicml.explore.plot_hierarchy`.

        Parameters
        ----------
        orientation : str
            Only "left" is supported.
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        use_ctfidf : bool
            Not supported.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, there is no topic to show, or an argument is not supported.
        """
        self.refuse(orientation=(orientation, "left"), use_ctfidf=(use_ctfidf, None))
        return _sized(plot_hierarchy(self._of(topics, top_n_topics)), title, width, height)

    def visualize_term_rank(
        self,
        topics: Sequence[int] | None = None,
        log_scale: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Term score decline per Topic</b>",
        width: int = 800,
        height: int = 500,
    ) -> "Figure":
        """How the probability of words declines with their rank; see `topicml.explore.plot_term_rank`.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        log_scale : bool
            Whether the axis of probabilities is logarithmic.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, or there is no topic to show.
        """
        figure = _sized(plot_term_rank(self._of(topics, None)), title, width, height)
        return figure.update_yaxes(type="log" if log_scale else "linear")

    def visualize_documents(
        self,
        docs: Sequence[str],
        topics: Sequence[int] | None = None,
        embeddings: None = None,
        reduced_embeddings: None = None,
        sample: float | None = None,
        hide_annotations: bool = False,
        hide_document_hover: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Documents and Topics</b>",
        width: int = 1200,
        height: int = 750,
    ) -> "Figure":
        """A map of the documents; see `topicml.explore.plot_document_map`.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        embeddings, reduced_embeddings : None
            Not supported.
        sample : float, optional
            Share of the documents to show; by default at most 10,000 documents.
        hide_annotations, hide_document_hover : bool
            Not supported.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If `docs` and the view do not have the same number of documents, `sample` is out of range, or an argument is
            not supported.
        """
        self.check_docs(docs)
        self.refuse(
            embeddings=(embeddings, None),
            reduced_embeddings=(reduced_embeddings, None),
            hide_annotations=(hide_annotations, False),
            hide_document_hover=(hide_document_hover, False),
        )
        if sample is not None and not 0 < sample <= 1:
            raise InputError(f"sample must be a share of the documents, above 0 and at most 1; received {sample!r}.")
        n_docs = 10_000 if sample is None else max(1, round(sample * len(docs)))
        return _sized(plot_document_map(self._of(topics, None), max_documents=n_docs), title, width, height)

    def visualize_topics_over_time(
        self,
        topics_over_time: Any,
        top_n_topics: int | None = None,
        topics: Sequence[int] | None = None,
        normalize_frequency: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Topics over Time</b>",
        width: int = 1250,
        height: int = 450,
    ) -> "Figure":
        """Number of documents of each topic over time.

        Parameters
        ----------
        topics_over_time : DataFrame
            The table of `topics_over_time`.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        normalize_frequency : bool
            Whether to divide the frequencies of each topic by their Euclidean length.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, or there is no topic to show.
        """
        figure = graph_objects().Figure()
        view = self._of(topics, top_n_topics)
        for look, name, rows, frequency in _courses(view, topics_over_time, "Timestamp", normalize_frequency):
            line = {"color": look["color"], "dash": look["dash"]}
            hover = rows["Words"]
            figure.add_scatter(x=rows["Timestamp"], y=frequency, mode="lines", name=name, hovertext=hover, line=line)
        finished(figure, title, "Number of documents of each topic at each time.", "light", "time", "documents")
        return _sized(figure, title, width, height)

    def visualize_topics_per_class(
        self,
        topics_per_class: Any,
        top_n_topics: int = 10,
        topics: Sequence[int] | None = None,
        normalize_frequency: bool = False,
        custom_labels: bool = False,
        title: str = "<b>Topics per Class</b>",
        width: int = 1250,
        height: int = 900,
    ) -> "Figure":
        """Number of documents of each topic in each class.

        Parameters
        ----------
        topics_per_class : DataFrame
            The table of `topics_per_class`.
        top_n_topics : int, optional
            Show only this number of topics, the largest ones; ignored with `topics`.
        topics : sequence of int, optional
            Topics to show; by default all shown topics of the view.
        normalize_frequency : bool
            Whether to divide the frequencies of each topic by their Euclidean length.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If a topic does not exist, or there is no topic to show.
        """
        figure = graph_objects().Figure()
        view = self._of(topics, top_n_topics)
        for look, name, rows, frequency in _courses(view, topics_per_class, None, normalize_frequency):
            look_of_bar = {"orientation": "h", "marker_color": look["color"]}
            figure.add_bar(x=frequency, y=rows["Class"], name=name, hovertext=rows["Words"], **look_of_bar)
        finished(figure, title, "Number of documents of each topic in each class.", "light", "documents", "class")
        return _sized(figure, title, width, height)

    def visualize_distribution(
        self,
        probabilities: Any,
        min_probability: float = 0.015,
        custom_labels: bool = False,
        title: str = "<b>Topic Probability Distribution</b>",
        width: int = 800,
        height: int = 600,
    ) -> "Figure":
        """The topic proportions of a document as bars.

        Parameters
        ----------
        probabilities : array, (n_topics,)
            Topic proportions of a document, such as ``view.theta[0]``.
        min_probability : float
            Smallest proportion to show.
        custom_labels : bool
            Ignored: labels that were set are always shown.
        title : str
            Title of the figure.
        width, height : int
            Size of the figure in pixels.

        Returns
        -------
        plotly.graph_objects.Figure

        Raises
        ------
        InputError
            If there is not one proportion for each topic.
        """
        objects = graph_objects()
        values = np.asarray(probabilities, dtype=np.float64).ravel()
        if len(values) != self.view.n_topics:
            raise InputError(f"probabilities has {len(values)} numbers; there are {self.view.n_topics} topics.")
        topics = [k for k in np.argsort(values, kind="stable").tolist() if values[k] >= min_probability]
        labels = self.view.numbered_labels
        bar = objects.Bar(x=values[topics], y=[labels[k] for k in topics], orientation="h")
        figure = finished(objects.Figure(bar), title, "Proportions of topics in a document.", "light", "proportion")
        return _sized(figure, title, width, height)

    def _of(self, topics: Sequence[int] | None, top_n_topics: int | None) -> Any:
        """The view with only these topics, or only the largest ones."""
        view = self.view
        chosen = view.shown if topics is None else [view.topic(k) for k in topics]
        if top_n_topics is not None and topics is None:
            mass = view.mass if view.mass is not None else np.zeros(view.n_topics)
            chosen = sorted(chosen, key=lambda k: -mass[k])[:top_n_topics]
        if not chosen:
            raise InputError("There is no topic to show.")
        return replace(view, hidden=tuple(k not in set(chosen) for k in range(view.n_topics)))


def _courses(view: Any, table: Any, by: str | None, normalize: bool) -> Iterator[tuple[dict, str, Any, Any]]:
    """Style, label, rows and frequencies of each shown topic of a table of times (sorted by `by`) or classes."""
    for number, k in enumerate(view.shown):
        rows = table[table["Topic"] == k]
        if by is not None:
            rows = rows.sort_values(by)
        yield (
            style(number),
            view.numbered_labels[k],
            rows,
            _normal(rows["Frequency"]) if normalize else rows["Frequency"],
        )


def _sized(figure: "Figure", title: str, width: int, height: int) -> "Figure":
    return figure.update_layout(title_text=title, width=width, height=height)


def _normal(values: Any) -> np.ndarray:
    """The numbers divided by their Euclidean length, as in BERTopic."""
    numbers = np.asarray(values, dtype=np.float64)
    normal: np.ndarray = numbers / max(float(np.linalg.norm(numbers)), 1e-30)
    return normal
