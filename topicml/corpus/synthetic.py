"""Synthetic corpora with known topics, drawn from LDA, from ProdLDA, or as short texts with one topic each.

Each function draws `beta`, then documents in chunks, with one child seed per chunk. A corpus in memory therefore equals
one written to a folder chunk by chunk, which works for millions of documents.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from topicml.corpus.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.corpus.storage import writing
from topicml.corpus.tokens import offsets_of
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError

_Draw = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Synthetic:
    """A corpus with the parameters that generated it.

    Attributes
    ----------
    corpus : Corpus
        The field "label" is the topic with the largest share in each document.
    theta : numpy.ndarray
        Topic shares, float32 of shape (n_docs, n_topics); rows sum to 1.
    beta : numpy.ndarray
        Word distributions of the topics, float64 of shape (n_topics, n_words); rows sum to 1.
    """

    corpus: Corpus
    theta: np.ndarray
    beta: np.ndarray


def lda(
    n_docs: int = 1000,
    n_topics: int = 10,
    n_words: int = 500,
    *,
    mean_length: float = 50,
    alpha: float = 0.1,
    eta: float = 0.05,
    random_state: int = 0,
    folder: str | os.PathLike[str] | None = None,
    chunk: int = 10_000,
) -> Synthetic:
    """Draw documents from latent Dirichlet allocation (Blei, Ng and Jordan, 2003).

    For each topic, beta ~ Dirichlet(eta). For each document, theta ~ Dirichlet(alpha) and the length is
    Poisson(mean_length), at least 1. For each token, topic z ~ theta and word ~ beta[z].

    Parameters
    ----------
    n_docs, n_topics, n_words : int
        Number of documents, of topics, and of words in the vocabulary.
    mean_length : float
        Mean number of tokens per document.
    alpha, eta : float
        Concentrations of the symmetric Dirichlet distributions of theta and of beta.
    random_state : int
        Seed.
    folder : str or path, optional
        Write the corpus to this folder and open it memory-mapped. Memory is then one chunk, plus theta.
    chunk : int
        Number of documents to draw at once. The corpus depends on it.

    Returns
    -------
    Synthetic

    Raises
    ------
    InputError
        If `n_docs` or `chunk` is below 1, or `folder` exists.
    """
    seed = np.random.SeedSequence(random_state)
    beta = _dirichlet(np.random.default_rng(seed.spawn(1)[0]), eta, (n_topics, n_words))

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        theta = _dirichlet(rng, alpha, (n, n_topics))
        lengths = np.maximum(rng.poisson(mean_length, n), 1)
        return _mixture_words(rng, theta, lengths, beta), offsets_of(lengths), theta

    return _corpus_of(draw, beta, n_docs, seed, folder, chunk)


def short_text(
    n_docs: int = 1000,
    n_topics: int = 10,
    n_words: int = 500,
    *,
    min_length: int = 5,
    max_length: int = 15,
    eta: float = 0.05,
    random_state: int = 0,
    folder: str | os.PathLike[str] | None = None,
    chunk: int = 10_000,
) -> Synthetic:
    """Draw short documents with one topic each from the mixture of unigrams (Nigam et al., 2000).

    For each topic, beta ~ Dirichlet(eta). For each document, a uniform topic, a uniform length from `min_length` to
    `max_length`, and words ~ beta of the topic.

    Parameters
    ----------
    n_docs, n_topics, n_words : int
        Number of documents, of topics, and of words in the vocabulary.
    min_length, max_length : int
        Smallest and largest number of tokens per document.
    eta : float
        Concentration of the symmetric Dirichlet distribution of beta.
    random_state, folder, chunk
        As in `lda`.

    Returns
    -------
    Synthetic

    Raises
    ------
    InputError
        If `n_docs` or `chunk` is below 1, or `folder` exists.
    """
    seed = np.random.SeedSequence(random_state)
    beta = _dirichlet(np.random.default_rng(seed.spawn(1)[0]), eta, (n_topics, n_words))

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        theta = np.eye(n_topics)[rng.integers(n_topics, size=n)]
        lengths = rng.integers(min_length, max_length + 1, size=n)
        return _mixture_words(rng, theta, lengths, beta), offsets_of(lengths), theta

    return _corpus_of(draw, beta, n_docs, seed, folder, chunk)


def prodlda(
    n_docs: int = 1000,
    n_topics: int = 10,
    n_words: int = 500,
    *,
    mean_length: float = 50,
    alpha: float = 0.1,
    sharpness: float = 3.0,
    random_state: int = 0,
    folder: str | os.PathLike[str] | None = None,
    chunk: int = 1_000,
) -> Synthetic:
    """Draw documents from ProdLDA, a product of experts (Srivastava and Sutton, 2017, section 4.1).

    For each topic and word, logits ~ Normal(0, sharpness); beta is the softmax of each topic's logits. For each
    document, theta ~ Dirichlet(alpha), length as in `lda`, and words ~ softmax(theta · logits).

    Parameters
    ----------
    n_docs, n_topics, n_words : int
        Number of documents, of topics, and of words in the vocabulary.
    mean_length : float
        Mean number of tokens per document.
    alpha : float
        Concentration of the symmetric Dirichlet distribution of theta.
    sharpness : float
        Standard deviation of the logits; larger values give topics with fewer frequent words.
    random_state, folder
        As in `lda`.
    chunk : int
        As in `lda`. Each document has a separate word distribution, so a chunk takes about 16 · chunk · n_words bytes.

    Returns
    -------
    Synthetic

    Raises
    ------
    InputError
        If `n_docs` or `chunk` is below 1, or `folder` exists.
    """
    seed = np.random.SeedSequence(random_state)
    logits = np.random.default_rng(seed.spawn(1)[0]).normal(0.0, sharpness, (n_topics, n_words))

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        theta = _dirichlet(rng, alpha, (n, n_topics))
        lengths = np.maximum(rng.poisson(mean_length, n), 1)
        cumulative = np.cumsum(_softmax(theta @ logits), axis=1)  # (n, n_words)
        words = [_inverse(cumulative[i], rng.random(lengths[i])) for i in range(n)]
        return np.concatenate(words, dtype=np.int32), offsets_of(lengths), theta

    return _corpus_of(draw, _softmax(logits), n_docs, seed, folder, chunk)


def _corpus_of(
    draw: _Draw,
    beta: np.ndarray,
    n_docs: int,
    seed: np.random.SeedSequence,
    folder: str | os.PathLike[str] | None,
    chunk: int,
) -> Synthetic:
    if n_docs < 1 or chunk < 1:
        raise InputError(f"n_docs and chunk must be at least 1; received {n_docs} and {chunk}.")
    n_topics, n_words = beta.shape
    vocabulary = Vocabulary(f"w{i:0{len(str(n_words - 1))}d}" for i in range(n_words))
    theta = np.empty((n_docs, n_topics), dtype=np.float32)

    def parts() -> Iterator[Corpus]:
        begins = range(0, n_docs, chunk)
        for begin, child in zip(begins, seed.spawn(len(begins)), strict=True):
            rows = slice(begin, min(begin + chunk, n_docs))
            tokens, offsets, theta[rows] = draw(np.random.default_rng(child), rows.stop - begin)
            fields = Fields.of({"label": theta[rows].argmax(axis=1)}, rows.stop - begin)
            yield Corpus(vocabulary, tokens=tokens, offsets=offsets, fields=fields)

    if folder is None:
        return Synthetic(_concatenated(vocabulary, list(parts())), theta, beta)
    with writing(folder, vocabulary) as writer:
        for part in parts():
            writer.append(part)
    return Synthetic(Corpus.open(folder), theta, beta)


def _concatenated(vocabulary: Vocabulary, parts: list[Corpus]) -> Corpus:
    lengths = np.concatenate([part.lengths for part in parts])
    fields = {"label": np.concatenate([part.fields["label"] for part in parts])}
    tokens = np.concatenate([part.tokens for part in parts if part.tokens is not None])
    return Corpus(vocabulary, tokens=tokens, offsets=offsets_of(lengths), fields=Fields.of(fields, len(lengths)))


def _mixture_words(rng: np.random.Generator, theta: np.ndarray, lengths: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Draw ``lengths[i]`` tokens of each document i from ``theta[i] @ beta``; return the int32 ids of all documents."""
    n_docs, n_topics = theta.shape
    per_topic = rng.multinomial(lengths, theta)  # (n_docs, n_topics)
    topics = np.repeat(np.tile(np.arange(n_topics, dtype=np.int16), n_docs), per_topic.ravel())
    document = np.repeat(np.arange(n_docs), lengths)
    topics = topics[np.argsort(document + rng.random(len(document)))]  # shuffle within each document
    by_topic = np.argsort(topics, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(topics, minlength=n_topics))])
    words = np.empty(len(topics), dtype=np.int32)
    for k in range(n_topics):
        places = by_topic[bounds[k] : bounds[k + 1]]
        words[places] = _inverse(np.cumsum(beta[k]), rng.random(len(places)))
    return words


def _inverse(cumulative: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Inverse transform sampling: return the index for each uniform number."""
    return np.searchsorted(cumulative, uniform * cumulative[-1], side="right")


def _dirichlet(rng: np.random.Generator, concentration: float, shape: tuple[int, int]) -> np.ndarray:
    return rng.dirichlet(np.full(shape[1], concentration), size=shape[0])


def _softmax(logits: np.ndarray) -> np.ndarray:
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponential / exponential.sum(axis=1, keepdims=True)
