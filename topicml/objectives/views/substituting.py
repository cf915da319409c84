"""A view that replaces words by words of similar meaning."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import not_prepared
from topicml.objectives.views.base import View
from topicml.objectives.views.building import batch_of_words
from topicml.objectives.views.dropping import thinned
from topicml.starting import word_vectors


class Substitution(View):
    """The document with a random share of its tokens replaced by words of similar meaning.

    At each step the view draws a word's substitute from its `neighbours` nearest words by the cosine of word vectors.
    Words without a vector stay.

    - Inputs: any documents. Without `vectors`, the view computes word vectors from the corpus (factorised PPMI).
    - Cost: `prepare` computes the word vectors (seconds) and n_words^2 cosines, in blocks; a view is cheap.
    - When to use: if few documents share words although they share topics.
    - Relations: `WordDropout` drops the tokens that this view replaces.

    Parameters
    ----------
    rate : float
        Probability that a token is replaced, in (0, 1].
    neighbours : int
        Number of nearest words to draw from, at least 1.
    dimension : int
        Size of the word vectors computed from the corpus.
    vectors : array-like, (n_words, d), optional
        Word vectors in the order of the vocabulary, for example from `topicml.starting.read_vectors`.

    Raises
    ------
    InputError
        If an argument is out of range; in `prepare`, if `vectors` do not have one row per word.

    References
    ----------
    Wu et al., CLEAR, 2020 (substitution); Nguyen et al., Topic modeling as multi-objective contrastive optimization,
    ICLR 2024, section 5.1 (substitution by word embeddings).

    Examples
    --------
    >>> import topicml
    >>> from topicml.objectives.views import Substitution
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = topicml.SetContrast(view=Substitution(neighbours=1, dimension=2))
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
    """

    def __init__(self, rate: float = 0.3, neighbours: int = 5, dimension: int = 100, vectors: Any = None) -> None:
        self.rate = rate
        self.neighbours = neighbours
        self.dimension = dimension
        self.vectors = vectors
        self._nearest: Tensor | None = None  # (n_words, neighbours)
        require(0 < rate <= 1, "rate", rate, "above 0 and at most 1")
        require(neighbours >= 1, "neighbours", neighbours, "at least 1")

    def prepare(self, documents: Documents) -> None:
        """Find the nearest words of each word; see `View.prepare`."""
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
        """Replace tokens."""
        if self._nearest is None:
            raise not_prepared(self)
        self._nearest = self._nearest.to(batch.counts.device)
        replaced = thinned(batch.counts.round(), self.rate)
        replaced = replaced.minimum(batch.counts)  # rounding may add a part of a token
        near = self._nearest[batch.word_ids]  # (n_entries, neighbours)
        choice = torch.randint(near.shape[1], (len(near), 1), device=near.device)
        return (
            batch_of_words(
                batch,
                torch.cat([batch.documents, batch.documents]),
                torch.cat([batch.word_ids, near.gather(1, choice).squeeze(1)]),
                torch.cat([batch.counts - replaced, replaced]),
            ),
        )


def nearest_words(vectors: np.ndarray, n: int, *, block: int = 512) -> np.ndarray:
    """Find the words of highest cosine with each word.

    Parameters
    ----------
    vectors : array, (n_words, d)
        Word vectors; a word with a zero vector is its only neighbour, and no other word's.
    n : int
        Number of neighbours. If fewer words have a vector, neighbours repeat.
    block : int
        Number of rows of cosines in memory at a time.

    Returns
    -------
    int64 array, (n_words, n)
        Word ids, nearest first.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    candidates = np.flatnonzero(lengths[:, 0] > 0)
    nearest = np.repeat(np.arange(len(vectors))[:, None], n, axis=1)
    n_neighbours = min(n, len(candidates) - 1)
    if n_neighbours < 1:
        return nearest
    for start in range(0, len(candidates), block):
        rows = candidates[start : start + block]
        cosines = unit[rows] @ unit[candidates].T
        cosines[np.arange(len(rows)), np.arange(start, start + len(rows))] = -np.inf
        best = np.argpartition(-cosines, n_neighbours - 1, axis=1)[:, :n_neighbours]
        order = np.argsort(-np.take_along_axis(cosines, best, axis=1), axis=1, kind="stable")
        neighbours = candidates[np.take_along_axis(best, order, axis=1)]
        nearest[rows] = neighbours[:, np.arange(n) % n_neighbours]
    return nearest
