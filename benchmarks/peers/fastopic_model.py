"""FASTopic with a sentence encoder, by default all-MiniLM-L6-v2, and its own defaults.

They are 200 epochs, the whole corpus a batch.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from peers.documents import texts_of
from peers.encoders import encode
from peers.topmost_models import DEVICE, torchvision_stand_in

with torchvision_stand_in():
    from fastopic import FASTopic

TOP_WORDS = 25


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    encoder: str = "minilm",
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), and transform."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    # FASTopic's preprocessing is skipped: corpora are used unchanged, with their vocabulary.
    as_it_is = SimpleNamespace(preprocess=lambda texts: {"train_bow": counts, "vocab": vocabulary})
    document_encoder = SimpleNamespace(encode=lambda texts, *args, **options: encode(list(texts), encoder))
    model = FASTopic(n_topics, as_it_is, num_top_words=TOP_WORDS, device=DEVICE, doc_embed_model=document_encoder)
    topics, theta = model.fit_transform(texts_of(counts, documents, vocabulary))

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        return np.asarray(model.transform(texts_of(counts, documents, vocabulary)))

    return {"topics": [topic.split() for topic in topics], "theta": np.asarray(theta), "transform": transform}
