"""Similarity of documents by their words, without a network."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml.nn.batch import Batch
from topicml.objectives.views.idf import inverse_document_frequency


class TfidfSimilarity:
    """Cosine of the documents' tf-idf vectors ``log(1 + count) * idf``; an empty document has cosine 0 with others.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        The training documents; only their inverse document frequencies are kept.
    """

    def __init__(self, counts: csr_matrix) -> None:
        self.idf = inverse_document_frequency(counts).numpy()

    def __call__(self, batch: Batch) -> Tensor:
        """Return the cosines of the batch's documents, (n_docs, n_docs); the diagonal is 1."""
        parts = (batch.counts, batch.word_ids, batch.offsets)
        matrix = csr_matrix(tuple(part.cpu().numpy() for part in parts), shape=(len(batch), len(self.idf)))
        return torch.from_numpy(self._cosines(matrix)).to(batch.counts.device)

    def quantile(self, counts: csr_matrix, share: float, *, n_docs: int = 1000) -> float:
        """Compute a quantile of the cosines of pairs of different documents.

        Parameters
        ----------
        counts : csr_matrix, (n_docs, n_words)
            Documents.
        share : float
            Share of pairs at or below the quantile, in [0, 1].
        n_docs : int
            Largest number of documents to compare, evenly spaced rows of `counts`.

        Returns
        -------
        float
            The cosine; 1 for fewer than two documents.
        """
        rows = np.unique(np.linspace(0, counts.shape[0] - 1, min(n_docs, counts.shape[0])).astype(int))
        if len(rows) < 2:
            return 1.0
        return float(np.quantile(self._cosines(counts[rows])[np.triu_indices(len(rows), 1)], share))

    def _cosines(self, counts: csr_matrix) -> np.ndarray:
        data = (np.log1p(counts.data) * self.idf[counts.indices]).astype(np.float32)
        weighted = csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        cosines = (weighted @ weighted.T).toarray() / np.maximum(np.outer(lengths, lengths), 1e-12)
        np.fill_diagonal(cosines, 1.0)
        return cosines.astype(np.float32)
