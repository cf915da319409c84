"""FASTopic with all-MiniLM-L6-v2 and its own defaults: 200 epochs, the whole corpus a batch."""

from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
import torch

from peers.minilm import load_model, texts_of
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
) -> tuple[list[list[str]], np.ndarray]:
    """Return the 25 words of each topic, and theta of shape (n_docs, n_topics)."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    # FASTopic's preprocessing is skipped: corpora are used unchanged, with their vocabulary.
    as_it_is = SimpleNamespace(preprocess=lambda texts: {"train_bow": counts, "vocab": vocabulary})
    model = FASTopic(n_topics, as_it_is, num_top_words=TOP_WORDS, device=DEVICE, doc_embed_model=load_model())
    topics, theta = model.fit_transform(texts_of(counts, documents, vocabulary))
    return [topic.split() for topic in topics], np.asarray(theta)
