"""Which documents are the background, against which the salient topics of the others stand out."""

import numpy as np

from topicml.checks import nearest
from topicml.corpus.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.settings import Settings

_ADVICE = 'against takes a field and its value in the background: "month=June".'


class Against(Settings):
    """The documents of the background: those in which a field has a value.

    Parameters
    ----------
    against : str
        ``field=value``, such as ``month=June``. The value is written as in a table of the field (`Fields.classes`).

    Raises
    ------
    InputError
        If it is not text, or has no field or no value.

    Examples
    --------
    >>> import topicml
    >>> from topicml.starting import Against
    >>> corpus = topicml.Corpus.from_tokens([["rain"], ["sun"]], fields={"month": ["June", "July"]})
    >>> Against("month=June").background(corpus)
    array([ True, False])
    """

    def __init__(self, against: str) -> None:
        self.against = against
        field, equals, value = against.partition("=") if isinstance(against, str) else ("", "", "")
        self.field, self.value = field.strip(), value.strip()
        if not (self.field and equals and self.value):
            raise InputError(f"against={against!r} names no field and value. {_ADVICE}")

    def background(self, corpus: Corpus | None) -> np.ndarray:
        """Find the documents of the background.

        Parameters
        ----------
        corpus : Corpus or None
            The documents, with the field.

        Returns
        -------
        ndarray of bool, (n_docs,)

        Raises
        ------
        InputError
            If there is no corpus, or it does not have the field.
        """
        if corpus is None:
            raise InputError(
                f"against={self.against!r} reads a field, and these documents have no fields. Give a Corpus that has "
                f"{self.field!r}."
            )
        names, codes = corpus.fields.classes(self.field)
        is_background: np.ndarray = codes == (names.index(self.value) if self.value in names else len(names))
        return is_background

    def check(self, documents: Documents) -> None:
        """Check that the background and the rest each have documents with words.

        Parameters
        ----------
        documents : Documents
            All documents of a fit.

        Raises
        ------
        InputError
            If either has none, or they have no common word.
        """
        background = self.background(documents.corpus)
        has_words = np.diff(documents.counts.indptr) > 0
        if not (background & has_words).any():
            names = documents.corpus.fields.classes(self.field)[0] if documents.corpus is not None else []
            near = nearest(self.value, names) or names[:10]
            raise InputError(
                f"The background ({self.against}) is empty: no document with words has {self.value!r} in the field "
                f"{self.field!r}. It has: {', '.join(map(repr, near))}."
            )
        if not (~background & has_words).any():
            raise InputError(
                f"All documents with words are of the background ({self.against}), so nothing can stand out against "
                "it. Give other documents besides."
            )
        if not np.intersect1d(*(documents.counts[rows].indices for rows in (background, ~background))).size:
            raise InputError(
                f"The documents of the background ({self.against}) and the others have no common word, so nothing "
                "tells what they share. Check that both are of one language, and read in the same way."
            )
