"""`TopicView`: a fitted model and documents, with topics merged, split, renamed and hidden in steps one can undo."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.explore.familiar import FamiliarNames
from topicml.explore.notebook import ShownView
from topicml.explore.steps import Merge, Split, learned_split, word_split
from topicml.models.base import TopicModel
from topicml.models.documents import documents_to_transform


@dataclass(frozen=True, eq=False, repr=False)
class TopicView(FamiliarNames, ShownView):
    """A fitted model and the documents one looks at it with. It does not change: each step gives a new view.

    Attributes
    ----------
    model : TopicModel
        What was fitted; it is left as it is.
    corpus : Corpus or None
        The documents, where they came as a corpus.
    counts : csr_matrix, (n_docs, n_words)
        Their words, in the model's columns.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions after the steps; rows sum to 1.
    beta : ndarray, (n_topics, n_words)
        Word distributions after the steps; rows sum to 1.
    vocabulary : tuple of str
        The words.
    given_labels : tuple of str or None
        Labels given by hand or by a function; None where the label is made of words.
    hidden : tuple of bool
        Topics that tables and plots leave out. They stay in theta and beta.
    sources : tuple of tuples of int
        The model's own topics in each.
    steps : tuple of dict
        What was done, in order, as JSON can hold it.
    """

    model: Any
    corpus: Corpus | None
    counts: csr_matrix
    theta: np.ndarray
    beta: np.ndarray
    vocabulary: tuple[str, ...]
    given_labels: tuple[str | None, ...]
    hidden: tuple[bool, ...]
    sources: tuple[tuple[int, ...], ...]
    steps: tuple[dict[str, Any], ...] = ()
    changes: tuple[Merge | Split, ...] = ()
    parent: "TopicView | None" = None

    @classmethod
    def of(cls, model: Any, documents: Any, *, theta: np.ndarray | None = None) -> Self:
        """Look at a model with documents.

        Parameters
        ----------
        model : TopicModel
            Fitted. Another object with ``components_``, ``vocabulary_`` and ``transform`` will do.
        documents : Corpus, sequence of str, or matrix (n_docs, n_words)
            As `TopicModel.transform` takes them.
        theta : ndarray, (n_docs, n_topics), optional
            Their topic proportions, where they are known already.

        Raises
        ------
        InputError
            If the model is not fitted, or theta has another shape.
        """
        if getattr(model, "components_", None) is None:
            raise InputError(f"{type(model).__name__} is not fitted: it has no components_. Call fit first.")
        beta = np.asarray(model.components_, dtype=np.float64)
        counts = _counts(model, documents)
        if theta is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", TopicWarning)  # said when the words were counted
                theta = model.transform(documents)
        theta = np.array(theta)
        if theta.shape != (counts.shape[0], len(beta)):
            raise InputError(f"theta has shape {theta.shape}; it must be {(counts.shape[0], len(beta))}.")
        names = getattr(model, "vocabulary_", None)
        vocabulary = tuple(f"x{i}" for i in range(beta.shape[1])) if names is None else tuple(names)
        topics = range(len(beta))
        corpus = documents if isinstance(documents, Corpus) else None
        sources = tuple((k,) for k in topics)
        return cls(model, corpus, counts, theta, beta, vocabulary, (None,) * len(beta), (False,) * len(beta), sources)

    @property
    def n_topics(self) -> int:
        """Topics after the steps, hidden ones included."""
        return len(self.beta)

    @property
    def shown(self) -> list[int]:
        """Topics that are not hidden."""
        return [k for k, hidden in enumerate(self.hidden) if not hidden]

    @property
    def labels(self) -> list[str]:
        """A label a topic: the given one, or its number and first four words."""
        made = [", ".join(self.vocabulary[i] for i in row) for row in np.argsort(-self.beta, 1, kind="stable")[:, :4]]
        return [f"{k}: {made[k]}" if label is None else label for k, label in enumerate(self.given_labels)]

    def leading(self, theta: np.ndarray) -> np.ndarray:
        """The largest of the topics that are shown, along the last axis of theta (..., n_topics)."""
        shown = np.array(self.shown)
        return shown[theta[..., shown].argmax(axis=-1)]

    # ------------------------------------------------------------------ steps

    def merge(self, topics: Sequence[int]) -> "TopicView":
        """Make one topic of several, in the place of the first: theta's columns are added, beta's rows averaged.

        The average is weighted by the theta-mass of each over these documents. The label of the first stays if it was
        given.

        Raises
        ------
        InputError
            If there are fewer than two, or no such topics.
        """
        chosen = tuple(sorted({self.topic(k) for k in topics}))
        if len(chosen) < 2:
            raise InputError(f"Merging needs two topics at least; received {list(topics)}.")
        change = Merge(chosen, self.theta[:, list(chosen)].sum(axis=0, dtype=np.float64))
        kept = [k for k in range(self.n_topics) if k not in chosen[1:]]
        sources = list(self.sources)
        sources[chosen[0]] = tuple(sorted(sum((self.sources[k] for k in chosen), ())))
        return self._changed(change, {"do": "merge", "topics": list(chosen)}, kept, sources)

    def split(self, topic: int, *, words: Sequence[str] | None = None, n_parts: int = 2, seed: int = 0) -> "TopicView":
        """Make several topics of one: the first in its place, the others at the end.

        Parameters
        ----------
        topic : int
            Which.
        words : sequence of str, optional
            Split off these words of it as a topic of their own. Otherwise the parts are learned from the documents, by
            non-negative factors of the words that the topic accounts for.
        n_parts, seed : int
            How many parts to learn, and the seed.

        Raises
        ------
        InputError
            If a word is unknown, a part would be empty, or `n_parts` is under 2.
        """
        topic = self.topic(topic)
        step: dict[str, Any] = {"do": "split", "topic": topic}
        if words is not None:
            change = word_split(topic, self.word_ids(words), self.beta)
            step["words"] = list(words)
        else:
            if n_parts < 2:
                raise InputError(f"n_parts must be at least 2; received {n_parts}.")
            change = learned_split(topic, n_parts, self.beta, self.theta, self.counts, seed)
            step |= {"n_parts": n_parts, "seed": seed}
        added = len(change.shares) - 1
        sources = [*self.sources, *[self.sources[topic]] * added]
        return self._changed(change, step, [*range(self.n_topics), *[topic] * added], sources)

    def rename(self, topic: int, label: str | None) -> "TopicView":
        """Give a topic a label by hand; None takes it away."""
        topic = self.topic(topic)
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise InputError(f"A label must be text that is not empty; received {label!r}.")
        labels = tuple(label if k == topic else old for k, old in enumerate(self.given_labels))
        return self._stepped({"do": "rename", "topic": topic, "label": label}, given_labels=labels)

    def label(self, function: Callable[[list[str]], str], *, topn: int = 10) -> "TopicView":
        """Give every topic the label that a function makes of its `topn` most probable words (an LLM call, say)."""
        view = self
        for k, row in enumerate(np.argsort(-self.beta, axis=1, kind="stable")[:, :topn]):
            view = view.rename(k, function([self.vocabulary[i] for i in row]))
        return view

    def hide(self, topic: int) -> "TopicView":
        """Leave a topic out of tables and plots."""
        return self._hidden(topic, True)

    def show(self, topic: int) -> "TopicView":
        """Take a hidden topic in again."""
        return self._hidden(topic, False)

    def undo(self) -> "TopicView":
        """The view before the last step, the same to the bit.

        Raises
        ------
        InputError
            If there was no step.
        """
        if self.parent is None:
            raise InputError("There is no step to undo.")
        return self.parent

    def to_dict(self) -> dict[str, Any]:
        """The steps as JSON can hold them; `from_dict` does them again."""
        return {"version": 1, "n_topics": len(self.model.components_), "steps": [dict(step) for step in self.steps]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], model: Any, documents: Any) -> "TopicView":
        """Do the steps of `to_dict` again, over the same model; with the same documents, to the same bits.

        Raises
        ------
        InputError
            If the steps are of another model's topics, of a newer version, or unknown.
        """
        view: TopicView = cls.of(model, documents)
        if stored.get("version") != 1 or stored.get("n_topics") != view.n_topics:
            raise InputError(
                f"These steps are version {stored.get('version')} over {stored.get('n_topics')} topics; the model has "
                f"{view.n_topics} topics, and version 1 is read. Give the model they were made with."
            )
        for step in stored["steps"]:
            arguments = {name: value for name, value in step.items() if name != "do"}
            if step.get("do") not in ("merge", "split", "rename", "hide", "show"):
                raise InputError(f"The step {step!r} is unknown; steps are merge, split, rename, hide and show.")
            view = getattr(view, step["do"])(**arguments)
        return view

    def transform(self, documents: Any) -> np.ndarray:
        """Topic proportions of other documents after the steps: (n_docs, n_topics), rows sum to 1."""
        return self.changed(np.asarray(self.model.transform(documents)), _counts(self.model, documents))

    def changed(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """The model's own theta (n_docs, K) of documents with these counts, after the steps."""
        for change in self.changes:
            theta = change.theta(theta, counts)
        return theta

    # ------------------------------------------------------------------ checks

    def topic(self, k: int) -> int:
        """The number of a topic, checked."""
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 0 <= k < self.n_topics:
            raise InputError(f"There is no topic {k!r}; topics are 0 to {self.n_topics - 1}.")
        return int(k)

    def word_ids(self, words: Sequence[str]) -> np.ndarray:
        """Columns of words; raises `InputError` where one is unknown."""
        index = {word: i for i, word in enumerate(self.vocabulary)}
        unknown = [word for word in words if word not in index]
        if isinstance(words, str) or unknown or not len(words):
            raise InputError(f"Words must be a list of words of the vocabulary; not in it: {unknown[:5] or words!r}.")
        return np.array([index[word] for word in words])

    def field(self, name: str) -> np.ndarray:
        """A field of the documents; raises `InputError` where there is none."""
        if self.corpus is None:
            raise InputError(f"Field {name!r} was asked for, and these documents have no fields. Give a Corpus.")
        return self.corpus.fields[name]

    def _hidden(self, topic: int, value: bool) -> "TopicView":
        topic = self.topic(topic)
        hidden = tuple(value if k == topic else old for k, old in enumerate(self.hidden))
        if all(hidden):
            raise InputError("The last topic that is shown cannot be hidden.")
        return self._stepped({"do": "hide" if value else "show", "topic": topic}, hidden=hidden)

    def _stepped(self, step: dict[str, Any], **changes: Any) -> "TopicView":
        return replace(self, steps=(*self.steps, step), parent=self, **changes)

    def _changed(
        self, change: Merge | Split, step: dict[str, Any], kept: Sequence[int], sources: Sequence[tuple[int, ...]]
    ) -> "TopicView":
        first = {k: i for i, k in reversed(list(enumerate(kept)))}
        return self._stepped(
            step,
            theta=change.theta(self.theta, self.counts),
            beta=change.beta(self.beta),
            given_labels=tuple(self.given_labels[k] if first[k] == i else None for i, k in enumerate(kept)),
            hidden=tuple(self.hidden[k] for k in kept),
            sources=tuple(sources[i] if i >= self.n_topics else sources[k] for i, k in enumerate(kept)),
            changes=(*self.changes, change),
        )


def _counts(model: Any, documents: Any) -> csr_matrix:
    if isinstance(model, TopicModel):
        return documents_to_transform(model, documents).counts
    if isinstance(documents, Corpus):
        if tuple(documents.vocabulary) != tuple(model.vocabulary_):
            raise InputError("The corpus has other words than the model. Give the corpus in the model's vocabulary.")
        return documents.counts
    return csr_matrix(documents)
