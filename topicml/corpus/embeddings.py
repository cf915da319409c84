"""Word vectors: of the corpus itself, in seconds and without a network; or read from what others trained."""

import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import randomized_svd

from topicml.corpus.corpus import Corpus
from topicml.corpus.pmi import positive_pmi
from topicml.errors import InputError, TopicWarning

METHODS = ("ppmi", "word2vec")


def word_vectors(
    documents: Corpus | sp.csr_matrix,
    *,
    dimension: int = 100,
    method: str = "ppmi",
    window: int | None = None,
    shift: float = 0.0,
    smoothing: float = 0.75,
    min_count: int = 1,
    max_contexts: int = 10_000,
    seed: int = 0,
) -> np.ndarray:
    """Vectors of the words of a corpus, learned from that corpus alone.

    Words are near each other (by cosine) when they occur with the same words. Mean and leading components, which hold
    frequency more than meaning, are taken out: one component in a hundred.

    Parameters
    ----------
    documents : Corpus or csr_matrix, (n_docs, n_words)
        A matrix holds word counts.
    dimension : int
        Numbers a vector. Where the matrix that is factorised has a lower rank, the last columns are 0.
    method : {"ppmi", "word2vec"}
        ``ppmi``: truncated SVD ``U S V'`` of the matrix of `positive_pmi`; the vectors are ``U S ** 0.5``.
        ``word2vec``: gensim's skip-gram with negative sampling, ten epochs on one thread (so that it repeats itself).
    window : int, optional
        Words at most so many tokens apart occur together. None: words of the same document do, which gives topical
        rather than functional likeness (for ``word2vec`` it stands for 10 tokens).
    shift, smoothing, min_count, max_contexts
        As in `positive_pmi`; only for ``ppmi``.
    seed : int
        Seed of every random choice. The same seed gives the same vectors, signs included.

    Returns
    -------
    vectors : ndarray, float32, (n_words, dimension)
        Rows of unit length; rows of 0 for words that occur with no other word (or too seldom).

    Raises
    ------
    InputError
        If `method` is unknown, a number is out of range, or the order of words is needed and not known.

    References
    ----------
    Levy & Goldberg, NIPS 2014; Levy, Goldberg & Dagan, TACL 2015 (half power, smoothing). Mu & Viswanath, ICLR 2018
    (mean and leading components out). Mikolov et al., NIPS 2013.
    """
    if method not in METHODS:
        raise InputError(f"method={method!r} is unknown. Choose one of {', '.join(METHODS)}.")
    if dimension < 1:
        raise InputError(f"dimension must be at least 1; received {dimension!r}.")
    if method == "word2vec":
        found = _word2vec(documents, dimension, 10 if window is None else window, seed)
    else:
        found = _factors(
            positive_pmi(
                documents,
                window=window,
                shift=shift,
                smoothing=smoothing,
                min_count=min_count,
                max_contexts=max_contexts,
            ),
            dimension,
            seed,
        )
    vectors = np.zeros((found.shape[0], dimension), dtype=np.float32)
    vectors[:, : found.shape[1]] = _spread(found)
    return vectors


def read_vectors(source: Any, vocabulary: Sequence[str]) -> np.ndarray:
    """Vectors of the words of a vocabulary, out of vectors that others trained.

    Parameters
    ----------
    source : path or gensim KeyedVectors
        A file of word2vec's (text or binary) or GloVe's format, which may be compressed (``.gz``, ``.bz2``); or an
        object that has ``vector_size``, ``word in source`` and ``source[word]``.
    vocabulary : sequence of str
        The words; row i is the vector of word i.

    Returns
    -------
    vectors : ndarray, float32, (n_words, dimension)
        As they were trained: neither centred nor scaled. A word that the source does not know has the mean of those it
        knows, which says nothing of it.

    Raises
    ------
    InputError
        If the file is missing or holds no vectors, or none of the words is in it.

    Warns
    -----
    TopicWarning
        If words are missing: how many.
    """
    words = tuple(vocabulary)
    keyed = _opened(source) if isinstance(source, (str, os.PathLike)) else source
    if not all(hasattr(keyed, name) for name in ("vector_size", "__contains__", "__getitem__")):
        raise InputError(
            f"Word vectors were given as {type(source).__name__}. Give the path of a file in word2vec's or GloVe's "
            "format, or gensim's KeyedVectors (of a Word2Vec model: model.wv)."
        )
    known = [i for i, word in enumerate(words) if word in keyed]
    if not known:
        raise InputError(
            f"None of the {len(words):,} words of the vocabulary ({_first(words)}) has a vector. "
            "Give vectors of the same language and spelling (most are lower case)."
        )
    vectors = np.empty((len(words), int(keyed.vector_size)), dtype=np.float32)
    vectors[known] = [keyed[words[i]] for i in known]
    if not np.isfinite(vectors[known]).all():
        raise InputError("The word vectors hold values that are not finite (NaN or infinity). Remove those words.")
    missing = np.setdiff1d(np.arange(len(words)), known)
    if len(missing):
        vectors[missing] = vectors[known].mean(axis=0)
        shown = _first([words[i] for i in missing])
        warnings.warn(
            f"{len(missing):,} of {len(words):,} words have no vector ({shown}) and get the mean of the others.",
            TopicWarning,
            stacklevel=2,
        )
    return vectors


