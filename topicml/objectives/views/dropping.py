"""Views that drop words, without regard to their order."""

import torch
from torch import Tensor

from topicml.checks import require
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View
from topicml.objectives.views.building import keep_not_empty


class EncoderDropout(View):
    """The same document again: only the encoder's dropout mask differs.

    - Inputs: any documents, and an encoder with dropout. Without dropout the positive equals the anchor, and the
      positives carry no information.
    - Cost: the encoder's pass alone.
    - When to use: to keep all words of very short documents.
    - Relations: `WordDropout` drops words instead of units of the encoder.

    References
    ----------
    Gao, Yao & Chen, SimCSE, EMNLP 2021.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = topicml.SetContrast(view="dropout")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Return the batch itself."""
        return (batch,)


class WordDropout(View):
    """The document without a random share of its tokens.

    A document that would lose all tokens keeps them all.

    - Inputs: any documents.
    - Cost: one random number per word of the batch.
    - When to use: the default, for documents of any length.
    - Relations: `Halves` splits the tokens into two views; `SpanDeletion` drops runs of tokens.

    Parameters
    ----------
    rate : float
        Probability that a token is dropped, in (0, 1).

    Raises
    ------
    InputError
        If `rate` is out of range.

    References
    ----------
    Wu et al., CLEAR: contrastive learning for sentence representation, 2020 (word deletion).

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.views import WordDropout
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = topicml.SetContrast(view=WordDropout(rate=0.5))
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __init__(self, rate: float = 0.3) -> None:
        self.rate = rate
        require(0 < rate < 1, "rate", rate, "above 0 and below 1")

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Return the documents with fewer tokens."""
        return (batch.with_counts(keep_not_empty(batch, thinned(batch.counts.round(), 1 - self.rate))),)


class Halves(View):
    """Two halves of the document: each token goes to either half with probability 1/2.

    An empty half is replaced by the whole document.

    - Inputs: any documents; the halves of short documents have few words.
    - Cost: one random number per word of the batch, and one more pass of the encoder than views that make one batch.
    - When to use: for long documents.
    - Relations: `WordDropout` compares the whole document with a part of it; here both sides are parts.

    References
    ----------
    Tosh, Krishnamurthy & Hsu, Contrastive estimation reveals topic posterior information to linear models, JMLR 2021.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"] * 9, ["tax", "bank", "loan"] * 9] * 8)
    >>> contrast = topicml.SetContrast(view="halves")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch, Batch]:
        """Return both halves."""
        counts = batch.counts.round()
        first = thinned(counts, 0.5)
        halves = (keep_not_empty(batch, first), keep_not_empty(batch, counts - first))
        return batch.with_counts(halves[0]), batch.with_counts(halves[1])


def thinned(counts: Tensor, probability: float) -> Tensor:
    """Keep each token independently.

    Most words occur once in a document, and one uniform number is several times cheaper than a binomial draw. So only
    repeated words use the binomial distribution.

    Parameters
    ----------
    counts : Tensor, (n_entries,)
        Whole numbers.
    probability : float
        Probability that a token is kept.

    Returns
    -------
    Tensor, (n_entries,)
        The remaining counts.
    """
    keep = (torch.rand_like(counts) < probability).to(counts.dtype)
    repeated = (counts > 1).nonzero().squeeze(-1)
    several = counts[repeated]
    keep[repeated] = torch.binomial(several, torch.full_like(several, probability))
    return torch.minimum(keep, counts)
