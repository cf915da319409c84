"""Held-out perplexity by document completion.

Each document is split into two halves: a model infers topic proportions from the seen half and predicts the words of
the held-out half. `split_counts` is the only split in topicml; the models' own ``perplexity`` uses it as well.
"""

import inspect
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml import __version__
from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.counts import check_weights, summed
from topicml.errors import InputError
from topicml.metrics.distributions import document_topics, topic_words
from topicml.metrics.result import Score

_CHUNK = 200_000  # products of theta and beta held in memory at once


def split_counts(counts: sp.csr_matrix, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Split word counts at random into a seen and a held-out half.

    Each token goes to either half with probability 1/2. A count of 3 is three tokens. A fractional count c (tf-idf, for
    example) is ceil(c) tokens of the same weight c / ceil(c): 0.4 goes to one half as a whole, 2.4 is three tokens of
    weight 0.8. The two halves therefore always add up to the counts, and rescaling is left to the caller.

    The generator is used once for each stored count, in their order. Splitting consecutive blocks of rows with the same
    generator therefore gives the same halves as splitting all rows at once.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts, whole or fractional, not negative. A count within 1e-6 of
        its size from a whole number is whole.
    rng : numpy.random.Generator
        Source of randomness; it is advanced.

    Returns
    -------
    seen, held_out : csr_matrix, (n_docs, n_words)
        The halves, without explicit zeros: int64 if all counts are whole, float64 otherwise.

    Raises
    ------
    InputError
        If a count is negative, NaN, infinite or more than 2^53.
    """
    check_weights(counts)
    data = counts.data
    rounded = np.rint(data)
    is_whole = np.isclose(rounded, data, rtol=1e-6)
    n_tokens = np.where(is_whole, rounded, np.ceil(data)).astype(np.int64)
    n_seen = rng.binomial(n_tokens, 0.5)
    halves = [n_seen, n_tokens - n_seen]
    if not is_whole.all():
        weight = np.where(is_whole, 1.0, data / np.maximum(n_tokens, 1))
        halves = [half * weight for half in halves]
    return _with_data(counts, halves[0]), _with_data(counts, halves[1])


def rows_in_both(seen: sp.csr_matrix, held_out: sp.csr_matrix) -> np.ndarray:
    """Rows of the documents that can be scored: those with a word in either half.

    Parameters
    ----------
    seen, held_out : csr_matrix, (n_docs, n_words)
        As `split_counts` returns them.

    Returns
    -------
    rows : ndarray of int64
        In ascending order.
    """
    return np.flatnonzero((np.diff(seen.indptr) > 0) & (np.diff(held_out.indptr) > 0))


def split_tokens(documents: Any, seed: int = 0) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Split documents at random into a seen and a held-out half; see `split_counts`.

    Parameters
    ----------
    documents : Corpus or sparse matrix, (n_docs, n_words)
        Word counts, whole or fractional.
    seed : int
        Seed of the split.

    Returns
    -------
    seen, held_out : csr_matrix, (n_docs, n_words)
        The halves; they add up to the counts. int64 if all counts are whole, float64 otherwise.

    Raises
    ------
    InputError
        If a count is negative, NaN, infinite or more than 2^53.
    """
    return split_counts(_counts(documents), np.random.default_rng(seed))


def completion_perplexity(theta: Any, beta: Any, held_out: Any, *, normalize: bool = False) -> Score:
    """Perplexity of held-out words under the mixture theta @ beta (Wallach et al. 2009, section 5.1).

    ``exp(-sum log p(word) / n_words)``; lower is better.

    Parameters
    ----------
    theta : array, (n_docs, n_topics)
        Topic proportions, inferred from the other half of each document (`split_tokens`).
    beta : array, (n_topics, n_words)
        Word distributions of topics.
    held_out : Corpus or sparse matrix, (n_docs, n_words)
        Counts of the words to predict.
    normalize : bool
        Divide the rows of theta and beta by their sums first. Otherwise rows that do not sum to 1 are an error.

    Returns
    -------
    score : Score
        Infinite if a held-out word has probability 0.

    Raises
    ------
    InputError
        If shapes do not match, rows are not distributions, or `held_out` has no words.
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
    held_out_words = int(n_words) if n_words.is_integer() else n_words
    protocol = {"method": "document completion", "held_out_words": held_out_words, "version": __version__}
    with np.errstate(over="ignore"):
        return Score("perplexity", float(np.exp(-total / n_words)), None, protocol)


def perplexity(model: Any, documents: Any, *, seed: int = 0) -> Score:
    """Held-out perplexity of a model by document completion: half of each document's tokens predict the other half.

    Parameters
    ----------
    model : object
        Either a model with ``perplexity(documents, seed=...)``, such as topicml's. It scores with its own decoder
        (ProdLDA's words are not a mixture of topics). Or a model with ``transform`` and ``components_``, such as
        scikit-learn's LDA and NMF; their rows are divided by their sums. scikit-learn's own ``perplexity`` is not used:
        it is a bound on the documents that the model has seen.
    documents : Corpus or sparse matrix, (n_docs, n_words)
        Documents that the model was not fitted on. Counts may be fractional: see `split_counts`.
    seed : int
        Seed of the split. Models of the same vocabulary get the same halves.

    Returns
    -------
    score : Score
        Lower is better.

    Raises
    ------
    InputError
        If the model has neither interface, or no document can be split.
    """
    model_perplexity = getattr(model, "perplexity", None)
    if callable(model_perplexity) and "seed" in inspect.signature(model_perplexity).parameters:
        value = float(model_perplexity(documents, seed=seed))
        protocol = {"method": "document completion", "decoder": "model", "seed": seed, "version": __version__}
        return Score("perplexity", value, None, protocol)
    if not hasattr(model, "transform") or not hasattr(model, "components_"):
        raise InputError(
            f"{type(model).__name__} has neither perplexity(documents, seed=...) nor transform and components_. "
            "Call completion_perplexity with theta and beta."
        )
    seen, held_out = split_tokens(documents, seed)
    rows = rows_in_both(seen, held_out)
    if not len(rows):
        raise InputError("No document has two words, so none can be split into a seen and a held-out half.")
    theta = np.asarray(model.transform(seen[rows]))
    score = completion_perplexity(theta, model.components_, held_out[rows], normalize=True)
    return Score("perplexity", score.mean, None, score.protocol | {"decoder": "mixture", "seed": seed})


def unigram_perplexity(train_counts: Any, documents: Any, *, seed: int = 0, smoothing: float = 0.01) -> Score:
    """Perplexity of the unigram model on the halves that `perplexity` predicts: the bound that any model should beat.

    The unigram model predicts each word by its frequency in the training documents, whatever the document.

    Parameters
    ----------
    train_counts : Corpus or sparse matrix, (n_train, n_words)
        Word counts of the training documents.
    documents : Corpus or sparse matrix, (n_docs, n_words)
        Documents that no model was fitted on, with the same columns.
    seed : int
        Seed of the split, as for `perplexity`: the halves are the same.
    smoothing : float
        Added to the count of each word, so that a word without a training count has a probability.

    Returns
    -------
    score : Score
        Lower is better. Infinite if `smoothing` is 0 and a held-out word has no training count.

    Raises
    ------
    InputError
        If the columns do not match, `smoothing` is negative, no training document has words, or no document can be
        split.
    """
    require(smoothing >= 0, "smoothing", smoothing, "at least 0")
    counts = _counts(train_counts)
    seen, held_out = split_tokens(documents, seed)
    if isinstance(train_counts, Corpus) and isinstance(documents, Corpus):
        same_words = train_counts.vocabulary == documents.vocabulary
    else:
        same_words = counts.shape[1] == held_out.shape[1]
    if not same_words:
        raise InputError(
            f"The training documents have {counts.shape[1]:,} words and the documents {held_out.shape[1]:,}; they must "
            "have the same vocabulary, in the same order (Corpus.split, or from_tokens with vocabulary=)."
        )
    totals = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + smoothing
    if not totals.sum():
        raise InputError("No training document has words, so the unigram model is undefined.")
    rows = rows_in_both(seen, held_out)
    if not len(rows):
        raise InputError("No document has two words, so none can be split into a seen and a held-out half.")
    one_topic = np.ones((len(rows), 1))
    score = completion_perplexity(one_topic, totals[None], held_out[rows], normalize=True)
    protocol = score.protocol | {"decoder": "unigram", "smoothing": smoothing, "seed": seed}
    return Score("unigram_perplexity", score.mean, None, protocol)


def _counts(documents: Any) -> sp.csr_matrix:
    """Counts of a Corpus or of any sparse matrix, in CSR form."""
    if isinstance(documents, Corpus):
        return documents.counts
    if not sp.issparse(documents):
        raise InputError(f"Pass a Corpus or a sparse matrix of counts; received {type(documents).__name__}.")
    return summed(documents)


def _with_data(counts: sp.csr_matrix, data: np.ndarray) -> sp.csr_matrix:
    """A matrix with other values at the same places, without its zeros."""
    matrix = sp.csr_matrix((data, counts.indices.copy(), counts.indptr.copy()), shape=counts.shape)
    matrix.eliminate_zeros()
    return matrix
