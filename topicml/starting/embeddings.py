"""Word vectors learned from a corpus, in seconds and without a network."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from topicml.corpus.corpus import Corpus
from topicml.errors import InputError
from topicml.starting.pmi import positive_pmi
from topicml.starting.vector_start import DEFAULT_VECTORS, VectorStart

METHODS = ("ppmi", "word2vec")


def word_vectors(
    documents: Corpus | sp.csr_matrix,
    *,
    dimension: int = 100,
    method: str = "ppmi",
    window: int | None = None,
    seed: int = 0,
    start: VectorStart = DEFAULT_VECTORS,
    **options: Any,
) -> np.ndarray:
    """Learn word vectors from a corpus alone.

    Words that occur with the same words get similar vectors (by cosine). The mean and the leading components contain
    frequency more than meaning, and are removed.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        A matrix contains word counts.
    dimension : int
        Length of a vector. If the factorised matrix has a lower rank, the last columns are 0.
    method : {"ppmi", "word2vec"}
        ``ppmi``: truncated SVD ``U S V'`` of the matrix of `positive_pmi`; the vectors are ``U S ** 0.5``.
        ``word2vec``: gensim's skip-gram with negative sampling, on one thread so that it is reproducible.
    window : int, optional
        Words at most this many tokens apart occur together. By default words of the same document do, which gives
        topical rather than functional similarity; ``word2vec`` then uses `start.word2vec_window`.
    seed : int
        Seed of every random choice. The same seed gives the same vectors, signs included.
    start : VectorStart
        The options of both methods.
    **options
        Options to change in `start`, by name: ``word_vectors(corpus, smoothing=1.0)``.

    Returns
    -------
    ndarray, float32, (n_words, dimension)
        Rows of unit length. A word that occurs with no other word (or too seldom) gets a row of 0, or an arbitrary
        direction if rounding in the SVD leaves one.

    Raises
    ------
    InputError
        If `method` is unknown, a number is out of range, or the method needs word order and there are counts only.

    References
    ----------
    Levy & Goldberg, NIPS 2014; Levy, Goldberg & Dagan, TACL 2015 (half power, smoothing). Mu & Viswanath, ICLR 2018
    (removal of the mean and the leading components). Mikolov et al., NIPS 2013.
    """
    if method not in METHODS:
        raise InputError(f"method={method!r} is unknown. Choose one of {', '.join(METHODS)}.")
    if dimension < 1:
        raise InputError(f"dimension must be at least 1; received {dimension!r}.")
    start = start.replace(**options)
    if method == "word2vec":
        raw = _word2vec(documents, dimension, start.word2vec_window if window is None else window, start, seed)
    else:
        raw = _factors(positive_pmi(documents, window=window, start=start), dimension, start, seed)
    vectors = np.zeros((raw.shape[0], dimension), dtype=np.float32)
    vectors[:, : raw.shape[1]] = _spread(raw, start)
    return vectors


def _factors(matrix: sp.csr_matrix, dimension: int, start: VectorStart, seed: int) -> np.ndarray:
    """U S ** 0.5 of the truncated SVD, float32, without directions of negligible strength."""
    rank = min(dimension, *matrix.shape)
    if not matrix.nnz:
        return np.zeros((matrix.shape[0], 1), dtype=np.float32)
    # With its default sign rule each direction's largest entry is positive.
    directions, strength, _ = randomized_svd(matrix, rank, n_iter=start.svd_iterations, random_state=seed)
    strong = strength > start.rank_tolerance * strength[0]
    return (directions[:, strong] * np.sqrt(strength[strong])).astype(np.float32)


def _spread(raw: np.ndarray, start: VectorStart) -> np.ndarray:
    """Remove the mean and the leading components, and scale rows to unit length; rows of 0 stay."""
    nonzero = np.flatnonzero(np.abs(raw).max(axis=1) > 0)
    spread = np.zeros_like(raw, dtype=np.float32)
    if not len(nonzero):
        return spread
    centred = raw[nonzero].astype(np.float64)
    centred -= centred.mean(axis=0)
    n_removed = int(raw.shape[1] * start.removed + 1e-9)  # 100 * 0.01 may be rounded to less than 1
    leading = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :n_removed]
    centred -= centred @ leading @ leading.T
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    spread[nonzero] = np.where(lengths > 1e-9, centred / np.maximum(lengths, 1e-9), 0)
    return spread


def _word2vec(documents: Any, dimension: int, window: int, start: VectorStart, seed: int) -> np.ndarray:
    """Gensim's skip-gram vectors; rows of 0 for words that do not occur."""
    if not isinstance(documents, Corpus):
        raise InputError(
            "method='word2vec' needs word order, which a matrix of counts does not have. Pass a Corpus of texts, "
            "or choose method='ppmi'."
        )
    documents.require_order("method='word2vec'")
    if window < 1:
        raise InputError(f"window must be at least 1; received {window!r}.")
    from gensim.models import Word2Vec  # slow to import

    vectors = np.zeros((documents.n_words, dimension), dtype=np.float32)
    if documents.n_tokens:
        # Every word needs a vector (min_count), and only one worker gives the same vectors again.
        options = {"min_count": 1, "sg": 1, "workers": 1, "seed": seed % 2**31}
        options |= {"negative": start.word2vec_negatives, "epochs": start.word2vec_epochs}
        keyed = Word2Vec(_Sentences(documents), vector_size=dimension, window=window, **options).wv
        for i, word in enumerate(documents.vocabulary):
            if word in keyed:
                vectors[i] = keyed[word]
    return vectors


class _Sentences:
    """A corpus as an iterable of token lists that gensim can read several times."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.corpus)
