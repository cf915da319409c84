"""Views that leave runs of words out, and so need their order."""

import numpy as np
import torch

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View, prepared
from topicml.objectives.views.building import batch_of_words, ragged


class SpanDeletion(View):
    """The document without some runs of words: what stands together in it goes together.

    Each of `spans` runs, at a random place, holds ``round(share * n_tokens / spans)`` tokens, one at least; they may
    overlap. A document of which nothing would be left stays whole. Harder than dropping single words, whose
    neighbours tell what they were.

    Needs the order of the words: a corpus of texts or tokens.

    Parameters
    ----------
    share : float
        Share of the tokens to delete.
    spans : int
        Number of runs.

    References
    ----------
    Wu et al., CLEAR: contrastive learning for sentence representation, 2020 (span deletion).
    """

    def __init__(self, share: float = 0.5, spans: int = 2) -> None:
        self.share = share
        self.spans = spans
        self._corpus: Corpus | None = None
        if not 0 < share < 1:
            raise InputError(f"share must be above 0 and below 1; received {share!r}.")
        if spans < 1:
            raise InputError(f"spans must be at least 1; received {spans!r}.")

    def prepare(self, documents: Documents) -> None:
        """Take the order of the words from the corpus."""
        counts, corpus = documents.counts, documents.corpus
        if corpus is None:
            raise InputError(
                "The view 'span_deletion' needs the order of the words, and a matrix of counts has none. "
                "Give a Corpus of texts or tokens, or the view 'word_dropout'."
            )
        corpus.require_order("The view 'span_deletion'")
        if corpus.shape != counts.shape:
            raise InputError(
                f"The corpus has {corpus.n_docs} documents of {corpus.n_words} words, the counts have "
                f"{counts.shape[0]} of {counts.shape[1]}. Give counts of that corpus."
            )
        self._corpus = corpus

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The documents without those runs."""
        prepared(self._corpus, self)
        assert self._corpus is not None and self._corpus.tokens is not None and self._corpus.offsets is not None
        rows = batch.rows.cpu().numpy()
        starts = np.asarray(self._corpus.offsets[rows], dtype=np.int64)
        sizes = np.asarray(self._corpus.offsets[rows + 1], dtype=np.int64) - starts
        tokens, documents = ragged(starts, sizes)
        place = tokens - starts[documents]
        length = np.maximum(1, np.rint(self.share * sizes / self.spans)).astype(np.int64)
        kept = np.ones(len(tokens), dtype=bool)
        for start in torch.rand(self.spans, len(rows), dtype=torch.float64).numpy():
            first = np.floor(start * np.maximum(1, sizes - length + 1))[documents]
            kept &= (place < first) | (place >= first + length[documents])
        words = np.asarray(self._corpus.tokens[tokens[kept]], dtype=np.int64)
        device = batch.counts.device
        return (
            batch_of_words(
                batch,
                torch.from_numpy(documents[kept]).to(device),
                torch.from_numpy(words).to(device),
                torch.ones(len(words), dtype=batch.counts.dtype, device=device),
            ),
        )
