"""Hints for deduplication: pairs of documents whose embeddings are almost the same."""

from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.attaching import texts_of
from topicml.corpus.neighbours import nearest
from topicml.errors import InputError
from topicml.explore.frames import frame_of
from topicml.starting.mean_vectors import unit_rows


def near_copies(
    corpus: Corpus, *, threshold: float = 0.95, n_neighbours: int = 5, search: str = "auto", frame: str = "pandas"
) -> Any:
    """Pairs of documents that say almost the same, by their embeddings; the most similar first.

    They are hints: texts that differ in a number or a name have a high cosine, too. Read some pairs, and choose a
    threshold. `topicml check` counts texts that are exact copies.

    Parameters
    ----------
    corpus : Corpus
        Documents with embeddings (`Corpus.with_embeddings`).
    threshold : float
        Least cosine of a pair, in (0, 1]. It depends on the encoder.
    n_neighbours : int
        Nearest documents of each document that are looked at. Of a large group of copies, not all pairs are given, but
        every document has one.
    search : {"auto", "exact", "approximate"}
        As in `topicml.corpus.neighbours.nearest`. An approximate search misses a few neighbours in a hundred.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each pair: copy (row of the later document), original (row of the earlier one), score (the cosine),
        copy_text, original_text (the words, if the corpus has no texts). To keep the first of each group, leave out
        the documents in ``copy``.

    Raises
    ------
    InputError
        If the corpus has no embeddings, or an argument is out of range.
    """
    require(0 < threshold <= 1, "threshold", threshold, "above 0, and at most 1")
    require(n_neighbours >= 1, "n_neighbours", n_neighbours, "at least 1")
    if corpus.embeddings is None:
        raise InputError("near_copies reads embeddings, and this corpus has none: corpus.with_embeddings(encoder).")
    vectors = unit_rows(corpus.embeddings[:])
    found = nearest(vectors, min(n_neighbours, len(vectors) - 1), search=search)
    pairs = np.stack([np.repeat(np.arange(len(found)), found.shape[1]), found.ravel()], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    scores = np.einsum("ij,ij->i", vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    scores = np.minimum(scores, 1.0)  # of equal vectors, but for rounding
    order = np.argsort(-scores, kind="stable")[: int((scores >= threshold - 1e-6).sum())]
    original, copy = pairs[order].T
    texts = texts_of(corpus) if "text" in corpus.fields or corpus.has_order else [""] * corpus.n_docs
    return frame_of(
        {
            "copy": copy,
            "original": original,
            "score": scores[order],
            "copy_text": [texts[row] for row in copy],
            "original_text": [texts[row] for row in original],
        },
        frame,
    )
