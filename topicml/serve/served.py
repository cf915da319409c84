"""The model of the server: its topics, and the topics of new text."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.corpus.places import place_of
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.documents import driving_words, representative_rows, text_of
from topicml.explore.rows import label_inferred
from topicml.explore.topics import similarities
from topicml.explore.words import frex
from topicml.runs.rows import NO_TOPIC, UNCLEAR, check_min_confidence
from topicml.serve.answers import (
    DistinctiveWord,
    DocumentTopics,
    Neighbour,
    TopicDetail,
    TopicDocument,
    TopicShare,
    TopicSummary,
    Word,
)

SEARCHED = 50  # words of a topic that a search considers
_N_WORDS = 25  # on a topic's page
_N_DISTINCTIVE = 15
_N_NEIGHBOURS = 5
_N_DOCUMENTS = 5
_N_LEADING = 5  # topics of a document
_N_DRIVING, _MIN_WEIGHT = 6, 1 / 3  # driving words of a document, and their smallest weight in tokens
_KEPT_WORDS = 50_000  # different words of requests that the tokeniser keeps, about 50 MB
_EXCERPT = 160  # characters
_DOCUMENT_EXCERPT = 600


class ServedModel:
    """A model as the server shows it. Not thread-safe: see `Worker`.

    Parameters
    ----------
    view : TopicView
        The topics, and documents to show if it has some.
    min_confidence : float, optional
        New texts below it have no topic, and a note. By default none.

    Raises
    ------
    InputError
        If the model's words have no names.
    """

    def __init__(self, view: TopicView, *, min_confidence: float | None = None) -> None:
        check_min_confidence(min_confidence)
        if getattr(view.model, "vocabulary_", None) is None:
            raise InputError(
                "The model was fitted on a matrix whose columns have no names, so its topics cannot be read and text "
                "cannot be classified. Fit on a Corpus, raw texts, or a frame with named columns."
            )
        self.view = view
        self.min_confidence = min_confidence
        self.has_documents = view.has_documents and bool(view.has_words.any())
        self.kind = type(view.model).__name__
        self.labels = view.labels
        self.preprocessor = getattr(view.model, "preprocessor_", None)
        self._ids = view.top_word_ids(SEARCHED)
        self._shares = view.mass if self.has_documents or not view.has_documents else None
        if self.preprocessor is not None:
            self.preprocessor.tokens(["Load the tokeniser before the first request."])

    @classmethod
    def without_documents(
        cls, model: object, *, shares: np.ndarray | None = None, min_confidence: float | None = None
    ) -> "ServedModel":
        """Serve a model without documents.

        Parameters
        ----------
        model : TopicModel
            Fitted.
        shares : ndarray, (n_topics,), optional
            Mean topic proportions over the documents of the fit.
        min_confidence : float, optional
            As of the class.

        Returns
        -------
        served : ServedModel

        Raises
        ------
        InputError
            If the model is not fitted, or its words have no names.
        """
        return cls(TopicView.of(model, mass=shares), min_confidence=min_confidence)

    # ------------------------------------------------------------------ topics

    def summaries(self, *, query: str = "", n_words: int = 10) -> list[TopicSummary]:
        """Shown topics in short, all or those that match a query.

        Parameters
        ----------
        query : str
            Prefixes of words, ignoring case; each must occur in the topic's label or among its first words.
        n_words : int
            Number of words of each topic.

        Returns
        -------
        topics : list of TopicSummary
            By number; with a query, those in which its words are most probable first.
        """
        prefixes = query.casefold().split()
        matches = []
        for k in self.view.shown:
            weight = self._match(k, prefixes)
            if weight is not None:
                matches.append((weight, k))
        if prefixes:
            matches.sort(key=lambda pair: -pair[0])
        return [
            TopicSummary(topic=k, label=self.labels[k], words=self._words(k, n_words), share=self._share(k))
            for _, k in matches
        ]

    def detail(self, k: int) -> TopicDetail:
        """A topic in full.

        Raises
        ------
        InputError
            If there is no topic of this number, or it is hidden.
        """
        self.view.topic(k)
        if k not in self.view.shown:
            raise InputError(f"Topic {k} is hidden.")
        vocabulary = self.view.vocabulary
        return TopicDetail(
            topic=k,
            label=self.labels[k],
            share=self._share(k),
            leads=None if self._leads is None else int(self._leads[k]),
            words=[Word(word=vocabulary[i], probability=float(self.view.beta[k, i])) for i in self._ids[k, :_N_WORDS]],
            distinctive=self._distinctive[k],
            neighbours=self._neighbours(k),
            documents=self._documents(k) if self.has_documents else None,
        )

    def _match(self, k: int, prefixes: Sequence[str]) -> float | None:
        """Probability of the matching words among the topic's first; None if a prefix has no match."""
        label = self.labels[k].casefold().replace(",", " ").split()
        weight = 0.0
        for prefix in prefixes:
            ids = [i for i in self._likely[k] if self.view.vocabulary[i].casefold().startswith(prefix)]
            if not ids and not any(word.startswith(prefix) for word in label):
                return None
            weight += float(self.view.beta[k, ids].sum())
        return weight

    @cached_property
    def _likely(self) -> list[np.ndarray]:
        """The first words of each topic that have more than uniform probability in it."""
        return [ids[self.view.beta[k, ids] > 1 / len(self.view.vocabulary)] for k, ids in enumerate(self._ids)]

    def _words(self, k: int, n: int) -> list[str]:
        return [self.view.vocabulary[i] for i in self._ids[k, :n]]

    def _share(self, k: int) -> float | None:
        return None if self._shares is None else float(self._shares[k])

    @cached_property
    def _leads(self) -> np.ndarray | None:
        """Number of documents that each topic leads; None without documents."""
        return self.view.leading_counts() if self.has_documents else None

    @cached_property
    def _distinctive(self) -> list[list[DistinctiveWord]]:
        values = frex(self.view.beta)
        ids = np.argsort(-values, axis=1, kind="stable")[:, :_N_DISTINCTIVE]
        return [
            [DistinctiveWord(word=self.view.vocabulary[i], frex=float(values[k, i])) for i in row]
            for k, row in enumerate(ids)
        ]

    @cached_property
    def _similarities(self) -> np.ndarray:
        return similarities(self.view.beta)

    def _neighbours(self, k: int) -> list[Neighbour]:
        similarity = self._similarities[k]
        nearest = sorted((j for j in self.view.shown if j != k), key=lambda j: -similarity[j])[:_N_NEIGHBOURS]
        return [Neighbour(topic=j, label=self.labels[j], similarity=float(similarity[j])) for j in nearest]

    def _documents(self, k: int) -> list[TopicDocument]:
        rows = representative_rows(self.view, k, _N_DOCUMENTS)
        driving = self._driving(k, self.view.theta[rows], self.view.counts[rows])
        return [
            TopicDocument(
                document=row,
                place=place_of(self.view.corpus, row),
                proportion=float(self.view.theta[row, k]),
                words=words,
                text=_truncate(text_of(self.view, row) or "", _DOCUMENT_EXCERPT),
            )
            for row, words in zip(rows, driving, strict=True)
        ]

    # ------------------------------------------------------------------ new text

    def classify(self, texts: Sequence[str]) -> list[DocumentTopics]:
        """Topics of texts, with the theta of ``transform``."""
        tokens = [text.split() for text in texts] if self.preprocessor is None else self.preprocessor.tokens(texts)
        if self.preprocessor is not None and hasattr(self.preprocessor, "forget_words"):
            self.preprocessor.forget_words(beyond=_KEPT_WORDS)
        return self.classify_tokens(tokens, [_truncate(text, _EXCERPT) for text in texts])

    def classify_tokens(
        self, tokens: Sequence[Sequence[str]], excerpts: Sequence[str] | None = None
    ) -> list[DocumentTopics]:
        """Topics of documents that are lists of words.

        Parameters
        ----------
        tokens : sequence of sequence of str
            Words of each document, preprocessed as for the fit.
        excerpts : sequence of str, optional
            Beginnings of the documents; by default the words joined.

        Returns
        -------
        documents : list of DocumentTopics
        """
        corpus = Corpus.from_tokens(tokens, vocabulary=self.view.model.vocabulary_)
        inferred = np.asarray(self.view.model.transform(corpus))
        theta = self.view.changed(inferred, corpus.counts)
        rows = label_inferred(self.view, inferred, corpus.counts, min_confidence=self.min_confidence)
        leading = self._largest(theta, corpus.counts)
        answers = []
        for row, words in enumerate(tokens):
            n_known = int(corpus.counts[row].sum())
            unknown = dict.fromkeys(_truncate(word, 60) for word in words if word not in self._vocabulary)
            answers.append(
                DocumentTopics(
                    excerpt=_truncate(" ".join(words), _EXCERPT) if excerpts is None else excerpts[row],
                    n_words=len(words),
                    n_known=n_known,
                    unknown=list(unknown)[:10],
                    topic=int(rows.topic[row]) if rows.topic[row] != NO_TOPIC else None,
                    confidence=None if np.isnan(rows.confidence[row]) else float(rows.confidence[row]),
                    leading=leading[row] if n_known else [],
                    theta=theta[row].tolist(),
                    note=_note(len(words), n_known) or (rows.note[row] if rows.label[row] == UNCLEAR else None),
                )
            )
        return answers

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self.view.vocabulary)

    def _largest(self, theta: np.ndarray, counts: csr_matrix) -> list[list[TopicShare]]:
        """The largest shown topics of each document, with the words that drove them."""
        shown = np.array(self.view.shown)
        order = shown[np.argsort(-theta[:, shown], axis=1, kind="stable")[:, :_N_LEADING]]
        shares: list[list[TopicShare]] = [[] for _ in theta]
        for rank in range(order.shape[1]):
            for k in np.unique(order[:, rank]).tolist():
                rows = np.flatnonzero(order[:, rank] == k)
                driving = self._driving(k, theta[rows], counts[rows])
                for row, words in zip(rows.tolist(), driving, strict=True):
                    share = TopicShare(
                        topic=k,
                        label=self.labels[k],
                        proportion=float(theta[row, k]),
                        words=words,
                    )
                    shares[row].append(share)
        return shares

    def _driving(self, topic: int, theta: np.ndarray, counts: csr_matrix) -> list[list[str]]:
        """The words of each document that drove a topic, those with the largest weight first."""
        documents = driving_words(self.view, topic, theta, counts, _N_DRIVING)
        return [[word for word, weight in words if weight >= _MIN_WEIGHT] for words in documents]


def _note(n_words: int, n_known: int) -> str | None:
    """A warning about a document with few words of the vocabulary."""
    not_informed = "so the topic proportions are those that the model assumes before it reads a word."
    if not n_words:
        return f"No words are left after preprocessing, {not_informed}"
    if not n_known:
        return f"None of the {n_words:,} words is in the vocabulary, {not_informed}"
    if n_known < n_words / 2 or n_known < 3:
        return f"Only {n_known:,} of {n_words:,} words are in the vocabulary: the topics are unreliable."
    return None


def _truncate(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
