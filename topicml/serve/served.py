"""The model behind the pages: its topics, and the topics of new text."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView
from topicml.explore.documents import representative_rows, text_of
from topicml.explore.steps import words_of_topic
from topicml.explore.topics import similarities
from topicml.explore.words import frex
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

SEARCHED = 50  # words of a topic that a search looks at
_DETAIL = 25  # words on a topic's page
_LEADING = 5  # topics named for a document
_EXCERPT = 160
_DOCUMENT_EXCERPT = 600


class ServedModel:
    """A model as a server shows it; one thread at a time may use it.

    Parameters
    ----------
    view : TopicView
        The topics, and documents to show if it has some.

    Raises
    ------
    InputError
        If the model's words have no names.
    """

    def __init__(self, view: TopicView) -> None:
        if getattr(view.model, "vocabulary_", None) is None:
            raise InputError(
                "The model was fitted on a matrix whose columns have no names, so there is nothing to read, and text "
                "cannot be classified. Fit on a Corpus, raw texts, or a frame with named columns."
            )
        self.view = view
        self.has_documents = view.has_documents and bool(view.has_words.any())
        self.kind = type(view.model).__name__
        self.labels = view.labels
        self.preprocessor = getattr(view.model, "preprocessor_", None)
        self._ids = view.top_word_ids(SEARCHED)
        self._shares = view.mass if self.has_documents or not view.has_documents else None
        if self.preprocessor is not None:
            self.preprocessor.tokens(["Opens what reads text before the first request."])

    @classmethod
    def without_documents(cls, model: object, *, shares: np.ndarray | None = None) -> "ServedModel":
        """Serve a model without documents.

        Parameters
        ----------
        model : TopicModel
            Fitted.
        shares : ndarray, (n_topics,), optional
            Mean topic proportions over the documents of the fit.

        Returns
        -------
        served : ServedModel

        Raises
        ------
        InputError
            If the model is not fitted, or its words have no names.
        """
        return cls(TopicView.of(model, mass=shares))

    # ------------------------------------------------------------------ topics

    def summaries(self, *, query: str = "", n_words: int = 10) -> list[TopicSummary]:
        """The topics that are shown, or those where each word of the query begins a word of the label or topic.

        Those found stand in the order of how probable the query's words are in them.
        """
        asked = query.casefold().split()
        found = []
        for k in self.view.shown:
            weight = self._match(k, asked)
            if weight is not None:
                found.append((weight, k))
        if asked:
            found.sort(key=lambda pair: -pair[0])
        return [
            TopicSummary(topic=k, label=self.labels[k], words=self._words(k, n_words), share=self._share(k))
            for _, k in found
        ]

    def detail(self, k: int) -> TopicDetail:
        """All about a topic.

        Raises
        ------
        InputError
            If there is none of this number, or it is hidden.
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
            words=[Word(word=vocabulary[i], probability=float(self.view.beta[k, i])) for i in self._ids[k, :_DETAIL]],
            distinctive=self._distinctive[k],
            neighbours=self._neighbours(k),
            documents=self._documents(k) if self.has_documents else None,
        )

    def _match(self, k: int, asked: Sequence[str]) -> float | None:
        """The probability of the query's words among the topic's first, or None where one is not there."""
        label = self.labels[k].casefold().replace(",", " ").split()
        weight = 0.0
        for part in asked:
            held = [i for i in self._likely[k] if self.view.vocabulary[i].casefold().startswith(part)]
            if not held and not any(word.startswith(part) for word in label):
                return None
            weight += float(self.view.beta[k, held].sum())
        return weight

    @cached_property
    def _likely(self) -> list[np.ndarray]:
        """Of each topic, those of its first words that are likelier in it than words are on average."""
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
        ids = np.argsort(-values, axis=1, kind="stable")[:, :15]
        return [
            [DistinctiveWord(word=self.view.vocabulary[i], frex=float(values[k, i])) for i in row]
            for k, row in enumerate(ids)
        ]

    @cached_property
    def _similar(self) -> np.ndarray:
        return similarities(self.view.beta)

    def _neighbours(self, k: int) -> list[Neighbour]:
        others = sorted((j for j in self.view.shown if j != k), key=lambda j: -self._similar[k, j])[:5]
        return [Neighbour(topic=j, label=self.labels[j], similarity=float(self._similar[k, j])) for j in others]

    def _documents(self, k: int) -> list[TopicDocument]:
        rows = representative_rows(self.view, k, 5)
        driven = words_of_topic(k, self.view.beta, self.view.theta[rows], self.view.counts[rows])
        return [
            TopicDocument(
                document=row,
                proportion=float(self.view.theta[row, k]),
                words=self._strongest(driven, number),
                text=_cut(text_of(self.view, row) or "", _DOCUMENT_EXCERPT),
            )
            for number, row in enumerate(rows)
        ]

    # ------------------------------------------------------------------ new text

    def classify(self, texts: Sequence[str]) -> list[DocumentTopics]:
        """Topics of texts, as ``topicml transform`` finds them."""
        tokens = [text.split() for text in texts] if self.preprocessor is None else self.preprocessor.tokens(texts)
        return self.classify_tokens(tokens, [_cut(text, _EXCERPT) for text in texts])

    def classify_tokens(
        self, tokens: Sequence[Sequence[str]], excerpts: Sequence[str] | None = None
    ) -> list[DocumentTopics]:
        """Topics of documents that are words already."""
        corpus = Corpus.from_tokens(tokens, vocabulary=self.view.model.vocabulary_)
        theta = np.asarray(self.view.transform(corpus))
        leading = self._leading(theta, corpus.counts)
        answers = []
        for row, words in enumerate(tokens):
            n_known = int(corpus.counts[row].sum())
            unknown = dict.fromkeys(_cut(word, 60) for word in words if word not in self._known)
            answers.append(
                DocumentTopics(
                    excerpt=_cut(" ".join(words), _EXCERPT) if excerpts is None else excerpts[row],
                    n_words=len(words),
                    n_known=n_known,
                    unknown=list(unknown)[:10],
                    topic=leading[row][0].topic if n_known else None,
                    leading=leading[row] if n_known else [],
                    theta=theta[row].tolist(),
                    note=_note(len(words), n_known),
                )
            )
        return answers

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.view.vocabulary)

    def _leading(self, theta: np.ndarray, counts: csr_matrix) -> list[list[TopicShare]]:
        """The largest shown topics of each document, with the words of it that drove them."""
        shown = np.array(self.view.shown)
        order = shown[np.argsort(-theta[:, shown], axis=1, kind="stable")[:, :_LEADING]]
        found: list[list[TopicShare]] = [[] for _ in theta]
        for rank in range(order.shape[1]):
            for k in np.unique(order[:, rank]).tolist():
                rows = np.flatnonzero(order[:, rank] == k)
                driven = words_of_topic(k, self.view.beta, theta[rows], counts[rows])
                for number, row in enumerate(rows.tolist()):
                    share = TopicShare(
                        topic=k,
                        label=self.labels[k],
                        proportion=float(theta[row, k]),
                        words=self._strongest(driven, number),
                    )
                    found[row].append(share)
        return found

    def _strongest(self, driven: csr_matrix, row: int, n: int = 6) -> list[str]:
        """Words of a document that a topic accounts for, by a third of a token at least; those of most tokens first."""
        entries = slice(driven.indptr[row], driven.indptr[row + 1])
        weights, ids = driven.data[entries], driven.indices[entries]
        order = np.argsort(-weights, kind="stable")[:n]
        return [self.view.vocabulary[ids[i]] for i in order if weights[i] >= 1 / 3]


def _note(n_words: int, n_known: int) -> str | None:
    if not n_words:
        return "The document has no words left, so theta is the prior's mean and says nothing about it."
    if not n_known:
        return (
            f"The model knows none of its words ({n_words:,}), so theta is the prior's mean and says nothing about it."
        )
    if n_known < n_words / 2 or n_known < 3:
        return f"Only {n_known:,} of {n_words:,} words are known: the topics rest on little."
    return None


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
