"""A spaCy component: ``doc._.topics``, the topic proportions of a document.

Import this module, then ``nlp.add_pipe("topicml", config={"model": "folder of a saved model"})``.
"""

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.models import TopicModel, load

ATTRIBUTES = ("text", "lower", "lemma", "norm")


class TopicComponent:
    """Sets ``doc._.topics``: float32, (n_topics,), sums to 1; the prior's mean for a document without known words.

    Parameters
    ----------
    model : TopicModel, path or None
        A fitted model, or the folder of a saved one, which is opened when it is first needed; None until `from_disk`.
    words : {"preprocessor", "text", "lower", "lemma", "norm"}
        What the model's words are: what its own preprocessor makes of the document's text, or this attribute of the
        pipeline's tokens.

    Raises
    ------
    InputError
        If `words` is none of these. When used: if there is no model, or none at that path.
    """

    def __init__(self, model: TopicModel | str | os.PathLike[str] | None = None, words: str = "preprocessor") -> None:
        if words not in ("preprocessor", *ATTRIBUTES):
            raise InputError(f"words={words!r} is unknown. Choose one of preprocessor, {', '.join(ATTRIBUTES)}.")
        self.words = words
        self._model = model
        if not Doc.has_extension("topics"):
            Doc.set_extension("topics", default=None)

    # A method, and not called `model`: spaCy asks each component for such an attribute, before there is one.
    def topic_model(self) -> TopicModel:
        """Return the model, opened at first use."""
        if self._model is None:
            raise InputError('The component has no model: nlp.add_pipe("topicml", config={"model": folder}).')
        if not isinstance(self._model, TopicModel):
            self._model = load(self._model)
        return self._model

    def __call__(self, doc: Doc) -> Doc:
        """Set the topics of one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Set the topics of a stream of documents, a batch at a time."""
        for docs in minibatch(stream, size=batch_size):
            for doc, theta in zip(docs, self._theta(docs), strict=True):
                doc._.topics = theta
                yield doc

    def to_disk(self, path: str | os.PathLike[str], *, exclude: Iterable[str] = ()) -> None:
        """Write the model into the pipeline's folder."""
        self.topic_model().save(Path(path) / "model", overwrite=True)

    def from_disk(self, path: str | os.PathLike[str], *, exclude: Iterable[str] = ()) -> "TopicComponent":
        """Open the model of a pipeline's folder."""
        self._model = load(Path(path) / "model")
        return self

    def _theta(self, docs: list[Doc]) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TopicWarning)  # new text always has words that the model does not know
            if self.words == "preprocessor":
                return self.topic_model().transform([doc.text for doc in docs])
            tokens = [
                [getattr(token, f"{self.words}_" if self.words != "text" else "text") for token in doc] for doc in docs
            ]
            return self.topic_model().transform(Corpus.from_tokens(tokens, self._vocabulary()))

    def _vocabulary(self) -> tuple[str, ...]:
        words: tuple[str, ...] | None = self.topic_model().vocabulary_
        if words is None:
            raise InputError("The model's words have no names: it was fitted on a matrix. Fit it on a Corpus.")
        return words


@Language.factory("topicml", default_config={"model": None, "words": "preprocessor"})
def make_component(nlp: Language, name: str, model: str | Path | None, words: str) -> TopicComponent:
    """Make the component of a configuration: the folder of a saved model, and what its words are."""
    return TopicComponent(model, words)
