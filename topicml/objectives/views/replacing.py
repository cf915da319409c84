"""A view that replaces counts by those that the model expects, by tf-idf."""

from typing import ClassVar

import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.nn.statistics import same_statistics
from topicml.objectives.objective import not_prepared
from topicml.objectives.views.base import View
from topicml.objectives.views.building import keep_not_empty
from topicml.objectives.views.idf import inverse_document_frequency


class TfidfReplacement(View):
    """The document with the counts of a few words replaced by those that the model expects.

    The positive replaces the words of lowest tf-idf, which say least about the topics; the negative replaces those of
    highest tf-idf. ``min(at_most, max(1, ceil(share * n_words)))`` of the document's n_words different words get the
    count ``length * p(word | theta)``. Words that are not in the document are never added.

    - Inputs: any documents.
    - Cost: one evaluation of the decoder without gradient, for positives, negatives or both.
    - When to use: for contrasts that need negatives made from the document itself.
    - Relations: the only view that makes negatives; `SetContrast(negative_pooling=...)` uses them.

    Parameters
    ----------
    share : float
        Share of a document's different words to replace, in (0, 0.5].
    at_most : int
        Largest number of words to replace, at least 1.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    Nguyen & Luu, Contrastive learning for neural topic model, NeurIPS 2021, section 3.2. The paper also replaces words
    that are not in the document, and always replaces 15 words, which leaves little of a short text.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = topicml.SetContrast(view="tfidf", negative_pooling="mean")
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    gives_negatives: ClassVar[bool] = True

    def __init__(self, share: float = 0.15, at_most: int = 15) -> None:
        self.share = share
        self.at_most = at_most
        self._idf: Tensor | None = None
        require(0 < share <= 0.5, "share", share, "above 0 and at most 0.5")
        require(at_most >= 1, "at_most", at_most, "at least 1")

    def prepare(self, documents: Documents) -> None:
        """Compute the inverse document frequencies; see `View.prepare`."""
        self._idf = inverse_document_frequency(documents.counts)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Replace the words of lowest tf-idf."""
        return (self._replace(batch, reconstruction(batch, posterior, network), highest=False),)

    def negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Batch:
        """Replace the words of highest tf-idf; see `View.negative`."""
        return self._replace(batch, reconstruction(batch, posterior, network), highest=True)

    def with_negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[tuple[Batch], Batch]:
        """Make positives and negatives from one evaluation of the decoder; see `View.with_negative`."""
        expected = reconstruction(batch, posterior, network)
        return (self._replace(batch, expected, highest=False),), self._replace(batch, expected, highest=True)

    def _replace(self, batch: Batch, expected: Tensor, *, highest: bool) -> Batch:
        if self._idf is None:
            raise not_prepared(self)
        self._idf = self._idf.to(batch.counts.device)
        tfidf = batch.counts * self._idf[batch.word_ids]
        by_tfidf = tfidf.argsort(stable=True, descending=highest)
        order = by_tfidf[batch.documents[by_tfidf].argsort(stable=True)]  # by document, then tf-idf
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=order.device)
        rank = rank - batch.offsets[batch.documents]
        sizes = batch.offsets.diff()
        # 1e-5: float32 gives share * sizes slightly above a whole number, which must not round up.
        n_replaced = (self.share * sizes - 1e-5).ceil().clamp(1, self.at_most)
        counts = torch.where(rank < n_replaced[batch.documents], expected.to(batch.counts.dtype), batch.counts)
        return batch.with_counts(keep_not_empty(batch, counts))


@torch.no_grad()
def reconstruction(batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
    """Compute the counts that the model expects, ``length * p(word | theta)``, at the posterior's mean.

    The running statistics of the decoder's batch normalisation do not change.

    Parameters
    ----------
    batch : Batch
        Documents.
    posterior : Posterior
        What the encoder returns for them.
    network : TopicNetwork
        Its decoder gives the probabilities.

    Returns
    -------
    Tensor, (n_entries,)
        Expected counts of the batch's entries.
    """
    with same_statistics(network.decoder):
        words = network.words(posterior.theta_mean, batch)
    probability = words.word_log_prob()[batch.documents, batch.word_ids].exp()
    return batch.lengths[batch.documents] * probability
