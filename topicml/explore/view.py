"""`TopicView`: topics of a fitted model, edited in steps that can be undone; with names of BERTopic and gensim."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from topicml.errors import InputError
from topicml.explore import calibration, documents, groups, rows, topics, words
from topicml.explore.editing import EditableView
from topicml.explore.frames import frame_of
from topicml.explore.notebook import view_html, view_line


class TopicView(EditableView):
    """Topics of a fitted model, and documents to read them with. Immutable: each step returns a new view.

    Make one by `TopicView.of`. Without documents, everything that reads only topics works; what reads documents
    raises `InputError`.

    Attributes
    ----------
    model : TopicModel
        The fitted model; never modified.
    beta : ndarray, (n_topics, n_words)
        Word distributions after the steps; rows sum to 1.
    vocabulary : tuple of str
        The words.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions after the steps; rows sum to 1. Needs documents.
    counts : csr_matrix, (n_docs, n_words)
        Word counts of the documents. Needs documents.
    corpus : Corpus or None
        The corpus, if the documents came as one.
    mass : ndarray, (n_topics,), or None
        Mean topic proportions, of the documents or as given to `of`.
    given_labels : tuple of str or None
        Labels set by `rename` or `label`; None where the label is made of words.
    hidden : tuple of bool
        Topics that tables and plots leave out. They stay in theta and beta.
    sources : tuple of tuples of int
        The topics of the model that each topic is made of.
    steps : tuple of dict
        The steps in order, as plain data that JSON can store.
    """

    def __repr__(self) -> str:
        return view_line(self)

    def _repr_html_(self) -> str:
        return view_html(self)

    def top_words(self, n: int = 10, by: str = "probability", **options: Any) -> Any:
        """See `topicml.explore.top_words`.

        Parameters
        ----------
        n : int
            Number of words of each topic.
        by : {"probability", "frex", "relevance", "lift", "score"}
            Weight of the words.
        **options
            Options of `topicml.explore.top_words`.

        Returns
        -------
        table : DataFrame
        """
        return words.top_words(self, n, by, **options)

    def label_rows(self, documents: Any = None, **options: Any) -> Any:
        """See `topicml.explore.label_rows`: documents with their topics, joined by the index of the frame.

        Parameters
        ----------
        documents : data frame, series, list of str or Corpus, optional
            By default the documents of the view.
        **options
            Options of `topicml.explore.label_rows`, such as ``min_confidence``.

        Returns
        -------
        table : DataFrame
        """
        return rows.label_rows(self, documents, **options)

    def calibrate(self, labels: Any) -> Self:
        """See `topicml.explore.calibrated`: the confidence becomes the probability of the label of the topic.

        Parameters
        ----------
        labels : str or array-like, (n_docs,)
            A field of the documents, or a label for each.

        Returns
        -------
        view : TopicView
            A new view; `save` saves its calibration, too.
        """
        return calibration.calibrated(self, labels)

    def topics_per_class(self, field: str, **options: Any) -> Any:
        """See `topicml.explore.topics_per_class`.

        Parameters
        ----------
        field : str
            Document field with the classes.
        **options
            Options of `topicml.explore.topics_per_class`.

        Returns
        -------
        table : DataFrame
        """
        return groups.topics_per_class(self, field, **options)

    def topics_over_time(self, field: str, **options: Any) -> Any:
        """See `topicml.explore.topics_over_time`.

        Parameters
        ----------
        field : str
            Document field with the times.
        **options
            Options of `topicml.explore.topics_over_time`.

        Returns
        -------
        table : DataFrame
        """
        return groups.topics_over_time(self, field, **options)

    # ------------------------------------------------------------------ names of gensim

    def show_topic(self, topicid: int, topn: int = 10) -> list[tuple[str, float]]:
        """The most probable words of a topic, as gensim's `show_topic`.

        Parameters
        ----------
        topicid : int
            The topic.
        topn : int
            Number of words.

        Returns
        -------
        words : list of (str, float)
            Words and their probabilities, most probable first.

        Raises
        ------
        InputError
            If there is no such topic.
        """
        return words.probable_words(self, topicid, topn)

    def show_topics(self, num_topics: int = 10, num_words: int = 10) -> list[tuple[int, list[tuple[str, float]]]]:
        """The largest shown topics with their words, as gensim's ``show_topics(formatted=False)``.

        Parameters
        ----------
        num_topics : int
            Number of topics; -1 for all.
        num_words : int
            Number of words of each.

        Returns
        -------
        topics : list of (int, list of (str, float))
            The largest topics first; in the order of their numbers if their sizes are unknown (no documents).
        """
        mass = self.mass
        order = self.shown if mass is None else sorted(self.shown, key=lambda k: -mass[k])
        return [(k, self.show_topic(k, num_words)) for k in (order if num_topics < 0 else order[:num_topics])]

    def get_topics(self) -> np.ndarray:
        """The word distributions (n_topics, n_words), as gensim's `get_topics`."""
        return self.beta

    # ------------------------------------------------------------------ names of BERTopic

    def get_topic(self, topic: int) -> list[tuple[str, float]]:
        """The ten most probable words of a topic with their probabilities, as BERTopic's `get_topic`."""
        return self.show_topic(topic, 10)

    def get_topic_info(self, *, frame: str = "pandas") -> Any:
        """Topic, Count, Name, Representation, Representative_Docs, as BERTopic's `get_topic_info`.

        There is no outlier topic -1: Count is the number of documents that a topic leads.
        """
        sizes = topics.topic_sizes(self)
        return frame_of(
            {
                "Topic": sizes["topic"].to_numpy(),
                "Count": sizes["documents"].to_numpy(),
                "Name": sizes["label"].tolist(),
                "Representation": [[word for word, _ in self.show_topic(k)] for k in sizes["topic"]],
                "Representative_Docs": [self.get_representative_docs(k) for k in sizes["topic"]],
            },
            frame,
        )

    def get_document_info(self, *, frame: str = "pandas") -> Any:
        """Document, Topic, Name, Top_n_words, Probability, Representative_document, as BERTopic's."""
        info = documents.document_info(self)
        representative = {row for k in self.shown for row in documents.representative_rows(self, k)}
        top_words = {k: " - ".join(word for word, _ in self.show_topic(k)) for k in self.shown}
        return frame_of(
            {
                "Document": info["text"].tolist(),
                "Topic": info["topic"].to_numpy(),
                "Name": info["label"].tolist(),
                "Top_n_words": [top_words.get(k) for k in info["topic"]],
                "Probability": info["proportion"].to_numpy(),
                "Representative_document": [row in representative for row in range(len(self.theta))],
            },
            frame,
        )

    def get_representative_docs(self, topic: int) -> list[str | None]:
        """Texts of three representative documents of a topic, as BERTopic's."""
        return [documents.text_of(self, row) for row in documents.representative_rows(self, topic)]

    def find_topics(self, search_term: str, top_n: int = 5) -> tuple[list[int], list[float]]:
        """Topics nearest to a word of the vocabulary, as BERTopic's `find_topics`.

        Parameters
        ----------
        search_term : str
            The word.
        top_n : int
            Number of topics at most.

        Returns
        -------
        topics, scores : list of int, list of float
            Best first.

        Raises
        ------
        InputError
            If the word is unknown, or the view has neither documents nor `mass`.
        """
        nearest = topics.nearest_topics(self, top_n, words=[search_term])
        return nearest["topic"].tolist(), nearest["score"].tolist()

    def merge_topics(self, topics_to_merge: Sequence[int] | Sequence[Sequence[int]]) -> Self:
        """Merge topics, or several lists of topics, by their present numbers. Unlike BERTopic's, returns a new view."""
        lists = [topics_to_merge] if np.ndim(topics_to_merge[0]) == 0 else topics_to_merge
        numbers = [[self.topic(k) for k in one] for one in lists]  # type: ignore[union-attr, arg-type]
        if len({k for one in numbers for k in one}) < sum(map(len, numbers)):
            raise InputError(f"A topic occurs twice in {numbers}; merge each once.")
        view = self
        for one in numbers:
            removed = sorted(one)[1:]
            view = view.merge(one)
            for other in numbers:  # later lists count topics as they were before this merge
                other[:] = [k - sum(r < k for r in removed) for k in other]
        return view

    def set_topic_labels(self, topic_labels: Sequence[str] | Mapping[int, str]) -> Self:
        """Set labels: one for each topic, or a mapping of topics to labels. Unlike BERTopic's, returns a new view."""
        if not isinstance(topic_labels, Mapping) and len(topic_labels) != self.n_topics:
            raise InputError(f"{len(topic_labels)} labels were given for {self.n_topics} topics.")
        pairs = topic_labels.items() if isinstance(topic_labels, Mapping) else enumerate(topic_labels)
        view = self
        for k, label in pairs:
            view = view.rename(k, label)
        return view
