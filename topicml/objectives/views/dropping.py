"""Views that leave words out."""

import torch

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View


class EncoderDropout(View):
    """The same document again: only the encoder's dropout differs.

    References
    ----------
    Gao, Yao & Chen, SimCSE, EMNLP 2021.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The batch as it is."""
        return (batch,)


class WordDropout(View):
    """The document without a random share of its tokens; a document never loses all of them.

    Parameters
    ----------
    rate : float
        Chance of a token to be dropped.
    """

    def __init__(self, rate: float = 0.3) -> None:
        self.rate = rate

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The thinned documents."""
        kept = torch.binomial(batch.counts.round(), torch.full_like(batch.counts, 1 - self.rate))
        return (batch.with_counts(_never_empty(batch, kept)),)


class Halves(View):
    """The two halves of a document: every token goes to one of them by the toss of a coin.

    References
    ----------
    Tosh, Krishnamurthy & Hsu, Contrastive estimation reveals topic posterior information to linear models, JMLR 2021.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, Batch]:
        """Both halves; a document of one token is both."""
        counts = batch.counts.round()
        first = torch.binomial(counts, torch.full_like(counts, 0.5))
        halves = (_never_empty(batch, first), _never_empty(batch, counts - first))
        return batch.with_counts(halves[0]), batch.with_counts(halves[1])


def _never_empty(batch: Batch, kept: torch.Tensor) -> torch.Tensor:
    """Give documents that lost all their words their counts back."""
    lost = batch.sum_by_document(kept) == 0
    return torch.where(lost[batch.documents], batch.counts, kept)
