"""The documents that words of topics are judged on: all, or a random sample of very many."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa

from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.explore import TopicView
from topicml.report.text import count


@dataclass(frozen=True, eq=False)
class Judged:
    """Documents of a view with a corpus.

    Attributes
    ----------
    corpus : Corpus
        Their words. A sample has no fields.
    theta : ndarray, (n_docs, n_shown)
        Their proportions of the shown topics.
    has_words : ndarray of bool, (n_docs,)
        Whether each has a word of the model.
    rows : ndarray of int, (n_docs,), or None
        Their rows in the view; None if they are all.
    n_all : int
        Number of documents of the view.
    """

    corpus: Corpus
    theta: np.ndarray
    has_words: np.ndarray
    rows: np.ndarray | None
    n_all: int

    @classmethod
    def of(cls, view: TopicView, max_documents: int | None = None, seed: int = 0) -> Self | None:
        """Take the documents of a view, or a random sample of them.

        Parameters
        ----------
        view : TopicView
            The topics.
        max_documents : int, optional
            Number of documents at most; by default all.
        seed : int
            Seed of the sample.

        Returns
        -------
        Judged or None
            None if the view has no corpus.
        """
        corpus = view.corpus
        if corpus is None:
            return None
        n_all, theta, has_words = len(view.theta), view.theta, view.has_words
        if max_documents is None or n_all <= max_documents:
            return cls(corpus, theta[:, view.shown] if any(view.hidden) else theta, has_words, None, n_all)
        rows = np.sort(np.random.default_rng(seed).choice(n_all, max_documents, replace=False))
        words = corpus.replaced(fields=Fields(pa.table({})), embeddings=None)[rows]
        return cls(words, theta[np.ix_(rows, np.array(view.shown))], has_words[rows], rows, n_all)

    def of_documents(self, values: np.ndarray) -> np.ndarray:
        """The values of these documents, of one for each document of the view."""
        return values if self.rows is None else values[self.rows]

    def sentence(self, with_scores: bool) -> str | None:
        """What the page says of the sample; None if it is all documents."""
        if self.rows is None:
            return None
        what = "Whether words belong together and describe their documents is judged"
        scored = ", and scores are computed," if with_scores else ""
        return f"{what}{scored} on {count(len(self.rows))} of {count(self.n_all)} documents, sampled at random."
