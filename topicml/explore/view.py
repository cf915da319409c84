"""`TopicView`: topics of a fitted model, edited in steps that can be undone; with names of BERTopic and gensim."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from topicml.errors import InputError
from topicml.explore import calibration, groups, rows, topics, tree, words
from topicml.explore import phrases as phrases_of
from topicml.explore.editing import EditableView
from topicml.explore.notebook import view_html, view_line

if TYPE_CHECKING:
    from topicml.explore.bertopic import LikeBERTopic


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
        Names of seeds (``topic_names_`` of the model), and labels set by `rename` or `label`; None where the label is
        made of words.
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

    def topics_at(self, group: str | int, n: int = 10) -> list[list[str]]:
        """See `topicml.explore.words_at`: the first words of each topic in a slice of time, or in a level.

        Parameters
        ----------
        group : str or int
            Name of the group, such as ``2012-05``, or its number.
        n : int
            Words of each topic.

        Returns
        -------
        words : list of list of str
        """
        return words.words_at(self, group, n)

    def with_phrases(self, phrases: bool = True) -> Self:
        """Name topics by phrases of the texts, such as "prime minister", instead of by single words.

        Labels that were set stay. `topicml fit` does this for texts (`--names`).

        Parameters
        ----------
        phrases : bool
            False names topics by words alone.

        Returns
        -------
        view : TopicView
            A new view. ``view.given_phrases`` has the phrases, ``view.labels`` the names; the model keeps those that it
            has.

        Raises
        ------
        InputError
            If the view has no documents with texts.
        """
        return phrases_of.with_phrases(self, phrases)

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

    # ------------------------------------------------------------------ the learned tree

    def cut(self, n_topics: int) -> Self:
        """See `topicml.explore.tree.cut`: merge topics along the tree that the model learned (``parents``).

        Parameters
        ----------
        n_topics : int
            Number of topics; a smaller cut joins topics of a larger one.

        Returns
        -------
        view : TopicView
            A new view; `undo` takes the merges back, one at a time.
        """
        merged: Self = tree.cut(self, n_topics)
        return merged

    def path(self, topic: int) -> list[str]:
        """See `topicml.explore.tree.path`: the labels of the parents of a topic, from the root, and its own."""
        return tree.path(self, topic)

    def branches(self, n_parents: int | None = None) -> list[tree.Branch]:
        """See `topicml.explore.tree.branches`: parents with their words, and the topics below each."""
        return tree.branches(self, n_parents)

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

    def as_bertopic(self) -> "LikeBERTopic":
        """An object with the methods of BERTopic, of the same meaning and signatures; it changes in place."""
        from topicml.explore.bertopic import LikeBERTopic

        return LikeBERTopic(self)

    def get_topic(self, topic: int, full: bool = False) -> Any:
        """The ten most probable words of a topic; False if there is no such topic.

        Parameters
        ----------
        topic, full
            As in `LikeBERTopic.get_topic`.

        Returns
        -------
        words : list of (str, float), dict, or False
        """
        return self.as_bertopic().get_topic(topic, full)

    def get_topic_info(self, topic: int | None = None) -> Any:
        """See `LikeBERTopic.get_topic_info`: Topic, Count, Name, Representation, Representative_Docs."""
        return self.as_bertopic().get_topic_info(topic)

    def get_representative_docs(self, topic: int | None = None) -> Any:
        """See `LikeBERTopic.get_representative_docs`: three representative texts of a topic, or of all topics."""
        return self.as_bertopic().get_representative_docs(topic)

    def find_topics(self, search_term: str | None = None, top_n: int = 5) -> tuple[list[int], list[float]]:
        """The topics nearest to a word or a text, as BERTopic's `find_topics`.

        Parameters
        ----------
        search_term : str
            A word or a text. Words that are not in the vocabulary are preprocessed as the model's texts were.
        top_n : int
            Number of topics at most.

        Returns
        -------
        topics, scores : list of int, list of float
            Best first; the mean of p(topic | word) over the known words.

        Raises
        ------
        InputError
            If no word is known, or the sizes of the topics are not known.
        """
        known = self._known_words(search_term)
        nearest = topics.nearest_topics(self, top_n, words=known)
        return nearest["topic"].tolist(), nearest["score"].tolist()

    def _known_words(self, text: Any) -> list[str]:
        if not isinstance(text, str):
            raise InputError(f"search_term must be a word or a text; received {text!r}.")
        vocabulary = set(self.vocabulary)
        words = [text] if text in vocabulary else text.split()
        rest = [word for word in words if word not in vocabulary]
        preprocessor = getattr(self.model, "preprocessor_", None)
        read = preprocessor.tokens([" ".join(rest)])[0] if preprocessor is not None and rest else []
        known = [word for word in (*words, *read) if word in vocabulary]
        if not known:
            raise InputError(f"No word of {text!r} is in the model's vocabulary. `topics()` has the words of topics.")
        return known
