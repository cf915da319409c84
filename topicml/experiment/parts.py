"""The documents of a corpus of a grid: those to fit, and those to judge on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from topicml.corpus import Corpus

HELD_OUT_SHARE = 0.4
"""Share of the documents to judge on, by default. Two samples of the others share a little more than a third of all."""

MIN_DF = 2
"""Training documents that a word must occur in, if documents are held out."""


@dataclass(frozen=True, eq=False)
class CorpusParts:
    """Training documents and held-out documents.

    Parameters
    ----------
    train : Corpus
        The documents to fit.
    held_out : Corpus or None
        The documents to judge on; None: the training documents.
    split : mapping
        How the documents were split: share, seed, min_df; empty without held-out documents.
    """

    train: Corpus
    held_out: Corpus | None = None
    split: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, corpus: Corpus, held_out_share: float, seed: int) -> "CorpusParts":
        """Split a corpus.

        Parameters
        ----------
        corpus : Corpus
            All documents.
        held_out_share : float
            Share of the documents to judge on; 0: none.
        seed : int
            Seed of the split (`Corpus.split`).

        Raises
        ------
        InputError
            If there are too few documents to split.
        """
        if not held_out_share:
            return cls(corpus)
        train, held_out = corpus.split(1 - held_out_share, seed, min_df=MIN_DF)
        return cls(train, held_out, {"share": held_out_share, "seed": seed, "min_df": MIN_DF})

    @property
    def judged(self) -> Corpus:
        """The documents to judge on: held out, or else those of the fit."""
        return self.train if self.held_out is None else self.held_out

    @property
    def identity(self) -> dict[str, Any] | None:
        """The split and the fingerprint of the held-out documents, as JSON-able values; None without any."""
        return None if self.held_out is None else {**self.split, "fingerprint": self.held_out.fingerprint}
