"""The contrastive objectives, which compare documents with their views: one file each."""

from topicml.objectives.contrast.base import TOPIC_VECTORS, Contrast
from topicml.objectives.contrast.clntm import CLNTM
from topicml.objectives.contrast.clusters import ClusterAware
from topicml.objectives.contrast.debiased import Debiased
from topicml.objectives.contrast.energy_hinge import EnergyHinge
from topicml.objectives.contrast.infonce import InfoNCE, NTXent
from topicml.objectives.contrast.instance_weighted import InstanceWeighted
from topicml.objectives.contrast.kernel_conditional import KernelConditional
from topicml.objectives.contrast.mixup import Mixup
from topicml.objectives.contrast.momentum import MomentumQueue
from topicml.objectives.contrast.neighbours import Neighbours
from topicml.objectives.contrast.probabilistic import Probabilistic
from topicml.objectives.contrast.set_contrast import SetContrast
from topicml.objectives.contrast.soft_labels import SoftLabels
from topicml.objectives.contrast.topic_semantic import TopicSemantic

CONTRASTS: dict[str, type[Contrast]] = {
    "set": SetContrast,
    "neighbours": Neighbours,
    "infonce": InfoNCE,
    "nt_xent": NTXent,
    "clntm": CLNTM,
    "debiased": Debiased,
    "instance_weighted": InstanceWeighted,
    "clusters": ClusterAware,
    "mixup": Mixup,
    "kernel": KernelConditional,
    "momentum": MomentumQueue,
    "probabilistic": Probabilistic,
    "soft_labels": SoftLabels,
    "energy_hinge": EnergyHinge,
    "topic_semantic": TopicSemantic,
}
"""Contrasts by name."""

__all__ = [
    "CLNTM",
    "CONTRASTS",
    "TOPIC_VECTORS",
    "ClusterAware",
    "Contrast",
    "Debiased",
    "EnergyHinge",
    "InfoNCE",
    "InstanceWeighted",
    "KernelConditional",
    "Mixup",
    "MomentumQueue",
    "NTXent",
    "Neighbours",
    "Probabilistic",
    "SetContrast",
    "SoftLabels",
    "TopicSemantic",
]
