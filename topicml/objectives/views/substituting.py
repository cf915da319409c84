"""Views that put other words in the place of a document's own."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.views.base import View, prepared
from topicml.objectives.views.building import batch_of_words
from topicml.objectives.views.dropping import thinned
from topicml.starting import word_vectors


class Substitution(View):
    """The document with a random share of its tokens replaced by words of like meaning.

    A word's substitute is one of its `neighbours` nearest words by the cosine of word vectors, drawn anew each time.
    The vectors are the corpus's own (PPMI, factorised) unless others are given: no outside data is needed. Words
    without a vector stay.

    `prepare` costs the word vectors (seconds) and n_words^2 cosines, in blocks; a view costs next to nothing.

    Parameters
    ----------
    rate : float
        Chance of a token to be replaced.
    neighbours : int
        Nearest words to draw from.
    dimension : int
        Of the corpus's own vectors.
    vectors : array-like, (n_words, d), optional
        Word vectors to use instead, such as `topicml.starting.read_vectors` gives.

    References
    ----------
    Wu et al., CLEAR, 2020 (substitution); Nguyen et al., ICLR 2024, section 5.1 (by word embeddings).
    """

    def __init__(self, rate: float = 0.3, neighbours: int = 5, dimension: int = 100, vectors: Any = None) -> None:
        self.rate = rate
        self.neighbours = neighbours
        self.dimension = dimension
        self.vectors = vectors
        self._nearest: Tensor | None = None  # (n_words, neighbours)
        if not 0 < rate <= 1:
            raise InputError(f"rate must be above 0 and at most 1; received {rate!r}.")
        if neighbours < 1:
            raise InputError(f"neighbours must be at least 1; received {neighbours!r}.")

    def prepare(self, documents: Documents) -> None:
        """Find every word's neighbours."""
        counts = documents.counts
        if self.vectors is None:
            vectors = word_vectors(counts, dimension=self.dimension)
        else:
            vectors = np.asarray(self.vectors, dtype=np.float32)
            if vectors.ndim != 2 or len(vectors) != counts.shape[1]:
                raise InputError(
                    f"vectors must have one row for each of the {counts.shape[1]} words; received {vectors.shape}."
                )
        self._nearest = torch.from_numpy(nearest_words(vectors, self.neighbours))

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork) -> tuple[Batch]:
        """The documents with some of their words replaced."""
        prepared(self._nearest, self)
        assert self._nearest is not None
        self._nearest = self._nearest.to(batch.counts.device)
        moved = thinned(batch.counts.round(), self.rate)
        moved = moved.minimum(batch.counts)  # rounding may have added a part of a token
        near = self._nearest[batch.word_ids]  # (n_entries, neighbours)
        drawn = torch.randint(near.shape[1], (len(near), 1), device=near.device)
        return (
            batch_of_words(
                batch,
                torch.cat([batch.documents, batch.documents]),
                torch.cat([batch.word_ids, near.gather(1, drawn).squeeze(1)]),
                torch.cat([batch.counts - moved, moved]),
            ),
        )


def nearest_words(vectors: np.ndarray, n: int, *, block: int = 512) -> np.ndarray:
    """The `n` words of highest cosine with each word, nearest first: int64, (n_words, n).

    A word whose vector is 0 is its own neighbour, and nobody else's. Memory: `block` rows of cosines.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    known = np.flatnonzero(lengths[:, 0] > 0)
    nearest = np.repeat(np.arange(len(vectors))[:, None], n, axis=1)
    n_found = min(n, len(known) - 1)
    if n_found < 1:
        return nearest
    for start in range(0, len(known), block):
        rows = known[start : start + block]
        cosines = unit[rows] @ unit[known].T
        cosines[np.arange(len(rows)), np.arange(start, start + len(rows))] = -np.inf
        best = np.argpartition(-cosines, n_found - 1, axis=1)[:, :n_found]
        order = np.argsort(-np.take_along_axis(cosines, best, axis=1), axis=1, kind="stable")
        found = known[np.take_along_axis(best, order, axis=1)]
        nearest[rows] = found[:, np.arange(n) % n_found]  # fewer words than neighbours: some count twice
    return nearest
