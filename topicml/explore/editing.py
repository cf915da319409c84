"""Steps of a view: merge, split, rename, label, hide, show and order topics, undo them, and save them."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np
from scipy.sparse import csr_matrix

from topicml.checks import require
from topicml.corpus.columns import encodable
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.labelling import TopicToLabel, labelled
from topicml.explore.replay import replayed, stored_steps, without_calibration, without_step
from topicml.explore.saving import save_edits
from topicml.explore.steps import Merge, Order, Split, learned_split, word_split

CALIBRATION = "calibrate"
"""Name of the calibration to labels, for `undo`."""


@dataclass(frozen=True, eq=False, repr=False)
class EditableView(BaseView):
    """A `BaseView` whose topics can be edited. Each step returns a new view."""

    @classmethod
    def of(
        cls,
        model: Any,
        documents: Any = None,
        *,
        theta: np.ndarray | None = None,
        mass: np.ndarray | None = None,
        edits: bool = True,
    ) -> Self:
        """Make a view of a model, with documents or without.

        Without documents, everything that reads only topics works (words, labels, similarities, hiding, renaming);
        what reads documents raises `InputError`.

        Parameters
        ----------
        model, documents, theta, mass
            As in `BaseView.of`.
        edits : bool
            Whether the view begins with the edits that were saved with the model (`save`).

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            As `BaseView.of`; or if the saved edits do not fit the model.
        """
        view = super().of(model, documents, theta=theta, mass=mass)
        saved = getattr(model, "edits_", None) if edits else None
        if not saved:
            return view
        try:
            return replayed(view, saved)
        except InputError as error:
            place = getattr(model, "folder_", None) or "the model"
            raise InputError(f"The edits that were saved with {place} do not fit its topics. {error}") from error

    def merge(self, topics: Sequence[int]) -> Self:
        """Merge topics into the one with the lowest number: sum the columns of theta, average the rows of beta.

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
            mass = self.theta_with_words[:, list(merged)].sum(axis=0, dtype=np.float64)
        return self._merged(merged, mass)

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
        return self._split(change, step)

    def rename(self, topic: int, label: str | None) -> Self:
        """Set the label of a topic.

        Parameters
        ----------
        topic : int
            The topic.
        label : str or None
            The new label; None restores the automatic one. Each stretch of white space, such as a line break, becomes
            one space.

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            If the topic does not exist, or the label is empty, not a string, or not encodable as UTF-8.
        """
        topic = self.topic(topic)
        if label is not None and (not isinstance(label, str) or not label.strip()):
            raise InputError(f"A label must be text that is not empty; received {label!r}.")
        if label is not None:
            label = " ".join(label.split())
            if encodable(label) != label:
                raise InputError(f"A label must be text that UTF-8 can encode; received {label!r}.")
        labels = tuple(label if k == topic else old for k, old in enumerate(self.given_labels))
        return self._with_step({"do": "rename", "topic": topic, "label": label}, given_labels=labels)

    def label(self, function: Callable[[TopicToLabel], str | None], *, topn: int = 10, **options: Any) -> Self:
        """Label every topic by a function of its words, for example a call of a language model.

        Parameters
        ----------
        function : callable
            Takes a list of words and returns a label, or None for the automatic one. The list is a
            `topicml.explore.TopicToLabel`: it also has ``documents`` (representative texts), ``neighbours`` (words of
            the most similar topics) and ``topic``. `topicml.explore.LabelServer` asks a language model on a server;
            `topicml.explore.ClosestLabel` chooses from a list, by a sentence encoder.
        topn : int
            Number of words.
        **options
            ``n_documents`` and ``n_neighbours``, the numbers of documents and neighbours, 3 each. ``retries``, how
            often to try again if the function fails, by default 2, after a ``pause`` of 1 second, which doubles each
            time. ``only_missing``, whether to keep labels that are set already, by default False.

        Returns
        -------
        view : TopicView

        Raises
        ------
        LabellingError
            If the function fails for a topic. The error has the view with the labels before it (``error.view``).
        """
        return cast(Self, labelled(self, function, topn=topn, **options))

    def hide(self, topic: int) -> Self:
        """Leave a topic out of tables and plots."""
        return self._with_hidden(topic, True)

    def show(self, topic: int) -> Self:
        """Put a hidden topic back into tables and plots."""
        return self._with_hidden(topic, False)

    def order(self, topics: Sequence[int]) -> Self:
        """Put topics first, in this order; the others follow in the order of their numbers. Topics are renumbered.

        Parameters
        ----------
        topics : sequence of int
            Topics, each once.

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            If there are none, or a topic does not exist or occurs twice.
        """
        first = [self.topic(k) for k in topics]
        if not first or len(set(first)) < len(first):
            raise InputError(f"An order names topics, each once; received {list(topics)}.")
        every = [*first, *(k for k in range(self.n_topics) if k not in set(first))]
        sources = [self.sources[k] for k in every]
        return self._changed(Order(tuple(every)), {"do": "order", "topics": first}, every, sources)

    def undo(self, name: str | None = None) -> Self:
        """Undo a step.

        Parameters
        ----------
        name : str, optional
            Name of the step, such as ``merge 4 19`` (`step_names`), or ``calibrate``. The later steps are repeated; the
            numbers that they name are those of the same topics. By default the last step.

        Returns
        -------
        view : TopicView
            Without `name` the view before the last step, bit for bit.

        Raises
        ------
        InputError
            If there is no such step, or a later step needs its result.
        """
        if name == CALIBRATION and self._calibration_of_steps is not None:
            return without_calibration(self)
        if name is not None:
            return without_step(self, name)
        if self.parent is None:
            raise InputError("There is no step to undo.")
        return cast(Self, self.parent)

    @property
    def step_names(self) -> list[str]:
        """The name of each step, for `undo`: what it did to which topics, by their numbers at that time."""
        names = [step["name"] for step in stored_steps(self)]
        return names if self._calibration_of_steps is None else [*names, CALIBRATION]

    def to_dict(self) -> dict[str, Any]:
        """The steps as plain data that JSON can store, with all that `from_dict` needs to repeat them."""
        stored = {"version": 2, "n_topics": len(self.model.components_), "steps": stored_steps(self)}
        given = self._calibration_of_steps
        return stored if given is None else {**stored, "calibration": given.to_dict()}

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
            If the steps belong to a model with another number of topics, have another version or an unknown name; or
            an earlier version stored them, and they need documents and the view has none.
        """
        return replayed(cls.of(model, documents, edits=False), stored)

    def save(self, folder: str | os.PathLike[str] | None = None) -> Path:
        """Save the steps with the model, so that `topicml.load`, the commands, reports and the server use them.

        Parameters
        ----------
        folder : path, optional
            The folder of the saved model, or of the run, that the view's model was loaded from or saved to (the
            default). If there is no such folder, the model is saved there first.

        Returns
        -------
        Path
            The file ``edits.json``. In a run, ``labels.csv`` is written as well.

        Raises
        ------
        InputError
            If no folder is known, or it holds another model.
        """
        return save_edits(self, folder)

    def _merged(self, topics: tuple[int, ...], mass: np.ndarray) -> Self:
        """Merge sorted topics with these weights."""
        remaining = [k for k in range(self.n_topics) if k not in topics[1:]]
        sources = list(self.sources)
        sources[topics[0]] = tuple(sorted(sum((self.sources[k] for k in topics), ())))
        return self._changed(Merge(topics, mass), {"do": "merge", "topics": list(topics)}, remaining, sources)

    def _split(self, change: Split, step: dict[str, Any]) -> Self:
        added = len(change.shares) - 1
        sources = [*self.sources, *[self.sources[change.topic]] * added]
        return self._changed(change, step, [*range(self.n_topics), *[change.topic] * added], sources)

    def _with_hidden(self, topic: int, value: bool) -> Self:
        topic = self.topic(topic)
        hidden = tuple(value if k == topic else old for k, old in enumerate(self.hidden))
        if all(hidden):
            raise InputError("The last topic that is shown cannot be hidden.")
        return self._with_step({"do": "hide" if value else "show", "topic": topic}, hidden=hidden)

    def _with_step(self, step: dict[str, Any], **fields: Any) -> Self:
        return replace(self, steps=(*self.steps, step), parent=self, **fields)

    def _changed(
        self,
        change: Merge | Split | Order,
        step: dict[str, Any],
        remaining: Sequence[int],
        sources: Sequence[tuple[int, ...]],
    ) -> Self:
        """The view after a change; `remaining` are the old numbers of the new topics."""
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
            given_phrases=self._kept_phrases(change, remaining),
            sources=tuple(sources) if len(sources) == len(remaining) else tuple(sources[k] for k in remaining),
            changes=(*self.changes, change),
        )

    def _kept_phrases(
        self, change: Merge | Split | Order, remaining: Sequence[int]
    ) -> tuple[tuple[str, ...] | None, ...] | None:
        """Phrases name the topics whose documents they were found in: not a merged topic, nor the parts of one."""
        if self.given_phrases is None:
            return None
        gone = (
            {change.topics[0]} if isinstance(change, Merge) else {change.topic} if isinstance(change, Split) else set()
        )
        return tuple(None if k in gone else self.given_phrases[k] for k in remaining)
