"""The contrastive family: objectives over documents and their views, one file each."""

from topicml.objectives.contrast.base import TOPIC_VECTORS, Contrast
from topicml.objectives.contrast.infonce import InfoNCE

CONTRASTS: dict[str, type[Contrast]] = {"infonce": InfoNCE}

__all__ = ["CONTRASTS", "TOPIC_VECTORS", "Contrast", "InfoNCE"]
