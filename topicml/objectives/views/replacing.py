"""Replacement of words by their reconstruction, guided by tf-idf."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View, prepared
from topicml.objectives.views.building import keep_not_empty
from topicml.objectives.views.idf import inverse_document_frequency


class TfidfReplacement(View):
    """The document with a few of its words at the weight that the model expects of them.

    The positive replaces the words of least tf-idf, which say little of the topics; the negative those of highest
    tf-idf, which say most. ``k = max(1, ceil(share * words of the document))`` words, `at_most` at most, get the count
    ``length * p(word | theta)``. Only words of the document change, for all others have no tf-idf to go by.

    Costs one evaluation of the decoder without gradient, whether positive, negative or both are asked for.

    Parameters
    ----------
    share : float
        Share of a document's different words to replace, at most a half.
    at_most : int
        Words to replace at most.

    References
    ----------
    Nguyen & Luu, Contrastive learning for neural topic model, NeurIPS 2021, section 3.2. There words that the document
    has not are replaced too, and k is 15 whatever the document's length, which leaves little of a short text.
    """

    gives_negatives: ClassVar[bool] = True

    def __init__(self, share: float = 0.15, at_most: int = 15) -> None:
        self.share = share
        self.at_most = at_most
        self._idf: Tensor | None = None
        if not 0 < share <= 0.5:
            raise InputError(f"share must be above 0 and at most 0.5; received {share!r}.")
        if at_most < 1:
            raise InputError(f"at_most must be at least 1; received {at_most!r}.")

    def prepare(self, documents: Documents) -> None:
        """Count the documents that hold each word."""
        self._idf = inverse_document_frequency(documents.counts)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The documents with their least telling words replaced."""
        return (self._replaced(batch, reconstruction(batch, posterior, network), most=False),)

    def negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> Batch:
        """The documents with their most telling words replaced."""
        return self._replaced(batch, reconstruction(batch, posterior, network), most=True)

    def with_negative(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[tuple[Batch], Batch]:
        """Both, from one reconstruction."""
        expected = reconstruction(batch, posterior, network)
        return (self._replaced(batch, expected, most=False),), self._replaced(batch, expected, most=True)

    def _replaced(self, batch: Batch, expected: Tensor, *, most: bool) -> Batch:
        prepared(self._idf, self)
        assert self._idf is not None
        self._idf = self._idf.to(batch.counts.device)
        salience = batch.counts * self._idf[batch.word_ids]
        by_salience = salience.argsort(stable=True, descending=most)
        order = by_salience[batch.documents[by_salience].argsort(stable=True)]  # by document, then salience
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=order.device)
        rank = rank - batch.offsets[batch.documents]
        sizes = batch.offsets.diff()
        n_replaced = (self.share * sizes - 1e-5).ceil().clamp(1, self.at_most)
        counts = torch.where(rank < n_replaced[batch.documents], expected.to(batch.counts.dtype), batch.counts)
        return batch.with_counts(keep_not_empty(batch, counts))


@torch.no_grad()
def reconstruction(batch: Batch, posterior: Posterior, network: TopicNetwork) -> Tensor:
    """``length * p(word | theta)`` of the documents' own words, (n_entries,), theta the posterior's mean.

    The running statistics of the decoder's batch normalisation stay as they are.
    """
    norms = [module for module in network.decoder.modules() if isinstance(module, nn.BatchNorm1d)]
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
        words = network.words(posterior.theta_mean)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    probability = words.word_log_prob()[batch.documents, batch.word_ids].exp()
    return batch.lengths[batch.documents] * probability
