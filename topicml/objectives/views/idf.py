"""Inverse document frequency of words."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor


def inverse_document_frequency(counts: csr_matrix) -> Tensor:
    """Compute ``1 + log((1 + n_docs) / (1 + document frequency))`` of each word, as scikit-learn does.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Documents.

    Returns
    -------
    Tensor, float32, (n_words,)
        The inverse document frequencies.
    """
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = 1 + np.log((1 + counts.shape[0]) / (1 + document_frequency))
    return torch.from_numpy(idf.astype(np.float32))
