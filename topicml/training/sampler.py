"""Which documents a step sees."""

import numpy as np
from scipy.sparse import csr_matrix

from topicml.nn.batch import Batch


class BatchSampler:
    """Shuffled batches of a count matrix; the order is a function of the seed and the epoch alone.

    Batches are gathered row by row from the matrix, which may be memory-mapped: memory follows the batch.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Canonical CSR counts.
    rows : ndarray of int
        The documents to draw from.
    batch_size : int
        Documents a batch. A last batch of a single document joins the one before: batch statistics need two.
    seed : int
        Seed of the shuffles.
    """

    def __init__(self, counts: csr_matrix, rows: np.ndarray, *, batch_size: int, seed: int) -> None:
        self.counts = counts
        self.rows = rows
        self.batch_size = batch_size
        self.seed = seed

    def __len__(self) -> int:
        """Batches an epoch."""
        full, rest = divmod(len(self.rows), self.batch_size)
        return max(1, full + (rest > 1))

    def batch(self, epoch: int, step: int) -> Batch:
        """Batch `step` of `epoch`."""
        order = self._order(epoch)
        end = len(order) if step == len(self) - 1 else (step + 1) * self.batch_size
        return Batch.from_counts(self.counts, np.sort(order[step * self.batch_size : end]))

    def _order(self, epoch: int) -> np.ndarray:
        if getattr(self, "_shuffled", (None, None))[0] != epoch:
            self._shuffled = epoch, np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        return self._shuffled[1]


def split_rows(rows: np.ndarray, share: float, *, seed: int, max_held_out: int = 5000) -> tuple[np.ndarray, np.ndarray]:
    """Split `rows` at random into training and held-out rows.

    Fewer than two held-out documents say nothing: then none is held out. At least two remain to train on, as batch
    statistics need them.
    """
    size = min(int(len(rows) * share), max_held_out, len(rows) - 2)
    if size < 2:
        return rows, rows[:0]
    shuffled = np.random.default_rng([seed, len(rows)]).permutation(rows)
    return np.sort(shuffled[size:]), np.sort(shuffled[:size])
