"""Batches of documents as ragged bags of words."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch.nn import functional

from topicml.corpus.covariates import Covariates
from topicml.corpus.mapped import release
from topicml.corpus.targets import exponents_of_rows


@dataclass(frozen=True)
class Batch:
    """A batch of documents as ragged bags of words: 1-D tensors instead of a dense matrix.

    Attributes
    ----------
    rows : Tensor, int64, (n_docs,)
        Rows of the documents in their corpus.
    word_ids : Tensor, int64, (n_entries,)
        Word ids of all documents, one document after another; each word has one entry per document.
    counts : Tensor, float32, (n_entries,)
        Counts of the words; they may be fractional.
    offsets : Tensor, int64, (n_docs + 1,)
        The entries of document i are ``offsets[i]:offsets[i + 1]``.
    lengths : Tensor, float32, (n_docs,)
        Sum of each document's counts.
    covariates : Tensor, float32, (n_docs, n_columns), or None
        Columns of the model matrix, for a prior that depends on them (`topicml.nn.prior.CovariatePrior`).
    groups : Tensor, int64, (n_docs,), or None
        Groups of the documents, whose topics differ (`topicml.nn.deviations.GroupDeviations`); -1: unknown.
    targets : Batch or None
        What to reconstruct of the same documents in place of their words; None: the words.
    """

    rows: Tensor
    word_ids: Tensor
    counts: Tensor
    offsets: Tensor
    lengths: Tensor
    covariates: Tensor | None = field(default=None, kw_only=True)
    groups: Tensor | None = field(default=None, kw_only=True)
    targets: "Batch | None" = field(default=None, kw_only=True)

    @classmethod
    def from_counts(cls, counts: csr_matrix, rows: np.ndarray) -> "Batch":
        """Gather rows of a count matrix. Only those rows are read, so the matrix may be memory-mapped.

        Parameters
        ----------
        counts : csr_matrix, (n_docs, n_words)
            Word counts, without duplicate entries.
        rows : ndarray of int
            The rows of the batch; a row may occur more than once.

        Returns
        -------
        Batch
            On the CPU.
        """
        rows = np.asarray(rows, dtype=np.int64)
        starts = np.asarray(counts.indptr[rows], dtype=np.int64)
        sizes = np.asarray(counts.indptr[rows + 1], dtype=np.int64) - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(sizes, out=offsets[1:])
        entries = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
        weights = torch.from_numpy(np.asarray(counts.data[entries], dtype=np.float32))
        batch = cls(
            rows=torch.from_numpy(rows),
            word_ids=torch.from_numpy(np.asarray(counts.indices[entries], dtype=np.int64)),
            counts=weights,
            offsets=torch.from_numpy(offsets),
            lengths=torch.empty(0),
        )
        release(counts.data, counts.indices, read=len(rows))
        return replace(batch, lengths=batch.sum_by_document(weights))

    def padded(self, n_docs: int) -> "Batch":
        """Add documents without words, up to `n_docs` documents.

        Matrix products of another shape may add up in another order: only batches of one size give a document the same
        bits whatever the other documents are.
        """
        missing = n_docs - len(self)
        if missing <= 0:
            return self
        return Batch(
            rows=torch.cat([self.rows, self.rows.new_full((missing,), -1)]),
            word_ids=self.word_ids,
            counts=self.counts,
            offsets=torch.cat([self.offsets, self.offsets[-1:].expand(missing)]),
            lengths=torch.cat([self.lengths, self.lengths.new_zeros(missing)]),
            covariates=None if self.covariates is None else functional.pad(self.covariates, (0, 0, 0, missing)),
            groups=None if self.groups is None else functional.pad(self.groups, (0, missing), value=-1),
        )

    def with_covariates(self, covariates: Covariates | csr_matrix | None) -> "Batch":
        """Return the same documents with their rows of the covariates, or of the model matrix, of a corpus."""
        if covariates is None:
            return self
        known = covariates if isinstance(covariates, Covariates) else Covariates(covariates)
        known = known[self.rows.numpy()]
        found: dict[str, Any] = {}
        if known.matrix is not None:
            found["covariates"] = torch.from_numpy(np.asarray(known.matrix.toarray(), dtype=np.float32))
        if known.groups is not None:
            found["groups"] = torch.from_numpy(known.groups)
        return replace(self, **found)

    def with_targets(self, weights: csr_matrix, rows: np.ndarray | None = None) -> "Batch":
        """Return the same documents with what to reconstruct of them.

        Parameters
        ----------
        weights : csr_matrix, (n_docs, n_words)
            Weights of words in all documents of the corpus. Those of a document are scaled to its number of words, so
            that the likelihood weighs as much against the prior as with counts.
        rows : ndarray of int, optional
            The row of `weights` that each document is to reconstruct; by default its own.

        Returns
        -------
        Batch
        """
        found = Batch.from_counts(weights, self.rows.numpy() if rows is None else rows)
        exponents = exponents_of_rows(found.counts.numpy(), found.offsets.numpy())
        # A power of 2 changes no digit, and the sum of a row is then a number of float32, whatever its weights are.
        near_one = torch.from_numpy(np.ldexp(found.counts.numpy(), -exponents[found.documents.numpy()]))
        scales = self.lengths / found.sum_by_document(near_one)
        return replace(self, targets=replace(found, counts=near_one * scales[found.documents], lengths=self.lengths))

    @property
    def reconstructed(self) -> "Batch":
        """The words that a likelihood reconstructs: the targets, or by default the words of the batch."""
        return self if self.targets is None else self.targets

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def documents(self) -> Tensor:
        """Position in the batch of the document of each entry: int64, (n_entries,)."""
        return torch.repeat_interleave(torch.arange(len(self), device=self.offsets.device), self.offsets.diff())

    def sum_by_document(self, values: Tensor) -> Tensor:
        """Sum `values` (n_entries,) over each document's entries: (n_docs,)."""
        return torch.zeros(len(self), dtype=values.dtype, device=values.device).index_add(0, self.documents, values)

    def with_counts(self, counts: Tensor) -> "Batch":
        """Return the same documents with new counts (n_entries,), without entries whose count is not positive."""
        positive = counts > 0
        sizes = self.sum_by_document(positive.to(counts.dtype)).long()
        offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        batch = Batch(
            self.rows,
            self.word_ids[positive],
            counts[positive],
            offsets,
            torch.empty(0),
            covariates=self.covariates,
            groups=self.groups,
        )
        return replace(batch, lengths=batch.sum_by_document(batch.counts))

    def of_documents(self, positions: Tensor) -> "Batch":
        """Return the documents at these positions of the batch, int64, (n_selected,)."""
        sizes = self.offsets.diff()[positions]
        offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
        entries = torch.arange(int(offsets[-1]), device=offsets.device)
        entries = entries + torch.repeat_interleave(self.offsets[positions] - offsets[:-1], sizes)
        return Batch(
            self.rows[positions],
            self.word_ids[entries],
            self.counts[entries],
            offsets,
            self.lengths[positions],
            covariates=None if self.covariates is None else self.covariates[positions],
            groups=None if self.groups is None else self.groups[positions],
            targets=None if self.targets is None else self.targets.of_documents(positions),
        )

    def where(self, kept: Tensor, other: "Batch") -> "Batch":
        """Return these documents where `kept` is true, else those of another batch at the same positions.

        Parameters
        ----------
        kept : Tensor of bool, (n_docs,)
        other : Batch
            As many documents.
        """
        both = Batch(
            rows=torch.cat([self.rows, other.rows]),
            word_ids=torch.cat([self.word_ids, other.word_ids]),
            counts=torch.cat([self.counts, other.counts]),
            offsets=torch.cat([self.offsets, self.offsets[-1] + other.offsets[1:]]),
            lengths=torch.cat([self.lengths, other.lengths]),
        )
        positions = torch.arange(len(self), device=kept.device)
        return both.of_documents(torch.where(kept, positions, positions + len(self)))

    def to(self, device: torch.device | str, *, non_blocking: bool = True) -> Self:
        """Copy the batch to another device."""
        given = {name: value for name in self.__dataclass_fields__ if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value.to(device, non_blocking=non_blocking) for name, value in given.items()})
