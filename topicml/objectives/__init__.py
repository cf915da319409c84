"""Objectives: scalar losses of a batch, its posterior and the network."""

from topicml.objectives.by_name import CONTRASTS, contrast_from
from topicml.objectives.elbo import BOUNDS, ELBO, IWAE
from topicml.objectives.set_contrast import SetContrast

__all__ = ["BOUNDS", "CONTRASTS", "ELBO", "IWAE", "SetContrast", "contrast_from"]
