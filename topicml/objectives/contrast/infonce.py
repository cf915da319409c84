"""InfoNCE: the positive is the document's view, the negatives are the other documents of the batch."""

from torch import Tensor

from topicml.nn.batch import Batch
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import cosines, cross_entropy, without_diagonal


class InfoNCE(Contrast):
    """InfoNCE: identify a document's view among the views of the batch.

    ``-mean_i log(exp(s_ii / tau) / sum_j exp(s_ij / tau))``, where s_ij is the cosine of document i and view j.

    - Inputs: any documents.
    - Cost: one more pass of the encoder per view, and n_docs^2 cosines.
    - When to use: first; it is the simplest contrast of single documents.
    - Relations: `SetContrast` with sets of one document and one shuffle equals it. The other contrasts change its
      negatives or its positives.

    Parameters
    ----------
    view, vector, temperature
        See `Contrast`. SimCSE's temperature is 0.05.

    Raises
    ------
    InputError
        If an argument is out of range or unknown.

    References
    ----------
    van den Oord, Li & Vinyals, Representation learning with contrastive predictive coding, 2018; Gao, Yao & Chen,
    SimCSE, EMNLP 2021.

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.contrast import InfoNCE
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=InfoNCE(temperature=0.2), max_epochs=1, random_state=0)
    >>> "contrast" in model.fit(corpus).history_[0]
    True
    """

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of topic vectors; see `Contrast.loss`."""
        logits = cosines(anchor, positive) / self.temperature
        return cross_entropy(logits.diagonal(), without_diagonal(logits)).mean()
