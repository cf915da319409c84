"""Calibrated confidence: theta as a probability, fitted without labels to halves of documents."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.counts import take_rows
from topicml.corpus.documents import Documents
from topicml.metrics.completion import rows_in_both, split_counts
from topicml.models.inference import infer_theta
from topicml.nn.network import TopicNetwork

MIN_DOCUMENTS = 50
"""Smallest number of documents with two or more words that a calibration is fitted to; fewer give noise."""

MAX_DOCUMENTS = 3000
"""Largest number of documents that a calibration is fitted to; it hardly changes with more."""

_MAX_NUMBERS = 1_000_000  # documents times topics, which bounds memory and time with many topics
_TINY = 1e-30
_COLDEST, _HOTTEST = 1e-6, 1e30  # temperatures between them keep log(theta) / temperature finite and not 0


@dataclass(frozen=True)
class Calibration:
    """The parameters that make theta a probability.

    The confidence is ``(1 - noise) * p`` with ``p = softmax(log(theta) / temperature)``. The rest of the probability is
    distributed over the topics in proportion to `share`.

    Attributes
    ----------
    temperature : float
        Above 1 if theta is too certain; more than 1e-6 and less than 1e30.
    noise : tuple of float
        For each topic, the probability that a document that seems to be about it is not.
    share : tuple of float
        Mean probability of each topic.
    documents : int
        Number of documents that the calibration was fitted to.
    held_out : int
        Number of these documents that were held out of training.
    target : {"halves", "labels"}
        The event whose probability the confidence is. ``halves``: both halves of the document have this topic.
        ``labels``: the document has the label that most documents of its leading topic have; only earlier versions
        stored it here (now: `topicml.models.label_calibration`).
    """

    temperature: float
    noise: tuple[float, ...]
    share: tuple[float, ...]
    documents: int
    held_out: int = 0
    target: str = "halves"

    def __post_init__(self) -> None:
        numbers = (*self.noise, *self.share)
        if not _COLDEST < self.temperature < _HOTTEST or len(self.noise) != len(self.share) or not self.noise:
            raise ValueError(
                "its calibration has no temperature between 1e-6 and 1e30, or not one noise and one share per topic"
            )
        if not all(0 <= number <= 1 for number in numbers):
            raise ValueError("the numbers of its calibration are not probabilities")
        if self.target not in ("halves", "labels"):
            raise ValueError(f"its calibration has the target {self.target!r:.60}, not halves or labels")
        if not 0 <= self.held_out <= self.documents:
            raise ValueError(f"its calibration has {self.documents} documents, {self.held_out} of them held out")

    def confidence(self, theta: np.ndarray) -> np.ndarray:
        """The calibrated probability of each topic.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics)
            Topic proportions from the model.

        Returns
        -------
        confidence : ndarray, float32, (n_docs, n_topics)
            Rows sum to 1.
        """
        scaled = np.log(np.maximum(theta, _TINY, dtype=np.float32)) / np.float32(self.temperature)
        scaled -= scaled.max(axis=1, keepdims=True, initial=-np.inf)
        p = np.exp(scaled)
        p /= p.sum(axis=1, keepdims=True)
        p *= 1 - np.asarray(self.noise, dtype=np.float32)
        p += (1 - p.sum(axis=1, keepdims=True)) * np.asarray(self.share, dtype=np.float32)
        return p

    def to_dict(self) -> dict[str, Any]:
        """The attributes, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], n_topics: int) -> Self:
        """The inverse of `to_dict`.

        Parameters
        ----------
        stored : mapping
            The return value of `to_dict`.
        n_topics : int
            Number of topics of the model.

        Returns
        -------
        Calibration

        Raises
        ------
        ValueError, TypeError, KeyError
            If `stored` is damaged, or has another number of topics.
        """
        noise, share = (tuple(map(float, stored[name])) for name in ("noise", "share"))
        if len(noise) != n_topics:
            raise ValueError(f"its calibration has {len(noise)} topics, but the model has {n_topics}")
        documents, held_out, target = int(stored["documents"]), int(stored["held_out"]), str(stored["target"])
        return cls(float(stored["temperature"]), noise, share, documents, held_out, target)


