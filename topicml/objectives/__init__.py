"""Objectives: scalar losses of a batch, its posterior and the network."""

from topicml.objectives.elbo import BOUNDS, ELBO, IWAE

__all__ = ["BOUNDS", "ELBO", "IWAE"]
