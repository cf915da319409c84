"""Turftopic's KeyNMF and S3 with a sentence encoder, by default its own, all-MiniLM-L6-v2, and its other defaults."""

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import CountVectorizer
from turftopic import KeyNMF, SemanticSignalSeparation

from peers.documents import proportions, texts_of
from peers.encoders import encode

TOP_WORDS = 25


class WordEncoder:
    """The encoder as Turftopic sees it, which asks only for words: the embeddings of documents are passed to it."""

    def __init__(self, vocabulary: list[str], encoder: str) -> None:
        self.rows = dict(zip(vocabulary, encode(vocabulary, encoder), strict=True))

    def encode(self, words: list[str], **options: Any) -> np.ndarray:
        """Return the embeddings of words."""
        return np.array([self.rows[word] for word in words])


def fit(
    kind: type,
    counts: sp.csr_matrix,
    documents: list[list[str]] | None,
    vocabulary: list[str],
    n_topics: int,
    seed: int,
    encoder: str = "minilm",
) -> dict[str, Any]:
    """Return the 25 words of each topic, theta of shape (n_docs, n_topics), and transform.

    theta is the positive part of the weights of the topics (S3's have two signs), scaled to sum to 1. There is no beta:
    the importance of a word is no probability.
    """
    texts = texts_of(counts, documents, vocabulary)
    vectorizer = CountVectorizer(vocabulary=vocabulary, tokenizer=str.split, lowercase=False, token_pattern=None)
    model = kind(n_topics, encoder=WordEncoder(vocabulary, encoder), vectorizer=vectorizer, random_state=seed)
    weights = model.fit_transform(texts, embeddings=encode(texts, encoder))
    topics = [[word for word, _ in words] for _, words in model.get_topics(TOP_WORDS)]

    def transform(counts: sp.csr_matrix, documents: list[list[str]] | None) -> np.ndarray:
        texts = texts_of(counts, documents, vocabulary)
        return proportions(np.maximum(model.transform(texts, embeddings=encode(texts, encoder)), 0))

    return {"topics": topics, "theta": proportions(np.maximum(weights, 0)), "transform": transform}


keynmf, s3 = (partial(fit, kind) for kind in (KeyNMF, SemanticSignalSeparation))