def calibrate(
    infer: Callable[[csr_matrix], np.ndarray],
    counts: csr_matrix,
    *,
    held_out: int = 0,
    seed: int = 0,
    shrinkage: float = 3.0,
    halves: tuple[np.ndarray, np.ndarray] | None = None,
) -> Calibration | None:
    """Fit the calibration so that two halves of a document agree as often as their confidences say.

    The words of each document are split at random into two halves A and B, and theta is inferred from each half alone.
    Let p be the probability of the topic that both halves are about. Two halves are of the same document, rather than
    of different ones, with the likelihood ratio ``sum_k p_k(A) p_k(B) / share_k``. Temperature and noise maximise the
    mean logarithm of this ratio. If p is too certain, halves that disagree lower the mean; if p is not certain enough,
    halves that agree raise it too little. No labels are used.

    Parameters
    ----------
    infer : callable
        Maps word counts (n_docs, n_words) to topic proportions (n_docs, n_topics).
    counts : csr_matrix, (n_docs, n_words)
        Word counts of at most `MAX_DOCUMENTS` documents, preferably held out of training.
    held_out : int
        Number of these documents that were held out of training. It is only stored.
    seed : int
        Seed of the split.
    shrinkage : float
        Precision of the normal prior of the logits of `noise` around their mean. A larger value makes the noise of the
        topics more equal. 3 is a standard deviation of 0.58.
    halves : pair of ndarray, (n_split, n_topics), optional
        Topic proportions of the halves; by default computed with `theta_of_halves`.

    Returns
    -------
    Calibration or None
        None if there is one topic, or fewer than `MIN_DOCUMENTS` documents have words in both halves.

    References
    ----------
    Guo et al. 2017 (temperature); van den Oord et al. 2018, equation 3 (the ratio, of two views of one object).
    """
    first, second = theta_of_halves(infer, counts, seed=seed) if halves is None else halves
    if len(first) < MIN_DOCUMENTS or first.shape[1] < 2:
        return None
    log_thetas = [_log(each) for each in (first, second)]

    def loss(parameters: _Parameters) -> torch.Tensor:
        share = torch.cat([parameters.softmax(each) for each in log_thetas]).mean(0)
        p, q = (parameters.confidence(each, share) for each in log_thetas)
        mean = ((p.mean(0) + q.mean(0)) / 2).clamp_min(_TINY)
        return -torch.log((p * q / mean).sum(1).clamp_min(_TINY)).sum()

    parameters = _Parameters(first.shape[1])
    parameters.fit(loss, len(first), shrinkage)
    with torch.no_grad():
        share = torch.cat([parameters.softmax(each) for each in log_thetas]).mean(0)
    return parameters.calibration(share, len(first), held_out, "halves")


class _Parameters:
    """Temperature and noise while they are fitted: logits of the noise are a mean and a deviation of each topic."""

    def __init__(self, n_topics: int) -> None:
        self.log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
        self.mean_noise = torch.full((), -3.0, dtype=torch.float64, requires_grad=True)
        self.deviation = torch.zeros(n_topics, dtype=torch.float64, requires_grad=True)

    def softmax(self, log_theta: torch.Tensor) -> torch.Tensor:
        return torch.softmax(log_theta / self.log_temperature.exp(), dim=1)

    def confidence(self, log_theta: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
        """As `Calibration.confidence`."""
        kept = self.softmax(log_theta) * (1 - torch.sigmoid(self.mean_noise + self.deviation))
        return kept + (1 - kept.sum(1, keepdim=True)) * share

    def fit(self, loss: Callable[["_Parameters"], torch.Tensor], n_docs: int, shrinkage: float) -> None:
        variables = [self.log_temperature, self.mean_noise, self.deviation]
        optimizer = torch.optim.LBFGS(variables, max_iter=60, line_search_fn="strong_wolfe", tolerance_grad=1e-6)

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            prior = shrinkage * (self.deviation**2).sum() + (self.mean_noise + 3) ** 2  # noise about .05, hardly 0
            value = (loss(self) + prior / 2) / n_docs
            value.backward()
            return value

        with torch.enable_grad():
            optimizer.step(closure)

    def calibration(self, share: torch.Tensor, documents: int, held_out: int, target: str) -> Calibration | None:
        """The fitted numbers, to six digits; None if they are not finite or the temperature is out of range."""
        with torch.no_grad():
            noise = torch.sigmoid(self.mean_noise + self.deviation).tolist()
            temperature = float(f"{float(self.log_temperature.exp()):.6g}")
        if not np.isfinite([*noise, *share.tolist()]).all() or not _COLDEST < temperature < _HOTTEST:
            return None
        noises, shares = (tuple(float(f"{number:.6g}") for number in each) for each in (noise, share.tolist()))
        return Calibration(temperature, noises, shares, documents, min(held_out, documents), target)


def _log(theta: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.log(np.maximum(theta.astype(np.float64), _TINY)))


def calibration_of(
    network: TopicNetwork, documents: Documents, held_out: np.ndarray | None = None
) -> Calibration | None:
    """Calibrate a network with documents that were held out of its training, and with others if these are too few.

    Parameters
    ----------
    network : TopicNetwork
        The trained network.
    documents : Documents
        The documents of the fit.
    held_out : ndarray of int, optional
        Rows that training did not read.

    Returns
    -------
    Calibration or None
        As `calibrate`.
    """
    rows = np.zeros(0, dtype=np.int64) if held_out is None else held_out[:MAX_DOCUMENTS]
    others = documents.not_empty_but(rows)
    others = np.random.default_rng(0).permutation(others)[: MAX_DOCUMENTS - len(rows)]
    return calibrate(
        lambda counts: infer_theta(network, counts, np.arange(counts.shape[0])),
        take_rows(documents.counts, np.concatenate([rows, np.sort(others)])),
        held_out=len(rows),
    )


def theta_of_halves(
    infer: Callable[[csr_matrix], np.ndarray], counts: csr_matrix, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Topic proportions of two halves of each document that has words in both halves.

    Parameters
    ----------
    infer, counts, seed
        As in `calibrate`.

    Returns
    -------
    first, second : ndarray, (n_split, n_topics)
        Row i of both is from the same document.
    """
    parts = split_counts(csr_matrix(counts), np.random.default_rng(seed))
    rows = rows_in_both(*parts)
    first = np.asarray(infer(parts[0][rows]))
    n_docs = min(len(rows), max(1, _MAX_NUMBERS // max(first.shape[1], 1)))
    return first[:n_docs], np.asarray(infer(parts[1][rows[:n_docs]]))
