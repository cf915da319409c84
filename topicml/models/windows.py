"""Batches that carry their documents' words in order, for models that look through windows."""

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.corpus.tokens import take_documents
from topicml.nn.windows import OrderedBatch
from topicml.training import BatchSampler


class OrderedSampler(BatchSampler):
    """The batches of a `BatchSampler` with the words in order.

    Parameters
    ----------
    corpus : Corpus
        Documents whose word order is known; row i is that of `counts`.
    columns : ndarray of int, optional
        Column of `counts` of each word of the corpus, or -1 for a word without one, where the two differ.
    counts, rows, batch_size, seed
        As in `BatchSampler`.
    """

    def __init__(
        self,
        counts: csr_matrix,
        rows: np.ndarray,
        corpus: Corpus,
        columns: np.ndarray | None = None,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        super().__init__(counts, rows, batch_size=batch_size, seed=seed)
        corpus.require_order("Reading windows")
        assert corpus.tokens is not None and corpus.offsets is not None
        self.tokens, self.offsets = corpus.tokens, corpus.offsets
        self.columns = columns

    def batch(self, epoch: int, step: int) -> OrderedBatch:
        """Batch `step` of `epoch`."""
        bag = super().batch(epoch, step)
        tokens, offsets = take_documents(self.tokens, self.offsets, bag.rows.numpy())
        lengths = np.diff(offsets)
        if self.columns is not None:
            tokens = self.columns[tokens]
            known = tokens >= 0
            lengths = np.diff(np.concatenate([[0], np.cumsum(known)])[offsets])
            tokens = tokens[known]
        return OrderedBatch.from_tokens(bag, tokens, lengths)
