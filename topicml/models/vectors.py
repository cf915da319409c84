"""The word vectors a model starts from: of the corpus itself, of a file, or given."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from topicml.corpus.documents import Documents
from topicml.corpus.embeddings import read_vectors, word_vectors
from topicml.errors import InputError

SOURCES = ("corpus", "word2vec", "random")


def starting_vectors(
    vectors: Any, documents: Documents, dimension: int, *, window: int, power: float, seed: int, name: str = "vectors"
) -> np.ndarray:
    """Word vectors of the documents' vocabulary: (n_words, dimension), float64.

    The direction is that of the source. The length is proportional to ``document frequency ** power``, with mean square
    1. A word without a direction gets a random one, a tenth as long.

    Parameters
    ----------
    vectors : {"corpus", "word2vec", "random"}, ndarray, path or gensim KeyedVectors
        See `topicml.LDA2Vec`. Given vectors keep their dimension.
    documents : Documents
        Their counts, and where known their vocabulary and corpus.
    dimension : int
        Of vectors made here; less where the vocabulary is smaller.
    window : int
        Words at most so many tokens apart occur together, where the order of words is known.
    power : float
        As above.
    seed : int
        Of every random choice.
    name : str
        What the model calls them, for messages.

    Raises
    ------
    InputError
        If given vectors have another number of rows than there are words, are not finite, or hold none of the words;
        if vectors by word are given for columns without names; or "word2vec" is asked for without word order.
    """
    n_words = documents.counts.shape[1]
    rng = np.random.default_rng(seed)
    if isinstance(vectors, np.ndarray):
        found = _checked(vectors, n_words, name)
    elif isinstance(vectors, str) and vectors in SOURCES:
        found = _of_corpus(vectors, documents, min(dimension, n_words), window, rng, seed, name)
    else:
        found = read_vectors(vectors, _names(documents, name)).astype(np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    frequency = np.maximum(np.bincount(documents.counts.indices, minlength=n_words), 1.0)  # documents with the word
    scale = frequency**power
    scaled = found / np.maximum(lengths, 1e-9) * (scale / np.sqrt(np.mean(scale**2)))[:, None]
    without = lengths[:, 0] < 1e-9
    scaled[without] = rng.normal(scale=0.1 / np.sqrt(found.shape[1]), size=(without.sum(), found.shape[1]))
    return scaled


def check_vectors(vectors: Any, name: str = "vectors") -> None:
    """Raise `InputError` if `vectors` is nothing that word vectors can be made of."""
    if isinstance(vectors, np.ndarray) or all(hasattr(vectors, name) for name in ("vector_size", "__getitem__")):
        return
    if not isinstance(vectors, (str, os.PathLike)):
        raise InputError(
            f"{name} is {vectors!r:.80}, a {type(vectors).__name__}. Choose one of {', '.join(SOURCES)}, or give an "
            "array (n_words, dimension), the path of a file of word vectors, or gensim's KeyedVectors."
        )
    if vectors not in SOURCES and not Path(vectors).is_file():
        raise InputError(f"{name}={str(vectors)!r} is neither one of {', '.join(SOURCES)} nor a file.")


def _of_corpus(
    source: str, documents: Documents, dimension: int, window: int, rng: np.random.Generator, seed: int, name: str
) -> np.ndarray:
    corpus = documents.corpus
    if source == "random":
        return rng.normal(size=(documents.counts.shape[1], dimension))
    if source == "word2vec":
        if corpus is None:
            raise InputError(
                f"{name}='word2vec' needs the order of the words, and a matrix of counts has none. "
                f"Fit on a Corpus of texts or tokens, or choose {name}='corpus'."
            )
        found = word_vectors(corpus, dimension=dimension, method="word2vec", window=window, seed=seed)
    elif corpus is not None and corpus.has_order:
        found = word_vectors(corpus, dimension=dimension, window=window, seed=seed)
    else:
        found = word_vectors(documents.counts, dimension=dimension, seed=seed)
    return found.astype(np.float64)


def _checked(vectors: np.ndarray, n_words: int, name: str) -> np.ndarray:
    if vectors.ndim != 2 or vectors.shape[0] != n_words or not vectors.shape[1]:
        raise InputError(
            f"{name} has shape {vectors.shape}; the vocabulary holds {n_words} words, so ({n_words}, dimension) is "
            "needed, a row a word in vocabulary order."
        )
    values = np.asarray(vectors, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds values that are not finite (NaN or infinity). Remove or replace them.")
    return values


def _names(documents: Documents, name: str) -> tuple[str, ...]:
    if documents.vocabulary is None:
        raise InputError(
            "Vectors by word need the words' names, and a matrix without names was given. Fit on a Corpus "
            f"(Corpus.from_counts(matrix, vocabulary)), or give {name} as an array (n_words, dimension)."
        )
    return documents.vocabulary
