"""The word vectors that a model starts from: learned from its documents, read from a file, or an array."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.starting.embeddings import word_vectors
from topicml.starting.vector_files import read_vectors
from topicml.starting.vector_start import DEFAULT_VECTORS, VectorStart

SOURCES = ("corpus", "word2vec", "random")


def starting_vectors(
    vectors: Any,
    documents: Documents,
    dimension: int,
    *,
    window: int | None,
    power: float,
    seed: int,
    name: str = "vectors",
    start: VectorStart = DEFAULT_VECTORS,
) -> np.ndarray:
    """Make the word vectors that a model starts from.

    The direction of a vector comes from the source. Its length is proportional to ``document frequency ** power``, with
    mean square 1. A word without a direction gets a random vector of about the length
    `start.random_length`.

    Parameters
    ----------
    vectors : {"corpus", "word2vec", "random"}, ndarray (n_words, any dimension), path or gensim KeyedVectors
        The source. ``corpus`` and ``word2vec`` learn vectors from the documents (`word_vectors`), ``random`` draws
        Gaussian ones. An array has one row for each word, in vocabulary order. For files and KeyedVectors see
        `read_vectors`.
    documents : Documents
        Their counts; their vocabulary for vectors by word; their corpus for the word order.
    dimension : int
        Dimension of learned and random vectors; smaller if the vocabulary is. Others keep theirs.
    window : int or None
        Words at most this many tokens apart occur together. None, or documents without word order: words of the same
        document occur together.
    power : float
        Exponent of the document frequency; 0 gives all vectors the same length.
    seed : int
        Seed of every random choice.
    name : str
        The model's name of the argument, for messages.
    start : VectorStart
        Options of learned vectors, and the length of random ones.

    Returns
    -------
    ndarray, float64, (n_words, dimension)

    Raises
    ------
    InputError
        If an array has another number of rows than there are words, or values that are not finite; a file or
        KeyedVectors has none of the words, or the words have no names; ``word2vec`` gets documents without word order;
        or `power` is so large that lengths are not finite.
    """
    n_words = documents.counts.shape[1]
    rng = np.random.default_rng(seed)
    if isinstance(vectors, str) and vectors == "random":
        raw = rng.normal(size=(n_words, min(dimension, n_words)))
    else:
        raw = given_vectors(vectors, documents, dimension, window=window, seed=seed, name=name, start=start)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    frequency = np.maximum(np.bincount(documents.counts.indices, minlength=n_words), 1.0)  # documents with the word
    with np.errstate(over="ignore"):
        scale = frequency**power
        mean_square = float(np.mean(scale**2))
    if not 0 < mean_square < np.inf:
        raise InputError(
            f"The document frequency of words ({frequency.max():,.0f} at most) to the power {power} is not a finite "
            "number. Use a power near 0.5."
        )
    scaled = raw / np.maximum(lengths, 1e-9) * (scale / np.sqrt(mean_square))[:, None]
    without = lengths[:, 0] < 1e-9
    spread = start.random_length / np.sqrt(raw.shape[1])
    scaled[without] = rng.normal(scale=spread, size=(without.sum(), raw.shape[1]))
    return scaled


def given_vectors(
    vectors: Any,
    documents: Documents,
    dimension: int,
    *,
    window: int | None = None,
    seed: int,
    name: str = "vectors",
    start: VectorStart = DEFAULT_VECTORS,
) -> np.ndarray:
    """The vectors of words as they were learned, read or given; arguments as in `starting_vectors`.

    Returns
    -------
    ndarray, float64, (n_words, dimension)
    """
    n_words = documents.counts.shape[1]
    if isinstance(vectors, np.ndarray):
        return _checked(vectors, n_words, name)
    if isinstance(vectors, str) and vectors in SOURCES:
        return _learned(vectors, documents, min(dimension, n_words), window, start, seed, name)
    return read_vectors(vectors, _names(documents, name)).astype(np.float64)


def check_vectors(vectors: Any, name: str = "vectors") -> None:
    """Check a source of word vectors, without the documents.

    Parameters
    ----------
    vectors : object
        The source; see `starting_vectors`.
    name : str
        The model's name of the argument, for messages.

    Raises
    ------
    InputError
        If it is neither a source's name, nor an array, a file, or KeyedVectors.
    """
    if isinstance(vectors, np.ndarray) or all(hasattr(vectors, each) for each in ("vector_size", "__getitem__")):
        return
    if not isinstance(vectors, (str, os.PathLike)):
        raise InputError(
            f"{name} is {vectors!r:.80}, a {type(vectors).__name__}. Choose one of {', '.join(SOURCES)}, or pass an "
            "array (n_words, dimension), the path of a file of word vectors, or gensim's KeyedVectors."
        )
    if vectors not in SOURCES and not Path(vectors).is_file():
        raise InputError(f"{name}={str(vectors)!r} is neither one of {', '.join(SOURCES)} nor a file.")


def _learned(
    source: str,
    documents: Documents,
    dimension: int,
    window: int | None,
    start: VectorStart,
    seed: int,
    name: str,
) -> np.ndarray:
    corpus = documents.corpus
    texts: Corpus | csr_matrix
    if source == "word2vec":
        if corpus is None:
            raise InputError(
                f"{name}='word2vec' needs word order, which a matrix of counts does not have. "
                f"Fit on a Corpus of texts or tokens, or choose {name}='corpus'."
            )
        method, texts = "word2vec", corpus
    elif window is not None and corpus is not None and corpus.has_order:
        method, texts = "ppmi", corpus
    else:
        method, texts, window = "ppmi", documents.counts, None
    vectors = word_vectors(texts, dimension=dimension, method=method, window=window, seed=seed, start=start)
    return vectors.astype(np.float64)


def _checked(vectors: np.ndarray, n_words: int, name: str) -> np.ndarray:
    if vectors.ndim != 2 or vectors.shape[0] != n_words or not vectors.shape[1]:
        raise InputError(
            f"{name} has shape {vectors.shape}; the vocabulary holds {n_words} words, so it needs ({n_words}, "
            "dimension): a row for each word, in vocabulary order."
        )
    values = np.asarray(vectors, dtype=np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"Some values of {name} are not finite (NaN or infinity). Remove or replace them.")
    return values


def _names(documents: Documents, name: str) -> tuple[str, ...]:
    if documents.vocabulary is None:
        raise InputError(
            "Vectors by word need the words' names, and the matrix has no names. Fit on a Corpus "
            f"(Corpus.from_counts(matrix, vocabulary)), or pass {name} as an array (n_words, dimension)."
        )
    return documents.vocabulary
