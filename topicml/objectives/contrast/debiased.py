"""Debiased contrast: correct the negatives for documents that share the anchor's topic."""

import torch
from torch import Tensor

from topicml.checks import require
from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import pairwise_logits
from topicml.objectives.views import View


class Debiased(Contrast):
    """NT-Xent with a correction for false negatives: other documents that share the document's topic.

    With ``pos = exp(s_vv' / tau)`` and ``neg = sum_u exp(s_vu / tau)`` over the N = 2 n - 2 views of other documents:
    ``-mean_v log(pos / (pos + g))``, ``g = max((neg - N rho pos) / (1 - rho), N exp(-1 / tau))``,
    where rho is the probability that another document is of the same class. With rho = 0 it is `NTXent`.

    - Inputs: any documents.
    - Cost: that of `NTXent`.
    - When to use: if topics are few, so that many pairs of documents share one.
    - Relations: `InstanceWeighted` excludes single false negatives by their words; `SoftLabels` gives pairs a degree
      of similarity.

    Parameters
    ----------
    class_prior : float, optional
        rho, in [0, 1); by default 1 / n_topics. The paper's is 0.1.
    view, vector, temperature
        See `Contrast`. The paper's temperature is 0.5.

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    Chuang, Robinson, Lin, Torralba & Jegelka, Debiased contrastive learning, NeurIPS 2020.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import Debiased
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=Debiased(class_prior=0.1), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    def __init__(
        self,
        *,
        class_prior: float | None = None,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.class_prior = class_prior
        require(class_prior is None or 0 <= class_prior < 1, "class_prior", class_prior, "at least 0 and below 1")

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        positive_logits, negative_logits = pairwise_logits(anchor, positive, self.temperature)
        prior = 1 / anchor.shape[-1] if self.class_prior is None else self.class_prior
        n_negatives = 2 * len(anchor) - 2
        return debiased(positive_logits, negative_logits, n_negatives, prior=prior, temperature=self.temperature).mean()


def debiased(
    positive_logits: Tensor, negative_logits: Tensor, n_negatives: int, *, prior: float, temperature: float
) -> Tensor:
    """Compute the debiased loss of each anchor.

    Parameters
    ----------
    positive_logits : Tensor, (n,)
        Logits of the positives.
    negative_logits : Tensor, (n, m)
        Logits of the negatives; -inf excludes one.
    n_negatives : int
        Number of logits that are not -inf in each row.
    prior : float
        Probability that a negative is of the anchor's class.
    temperature : float
        The temperature of the logits.

    Returns
    -------
    Tensor, (n,)
        The losses.
    """
    # Subtract the largest logit, so that exponentials stay finite.
    largest = torch.cat([positive_logits.unsqueeze(-1), negative_logits], dim=-1).amax(dim=-1).detach()
    positive = (positive_logits - largest).exp()
    negative = (negative_logits - largest.unsqueeze(-1)).exp().sum(dim=-1)
    least = n_negatives * (-1 / temperature - largest).exp()
    corrected = ((negative - n_negatives * prior * positive) / (1 - prior)).maximum(least)
    return (positive + corrected).log() - (positive_logits - largest)
