"""Objectives: losses of a batch, its posterior and the network. They follow one protocol, `Objective`."""

from topicml.objectives.by_name import contrast_from
from topicml.objectives.contrast import CONTRASTS, SetContrast
from topicml.objectives.elbo import BOUNDS, ELBO, IWAE
from topicml.objectives.objective import Loss, Objective
from topicml.objectives.response import ResponseTerm
from topicml.objectives.salient import SalientTerm
from topicml.objectives.seeds import SeedTerm
from topicml.objectives.tree import TreeTerm

__all__ = [
    "BOUNDS",
    "CONTRASTS",
    "ELBO",
    "IWAE",
    "Loss",
    "Objective",
    "ResponseTerm",
    "SalientTerm",
    "SeedTerm",
    "SetContrast",
    "TreeTerm",
    "contrast_from",
]
