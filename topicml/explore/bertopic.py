"""`LikeBERTopic`: a view with the methods of BERTopic, with the same signatures and meaning."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore.bertopic_absent import absent
from topicml.explore.bertopic_plots import Plots
from topicml.explore.documents import document_info, representative_rows, text_of
from topicml.explore.frames import frame_of
from topicml.explore.rows import label_rows
from topicml.explore.similar_topics import similar_topics
from topicml.explore.topics import topic_sizes


class LikeBERTopic(Plots):
    """The topics of a view with the attributes and methods of BERTopic 0.17.

    Like BERTopic, and unlike a view, it changes in place. Documents without a known word have topic -1. The words of
    topics have probabilities instead of c-TF-IDF scores. Arguments without a meaning here (``images``) must have their
    defaults. An attribute of BERTopic that is not here raises an error that says what topicml has instead.

    Parameters
    ----------
    view : TopicView
        The topics, with documents. The attribute `view` is the view after all changes; ``view.save()`` saves them.

    References
    ----------
    Grootendorst 2022: BERTopic. Neural topic modeling with a class-based TF-IDF procedure.
    """

    def __init__(self, view: Any) -> None:
        self.view = view

    def __repr__(self) -> str:
        return f"LikeBERTopic({self.view!r})"

    if not TYPE_CHECKING:  # mypy would take every name for an attribute

        def __getattr__(self, name: str) -> Any:
            raise absent(name)

    # ------------------------------------------------------------------ attributes

    @property
    def topics_(self) -> list[int]:
        """The topic of each document; -1 for a document without a known word."""
        return [int(k) for k in document_info(self.view)["topic"]]

    @property
    def probabilities_(self) -> np.ndarray:
        """The calibrated probability of each document's topic, (n_docs,); 0 for a document without a known word."""
        return np.nan_to_num(document_info(self.view)["confidence"].to_numpy(dtype=np.float64))

    @property
    def topic_labels_(self) -> dict[int, str]:
        """The name of each shown topic: its number and first four words, such as ``3_rain_snow_wind_sun``."""
        return dict(zip(self.view.shown, self.generate_topic_labels(nr_words=4), strict=True))

    @property
    def custom_labels_(self) -> list[str | None] | None:
        """The labels that were set; None if there are none."""
        given = list(self.view.given_labels)
        return given if any(given) else None

    # ------------------------------------------------------------------ topics and documents

    def transform(self, documents: Sequence[str]) -> tuple[list[int], np.ndarray]:
        """The topic of each text (-1 for a text without a known word), and its calibrated probability."""
        rows = label_rows(self.view, documents)
        return rows["topic"].tolist(), np.nan_to_num(rows["confidence"].to_numpy(dtype=np.float64))

    def get_topic(self, topic: int, full: bool = False) -> Any:
        """The ten most probable words of a topic with their probabilities; False if there is no such topic.

        Parameters
        ----------
        topic : int
            The topic.
        full : bool
            Whether to return a dict of representations, of which there is one: ``{"Main": words}``.

        Returns
        -------
        words : list of (str, float), dict, or False
        """
        if topic not in self.view.shown:
            return False
        words = self.view.show_topic(topic, 10)
        return {"Main": words} if full else words

    def get_topics(self, full: bool = False) -> dict[Any, Any]:
        """The words of each shown topic, as `get_topic` returns them; with `full`, in a dict of representations."""
        words = {k: self.view.show_topic(k, 10) for k in self.view.shown}
        return {"Main": words} if full else words

    def get_topic_freq(self, topic: int | None = None) -> Any:
        """A table of Topic and Count, the largest first; with `topic`, the number of its documents."""
        sizes = self._sizes()
        if topic is not None:
            return sizes.get(topic, 0)
        order = sorted(sizes, key=lambda k: -sizes[k])
        return frame_of({"Topic": order, "Count": [sizes[k] for k in order]})

    def get_topic_info(self, topic: int | None = None) -> Any:
        """A table of topics: Topic, Count, Name, CustomName (if labels were set), Representation, Representative_Docs.

        Parameters
        ----------
        topic : int, optional
            The topic; -1 stands for the documents without a known word. By default all topics.

        Returns
        -------
        table : DataFrame
        """
        sizes = self._sizes()
        rows = sorted(sizes) if topic is None else [k for k in sizes if k == topic]
        names = {-1: "-1", **self.topic_labels_}
        columns: dict[str, Any] = {
            "Topic": rows,
            "Count": [sizes[k] for k in rows],
            "Name": [names[k] for k in rows],
        }
        if self.custom_labels_ is not None:
            columns["CustomName"] = [self.view.labels[k] if k >= 0 else None for k in rows]
        columns["Representation"] = [[word for word, _ in self.view.show_topic(k)] if k >= 0 else [] for k in rows]
        columns["Representative_Docs"] = [self.get_representative_docs(k) if k >= 0 else [] for k in rows]
        return frame_of(columns)

    def get_document_info(self, docs: Sequence[str], df: Any = None, metadata: Mapping[str, Any] | None = None) -> Any:
        """A table of documents with the columns of BERTopic: Document, Topic, Name, Probability and so on.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        df : DataFrame, optional
            Further columns.
        metadata : mapping of str to sequence, optional
            Further columns.

        Returns
        -------
        table : DataFrame

        Raises
        ------
        InputError
            If `docs` and the view do not have the same number of documents.
        """
        self.check_docs(docs)
        info, facts = document_info(self.view), self.get_topic_info().set_index("Topic")
        representative = {row for k in self.view.shown for row in representative_rows(self.view, k)}
        topics = info["topic"].tolist()
        columns: dict[str, Any] = {} if df is None else {name: df[name].tolist() for name in df.columns}
        columns |= {
            "Document": list(docs),
            "Topic": topics,
            "Name": [facts["Name"][k] for k in topics],
            "Representation": [facts["Representation"][k] for k in topics],
            "Representative_Docs": [facts["Representative_Docs"][k] for k in topics],
            "Top_n_words": [" - ".join(facts["Representation"][k]) for k in topics],
            "Probability": self.probabilities_,
            "Representative_document": [row in representative for row in range(len(topics))],
        }
        columns |= {} if metadata is None else {name: list(values) for name, values in metadata.items()}
        return frame_of(columns)

    def get_representative_docs(self, topic: int | None = None) -> Any:
        """Three representative texts of a topic; without `topic`, a dict of all topics to their texts."""
        if topic is None:
            return {k: self.get_representative_docs(k) for k in self.view.shown}
        return [text_of(self.view, row) for row in representative_rows(self.view, topic)]

    def find_topics(
        self, search_term: str | None = None, image: None = None, top_n: int = 5
    ) -> tuple[list[int], list[float]]:
        """The topics nearest to a text, see `TopicView.find_topics`.

        Parameters
        ----------
        search_term : str
            A word or a text.
        image : None
            Not supported.
        top_n : int
            Number of topics at most.

        Returns
        -------
        topics, scores : list of int, list of float
            The nearest first.

        Raises
        ------
        InputError
            If there is no text, or the text has no known word.
        """
        self.refuse(image=(image, None))
        if search_term is None:
            raise InputError("find_topics needs search_term, a word or a text.")
        found: tuple[list[int], list[float]] = self.view.find_topics(search_term, top_n)
        return found

    # ------------------------------------------------------------------ changes, in place

    def merge_topics(self, docs: Sequence[str], topics_to_merge: Sequence[Any], images: None = None) -> None:
        """Merge a list of topics, or several lists of topics, in place. Topics are renumbered.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        topics_to_merge : list of int, or list of lists of int
            The current numbers of topics.
        images : None
            Not supported.

        Raises
        ------
        InputError
            If a topic does not exist or occurs twice, or `docs` and the view do not have the same number of documents.
        """
        self.check_docs(docs)
        self.refuse(images=(images, None))
        if not len(topics_to_merge):
            raise InputError("topics_to_merge is empty: pass a list of topics, or a list of such lists.")
        lists = topics_to_merge if isinstance(topics_to_merge[0], Iterable) else [topics_to_merge]
        numbers = [[self.view.topic(k) for k in one] for one in lists]
        if len({k for one in numbers for k in one}) < sum(map(len, numbers)):
            raise InputError(f"A topic occurs twice in {numbers}; merge each once.")
        view = self.view
        for one in numbers:
            removed = sorted(one)[1:]
            view = view.merge(one)
            for other in numbers:  # later lists count topics as they were before this merge
                other[:] = [k - sum(r < k for r in removed) for k in other]
        self.view = view

    def reduce_topics(
        self,
        docs: Sequence[str],
        nr_topics: int | str = 20,
        images: None = None,
        use_ctfidf: bool = False,
    ) -> "LikeBERTopic":
        """Merge similar topics until `nr_topics` remain, in place.

        Topics are similar if their documents use the same words; see `topicml.explore.similar_topics`, which clusters
        them as BERTopic does. Hidden topics stay as they are, and do not count.

        Parameters
        ----------
        docs : sequence of str
            The documents of the view.
        nr_topics : int or "auto"
            Number of topics, without -1; "auto" merges topics with a similarity of at least 0.7.
        images : None
            Not supported.
        use_ctfidf : bool
            Not needed: topics are always compared by their c-TF-IDF.

        Returns
        -------
        LikeBERTopic
            The object itself.

        Raises
        ------
        InputError
            If `nr_topics` is less than 1 and not "auto", or `docs` and the view do not have the same number of
            documents.
        """
        self.check_docs(docs)
        self.refuse(images=(images, None))
        is_number = isinstance(nr_topics, (int, np.integer)) and not isinstance(nr_topics, bool) and int(nr_topics) >= 1
        if nr_topics != "auto" and not is_number:
            raise InputError(f'nr_topics must be a number of at least 1, or "auto"; received {nr_topics!r}.')
        groups = similar_topics(self.view, None if nr_topics == "auto" else int(nr_topics))
        if several := [group for group in groups if len(group) > 1]:
            self.merge_topics(docs, several)
        return self

    def set_topic_labels(self, topic_labels: Sequence[str] | Mapping[int, str]) -> None:
        """Set labels: one for each shown topic, or a mapping of topics to labels."""
        if not isinstance(topic_labels, Mapping) and len(topic_labels) != len(self.view.shown):
            raise InputError(f"{len(topic_labels)} labels were given for {len(self.view.shown)} topics.")
        pairs = (
            topic_labels.items()
            if isinstance(topic_labels, Mapping)
            else zip(self.view.shown, topic_labels, strict=True)
        )
        view = self.view
        for k, label in pairs:
            view = view.rename(k, label)
        self.view = view

    def generate_topic_labels(
        self,
        nr_words: int = 3,
        topic_prefix: bool = True,
        word_length: int | None = None,
        separator: str = "_",
        aspect: None = None,
    ) -> list[str]:
        """Make labels of the shown topics from their words. They are returned, not set.

        Parameters
        ----------
        nr_words : int
            Number of words.
        topic_prefix : bool
            Whether to begin with the number of the topic.
        word_length : int, optional
            Number of characters of each word at most.
        separator : str
            Text between the words.
        aspect : None
            Not supported.

        Returns
        -------
        list of str
        """
        self.refuse(aspect=(aspect, None))
        labels = []
        for k in self.view.shown:
            words = [word[:word_length] for word, _ in self.view.show_topic(k, nr_words)]
            labels.append(separator.join([*([str(k)] if topic_prefix else []), *words]))
        return labels

    def _sizes(self) -> dict[int, int]:
        """Number of documents of each shown topic, and of -1 if some documents have no known word."""
        table = topic_sizes(self.view)
        sizes = dict(zip(table["topic"].tolist(), table["documents"].tolist(), strict=True))
        n_without_words = int((~self.view.has_words).sum())
        return ({-1: n_without_words} if n_without_words else {}) | sizes
