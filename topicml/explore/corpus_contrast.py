"""One corpus against another: the topics and words that one has and the other has not, tested by permutation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from topicml.checks import require
from topicml.errors import InputError, warn
from topicml.explore.base import BaseView
from topicml.explore.calibration import held_out_of_fit
from topicml.explore.documents import text_of
from topicml.explore.frames import frame_of
from topicml.explore.view import TopicView
from topicml.metrics import Differences, permutation_test
from topicml.models.topic_model import TopicModel
from topicml.starting import Against

_FAMILIES = 2  # topics and words


@dataclass(frozen=True, eq=False)
class CorpusContrast:
    """The differences of documents from their background, in topics and in words.

    Attributes
    ----------
    view : TopicView
        The topics, and the documents of both.
    against : Against
        Which documents are the background.
    is_other : ndarray of bool, (n_docs,)
        Which documents are not of the background.
    unseen : ndarray of int
        Rows of the documents by which topics are tested.
    of_topics, of_words : Differences
        The tests; the first group is the background. Their p is before the correction for there being two of them.
    level : float
        A topic or word is declared if its p is at most this.
    """

    view: BaseView
    against: Against
    is_other: np.ndarray
    unseen: np.ndarray
    of_topics: Differences
    of_words: Differences
    level: float

    @cached_property
    def salient(self) -> list[int]:
        """The topics that were fitted for what the background has not, without hidden ones."""
        story = self.view.model.composition().story if isinstance(self.view.model, TopicModel) else None
        salient = set() if story is None else {*story.salient_topics}
        return [k for k in self.view.shown if salient.issuperset(self.view.sources[k])]

    @property
    def new(self) -> list[int]:
        """The salient topics that the documents have significantly more than their background, largest first."""
        found, p = self.of_topics, self._p(self.of_topics)
        new = [k for k in self.salient if p[k] <= self.level and found.second[k] > found.first[k]]
        return sorted(new, key=lambda k: -found.second[k])

    @property
    def least_p(self) -> float:
        """The smallest p that a topic can have with so many documents and draws."""
        return min(1.0, _FAMILIES * self.of_topics.least_p)

    def topics(self, topics: Sequence[int] | None = None, *, n_words: int = 10, frame: str = "pandas") -> Any:
        """The share of each topic in both, by the unseen documents.

        Parameters
        ----------
        topics : sequence of int, optional
            Topics; by default all that the view shows. Salient ones come first, then those with the smallest p.
        n_words : int
            Words of each topic.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            topic, label, salient, background, other (mean shares), difference, z, p, words.

        Raises
        ------
        InputError
            If a topic does not exist.
        """
        found, p = self.of_topics, self._p(self.of_topics)
        chosen = self.view.shown if topics is None else [self.view.topic(k) for k in topics]
        order = sorted(chosen, key=lambda k: (k not in self.salient, p[k], -abs(found.statistic[k])))
        words = self.view.top_word_ids(n_words)
        return frame_of(
            {
                "topic": order,
                "label": [self.view.labels[k] for k in order],
                "salient": [k in self.salient for k in order],
                **self._numbers(found, order),
                "words": [" ".join(self.view.vocabulary[i] for i in words[k]) for k in order],
            },
            frame,
        )

    def words(self, n: int | None = None, *, frame: str = "pandas") -> Any:
        """The share of the documents that have each word in both, by all documents.

        Parameters
        ----------
        n : int, optional
            Words at most; by default all.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            word, background, other (shares of documents), difference, z, p; the smallest p first.
        """
        p = self._p(self.of_words)
        order = np.lexsort((-np.abs(self.of_words.statistic), p))[:n].tolist()
        words = [self.view.vocabulary[i] for i in order]
        return frame_of({"word": words, **self._numbers(self.of_words, order)}, frame)

    def documents(self, topic: int | None = None, n: int = 10, *, frame: str = "pandas") -> Any:
        """The documents that are least like the background: with the largest share of salient topics.

        Parameters
        ----------
        topic : int, optional
            Documents of this topic; by default of all `new` ones together, or of all salient ones if none is new.
        n : int
            Documents at most.
        frame : {"pandas", "polars"}
            Kind of data frame.

        Returns
        -------
        table : DataFrame
            document (row), share, topic (the first of those topics), text. Documents of the background are left out.

        Raises
        ------
        InputError
            If the topic does not exist, or the model has no salient topics.
        """
        topics = (self.new or self.salient) if topic is None else [self.view.topic(topic)]
        if not topics:
            raise InputError("The model has no salient topics. Fit it with against=..., or name a topic.")
        rows = np.flatnonzero(self.is_other & self.view.has_words)
        theta = self.view.theta[rows][:, topics]
        best = np.argsort(-theta.sum(axis=1), kind="stable")[:n]
        rows, theta = rows[best], theta[best]
        return frame_of(
            {
                "document": rows.tolist(),
                "share": theta.sum(axis=1).tolist(),
                "topic": [topics[k] for k in theta.argmax(axis=1).tolist()],
                "text": [text_of(self.view, row) for row in rows.tolist()],
            },
            frame,
        )

    def _p(self, found: Differences) -> np.ndarray:
        p: np.ndarray = np.minimum(_FAMILIES * found.p, 1.0)
        return p

    def _numbers(self, found: Differences, order: Sequence[int]) -> dict[str, list[float]]:
        columns = {
            "background": found.first,
            "other": found.second,
            "difference": found.second - found.first,
            "z": found.statistic,
            "p": self._p(found),
        }
        return {name: each[order].tolist() for name, each in columns.items()}


def contrast(
    model: Any,
    documents: Any = None,
    *,
    against: str | None = None,
    draws: int = 1000,
    level: float = 0.05,
    seed: int = 0,
) -> CorpusContrast:
    """Find which topics and words documents have, and their background has not, with p-values by permutation.

    Topics that were found because they differ in some documents will differ in the same documents, whatever a test
    says. So topics are tested by documents that the fit did not see: those that it held out (half of them with
    ``validation_fraction=0.5``), or other documents. The fit used the texts of the held-out documents to choose the
    epoch, but not which corpus they are of, and theta does not depend on that, either. So under the hypothesis that
    both corpora are samples of the same texts, all permutations of the corpora of these documents are equally likely,
    and p is valid for any number of documents. (A refit for each permutation would use all documents, for the time of
    a thousand fits.) Words were not chosen by anything, and are tested by all documents.

    The family-wise error of both tests together is at most `level`: within topics and within words, p is corrected by
    the largest statistic (`topicml.metrics.permutation_test`), and then multiplied by two.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted, best with ``against="field=value"`` and ``validation_fraction=0.5``.
    documents : Corpus, optional
        All documents of the fit, or documents that it did not see, with the field: a part of the former is taken for
        the latter, and the test is then not valid. Not with a view that has documents.
    against : str, optional
        The documents of the background, ``field=value``. By default as the model was fitted.
    draws : int
        Number of permutations.
    level : float
        Probability at most of any false topic or word, between 0 and 1.
    seed : int
        Seed of the permutations.

    Returns
    -------
    CorpusContrast
        With `topics`, `words`, `documents`, and the topics that are `new`.

    Raises
    ------
    InputError
        If nothing says what the background is, documents lack the field, all are of one corpus, the fit saw all of
        them, or the prior of the model reads the field (``prevalence``).

    References
    ----------
    Westfall & Young, Resampling-based multiple testing, 1993; Cox, A note on data-splitting for the evaluation of
    significance levels, 1975.

    Examples
    --------
    >>> import topicml
    >>> from topicml.explore import contrast
    >>> corpus = topicml.Corpus.read("lee")
    >>> fields = {"half": ["first"] * 150 + ["second"] * 150}
    >>> corpus = corpus.replaced(fields=type(corpus.fields).of(fields, 300))
    >>> options = {"against": "half=first", "salient": 2, "validation_fraction": 0.5}
    >>> model = topicml.ProdLDA(8, max_epochs=3, random_state=0, **options).fit(corpus)
    >>> len(contrast(model, corpus).unseen)
    150
    """
    require(0 < level < 1, "level", level, "between 0 and 1")
    if isinstance(model, BaseView) and documents is not None:
        raise InputError("The view has its own documents: leave `documents` out, or pass the model.")
    view = model if isinstance(model, BaseView) else TopicView.of(model, documents)
    view.require_documents("contrast")
    background = _background(view, against)
    is_other = ~background.background(view.corpus)
    rows = np.flatnonzero(view.has_words)
    held_out = held_out_of_fit(view)
    if held_out is not None and len(held_out) < 2:
        raise InputError(
            "The fit saw all of these documents, so that its topics differ in them by choice. Fit with "
            "validation_fraction=0.5, which keeps half of them for the test, or give other documents."
        )
    unseen = rows if held_out is None else held_out
    for name, of in (("the documents", rows), ("the documents that the fit did not see", unseen)):
        n_other = int(is_other[of].sum())
        if not 0 < n_other < len(of):
            raise InputError(
                f"Of {name}, {n_other:,} with words are not of the background ({background.against}), and "
                f"{len(of) - n_other:,} are: a test needs both. Give more documents."
            )
    of_topics = permutation_test(view.theta[unseen], is_other[unseen], draws=draws, seed=seed)
    of_words = permutation_test((view.counts[rows] > 0).astype(np.float64), is_other[rows], draws=draws, seed=seed)
    found = CorpusContrast(view, background, is_other, unseen, of_topics, of_words, level)
    if found.least_p > level:
        n_other = int(is_other[unseen].sum())
        warn(
            f"Too few documents for a test: with {len(unseen) - n_other} of the background and {n_other} others that "
            f"the fit did not see, and draws={draws}, p is at least {found.least_p:.2g}, and no topic can be declared "
            f"at the level {level:g}."
        )
    return found


def _background(view: BaseView, against: str | None) -> Against:
    model = view.model
    if against is None:
        against = model.composition().story.against if isinstance(model, TopicModel) else None
    if against is None:
        raise InputError('Nothing says which documents are the background: give against="field=value".')
    found = Against(against)
    matrix = getattr(model, "model_matrix_", None)
    if matrix is not None and found.field in matrix.fields:
        raise InputError(
            f"The prior of the model reads {found.field!r} (prevalence={matrix.formula!r}), so that theta of a "
            "document depends on its corpus, and no permutation can test it. Fit without it, or use effects."
        )
    return found
