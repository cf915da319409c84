"""Held-out perplexity by document completion."""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml import __version__
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words
from topicml.metrics.result import Score

_CHUNK = 200_000  # entries whose probability is worked on at a time


def split_tokens(documents: Any, seed: int = 0) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Put each token of each document into one of two halves, at random.

    Parameters
    ----------
    documents : Corpus or sparse matrix, (n_docs, n_words)
        Word counts.

    Returns
    -------
    seen, held_out : csr_matrix of int64, (n_docs, n_words)
        They add up to the counts.

    Raises
    ------
    InputError
        If counts are negative or not whole.
    """
    counts = _counts(documents)
    rng = np.random.default_rng(seed)
    whole = np.rint(counts.data)
    if (whole < 0).any() or not np.allclose(whole, counts.data):
        raise InputError("Document completion splits words: counts must be whole and not negative.")
    drawn = rng.binomial(whole.astype(np.int64), 0.5)
    halves = []
    for data in (drawn, whole.astype(np.int64) - drawn):
        half = sp.csr_matrix((data, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
        half.eliminate_zeros()
        halves.append(half)
    return halves[0], halves[1]


def completion_perplexity(theta: Any, beta: Any, held_out: Any, *, normalize: bool = False) -> Score:
    """Perplexity of held-out words under the mixture theta @ beta (Wallach et al. 2009, section 5.1).

    ``exp(-sum log p(word) / words)``; lower is better.

    Parameters
    ----------
    theta : array, (n_docs, n_topics)
        Topic proportions, inferred from the other half of each document (`split_tokens`).
    beta : array, (n_topics, n_words)
        Word distributions of topics.
    held_out : Corpus or sparse matrix, (n_docs, n_words)
        Counts of the words to predict.
    normalize : bool
        Divide the rows of theta and beta by their sums first; otherwise rows that are no distributions are an error.

    Returns
    -------
    score : Score
        Infinite where a held-out word has probability 0.

    Raises
    ------
    InputError
        If shapes do not match, rows are no distributions, or nothing is held out.
    """
    proportions, words = document_topics(theta, normalize), topic_words(beta, normalize)
    counts = _counts(held_out)
    if counts.shape != (len(proportions), words.shape[1]) or proportions.shape[1] != len(words):
        raise InputError(
            f"Shapes do not match: theta {proportions.shape}, beta {words.shape}, held-out counts {counts.shape}."
        )
    n_words = float(counts.sum())
    if not n_words:
        raise InputError("No word is held out: there is nothing to predict.")
    entries = counts.tocoo()
    by_word = np.ascontiguousarray(words.T)
    total = 0.0
    step = max(_CHUNK // len(words), 1)
    with np.errstate(divide="ignore"):
        for start in range(0, counts.nnz, step):
            part = slice(start, start + step)
            p = np.einsum("ek,ek->e", proportions[entries.row[part]], by_word[entries.col[part]])
            total += float(entries.data[part] @ np.log(p))
    protocol = {"method": "document completion", "held_out_words": int(n_words), "version": __version__}
    with np.errstate(over="ignore"):
        return Score("perplexity", float(np.exp(-total / n_words)), None, protocol)


def perplexity(model: Any, documents: Any, *, seed: int = 0) -> Score:
    """Held-out perplexity of a model by document completion: theta from half of each document's tokens.

    Parameters
    ----------
    model : object
        One with ``perplexity(documents, seed=...)``, as topicml's models, which know how they decode (ProdLDA's words
        are no mixture of topics). Or one with ``transform`` and ``components_``, as scikit-learn's LDA and NMF, whose
        rows are divided by their sums. scikit-learn's own ``perplexity`` is a bound on the documents that were seen,
        and not used.
    documents : Corpus or sparse matrix, (n_docs, n_words)
        Documents that the model was not fitted on.
    seed : int
        Of the split.

    Raises
    ------
    InputError
        If the model has neither, or no document can be split.
    """
    own = getattr(model, "perplexity", None)
    if callable(own) and "seed" in inspect.signature(own).parameters:
        value = float(own(documents, seed=seed))
        protocol = {"method": "document completion", "decoder": "model", "seed": seed, "version": __version__}
        return Score("perplexity", value, None, protocol)
    if not hasattr(model, "transform") or not hasattr(model, "components_"):
        raise InputError(
            f"{type(model).__name__} has neither perplexity(documents, seed=...) nor transform and components_. "
            "Call completion_perplexity with theta and beta."
        )
    seen, held_out = split_tokens(documents, seed)
    both = np.flatnonzero((np.diff(seen.indptr) > 0) & (np.diff(held_out.indptr) > 0))
    if not len(both):
        raise InputError("No document holds two words, so none can be split into a seen and a held-out half.")
    theta = np.asarray(model.transform(seen[both]))
    score = completion_perplexity(theta, model.components_, held_out[both], normalize=True)
    return Score("perplexity", score.mean, None, score.protocol | {"decoder": "mixture", "seed": seed})


def _counts(documents: Any) -> sp.csr_matrix:
    if isinstance(documents, Corpus):
        return documents.counts
    if not sp.issparse(documents):
        raise InputError(f"Give a Corpus or a sparse matrix of counts; received {type(documents).__name__}.")
    return sp.csr_matrix(documents)
