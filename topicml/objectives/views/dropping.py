"""Views that leave words out, wherever they stand."""

import torch
from torch import Tensor

from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View
from topicml.objectives.views.building import keep_not_empty


class EncoderDropout(View):
    """The same document again: only the encoder's dropout differs.

    Costs nothing of its own. With an encoder without dropout both are equal, and nothing can be learned from them.

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

    References
    ----------
    Wu et al., CLEAR, 2020 (word deletion).
    """

    def __init__(self, rate: float = 0.3) -> None:
        self.rate = rate
        if not 0 < rate < 1:
            raise InputError(f"rate must be above 0 and below 1; received {rate!r}.")

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The thinned documents."""
        return (batch.with_counts(keep_not_empty(batch, thinned(batch.counts.round(), 1 - self.rate))),)


class Halves(View):
    """The two halves of a document: every token goes to one of them by the toss of a coin.

    References
    ----------
    Tosh, Krishnamurthy & Hsu, Contrastive estimation reveals topic posterior information to linear models, JMLR 2021.
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, Batch]:
        """Both halves; a document of one token is both."""
        counts = batch.counts.round()
        first = thinned(counts, 0.5)
        halves = (keep_not_empty(batch, first), keep_not_empty(batch, counts - first))
        return batch.with_counts(halves[0]), batch.with_counts(halves[1])


def thinned(counts: Tensor, chance: float) -> Tensor:
    """Keep every token of `counts` (n_entries,) with probability `chance`.

    Most words occur once in a document, and one toss is several times cheaper than a binomial draw.
    """
    kept = (torch.rand_like(counts) < chance).to(counts.dtype)
    repeated = (counts > 1).nonzero().squeeze(-1)
    several = counts[repeated]
    kept[repeated] = torch.binomial(several, torch.full_like(several, chance))
    return torch.minimum(kept, counts)
