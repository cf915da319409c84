"""How a view of topics shows itself: a line at the prompt, a table in a notebook."""

from typing import TYPE_CHECKING

import numpy as np

from topicml.display import html_table

if TYPE_CHECKING:
    from topicml.explore.view import TopicView

_TOPICS = 50  # shown


class ShownView:
    """What Python and Jupyter ask of a `TopicView`."""

    def __repr__(self: "TopicView") -> str:  # type: ignore[misc]
        steps = f", {len(self.steps)} steps" if self.steps else ""
        return f"TopicView({type(self.model).__name__}, {self.n_topics} topics, {len(self.theta):,} documents{steps})"

    def _repr_html_(self: "TopicView") -> str:  # type: ignore[misc]
        lengths = np.diff(self.counts.indptr)
        held = self.theta[lengths > 0]
        leading = np.bincount(self.leading(held), minlength=self.n_topics) if len(held) else np.zeros(self.n_topics)
        mass = self.theta.mean(axis=0, dtype=np.float64) if len(self.theta) else np.zeros(self.n_topics)
        words = np.argsort(-self.beta, axis=1, kind="stable")[:, :10]
        rows = [
            (k, self.given_labels[k] or "", " ".join(self.vocabulary[i] for i in words[k]), int(leading[k]), mass[k])
            for k in self.shown[:_TOPICS]
        ]
        notes = [f"Steps: {', '.join(step['do'] for step in self.steps)}"] if self.steps else []
        if len(self.shown) > _TOPICS:
            notes.append(f"The first {_TOPICS} of {len(self.shown)} topics are shown.")
        if hidden := self.n_topics - len(self.shown):
            notes.append(f"{hidden} hidden.")
        return html_table(("topic", "label", "words", "leads", "mass"), rows, title=repr(self), notes=notes)
