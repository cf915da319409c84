"""A spaCy component that sets ``doc._.topics``, the topic proportions of a document.

Import this module, then ``nlp.add_pipe("topicml", config={"model": "folder of a saved model"})``.
"""

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning

if TYPE_CHECKING:  # spaCy imports this module with every pipeline: models would take 120 MB of a process without any
    from topicml.models import TopicModel

ATTRIBUTES = ("text", "lower", "lemma", "norm")


class TopicComponent:
    """Set ``doc._.topics``: float32, (n_topics,), sums to 1; the prior's mean for a document without a known word.

    Parameters
    ----------
    model : TopicModel, path or None
        A fitted model, or the folder of a saved one, which is loaded at first use. None if `from_disk` follows.
    words : {"preprocessor", "text", "lower", "lemma", "norm"}
        Where the words come from: the model's preprocessor applied to the document's text, or this attribute of the
        pipeline's tokens.

    Raises
    ------
    InputError
        If `words` is unknown; at first use, if there is no model.
    """

    def __init__(self, model: "TopicModel | str | os.PathLike[str] | None" = None, words: str = "preprocessor") -> None:
        if words not in ("preprocessor", *ATTRIBUTES):
            raise InputError(f"words={words!r} is unknown. Choose one of preprocessor, {', '.join(ATTRIBUTES)}.")
        self.words = words
        self._model = model
        if not Doc.has_extension("topics"):
            Doc.set_extension("topics", default=None)

    # A method with this name, because spaCy reads the attribute `model` of each component before it is loaded.
    def topic_model(self) -> "TopicModel":
        """Return the model; it is loaded at first use."""
        if self._model is None:
            raise InputError(
                'The component has no model. Pass its folder: nlp.add_pipe("topicml", config={"model": folder}).'
            )
        from topicml.models import TopicModel, load

        model = self._model if isinstance(self._model, TopicModel) else load(self._model)
        self._model = model
        return model

    def __call__(self, doc: Doc) -> Doc:
        """Set the topics of one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Set the topics of a stream of documents, in batches.

        Parameters
        ----------
        stream : iterable of Doc
            The documents.
        batch_size : int
            Documents per batch.

        Yields
        ------
        Doc
            The same objects.
        """
        for docs in minibatch(stream, size=batch_size):
            for doc, theta in zip(docs, self._theta(docs), strict=True):
                doc._.topics = theta
                yield doc

    def to_disk(self, path: str | os.PathLike[str], *, exclude: Iterable[str] = ()) -> None:
        """Save the model in the pipeline's folder; `exclude` is ignored."""
        self.topic_model().save(Path(path) / "model", overwrite=True)

    def from_disk(self, path: str | os.PathLike[str], *, exclude: Iterable[str] = ()) -> "TopicComponent":
        """Load the model of a pipeline's folder; `exclude` is ignored."""
        from topicml.models import load

        self._model = load(Path(path) / "model")
        return self

    def _theta(self, docs: list[Doc]) -> np.ndarray:
        """Topic proportions, (n_docs, n_topics)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TopicWarning)  # new texts always have unknown words
            if self.words == "preprocessor":
                return self.topic_model().transform([doc.text for doc in docs])
            tokens = [
                [getattr(token, f"{self.words}_" if self.words != "text" else "text") for token in doc] for doc in docs
            ]
            return self.topic_model().transform(Corpus.from_tokens(tokens, self._vocabulary()))

    def _vocabulary(self) -> tuple[str, ...]:
        """The model's words; `InputError` if it was fitted without names of columns."""
        words: tuple[str, ...] | None = self.topic_model().vocabulary_
        if words is None:
            raise InputError("The model's words have no names: it was fitted on a matrix. Fit it on a Corpus.")
        return words


@Language.factory("topicml", default_config={"model": None, "words": "preprocessor"})
def make_component(nlp: Language, name: str, model: str | Path | None, words: str) -> TopicComponent:
    """Make the component from a spaCy configuration.

    Parameters
    ----------
    nlp, name
        Passed by spaCy; not used.
    model, words
        As in `TopicComponent`.

    Returns
    -------
    TopicComponent
    """
    return TopicComponent(model, words)
