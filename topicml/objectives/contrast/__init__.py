"""The contrastive objectives, which compare documents with their views: one file each."""

from topicml.objectives.contrast.base import TOPIC_VECTORS, Contrast
from topicml.objectives.contrast.clusters import ClusterAware
from topicml.objectives.contrast.infonce import InfoNCE
from topicml.objectives.contrast.instance_weighted import InstanceWeighted
from topicml.objectives.contrast.neighbours import Neighbours
from topicml.objectives.contrast.probabilistic import Probabilistic
from topicml.objectives.contrast.set_contrast import SetContrast
from topicml.objectives.contrast.topic_semantic import TopicSemantic

CONTRASTS: dict[str, type[Contrast]] = {
    "set": SetContrast,
    "neighbours": Neighbours,
    "infonce": InfoNCE,
    "instance_weighted": InstanceWeighted,
    "clusters": ClusterAware,
    "probabilistic": Probabilistic,
    "topic_semantic": TopicSemantic,
}
"""Contrasts by name."""

__all__ = [
    "CONTRASTS",
    "TOPIC_VECTORS",
    "ClusterAware",
    "Contrast",
    "InfoNCE",
    "InstanceWeighted",
    "Neighbours",
    "Probabilistic",
    "SetContrast",
    "TopicSemantic",
]
