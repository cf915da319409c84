"""CombinedTM and ZeroShotTM of contextualized-topic-models with a sentence encoder, by default all-MiniLM-L6-v2.

All else is their default: 100 epochs. ZeroShotTM infers topics from the embedding alone, CombinedTM from embedding and
counts.
"""

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from contextualized_topic_models.datasets.dataset import CTMDataset
from contextualized_topic_models.models.ctm import CTM, CombinedTM, ZeroShotTM

from peers.documents import texts_of
from peers.encoders import encode

TOP_WORDS = 25
EPOCHS = 100


def fit(
    kind: type[CTM],
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    epochs: int = EPOCHS,
    encoder: str = "minilm",
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), and transform.

    theta is the mean of 20 samples, the package's default. There is no beta: the decoder is a product of experts.
    """
    torch.manual_seed(seed)
    np.random.seed(seed)
    data = partial(dataset, vocabulary)
    embeddings = encode(texts_of(counts, documents, vocabulary), encoder)
    model = kind(
        bow_size=len(vocabulary),
        contextual_size=embeddings.shape[1],
        n_components=n_topics,
        num_epochs=epochs,
        num_data_loader_workers=0,  # by default one per core; the grid has one thread per run
    )
    model.fit(data(counts, embeddings))

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        embeddings = encode(texts_of(counts, documents, vocabulary), encoder)
        return model.get_doc_topic_distribution(data(counts, embeddings))

    topics = model.get_topic_lists(TOP_WORDS)
    return {"topics": topics, "theta": model.training_doc_topic_distributions, "transform": transform}


def dataset(vocabulary: list[str], counts: sp.csr_matrix, embeddings: np.ndarray) -> CTMDataset:
    """The package's data set. It makes each row dense anyway, a hundred times slower from a sparse matrix."""
    return CTMDataset(embeddings, counts.toarray().astype(np.float32), dict(enumerate(vocabulary)))


combinedtm, zeroshottm = (partial(fit, kind) for kind in (CombinedTM, ZeroShotTM))