def _first(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:5])) + (", ..." if len(words) > 5 else "")


def _factors(matrix: sp.csr_matrix, dimension: int, seed: int) -> np.ndarray:
    """U S ** 0.5 of the truncated SVD, float32, without directions that hold nothing."""
    rank = min(dimension, *matrix.shape)
    if not matrix.nnz:
        return np.zeros((matrix.shape[0], 1), dtype=np.float32)
    # With its default sign rule each direction's largest entry is positive.
    directions, strength, _ = randomized_svd(matrix, rank, n_iter=3, random_state=seed)
    held = strength > 1e-5 * strength[0]
    return (directions[:, held] * np.sqrt(strength[held])).astype(np.float32)


def _spread(found: np.ndarray) -> np.ndarray:
    """Take out the mean and one leading component in a hundred; scale rows to unit length; rows of 0 stay."""
    known = np.flatnonzero(np.abs(found).max(axis=1) > 0)
    spread = np.zeros_like(found, dtype=np.float32)
    if not len(known):
        return spread
    centred = found[known].astype(np.float64)
    centred -= centred.mean(axis=0)
    leading = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, : found.shape[1] // 100]
    centred -= centred @ leading @ leading.T
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    spread[known] = np.where(lengths > 1e-9, centred / np.maximum(lengths, 1e-9), 0)
    return spread


def _word2vec(documents: Any, dimension: int, window: int, seed: int) -> np.ndarray:
    if not isinstance(documents, Corpus):
        raise InputError(
            "method='word2vec' needs the order of the words, and a matrix of counts has none. Give a Corpus of texts, "
            "or choose method='ppmi'."
        )
    documents.require_order("method='word2vec'")
    if window < 1:
        raise InputError(f"window must be at least 1; received {window!r}.")
    from gensim.models import Word2Vec  # slow to import

    vectors = np.zeros((documents.n_words, dimension), dtype=np.float32)
    if documents.n_tokens:
        options = {"min_count": 1, "sg": 1, "negative": 5, "epochs": 10, "workers": 1, "seed": seed % 2**31}
        keyed = Word2Vec(_Sentences(documents), vector_size=dimension, window=window, **options).wv
        for i, word in enumerate(documents.vocabulary):
            if word in keyed:
                vectors[i] = keyed[word]
    return vectors


class _Sentences:
    """A corpus as gensim reads it: token lists, again and again."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.corpus)


def _opened(path: str | os.PathLike[str]) -> Any:
    """A file of word vectors as gensim's KeyedVectors; which of three formats it has is seen from its first lines."""
    from gensim.models import KeyedVectors  # slow to import
    from smart_open import open as open_any  # gensim's reader; opens compressed files too

    path = os.fspath(path)
    try:
        with open_any(path, "rb") as file:
            first, second = file.readline(100_000), file.readline(100_000)
        has_header = len(first.split()) == 2 and all(number.isdigit() for number in first.split())
        binary = has_header and not _is_text(second, int(first.split()[1]))
        return KeyedVectors.load_word2vec_format(path, binary=binary, no_header=not has_header)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist. Give the path of a file of word vectors.") from error
    except (OSError, ValueError, TypeError, EOFError, IndexError) as error:  # as gensim's reader happens to fail
        raise InputError(
            f"{path} cannot be read as word vectors ({str(error).splitlines()[0] if str(error) else 'it ends early'}). "
            "Give a file in word2vec's (text or binary) or GloVe's format; what gensim's KeyedVectors.save wrote, open "
            "with KeyedVectors.load and give the object."
        ) from error


def _is_text(line: bytes, dimension: int) -> bool:
    try:
        return len([float(number) for number in line.decode().split()[1:]]) >= min(dimension, 1)
    except ValueError:  # and UnicodeDecodeError, which is one
        return False
