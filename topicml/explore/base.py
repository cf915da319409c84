"""`BaseView`: the topics of a fitted model, with or without documents; tables and plots read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore.steps import Merge, Order, Split
from topicml.explore.view_documents import ViewDocuments, calibration_of_view, counts_of, read_documents
from topicml.metrics import leading_topics
from topicml.models.calibration import Calibration
from topicml.models.label_calibration import LabelCalibration
from topicml.runs.rows import LABEL_CANDIDATES, automatic_labels, names_beside_words, numbered_label


@dataclass(frozen=True, eq=False, repr=False)
class BaseView:
    """Topics of a fitted model after some steps, and documents to read them with. Immutable.

    Attributes
    ----------
    model : TopicModel
        The fitted model; never modified.
    beta : ndarray, (n_topics, n_words)
        Word distributions after the steps; rows sum to 1.
    vocabulary : tuple of str
        The words.
    documents : ViewDocuments or None
        The documents; None if the view was made without documents.
    given_mass : ndarray, (n_topics,), or None
        Mean topic proportions that the caller supplied instead of documents.
    given_labels : tuple of str or None
        Names of seeds (``topic_names_`` of the model), and labels set by `rename` or `label`; None where the label is
        made of words.
    hidden : tuple of bool
        Topics that tables and plots leave out. They stay in theta and beta.
    sources : tuple of tuples of int
        The topics of the model that each topic is made of.
    steps : tuple of dict
        The steps in order, as plain data that JSON can store.
    given_phrases : tuple of tuples of str, or None
        Phrases that name each topic (``phrases_`` of the model, or `with_phrases`); None where words do.
    """

    model: Any
    beta: np.ndarray
    vocabulary: tuple[str, ...]
    documents: ViewDocuments | None
    given_mass: np.ndarray | None
    given_labels: tuple[str | None, ...]
    hidden: tuple[bool, ...]
    sources: tuple[tuple[int, ...], ...]
    steps: tuple[dict[str, Any], ...] = ()
    changes: tuple[Merge | Split | Order, ...] = ()
    parent: "BaseView | None" = None
    given_calibration: Calibration | LabelCalibration | None = None
    given_phrases: tuple[tuple[str, ...] | None, ...] | None = None

    @classmethod
    def of(
        cls, model: Any, documents: Any = None, *, theta: np.ndarray | None = None, mass: np.ndarray | None = None
    ) -> Self:
        """Make a view of a model, with documents or without.

        Without documents, everything that reads only topics works (words, labels, similarities, hiding, renaming);
        what reads documents raises `InputError`.

        Parameters
        ----------
        model : TopicModel
            Fitted. Any object with ``components_`` is accepted; it needs ``vocabulary_`` for words with names, and
            ``transform`` if `documents` come without `theta`.
        documents : Corpus, sequence of str, or matrix (n_docs, n_words), optional
            As `TopicModel.transform` takes them.
        theta : ndarray, (n_docs, n_topics), optional
            Topic proportions of `documents`, if they were computed before.
        mass : ndarray, (n_topics,), optional
            Mean topic proportions over documents that are not available now. Only without `documents`; by default those
            of the fit, if the model has them (``topic_shares_``).

        Returns
        -------
        view : TopicView

        Raises
        ------
        InputError
            If the model is not fitted, documents do not fit it, `theta` or `mass` has another shape, `theta` comes
            without `documents`, or `mass` comes with them.
        """
        if getattr(model, "components_", None) is None:
            raise InputError(f"{type(model).__name__} is not fitted: it has no components_. Call fit first.")
        beta = np.asarray(model.components_, dtype=np.float64)
        n_topics, n_words = beta.shape
        names = getattr(model, "vocabulary_", None)
        if documents is None and theta is not None:
            raise InputError("theta holds the topic proportions of documents: pass documents as well.")
        if documents is not None and mass is not None:
            raise InputError("mass replaces documents, and documents were given: leave mass out.")
        if documents is None and mass is None:
            mass = getattr(model, "topic_shares_", None)  # of the fit
        if mass is not None:
            mass = np.asarray(mass, dtype=np.float64)
            if mass.shape != (n_topics,):
                raise InputError(f"mass has shape {mass.shape}; it must be {(n_topics,)}, one number for each topic.")
        return cls(
            model=model,
            beta=beta,
            vocabulary=tuple(f"x{i}" for i in range(n_words)) if names is None else tuple(names),
            documents=None if documents is None else read_documents(model, documents, theta),
            given_mass=mass,
            given_labels=tuple(getattr(model, "topic_names_", None) or (None,) * n_topics),
            hidden=(False,) * n_topics,
            sources=tuple((k,) for k in range(n_topics)),
            given_phrases=getattr(model, "phrases_", None),
        )

    # ------------------------------------------------------------------ topics

    @property
    def n_topics(self) -> int:
        """Number of topics after the steps, hidden ones included."""
        return len(self.beta)

    @property
    def shown(self) -> list[int]:
        """Topics that are not hidden."""
        return [k for k, hidden in enumerate(self.hidden) if not hidden]

    @property
    def labels(self) -> list[str]:
        """A label for each topic: the one set by `rename` or `label`, the name of its seeds, or its first four words.

        Phrases take the place of words if the topics have some (`with_phrases`). A topic gets more words if another one
        has the same four.
        """
        automatic = automatic_labels(self.name_parts)
        return [automatic[k] if label is None else label for k, label in enumerate(self.given_labels)]

    @property
    def names(self) -> list[str | None]:
        """The labels that say more than the first words: set by people, of seeds, or with phrases; None for others."""
        return names_beside_words(self.labels, self.given_labels)

    @property
    def name_parts(self) -> list[Sequence[str]]:
        """What automatic labels are made of: the phrases of each topic, or its first words."""
        words = [[self.vocabulary[i] for i in ids] for ids in self.top_word_ids(LABEL_CANDIDATES)]
        return [phrases or words[k] for k, phrases in enumerate(self.given_phrases or [None] * len(words))]

    @property
    def numbered_labels(self) -> list[str]:
        """The label of each topic after its number, such as ``3: rain, snow, wind, sun``."""
        return [numbered_label(k, label) for k, label in enumerate(self.labels)]

    def top_word_ids(self, n: int) -> np.ndarray:
        """Ids of the `n` most probable words of each topic, most probable first: (n_topics, n)."""
        return np.argsort(-self.beta, axis=1, kind="stable")[:, :n]

    # ------------------------------------------------------------------ documents

    @property
    def has_documents(self) -> bool:
        """Whether the view has documents."""
        return self.documents is not None

    @property
    def corpus(self) -> Corpus | None:
        """The corpus; None if the documents came as texts or a matrix, or the view has no documents."""
        return None if self.documents is None else self.documents.corpus

    @property
    def counts(self) -> csr_matrix:
        """Word counts of the documents, (n_docs, n_words); raises `InputError` without documents."""
        return self.require_documents("counts").counts

    @property
    def theta(self) -> np.ndarray:
        """Topic proportions of the documents, (n_docs, n_topics); raises `InputError` without documents."""
        return self.require_documents("theta").theta

    @cached_property
    def lengths(self) -> np.ndarray:
        """Number of tokens of each document, (n_docs,)."""
        return np.asarray(self.counts.sum(axis=1)).ravel()

    @cached_property
    def has_words(self) -> np.ndarray:
        """Whether each document has a word of the vocabulary, (n_docs,); documents without words lead no topic."""
        return self.lengths > 0

    @cached_property
    def mass(self) -> np.ndarray | None:
        """Mean topic proportions, (n_topics,): of documents with words, or as given to `of`; None without either."""
        if self.documents is None:
            return self.given_mass
        theta = self.theta_with_words
        return theta.mean(axis=0, dtype=np.float64) if len(theta) else np.zeros(self.n_topics)

    @property
    def theta_with_words(self) -> np.ndarray:
        """Topic proportions of the documents with words; those of other documents are the prior's, and tell nothing."""
        return self.theta if self.has_words.all() else self.theta[self.has_words]

    @property
    def shown_theta(self) -> np.ndarray:
        """Topic proportions of the documents with words, of the topics that are not hidden; a copy only if needed."""
        theta = self.theta_with_words
        return theta[:, self.shown] if any(self.hidden) else theta

    def leading(self, theta: np.ndarray) -> np.ndarray:
        """The leading topic, that is the shown topic with the largest proportion.

        Parameters
        ----------
        theta : ndarray, (..., n_topics)
            Topic proportions.

        Returns
        -------
        leading : ndarray of int, (...)
        """
        return leading_topics(theta, self.shown)

    @cached_property
    def led_by(self) -> np.ndarray:
        """The leading topic of each document, (n_docs,); also of those without words, which tells nothing."""
        return self.leading(self.theta)

    def leading_counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Number of documents that each topic leads.

        Parameters
        ----------
        rows : ndarray of bool (n_docs,) or of int, optional
            Documents to count. By default all documents with words.

        Returns
        -------
        counts : ndarray of int, (n_topics,)
        """
        return np.bincount(self.led_by[self.has_words if rows is None else rows], minlength=self.n_topics)

    def field(self, name: str) -> np.ndarray:
        """Values of a document field, (n_docs, ...); raises `InputError` if there is no such field."""
        if self.corpus is None:
            self.require_documents(f"Field {name!r}")
            raise InputError(f"The documents have no fields, so there is no field {name!r}. Pass a Corpus.")
        return self.corpus.fields[name]

    @cached_property
    def calibration(self) -> Calibration | LabelCalibration | None:
        """How theta becomes a confidence: as `calibrate` fitted it, of the model, or else fitted on the documents."""
        given, first = self._calibration_of_steps, self._first
        if given is not None:
            return given
        if first is not self:  # steps change neither the model nor the documents
            return first.calibration
        stored: Calibration | None = getattr(self.model, "calibration_", None)
        return stored if stored is not None else calibration_of_view(self.model, self.documents)

    @property
    def _calibration_of_steps(self) -> Calibration | LabelCalibration | None:
        """The calibration that `calibrate` fitted, in this view or before one of its steps."""
        view: BaseView = self
        while view.given_calibration is None and view.parent is not None:  # no recursion: there may be many steps
            view = view.parent
        return view.given_calibration

    @property
    def _first(self) -> "BaseView":
        """The view before all steps."""
        view: BaseView = self
        while view.parent is not None:
            view = view.parent
        return view

    def confidence(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """Calibrated probability of each topic, after the steps; theta itself if there is no calibration.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics of the model)
            Topic proportions as the model infers them.
        counts : csr_matrix, (n_docs, n_words)
            Word counts of the same documents.

        Returns
        -------
        confidence : ndarray, (n_docs, n_topics)
            Rows sum to 1.
        """
        calibrated = theta if self.calibration is None else self.calibration.confidence(theta)
        return self.changed(calibrated, counts)

    @property
    def inferred(self) -> np.ndarray:
        """Topic proportions of the documents as the model infers them, before all steps."""
        return self._first.theta

    def classes(self, name: str) -> tuple[list[str], np.ndarray]:
        """Different values of a document field in their order, and each document's; see `Fields.classes`."""
        self.field(name)  # raises if there is none
        assert self.corpus is not None
        return self.corpus.fields.classes(name)

    def transform(self, documents: Any) -> np.ndarray:
        """Topic proportions of new documents after the steps: (n_docs, n_topics); rows sum to 1."""
        return self.changed(np.asarray(self.model.transform(documents)), counts_of(self.model, documents))

    def changed(self, theta: np.ndarray, counts: csr_matrix) -> np.ndarray:
        """Apply the steps to topic proportions of the model.

        Parameters
        ----------
        theta : ndarray, (n_docs, n_topics of the model)
            Topic proportions as the model infers them.
        counts : csr_matrix, (n_docs, n_words)
            Word counts of the same documents.

        Returns
        -------
        theta : ndarray, (n_docs, n_topics)
        """
        for change in self.changes:
            theta = change.theta(theta, counts)
        return theta

    def changed_beta(self, beta: np.ndarray) -> np.ndarray:
        """Apply the steps to other word distributions of the topics of the model, such as those of a slice of time.

        Parameters
        ----------
        beta : ndarray, (n_topics of the model, n_words)
            Rows sum to 1.

        Returns
        -------
        beta : ndarray, (n_topics, n_words)
        """
        for change in self.changes:
            beta = change.beta(beta)
        return beta

    # ------------------------------------------------------------------ checks

    def require_documents(self, purpose: str) -> ViewDocuments:
        """The documents; raises `InputError` with `purpose`, what they are needed for, if there are none."""
        if self.documents is None:
            raise InputError(
                f"{purpose} needs documents, but this view has no documents. Make it with documents: "
                "TopicView.of(model, documents)."
            )
        return self.documents

    def require_mass(self, purpose: str) -> np.ndarray:
        """`mass`; raises `InputError` with `purpose`, what it is needed for, if it is unknown."""
        if self.mass is None:
            raise InputError(
                f"{purpose} needs the sizes of topics, and this view has no documents to measure them on. Make it "
                "with documents, TopicView.of(model, documents), or with sizes, TopicView.of(model, mass=...)."
            )
        return self.mass

    def topic(self, k: int) -> int:
        """`k` as an int; raises `InputError` if there is no topic of this number."""
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 0 <= k < self.n_topics:
            raise InputError(f"There is no topic {k!r}; topics are 0 to {self.n_topics - 1}.")
        return int(k)

    def word_ids(self, words: Sequence[str]) -> np.ndarray:
        """Columns of words, (len(words),); raises `InputError` if a word is not in the vocabulary."""
        index = {word: i for i, word in enumerate(self.vocabulary)}
        unknown = [word for word in words if word not in index]
        if isinstance(words, str) or unknown or not len(words):
            raise InputError(f"Words must be a list of words of the vocabulary; not in it: {unknown[:5] or words!r}.")
        return np.array([index[word] for word in words])
