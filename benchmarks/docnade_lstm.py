"""topicml's DocNADE with an LSTM that reads the observed words in their order, beside shares of topics."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from docnade_paper import last_states, padded, words_in_order
from torch import Tensor, nn

from topicml import Corpus
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.stories.docnade import AutoregressiveDecoder, DocNADEStory

_READ: list[Corpus] = []


@contextmanager
def order_of(corpus: Corpus) -> Iterator[None]:
    """Inside the block, row i of a batch is document i of this corpus, which has word order."""
    _READ.append(corpus)
    try:
        yield
    finally:
        _READ.pop()


class OrderedDecoder(AutoregressiveDecoder):
    """The hidden vector is tanh(c + sum of the vectors of the observed words + weight * LSTM(these words in order))."""

    def __init__(self, beta: np.ndarray, background: np.ndarray, *, units: int, dropout: float, weight: float) -> None:
        super().__init__(beta, background, units=units, dropout=dropout)
        self.weight = weight
        self.lstm = nn.LSTM(units, units, batch_first=True)

    def hidden(self, observed: Batch) -> Tensor:
        """The hidden vector of each document, (n_docs, units), between -1 and 1."""
        total = self.vectors(observed.word_ids, observed.offsets, per_sample_weights=observed.counts)
        words, known = padded(*words_in_order(_READ[-1], *_kept(observed, self.beta.shape[1])))
        states = last_states(lambda each: self.lstm(self.vectors.weight[each])[0], words, known)
        return torch.tanh(self.hidden_bias + total + self.weight * states)


def _kept(batch: Batch, n_words: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """The counts of a batch at the rows of its documents in the corpus, and these rows."""
    rows = batch.rows.numpy()
    places = rows[batch.documents.numpy()], batch.word_ids.numpy()
    return sp.csr_matrix((batch.counts.numpy(), places), shape=(len(_READ[-1]), n_words)), rows


class OrderedDocNADEStory(DocNADEStory):
    """DocNADE with shares of topics and an LSTM, for documents inside `order_of`.

    Parameters
    ----------
    weight : float
        Weight of the LSTM in the hidden vector.
    """

    weight: float = 1.0

    def network(self, *, beta: np.ndarray, background: np.ndarray) -> TopicNetwork:  # type: ignore[override]
        """Make the network that starts from these values."""
        network: Any = super().network(beta=beta, background=background)
        network.decoder = OrderedDecoder(
            beta, background, units=self.units, dropout=self.units_dropout, weight=self.weight
        )
        return network


def shuffled(corpus: Corpus) -> Corpus:
    """The same documents with their words in a random order."""
    rng = np.random.default_rng(0)
    return Corpus.from_tokens([list(rng.permutation(document)) for document in corpus], corpus.vocabulary)
