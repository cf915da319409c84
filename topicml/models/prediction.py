"""Prediction of the words of documents from their other words: completion, its smoothing, and perplexity."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from sklearn.utils.validation import check_is_fitted

from topicml.checks import require
from topicml.corpus.counts import take_rows
from topicml.corpus.covariates import Covariates
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.metrics.completion import rows_in_both, split_counts
from topicml.models.covariates import covariates_of
from topicml.models.documents import documents_to_transform
from topicml.models.inference import CHUNK
from topicml.nn.batch import Batch
from topicml.nn.document_vectors import reading
from topicml.nn.network import TopicNetwork
from topicml.nn.word_blocks import Blocks, normalised
from topicml.training import deterministic

MIN_DOCUMENTS = 50
"""Smallest number of documents with two or more words that smoothing is fitted to; fewer give noise."""

MAX_DOCUMENTS = 500
"""Largest number of documents that smoothing, one number, is fitted to."""

_FEWEST, _MOST = 1e-3, 1e3  # words; the search for the best number is between them
_MAX_NUMBERS = 5_000_000  # documents times words, which bounds the memory of their probabilities


@dataclass(frozen=True)
class Completion:
    """Words of documents, and what a network predicts of them.

    Attributes
    ----------
    log_prob : ndarray, (n_entries,)
        Of each held-out word, given the observed half of its document.
    counts : ndarray, (n_entries,)
        How often it occurs.
    words : ndarray of int, (n_entries,)
        Its number.
    observed : ndarray, (n_entries,)
        Number of words in the observed half.
    n_docs : int
        Number of documents.
    """

    log_prob: np.ndarray
    counts: np.ndarray
    words: np.ndarray
    observed: np.ndarray
    n_docs: int

    def smoothed(self, log_shares: np.ndarray, words: float) -> np.ndarray:
        """The log-probabilities when the words of all documents, with `log_shares`, count as `words` words."""
        n = self.observed
        mixed: np.ndarray = np.logaddexp(np.log(n) + self.log_prob, np.log(words) + log_shares[self.words])
        return mixed - np.log(n + words)


@dataclass(frozen=True)
class Smoothing:
    """Mix what a network predicts of a document with the words of all documents.

    ``p(v | n observed words) = (n p(v | theta) + words p(v)) / (n + words)``: few observed words leave the topics of a
    document open, and the words of one topic predict those of another badly.

    Attributes
    ----------
    words : float
        Number of words that the words of all documents count as; more than 0.
    documents : int
        Number of documents that it was fitted to.
    held_out : int
        Number of these documents that were held out of training: all or none.

    References
    ----------
    Zhai & Lafferty, A study of smoothing methods for language models applied to information retrieval, ACM TOIS 2004
    (Dirichlet smoothing).
    """

    words: float
    documents: int
    held_out: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.words < np.inf:
            raise ValueError(f"its smoothing is {self.words!r} words, not a number above 0")

    def to_dict(self) -> dict[str, Any]:
        """The attributes, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`; raises `ValueError`, `TypeError` or `KeyError` if `stored` is damaged."""
        return cls(float(stored["words"]), int(stored["documents"]), int(stored["held_out"]))


def log_shares(documents_led: np.ndarray, blocks: Blocks | None = None) -> np.ndarray:
    """Log-probability of each word in all documents, by the number of documents that contain it.

    Parameters
    ----------
    documents_led : ndarray, (n_topics, n_words)
        Training documents of each word that each topic leads.
    blocks : sequence of slice, optional
        Blocks of words, such as those of languages; probabilities sum to 1 in each.

    Returns
    -------
    ndarray, (n_words,)
        One document is added to each word.
    """
    documents = torch.from_numpy(np.asarray(documents_led, dtype=np.float64).sum(axis=0) + 1)
    shares: np.ndarray = normalised(documents, blocks or [slice(None)]).log().numpy()
    return shares


def smoothing_of(
    network: TopicNetwork, documents: Documents, held_out: np.ndarray | None, log_shares: np.ndarray
) -> Smoothing | None:
    """Find the smoothing that predicts halves of documents best.

    Parameters
    ----------
    network : TopicNetwork
        The trained network.
    documents : Documents
        The documents of the fit.
    held_out : ndarray of int or None
        Rows that training did not read. If they are too few, documents of training take their place. The number is then
        too small, because the network predicts what it has seen better than other documents.
    log_shares : ndarray, (n_words,)
        See `log_shares`.

    Returns
    -------
    Smoothing or None
        None if fewer than `MIN_DOCUMENTS` documents have words in both halves.
    """
    of_training = documents.not_empty_but(np.zeros(0, dtype=np.int64) if held_out is None else held_out)
    for rows, are_held_out in ((held_out, True), (of_training, False)):
        if rows is None or len(rows) < MIN_DOCUMENTS:
            continue
        drawn = np.sort(np.random.default_rng(0).permutation(rows)[:MAX_DOCUMENTS])
        found = list(completions(network, documents.counts, drawn, covariates=documents.covariates))
        n_docs = sum(each.n_docs for each in found)
        if n_docs >= MIN_DOCUMENTS:
            return _best(found, log_shares, n_docs, n_docs * are_held_out)
    return None


def _best(found: Sequence[Completion], log_shares: np.ndarray, n_docs: int, held_out: int) -> Smoothing:
    """The smoothing with the highest likelihood."""

    def loss(log_words: float) -> float:
        return -sum(float(each.counts @ each.smoothed(log_shares, np.exp(log_words))) for each in found)

    best = minimize_scalar(loss, bounds=(np.log(_FEWEST), np.log(_MOST)), method="bounded")
    return Smoothing(float(f"{np.exp(best.x):.6g}"), n_docs, held_out)


@torch.inference_mode(False)  # gradients with respect to theta need ordinary tensors
@torch.no_grad()
def completions(
    network: TopicNetwork,
    counts: csr_matrix,
    rows: np.ndarray,
    *,
    covariates: Covariates | None = None,
    seed: int = 0,
    steps: int = 10,
) -> Iterator[Completion]:
    """Predict one half of each document from the other half.

    Parameters
    ----------
    network : TopicNetwork
        It is left in evaluation mode. Its decoder gives the probabilities of the words.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, with the columns of the network.
    rows : ndarray of int
        Rows of the documents.
    covariates : Covariates, optional
        As in `infer_theta`.
    seed : int
        Seed of the split (`topicml.metrics.completion.split_counts`).
    steps : int
        See `topicml.nn.TopicNetwork.likeliest_theta`.

    Yields
    ------
    Completion
        Of the next documents that have words in both halves.
    """
    network.eval()
    device = next(network.parameters()).device
    rng = np.random.default_rng(seed)
    n_docs = int(np.clip(_MAX_NUMBERS // counts.shape[1], 1, CHUNK))
    for start in range(0, len(rows), n_docs):
        chunk = rows[start : start + n_docs]
        halves = split_counts(take_rows(counts, chunk), rng)
        if not len(both := rows_in_both(*halves)):
            continue
        observed, held_out = (
            replace(Batch.from_counts(half, both), rows=torch.from_numpy(chunk[both])).with_covariates(covariates)
            for half in halves
        )
        with deterministic(device):
            log_words = network.predictive(observed.to(device), steps=steps).word_log_prob().cpu()
        yield Completion(
            log_words[held_out.documents, held_out.word_ids].double().numpy(),
            held_out.counts.double().numpy(),
            held_out.word_ids.numpy(),
            observed.lengths[held_out.documents].double().numpy(),
            len(both),
        )


def infer_perplexity(
    network: TopicNetwork,
    counts: csr_matrix,
    *,
    smoothed: Callable[[Completion], np.ndarray] | None = None,
    covariates: Covariates | None = None,
    seed: int = 0,
    steps: int = 10,
) -> float:
    """Compute held-out perplexity by document completion: one half of each document predicts the other half.

    Parameters
    ----------
    network, counts, covariates, seed, steps
        As in `completions`.
    smoothed : callable, optional
        Maps predictions to the log-probabilities of their words; by default those of the network.

    Returns
    -------
    float
        ``exp(-sum log p(held-out word) / held-out words)``.

    Raises
    ------
    InputError
        If no document can be split.
    """
    log_likelihood, n_words = 0.0, 0.0
    rows = np.arange(counts.shape[0])
    for each in completions(network, counts, rows, covariates=covariates, seed=seed, steps=steps):
        log_likelihood += float(each.counts @ (each.log_prob if smoothed is None else smoothed(each)))
        n_words += float(each.counts.sum())
    if not n_words:
        raise InputError(
            "No document can be split into an observed and a held-out half: none has two words of the model."
        )
    return float(np.exp(-log_likelihood / n_words))


class PredictsWords:
    """The methods of models that predict words."""

    smoothing_: Smoothing | None = None

    def perplexity(self, X: Any, *, seed: int = 0, steps: int = 10) -> float:
        """Compute held-out perplexity by document completion; see `topicml.metrics.perplexity`.

        What the observed words predict is mixed with the frequencies of words in all documents (`smoothing_`), the more
        the fewer words are observed.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents. The tokens of each are split at random: theta is inferred from one half and predicts the other.
        seed : int
            Seed of the split.
        steps : int
            Steps of Adam that fit theta to the observed half of each document, from the estimate of the encoder. With
            0, theta is that of `transform`, and perplexity is higher.

        Returns
        -------
        float
            ``exp(-sum log p(held-out word) / held-out words)``; lower is better.

        Raises
        ------
        InputError
            If no document can be split, or `steps` is negative.

        References
        ----------
        Wallach et al. 2009, section 5.1; Rosen-Zvi et al. 2004.
        """
        model: Any = self
        check_is_fitted(model, "network_")
        require(isinstance(steps, int | np.integer) and steps >= 0, "steps", steps, "a whole number, at least 0")
        documents = documents_to_transform(model, X)
        covariates = covariates_of(model.model_matrix_, model.groups_, documents)
        with reading(None if documents.corpus is None else documents.corpus.embeddings):
            return infer_perplexity(
                model.network_,
                documents.counts,
                smoothed=self._smoothed(),
                covariates=covariates,
                seed=seed,
                steps=steps,
            )

    def _fit_smoothing(self, documents: Documents, held_out: np.ndarray | None = None) -> None:
        """Set `smoothing_`; as for `_keep`."""
        model: Any = self
        # Both halves of a text would get the embedding of the whole text, and predict each other because of it.
        shares = None if model.reads_embeddings else self._log_shares()
        self.smoothing_ = None if shares is None else smoothing_of(model.network_, documents, held_out, shares)

    def _log_shares(self) -> np.ndarray | None:
        """Log-probability of each word in all documents; None if an earlier version saved the model."""
        model: Any = self
        return None if model._documents_led is None else log_shares(model._documents_led, model.network_.word_blocks)

    def _smoothed(self) -> Callable[[Completion], np.ndarray] | None:
        """What smooths predictions; None if nothing does."""
        shares, smoothing = self._log_shares(), self.smoothing_
        return None if shares is None or smoothing is None else lambda each: each.smoothed(shares, smoothing.words)
