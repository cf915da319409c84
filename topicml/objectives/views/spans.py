"""A view that deletes runs of tokens, which needs word order."""

import numpy as np
import torch

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import not_prepared
from topicml.objectives.views.base import View
from topicml.objectives.views.building import batch_of_words, concatenated_ranges


class SpanDeletion(View):
    """The document without some runs of tokens.

    Each of `spans` runs starts at a random token and has ``max(1, round(share * n_tokens / spans))`` tokens; runs may
    overlap. A document that would lose all tokens keeps them all.

    - Inputs: a corpus of texts or tokens, because the view needs word order.
    - Cost: a pass over the batch's tokens in NumPy.
    - When to use: for documents of several sentences. It is harder than dropping single words, because the words next
      to a dropped word often imply it.
    - Relations: `WordDropout` drops single tokens and needs no order.

    Parameters
    ----------
    share : float
        Share of the tokens to delete, in (0, 1).
    spans : int
        Number of runs, at least 1.

    Raises
    ------
    InputError
        If an argument is out of range.

    References
    ----------
    Wu et al., CLEAR: contrastive learning for sentence representation, 2020 (span deletion).

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.views import SpanDeletion
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"] * 9, ["tax", "bank", "loan"] * 9] * 8)
    >>> contrast = topicml.SetContrast(view=SpanDeletion(share=0.3, spans=1))
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __init__(self, share: float = 0.5, spans: int = 2) -> None:
        self.share = share
        self.spans = spans
        self._corpus: Corpus | None = None
        require(0 < share < 1, "share", share, "above 0 and below 1")
        require(spans >= 1, "spans", spans, "at least 1")

    def prepare(self, documents: Documents) -> None:
        """Keep the corpus, which has word order; see `View.prepare`."""
        counts, corpus = documents.counts, documents.corpus
        if corpus is None:
            raise InputError(
                "The view 'span_deletion' needs word order, which a matrix of counts does not have. "
                "Pass a Corpus of texts or tokens, or the view 'word_dropout'."
            )
        corpus.require_order("The view 'span_deletion'")
        if corpus.shape != counts.shape:
            raise InputError(
                f"The corpus has {corpus.n_docs} documents of {corpus.n_words} words, the counts have "
                f"{counts.shape[0]} of {counts.shape[1]}. Pass counts of that corpus."
            )
        self._corpus = corpus

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """Delete the runs."""
        if self._corpus is None:
            raise not_prepared(self)
        assert self._corpus.tokens is not None and self._corpus.offsets is not None
        rows = batch.rows.cpu().numpy()
        starts = np.asarray(self._corpus.offsets[rows], dtype=np.int64)
        sizes = np.asarray(self._corpus.offsets[rows + 1], dtype=np.int64) - starts
        tokens, documents = concatenated_ranges(starts, sizes)
        position = tokens - starts[documents]
        length = np.maximum(1, np.rint(self.share * sizes / self.spans)).astype(np.int64)
        keep = np.ones(len(tokens), dtype=bool)
        for start in torch.rand(self.spans, len(rows), dtype=torch.float64).numpy():
            first = np.floor(start * np.maximum(1, sizes - length + 1))[documents]
            keep &= (position < first) | (position >= first + length[documents])
        words = np.asarray(self._corpus.tokens[tokens[keep]], dtype=np.int64)
        device = batch.counts.device
        return (
            batch_of_words(
                batch,
                torch.from_numpy(documents[keep]).to(device),
                torch.from_numpy(words).to(device),
                torch.ones(len(words), dtype=batch.counts.dtype, device=device),
            ),
        )
