"""Groups: the words of topics differ over time, or by the levels of a field."""

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.grouping import Grouping, Levels
from topicml.corpus.slices import SLICES, Slices
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory
from topicml.objectives.deviations import DeviationPenalty
from topicml.objectives.objective import Objective


class WithGroups(BaseStory):
    """A story whose topics may have words of their own in each slice of time, or in each level of a field.

    Parameters
    ----------
    time : str, optional
        Field with the times of documents: the words and the shares of topics move from slice to slice
        (`topicml.nn.deviations.GroupDeviations`). The documents must be a `Corpus` with this field. `topics_at` returns
        the words of a slice, and `topicml.explore.drift` tells what moved.
    by : {"year", "quarter", "month", "week", "day"}, int or None
        The slices of `time`: a calendar unit, or a number of slices of equal width. By default the shortest unit with
        at most 40 slices and enough documents in each; each whole number; or 10 slices
        (`topicml.corpus.slices.Slices`).
    content : str, optional
        Field with 2 to 50 levels, such as a rating or a source: topics have words of their own in each level.
    deviation : float
        How far the words of topics differ by `time` or `content`: the standard deviation of the change of a log-weight
        from one slice to the next, or from all documents to a level.
    """

    time: str | None = None
    by: str | int | None = None
    content: str | None = None
    deviation: float = 0.1

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        if self.time is not None and self.content is not None:
            raise InputError(
                f"Topics cannot differ by time={self.time!r} and by content={self.content!r} in one model: "
                "leave one out."
            )
        if self.by is not None and self.time is None:
            raise InputError(
                f"by={self.by!r} divides a field of times into slices, and there is none: set time='date', "
                "or another field."
            )
        is_number = isinstance(self.by, int) and not isinstance(self.by, bool) and self.by >= 2
        require(
            self.by is None or self.by in SLICES or is_number,
            "by",
            self.by,
            f"one of {', '.join(SLICES)}, or a number of slices from 2",
        )
        require(self.deviation > 0, "deviation", self.deviation, "positive")

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that decide the fit; also that of the groups."""
        return super().fields.union(name for name in (self.time, self.content) if name)

    def grouping(self, documents: Documents) -> Grouping | None:
        """Learn from documents the slices of time, or the levels; see `BaseStory.grouping`."""
        if self.time is not None:
            return Slices.of(self.time, self.by, documents.corpus, documents.not_empty)
        return None if self.content is None else Levels.of(self.content, documents.corpus, documents.not_empty)

    def losses(self) -> dict[str, Objective]:
        """Return the losses of the story; with groups, also the penalty of their deviations."""
        losses = super().losses()
        if self.time is not None or self.content is not None:
            losses["deviations"] = DeviationPenalty()
        return losses
