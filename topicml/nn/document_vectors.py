"""The vectors of documents that an encoder reads besides, or in place of, their words."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from topicml.errors import InputError


class Vectors(Protocol):
    """A vector of each document, such as `topicml.corpus.embeddings.Embeddings`."""

    @property
    def size(self) -> int:
        """Length of a vector."""

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of some documents, float32 of shape (n_rows, size)."""


# Of the thread, not of the network: a model may infer documents in several threads at a time.
_CURRENT: ContextVar[Vectors | None] = ContextVar("document vectors", default=None)


@contextmanager
def reading(vectors: Vectors | None) -> Iterator[None]:
    """Context manager: row i of the batches inside the block has vector i. Encoders of words do not read it."""
    token = _CURRENT.set(vectors)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def vectors_of(rows: Tensor, size: int) -> Tensor:
    """The vectors of the documents of a batch, from the block of `reading`.

    Parameters
    ----------
    rows : Tensor of int64, (n_docs,)
        Rows of the documents; -1 for documents that only fill a batch.
    size : int
        The length of a vector that the encoder was made for.

    Returns
    -------
    Tensor, float32, (n_docs, size)
        On the device of `rows`; zero for the row -1.

    Raises
    ------
    InputError
        If the documents have no vectors, or vectors of another length.
    """
    vectors = _CURRENT.get()
    if vectors is None:
        raise InputError(
            f"The encoder of this model reads embeddings of {size} numbers, and these documents have none. Pass a "
            "Corpus with embeddings of the encoder that the model was fitted with: corpus.with_embeddings(encoder)."
        )
    if vectors.size != size:
        raise InputError(
            f"The encoder of this model reads embeddings of {size} numbers, and those of these documents have "
            f"{vectors.size}. Encode the documents with the encoder that the model was fitted with."
        )
    wanted = rows.cpu().numpy()
    found = np.zeros((len(wanted), size), dtype=np.float32)
    is_document = wanted >= 0
    found[is_document] = vectors[wanted[is_document]]
    return torch.from_numpy(found).to(rows.device)
