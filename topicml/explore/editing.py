"""Steps of a view: merge, split, rename, label, hide and show topics, undo, and store the steps as plain data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import numpy as np
from scipy.sparse import csr_matrix

from topicml.checks import require
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.steps import Merge, Split, learned_split, word_split

_STEPS = ("merge", "split", "rename", "hide", "show")


@dataclass(frozen=True, eq=False, repr=False)
class EditableView(BaseView):
    """A `BaseView` whose topics can be edited. Each step returns a new view."""

    def merge(self, topics: Sequence[int]) -> Self:
        """Merge topics into one, in the place of the first: sum the columns of theta, average the rows of beta.

        The average is weighted by the mass of each topic over the documents. The first topic keeps a label that was
        set by hand.

        Parameters
        ----------
        topics : sequence of int
            Two topics or more.

        Returns
        -------
        view : TopicView
            A new view with fewer topics.

        Raises
        ------
        InputError
            If there are fewer than two topics, a topic does not exist, or the view has neither documents nor `mass`.
        """
        merged = tuple(sorted({self.topic(k) for k in topics}))
        if len(merged) < 2:
            raise InputError(f"Merging needs two topics at least; received {list(topics)}.")
        if self.documents is None:
            mass = self.require_mass("Merging topics")[list(merged)]
        else:
            mass = self.theta[:, list(merged)].sum(axis=0, dtype=np.float64)
        remaining = [k for k in range(self.n_topics) if k not in merged[1:]]
        sources = list(self.sources)
        sources[merged[0]] = tuple(sorted(sum((self.sources[k] for k in merged), ())))
        return self._changed(Merge(merged, mass), {"do": "merge", "topics": list(merged)}, remaining, sources)

    def split(self, topic: int, *, words: Sequence[str] | None = None, n_parts: int = 2, seed: int = 0) -> Self:
        """Split a topic into parts: the first in its place, the others at the end.

        Parameters
        ----------
        topic : int
            The topic.
        words : sequence of str, optional
            Move these words of the topic to a new topic. By default the parts are learned from the documents,
            by non-negative matrix factorisation of the words that the topic accounts for.
        n_parts, seed : int
            Number of parts to learn, and the seed.

        Returns
        -------
        view : TopicView
            A new view with more topics.

        Raises
        ------
        InputError
            If a word is unknown, a part would be empty, `n_parts` is less than 2, or parts are to be learned and the
            view has no documents.
        """
        topic = self.topic(topic)
        step: dict[str, Any] = {"do": "split", "topic": topic}
        if words is not None:
            change = word_split(topic, self.word_ids(words), self.beta)
            step["words"] = list(words)
        else:
            require(n_parts >= 2, "n_parts", n_parts, "at least 2")
            self.require_documents("Learning the parts of a topic (split without words=)")
            change = learned_split(topic, n_parts, self.beta, self.theta, self.counts, seed)
            step |= {"n_parts": n_parts, "seed": seed}
        added = len(change.shares) - 1
        sources = [*self.sources, *[self.sources[topic]] * added]
        return self._changed(change, step, [*range(self.n_topics), *[topic] * added], sources)

    def rename(self, topic: int, label: str | None) -> Self:
        """Set the label of a topic.

        Parameters
        ----------
        topic : int
            The topic.
        label : str or None
            The new label; None restores the automatic one.

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            If the topic does not exist, or the label is empty or not a string.
        """
        topic = self.topic(topic)
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise InputError(f"A label must be text that is not empty; received {label!r}.")
        labels = tuple(label if k == topic else old for k, old in enumerate(self.given_labels))
        return self._with_step({"do": "rename", "topic": topic, "label": label}, given_labels=labels)

    def label(self, function: Callable[[list[str]], str], *, topn: int = 10) -> Self:
        """Label every topic by a function of its most probable words, for example a call of a language model.

        Parameters
        ----------
        function : callable
            Takes a list of words and returns a label.
        topn : int
            Number of words.

        Returns
        -------
        view : TopicView
        """
        view = self
        for k, ids in enumerate(self.top_word_ids(topn)):
            view = view.rename(k, function([self.vocabulary[i] for i in ids]))
        return view

    def hide(self, topic: int) -> Self:
        """Leave a topic out of tables and plots."""
        return self._with_hidden(topic, True)

    def show(self, topic: int) -> Self:
        """Put a hidden topic back into tables and plots."""
        return self._with_hidden(topic, False)

    def undo(self) -> Self:
        """The view before the last step, bit for bit; raises `InputError` if there was no step."""
        if self.parent is None:
            raise InputError("There is no step to undo.")
        return cast(Self, self.parent)

    def to_dict(self) -> dict[str, Any]:
        """The steps as plain data that JSON can store; `from_dict` repeats them."""
        return {"version": 1, "n_topics": len(self.model.components_), "steps": [dict(step) for step in self.steps]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], model: Any, documents: Any = None) -> Self:
        """Repeat the steps of `to_dict` on a new view of the same model; the same documents give the same bits.

        Parameters
        ----------
        stored : mapping
            What `to_dict` returned.
        model, documents
            As in `of`.

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            If the steps belong to a model with another number of topics, have another version or an unknown name, or
            need documents and the view has no documents.
        """
        view = cls.of(model, documents)
        if stored.get("version") != 1 or stored.get("n_topics") != view.n_topics:
            raise InputError(
                f"These steps are version {stored.get('version')} over {stored.get('n_topics')} topics; the model has "
                f"{view.n_topics} topics, and version 1 is read. Pass the model they were made with."
            )
        for step in stored["steps"]:
            arguments = {name: value for name, value in step.items() if name != "do"}
            if step.get("do") not in _STEPS:
                raise InputError(f"The step {step!r} is unknown; steps are merge, split, rename, hide and show.")
            view = getattr(view, step["do"])(**arguments)
        return view

    def _with_hidden(self, topic: int, value: bool) -> Self:
        topic = self.topic(topic)
        hidden = tuple(value if k == topic else old for k, old in enumerate(self.hidden))
        if all(hidden):
            raise InputError("The last topic that is shown cannot be hidden.")
        return self._with_step({"do": "hide" if value else "show", "topic": topic}, hidden=hidden)

    def _with_step(self, step: dict[str, Any], **fields: Any) -> Self:
        return replace(self, steps=(*self.steps, step), parent=self, **fields)

    def _changed(
        self, change: Merge | Split, step: dict[str, Any], remaining: Sequence[int], sources: Sequence[tuple[int, ...]]
    ) -> Self:
        """The view after a change; `kept` are the old numbers of the new topics."""
        first = {k: i for i, k in reversed(list(enumerate(remaining)))}
        documents, mass = self.documents, self.given_mass
        if documents is not None:
            documents = replace(documents, theta=change.theta(documents.theta, documents.counts))
        if mass is not None:
            mass = change.theta(mass[None], csr_matrix((1, len(self.vocabulary))))[0]
        return self._with_step(
            step,
            beta=change.beta(self.beta),
            documents=documents,
            given_mass=mass,
            given_labels=tuple(self.given_labels[k] if first[k] == i else None for i, k in enumerate(remaining)),
            hidden=tuple(self.hidden[k] for k in remaining),
            sources=tuple(sources[i] if i >= self.n_topics else sources[k] for i, k in enumerate(remaining)),
            changes=(*self.changes, change),
        )
