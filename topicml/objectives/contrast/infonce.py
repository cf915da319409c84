"""InfoNCE and NT-Xent: a document against its view, the batch's others as negatives."""

from torch import Tensor

from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, pairwise_logits, without_diagonal


class InfoNCE(Contrast):
    """InfoNCE: a document against its view; the views of the batch's other documents are negatives.

    ``-mean_i log(exp(s_ii / tau) / sum_j exp(s_ij / tau))``, s_ij the cosine of document i and view j.

    Needs nothing but the view. Costs one more pass of the encoder a view, and n_docs^2 cosines. The plainest of the
    family: start here.

    References
    ----------
    van den Oord, Li & Vinyals 2018; Gao et al., SimCSE, EMNLP 2021 (tau 0.05).
    """

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        logits = cosines(anchor, positive) / self.temperature
        return cross_entropy(logits.diagonal(), without_diagonal(logits)).mean()


class NTXent(Contrast):
    """NT-Xent: InfoNCE in which both views are anchors, and the other documents' anchors are negatives too.

    ``-mean_v log(exp(s_vv' / tau) / sum_{u != v} exp(s_vu / tau))`` over all 2 n views v, v' the other view of v's
    document.

    Needs nothing but the view. Costs one more pass of the encoder a view, and 4 n_docs^2 cosines. For small batches,
    in which twice the negatives count.

    References
    ----------
    Chen, Kornblith, Norouzi & Hinton, SimCLR, ICML 2020 (tau 0.5).
    """

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics)."""
        return cross_entropy(*pairwise_logits(anchor, positive, self.temperature)).mean()
