"""Batches of documents, and the split into training and held-out documents."""

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.covariates import Covariates
from topicml.nn.batch import Batch


class BatchSampler:
    """Shuffled batches of a count matrix; the order depends only on the seed and the epoch.

    Only the rows of a batch are read. With a memory-mapped matrix, memory use is proportional to the batch.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Canonical CSR counts.
    rows : ndarray of int
        Rows of the documents.
    batch_size : int
        Documents per batch. A single document that remains is added to the last batch, because batch normalisation
        needs at least two.
    seed : int
        Seed of the shuffles.
    """

    def __init__(self, counts: csr_matrix, rows: np.ndarray, *, batch_size: int, seed: int) -> None:
        self.counts = counts
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        full, rest = divmod(len(self.rows), self.batch_size)
        return max(1, full + (rest > 1))

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch.

        Parameters
        ----------
        epoch : int
            Number of the epoch, from 0.
        step : int
            Number of the batch in the epoch, from 0.

        Returns
        -------
        Batch
            Its rows are sorted.
        """
        order = self._order(epoch)
        end = len(order) if step == len(self) - 1 else (step + 1) * self.batch_size
        return Batch.from_counts(self.counts, np.sort(order[step * self.batch_size : end]))

    def _order(self, epoch: int) -> np.ndarray:
        if getattr(self, "_shuffled", (None, None))[0] != epoch:
            self._shuffled = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        return self._shuffled[1]


class _Wrapped:
    """Batches of another sampler; subclasses add to them."""

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler

    @property
    def rows(self) -> np.ndarray:
        """Rows of the documents."""
        rows: np.ndarray = self.sampler.rows
        return rows

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return len(self.sampler)


class WithCovariates(_Wrapped):
    """Batches of another sampler, with the covariates of their documents.

    Parameters
    ----------
    sampler : BatchSampler
        Any sampler of batches.
    covariates : Covariates
        Of all documents; only the rows of a batch are read.
    """

    def __init__(self, sampler: Any, covariates: Covariates) -> None:
        super().__init__(sampler)
        self.covariates = covariates

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch of the sampler, with covariates."""
        batch: Batch = self.sampler.batch(epoch, step)
        return batch.with_covariates(self.covariates)


class WithTargets(_Wrapped):
    """Batches of another sampler, with what to reconstruct of their documents.

    Parameters
    ----------
    sampler : BatchSampler
        Any sampler of batches.
    weights : csr_matrix, (n_docs, n_words)
        See `topicml.nn.batch.Batch.with_targets`; only the rows of a batch are read.
    """

    def __init__(self, sampler: Any, weights: csr_matrix) -> None:
        super().__init__(sampler)
        self.weights = weights

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch of the sampler, with targets."""
        batch: Batch = self.sampler.batch(epoch, step)
        return batch.with_targets(self.weights)


class WithNeighbours(_Wrapped):
    """Batches of another sampler, some of whose documents are to reconstruct the words of a neighbour.

    Each document is drawn anew in each batch, and then one of its neighbours. The expected loss is that of targets that
    mix the weights of the document, ``1 - share``, and the mean of those of its neighbours, `share`, each scaled to the
    number of words of the document; but no such targets are computed, so memory does not grow with their number.

    Parameters
    ----------
    sampler : BatchSampler
        Any sampler of batches.
    weights : csr_matrix, (n_docs, n_words)
        What all documents are to reconstruct: word counts, or targets. Only the rows of a batch and of its neighbours
        are read.
    neighbours : ndarray of int, (n_docs, n_neighbours)
        Rows of documents with words.
    share : float
        Probability that a document is to reconstruct a neighbour, in [0, 1].
    seed : int
        Seed of the draws. They depend on nothing else but the epoch and the number of the batch.
    """

    def __init__(self, sampler: Any, weights: csr_matrix, neighbours: np.ndarray, *, share: float, seed: int) -> None:
        super().__init__(sampler)
        self.weights, self.neighbours, self.share, self.seed = weights, neighbours, share, seed

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch of the sampler, with targets."""
        batch: Batch = self.sampler.batch(epoch, step)
        rows, random = batch.rows.numpy(), np.random.default_rng([self.seed, epoch, step])
        drawn = self.neighbours[rows, random.integers(self.neighbours.shape[1], size=len(rows))]
        return batch.with_targets(self.weights, np.where(random.random(len(rows)) < self.share, drawn, rows))


class ShortEpochs(_Wrapped):
    """Batches of another sampler, in epochs of a fixed number of batches; each epoch goes on where the last one ended.

    Parameters
    ----------
    sampler : BatchSampler
        Any sampler of batches.
    n_batches : int
        Batches per epoch, at most those of `sampler`.
    """

    def __init__(self, sampler: Any, n_batches: int) -> None:
        super().__init__(sampler)
        self.n_batches = n_batches

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return self.n_batches

    def batch(self, epoch: int, step: int) -> Batch:
        """Return one batch of the sampler."""
        batch: Batch = self.sampler.batch(*divmod(epoch * self.n_batches + step, len(self.sampler)))
        return batch


def split_rows(rows: np.ndarray, share: float, *, seed: int, max_held_out: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Split rows at random into training and held-out rows.

    Parameters
    ----------
    rows : ndarray of int
        Rows of the documents.
    share : float
        Fraction of held-out documents, in [0, 1).
    seed : int
        Seed of the split.
    max_held_out : int
        Largest number of held-out documents.

    Returns
    -------
    training, held_out : ndarray of int
        Sorted rows. At least two remain for training, because batch normalisation needs them. `held_out` is empty if it
        would have fewer than two.
    """
    size = min(int(len(rows) * share), max_held_out, len(rows) - 2)
    if size < 2:
        return rows, rows[:0]
    shuffled = np.random.default_rng([seed, len(rows)]).permutation(rows)
    return np.sort(shuffled[size:]), np.sort(shuffled[:size])
