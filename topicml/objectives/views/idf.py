"""How telling a word is: the inverse of how many documents hold it."""

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor


def inverse_document_frequency(counts: csr_matrix) -> Tensor:
    """``1 + log((1 + n_docs) / (1 + documents that hold the word))``, (n_words,), as scikit-learn has it."""
    holding = np.bincount(counts.indices, minlength=counts.shape[1])
    return torch.from_numpy((1 + np.log((1 + counts.shape[0]) / (1 + holding))).astype(np.float32))
