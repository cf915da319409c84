"""BERTopic with a sentence encoder, by default all-MiniLM-L6-v2, reduced to the requested number of topics."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from bertopic import BERTopic
from sklearn.feature_extraction.text import CountVectorizer
from umap import UMAP

from peers.documents import texts_of
from peers.encoders import encode

TOP_WORDS = 25


def new_model(vocabulary: list[str], n_topics: int, seed: int, **options: Any) -> BERTopic:
    """A model with BERTopic's defaults, but for these options and the number of topics."""
    return BERTopic(
        # BERTopic's defaults of UMAP, with a seed.
        umap_model=UMAP(
            n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False, random_state=seed
        ),
        vectorizer_model=CountVectorizer(
            vocabulary=vocabulary, tokenizer=str.split, lowercase=False, token_pattern=None
        ),
        language="multilingual",  # "english" cuts words such as c++ to c; the embeddings are computed elsewhere
        nr_topics=n_topics + 1,  # the topic of outliers counts, too
        top_n_words=TOP_WORDS,
        **options,
    )


def fit(
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    encoder: str = "minilm",
) -> dict[str, Any]:
    """Return at most 25 words of each topic, theta of shape (n_docs, n_topics), and transform.

    There may be fewer topics than requested.

    theta is hard. Documents that BERTopic leaves out get a topic by its `reduce_outliers` (embeddings) after the topics
    are made. So the words of topics are BERTopic's, and every document counts, as for the other models.
    """
    texts = texts_of(counts, documents, vocabulary)
    embeddings = encode(texts, encoder)
    # BERTopic divides by the frequency of every word of its vectorizer.
    present_words = [word for word, n in zip(vocabulary, counts.sum(axis=0).A1, strict=True) if n]
    model = new_model(present_words, n_topics, seed)
    numbers, _ = model.fit_transform(texts, embeddings)
    topics = [[word for word, _ in model.get_topic(k) if word] for k in sorted(model.get_topics()) if k >= 0]

    def theta_of(texts: list[str], embeddings: np.ndarray, numbers: Any) -> np.ndarray:
        if -1 in numbers:
            numbers = model.reduce_outliers(texts, numbers, strategy="embeddings", embeddings=embeddings)
        theta = np.zeros((len(texts), len(topics)))
        theta[np.arange(len(texts)), numbers] = 1
        return theta

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        texts = texts_of(counts, documents, vocabulary)
        embeddings = encode(texts, encoder)
        return theta_of(texts, embeddings, list(model.transform(texts, embeddings)[0]))

    return {"topics": topics, "theta": theta_of(texts, embeddings, numbers), "transform": transform}
