"""Names that users of BERTopic and gensim know, where they mean the same."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError
from topicml.explore import documents, groups, topics, words
from topicml.explore.frames import frame_of

if TYPE_CHECKING:
    from topicml.explore.view import TopicView


class FamiliarNames:
    """Methods of a `TopicView` by the names that BERTopic and gensim have for them."""

    def show_topic(self: "TopicView", topicid: int, topn: int = 10) -> list[tuple[str, float]]:  # type: ignore[misc]
        """The most probable words of a topic and their probabilities, as gensim's `show_topic`."""
        row = self.beta[self.topic(topicid)]
        return [(self.vocabulary[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:topn]]

    def show_topics(  # type: ignore[misc]
        self: "TopicView", num_topics: int = 10, num_words: int = 10
    ) -> list[tuple[int, list[tuple[str, float]]]]:
        """The largest topics that are shown with their words, as gensim's ``show_topics(formatted=False)``; -1: all."""
        mass = self.theta.sum(axis=0, dtype=np.float64)
        order = sorted(self.shown, key=lambda k: -mass[k])
        return [(k, self.show_topic(k, num_words)) for k in (order if num_topics < 0 else order[:num_topics])]

    def get_topics(self: "TopicView") -> np.ndarray:  # type: ignore[misc]
        """The word distributions (n_topics, n_words), as gensim's `get_topics`."""
        return self.beta

    def get_topic(self: "TopicView", topic: int) -> list[tuple[str, float]]:  # type: ignore[misc]
        """The ten first words of a topic with their weights, as BERTopic's `get_topic`."""
        return self.show_topic(topic, 10)

    def get_topic_info(self: "TopicView", *, frame: str = "pandas") -> Any:  # type: ignore[misc]
        """Topic, Count, Name, Representation, Representative_Docs, as BERTopic's `get_topic_info`.

        There is no outlier topic -1: Count is of the documents that a topic leads.
        """
        sizes = topics.topic_sizes(self)
        held = [documents.representative_rows(self, k) for k in sizes["topic"]]
        return frame_of(
            {
                "Topic": sizes["topic"].to_numpy(),
                "Count": sizes["documents"].to_numpy(),
                "Name": sizes["label"].tolist(),
                "Representation": [[word for word, _ in self.show_topic(k)] for k in sizes["topic"]],
                "Representative_Docs": [[documents.text_of(self, row) for row in rows] for rows in held],
            },
            frame,
        )

    def get_document_info(self: "TopicView", *, frame: str = "pandas") -> Any:  # type: ignore[misc]
        """Document, Topic, Name, Top_n_words, Probability, Representative_document, as BERTopic's."""
        info = documents.document_info(self)
        chosen = {row for k in self.shown for row in documents.representative_rows(self, k)}
        first = {k: " - ".join(word for word, _ in self.show_topic(k)) for k in self.shown}
        return frame_of(
            {
                "Document": info["text"].tolist(),
                "Topic": info["topic"].to_numpy(),
                "Name": info["label"].tolist(),
                "Top_n_words": [first.get(k) for k in info["topic"]],
                "Probability": info["proportion"].to_numpy(),
                "Representative_document": [row in chosen for row in range(len(self.theta))],
            },
            frame,
        )

    def get_representative_docs(self: "TopicView", topic: int) -> list[str | None]:  # type: ignore[misc]
        """Texts of three documents that stand for a topic, as BERTopic's."""
        return [documents.text_of(self, row) for row in documents.representative_rows(self, topic)]

    def find_topics(  # type: ignore[misc]
        self: "TopicView", search_term: str, top_n: int = 5
    ) -> tuple[list[int], list[float]]:
        """Topics nearest to a word of the vocabulary, and their scores, as BERTopic's `find_topics`."""
        found = topics.nearest_topics(self, top_n, words=[search_term])
        return found["topic"].tolist(), found["score"].tolist()

    def topics_per_class(self: "TopicView", field: str, **options: Any) -> Any:  # type: ignore[misc]
        """See `topicml.explore.topics_per_class`; the classes are a field of the corpus."""
        return groups.topics_per_class(self, field, **options)

    def topics_over_time(self: "TopicView", field: str, **options: Any) -> Any:  # type: ignore[misc]
        """See `topicml.explore.topics_over_time`; the times are a field of the corpus."""
        return groups.topics_over_time(self, field, **options)

    def merge_topics(  # type: ignore[misc]
        self: "TopicView", topics_to_merge: Sequence[int] | Sequence[Sequence[int]]
    ) -> "TopicView":
        """Merge topics, or several lists of topics, numbered as they are now; unlike BERTopic's, gives a new view."""
        lists = [topics_to_merge] if np.ndim(topics_to_merge[0]) == 0 else topics_to_merge
        numbers = [[self.topic(k) for k in one] for one in lists]  # type: ignore[union-attr, arg-type]
        if len({k for one in numbers for k in one}) < sum(map(len, numbers)):
            raise InputError(f"A topic stands twice in {numbers}; merge each once.")
        view: TopicView = self
        for one in numbers:
            removed = sorted(one)[1:]
            view = view.merge(one)
            for other in numbers:
                other[:] = [k - sum(gone < k for gone in removed) for k in other]
        return view

    def set_topic_labels(  # type: ignore[misc]
        self: "TopicView", topic_labels: Sequence[str] | Mapping[int, str]
    ) -> "TopicView":
        """Give labels by hand: one a topic, or a mapping of topics to labels. Unlike BERTopic's, gives a new view."""
        if not isinstance(topic_labels, Mapping) and len(topic_labels) != self.n_topics:
            raise InputError(f"{len(topic_labels)} labels were given for {self.n_topics} topics.")
        pairs = topic_labels.items() if isinstance(topic_labels, Mapping) else enumerate(topic_labels)
        view: TopicView = self
        for k, label in pairs:
            view = view.rename(k, label)
        return view

    def top_words(self: "TopicView", n: int = 10, by: str = "probability", **options: Any) -> Any:  # type: ignore[misc]
        """See `topicml.explore.top_words`."""
        return words.top_words(self, n, by, **options)
