"""How a source is read: for fitting, and the same way again for transform and scores."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus


@dataclass(frozen=True)
class Reading:
    """A source and how to read it; plain values, so that ``run.json`` can hold it.

    Attributes
    ----------
    source : str
        An absolute path, or the name of a corpus.
    text_column, label_column, encoding : str or None
        See `topicml.Corpus.read`.
    tokenized : bool
        Whether the text is tokens already, separated by white space, and taken as it is.
    preprocessing : dict
        Options of `topicml.Preprocessor` that were given.
    """

    source: str
    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    tokenized: bool = False
    preprocessing: dict[str, Any] = field(default_factory=dict)

    def corpus(self, preprocessor: Any = None, *, progress: bool = False) -> "Corpus":
        """Read the source; raw text goes through `preprocessor`, by default through what the options ask for.

        Raises
        ------
        InputError
            If the source cannot be read, or there is no such column or preprocessing option.
        """
        from topicml.corpus import Corpus

        named = {"text_column": self.text_column, "label_column": self.label_column, "encoding": self.encoding}
        given = {name: value for name, value in named.items() if value is not None}
        with warnings.catch_warnings():
            if not (self.tokenized or self.preprocessing):
                # Nobody asked for preprocessing, so nobody needs to know that a source of tokens goes without.
                warnings.filterwarnings("ignore", message=".*preprocessor had no effect")
            treat = preprocessor or self._preprocessor(progress)
            if progress and isinstance(treat, AsFitted):
                treat.show_progress()
            if not given and not Path(self.source).is_absolute():
                from topicml.corpus.named import is_known, load

                if is_known(self.source):  # a name stays one, though a folder came to be called the same
                    return load(self.source, preprocessor=treat)
            return Corpus.read(self.source, preprocessor=treat, **given)

    def labels(self, corpus: "Corpus") -> "np.ndarray | None":
        """Return the label of each document: the named column, or a field called "label", or None.

        Raises
        ------
        InputError
            If a column was named that is not there, or that does not tell documents apart.
        """
        names = [name for name in (self.label_column, "label") if name is not None and name in corpus.fields]
        if self.label_column is not None and not names:
            there = ", ".join(map(repr, corpus.fields)) or "none"
            raise InputError(f"{self.source} has no column {self.label_column!r} for labels; its columns: {there}.")
        if not names:
            return None
        labels = corpus.fields[names[0]]
        different = {label for label in labels.tolist() if label is not None and label == label and label != ""}
        if len(different) > 1:
            return labels
        if self.label_column is not None:
            raise InputError(
                f"Column {self.label_column!r} has {len(different)} different labels; to compare takes two."
            )
        return None

    def views(self, corpus: "Corpus", columns: Sequence[str]) -> "list[Corpus] | None":
        """Other texts of the same documents, from columns of the source, in the corpus's words.

        Raises
        ------
        InputError
            If there is no such column of text.
        """
        if not columns:
            return None
        from topicml.corpus import Corpus

        treat = AsFitted(corpus.preprocessor)
        views = []
        for column in columns:
            values = corpus.fields.get(column)
            if values is None or not all(isinstance(value, str) or value is None for value in values.tolist()):
                there = ", ".join(map(repr, corpus.fields)) or "none"
                raise InputError(f"--views {column}: {self.source} has no such column of text; its columns: {there}.")
            tokens, _ = treat.fit_tokens([value or "" for value in values.tolist()])
            views.append(Corpus.from_tokens(tokens, vocabulary=corpus.vocabulary))
        return views

    def _preprocessor(self, progress: bool) -> Any:
        """Return what the options ask for."""
        if self.tokenized and self.preprocessing:
            raise InputError(f"--tokenized text is taken as it is: leave out {', '.join(self.preprocessing)}.")
        if self.tokenized:
            from sklearn.feature_extraction.text import CountVectorizer

            return CountVectorizer(lowercase=False, token_pattern=r"\S+")
        from topicml.corpus import Preprocessor

        try:
            return Preprocessor(**self.preprocessing, progress=progress)
        except TypeError as error:
            raise InputError(f"--preprocess: {error}. The options are those of topicml.Preprocessor.") from error


class AsFitted:
    """A fitted preprocessor for new text: the same treatment, and nothing learned anew.

    It stands in for a preprocessor in `topicml.Corpus.read`. All words of the new text are kept, so that those that the
    model does not know can be counted.
    """

    def __init__(self, preprocessor: Any) -> None:
        self._preprocessor = preprocessor

    def show_progress(self) -> None:
        """Show how many texts are read, where the preprocessor can."""
        if hasattr(self._preprocessor, "progress"):
            self._preprocessor.progress = True

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the tokens of each text."""
        return [text.split() for text in texts] if self._preprocessor is None else self._preprocessor.tokens(texts)

    def fit_tokens(self, texts: Sequence[str]) -> tuple[list[list[str]], list[str]]:
        """Return the tokens of each text, and all words among them."""
        tokens = self.tokens(texts)
        return tokens, sorted({word for document in tokens for word in document})


def absolute(source: str) -> str:
    """Return the absolute path of a source that exists; else the source, which may be the name of a corpus."""
    return os.path.abspath(source) if Path(source).exists() else source
