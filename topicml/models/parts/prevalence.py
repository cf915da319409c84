"""Prevalence: fields of documents tell which topics to expect in them."""

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.corpus.formulas import fields_of, parsed
from topicml.corpus.model_matrix import ModelMatrix
from topicml.models.parts.base import BaseStory
from topicml.objectives.objective import Objective
from topicml.objectives.prevalence import PrevalencePenalty


class WithPrevalence(BaseStory):
    """A story whose prior may depend on fields of the documents.

    Parameters
    ----------
    prevalence : str, optional
        Formula of the fields that tell which topics to expect in a document, such as ``~ treatment * party + s(day)``:
        the prior mean of z depends on them (`topicml.nn.prior.CovariatePrior`). The documents must be a `Corpus` with
        these fields. `topicml.explore.effects` estimates the effect of each term on the share of each topic.
    prevalence_penalty : float
        Strength of the normal prior of the effects in z of covariates with unit variance: its variance is 1 / penalty.
    """

    prevalence: str | None = None
    prevalence_penalty: float = 1.0

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(self.prevalence_penalty >= 0, "prevalence_penalty", self.prevalence_penalty, "at least 0")
        if self.prevalence is not None:
            parsed(self.prevalence)  # raises if it is no formula

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that decide the fit; with a formula, also those of the formula."""
        of_formula = () if self.prevalence is None else fields_of(parsed(self.prevalence))
        return super().fields.union(of_formula)

    def model_matrix(self, documents: Documents) -> ModelMatrix | None:
        """Learn from documents how the formula makes numbers of their fields; see `BaseStory.model_matrix`."""
        if self.prevalence is None:
            return None
        return ModelMatrix.of(self.prevalence, documents.corpus, documents.not_empty)

    def losses(self) -> dict[str, Objective]:
        """Return the losses of the story; with a formula, also the penalty of its effects."""
        losses = super().losses()
        if self.prevalence is not None:
            losses["prevalence"] = PrevalencePenalty(self.prevalence_penalty)
        return losses
