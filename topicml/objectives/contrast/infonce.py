"""Document-level InfoNCE."""

import torch
from torch import Tensor
from torch.nn import functional

from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast, cosines


class InfoNCE(Contrast):
    """InfoNCE: a document against its view; the views of the batch's other documents are negatives.

    ``-mean_i log(exp(s_ii / tau) / sum_j exp(s_ij / tau))``, s the cosine of topic vectors.

    Needs nothing but the view. Costs one more pass of the encoder a view, and n_docs^2 cosines.

    References
    ----------
    van den Oord, Li & Vinyals 2018; Chen et al., SimCLR, ICML 2020; Gao et al., SimCSE, EMNLP 2021.
    """

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        logits = cosines(anchor, positive) / self.temperature
        return functional.cross_entropy(logits, torch.arange(len(logits), device=logits.device))
