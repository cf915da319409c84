"""Read the documents of a run, for its fit and again later in the same way."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError
from topicml.paths import expanded

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus


_ROWS = 65_536  # labels at a time

HERE = "./"
"""Beginning of the path of a source in the folder of a run."""


@dataclass(frozen=True)
class Reading:
    """A source and how to read it, as plain values that ``run.json`` can hold.

    Attributes
    ----------
    source : str
        An absolute path, or the name of a corpus; in the record of a run also a path within its folder, which begins
        with ``./`` (`within`).
    text_column, label_column, encoding : str or None
        See `topicml.Corpus.read`.
    tokenized : bool
        Whether the text consists of tokens separated by white space, which no preprocessor changes.
    preprocessing : dict
        Options of `topicml.Preprocessor`; its defaults apply to the others.
    delimiter, sheet : str or None
        See `topicml.Corpus.read`.
    embeddings : str or None
        An absolute path of vectors, the name of a column, or the name of an encoder; see
        `topicml.Corpus.with_embeddings`. Only the fit reads them.
    targets : str or None
        An absolute path of targets (`topicml.Corpus.with_targets`). Only the fit reads them.
    language_column : str or None
        The column with the language of each document; see `topicml.Corpus.by_language`.
    """

    source: str
    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    tokenized: bool = False
    preprocessing: dict[str, Any] = field(default_factory=dict)
    delimiter: str | None = None
    sheet: str | None = None
    embeddings: str | None = None
    targets: str | None = None
    language_column: str | None = None

    def with_embeddings(self, corpus: "Corpus", folder: Path | None = None, *, progress: bool = False) -> "Corpus":
        """Add the embeddings to the documents, if there are any.

        Parameters
        ----------
        corpus : Corpus
            The documents that `corpus` read.
        folder : path, optional
            Where the vectors of an encoder are kept until the fit ends, so that a resumed run does not encode again.
        progress : bool
            Whether to show progress.

        Returns
        -------
        Corpus
            With embeddings if `embeddings` is set.

        Raises
        ------
        InputError
            If there is no such file, column or encoder, or it does not fit the documents.
        """
        from topicml.corpus.encoders import ENCODERS

        if self.embeddings is None:
            return corpus
        is_encoder = self.embeddings in ENCODERS and self.embeddings not in corpus.fields
        file = folder / "embeddings.npy" if is_encoder and folder is not None else None
        return corpus.with_embeddings(self.embeddings, file=file, progress=progress)

    def with_targets(self, corpus: "Corpus") -> "Corpus":
        """Add the targets to the documents that `corpus` read, if there are any; see `topicml.Corpus.with_targets`."""
        return corpus if self.targets is None else corpus.with_targets(self.targets)

    def texts(self) -> "Corpus":
        """The documents with the field "text" of the source, split at white space alone, for an encoder."""
        return replace(self, tokenized=True, preprocessing={}, language_column=None).corpus()

    def corpus(self, preprocessor: Any = None, *, progress: bool = False) -> "Corpus":
        """Read the source.

        Parameters
        ----------
        preprocessor : object, optional
            Applied to raw text instead of the one that `preprocessing` describes.
        progress : bool
            Whether to show progress.

        Returns
        -------
        Corpus
            The documents.

        Raises
        ------
        InputError
            If the source cannot be read, or a column or an option of `preprocessing` does not exist.
        """
        from topicml.corpus import Corpus

        if self.language_column is not None:
            return self._in_languages(preprocessor)
        names = ("text_column", "label_column", "encoding", "delimiter", "sheet")
        options = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        with warnings.catch_warnings():
            if not (self.tokenized or self.preprocessing):
                # The user did not ask for preprocessing, so need not know that a source of tokens is not preprocessed.
                warnings.filterwarnings("ignore", message=".*preprocessor had no effect")
            applied = preprocessor or self._preprocessor(progress)
            if progress and isinstance(applied, FrozenPreprocessor):
                applied.show_progress()
            if not options and not Path(self.source).is_absolute():
                from topicml.corpus.named import is_known, load

                if is_known(self.source):  # the name of a corpus wins over a folder created later under that name
                    return load(self.source, preprocessor=applied)
            return Corpus.read(self.source, preprocessor=applied, **options)

    def _in_languages(self, preprocessor: Any) -> "Corpus":
        """The documents of `language_column`, each split by its language's preprocessor."""
        assert self.language_column is not None
        if self.tokenized or "language" in self.preprocessing:
            raise InputError("--language-column has the languages of the texts: leave out --language and --tokenized.")
        texts = self.texts()
        known = preprocessor.preprocessor if isinstance(preprocessor, FrozenPreprocessor) else None
        return texts.by_language(self.language_column, known, **({} if known is not None else self.preprocessing))

    def within(self, folder: Path) -> "Reading":
        """The same reading, with the absolute path of a source that is in the folder of a run."""
        if not self.source.startswith(HERE):
            return self
        return replace(self, source=str(folder.absolute() / self.source.removeprefix(HERE)))

    def labels(self, corpus: "Corpus") -> "np.ndarray | None":
        """The label of each document.

        Parameters
        ----------
        corpus : Corpus
            The documents that `corpus` read.

        Returns
        -------
        ndarray, (n_docs,), or None
            The field of `label_column`, or else the labels of the corpus; None if there is neither, or if these have
            fewer than two different values.

        Raises
        ------
        InputError
            If `label_column` does not exist, or has fewer than two different values.
        """
        named = [] if self.label_column is None else [self.label_column]
        names = [name for name in (*named, corpus.fields.label_name) if name is not None and name in corpus.fields]
        if self.label_column is not None and not names:
            columns = ", ".join(map(repr, corpus.fields)) or "none"
            raise InputError(f"{self.source} has no column {self.label_column!r} for labels; its columns: {columns}.")
        if not names:
            return None
        labels = corpus.fields[names[0]]
        parts = (labels[i : i + _ROWS].tolist() for i in range(0, len(labels), _ROWS))  # a list of all is long
        different = {label for part in parts for label in part if label is not None and label == label and label != ""}
        if len(different) > 1:
            return labels
        if self.label_column is not None:
            raise InputError(
                f"Column {self.label_column!r} has {len(different)} different labels; a comparison needs at least two."
            )
        return None

    def views(self, corpus: "Corpus", columns: Sequence[str]) -> "list[Corpus] | None":
        """Other texts of the same documents, from columns of the source.

        Parameters
        ----------
        corpus : Corpus
            The documents that `corpus` read.
        columns : sequence of str
            Fields of the corpus that hold texts.

        Returns
        -------
        list of Corpus or None
            For each column a corpus in the vocabulary of `corpus`, row by row the same documents; None if `columns` is
            empty.

        Raises
        ------
        InputError
            If a column does not exist, or does not hold text.
        """
        if not columns:
            return None
        from topicml.corpus import Corpus

        preprocessor = FrozenPreprocessor(corpus.preprocessor)
        views = []
        for column in columns:
            values = corpus.fields.get(column)
            if values is None or not all(isinstance(value, str) or value is None for value in values.tolist()):
                names = ", ".join(map(repr, corpus.fields)) or "none"
                raise InputError(f"--views {column}: {self.source} has no such column of text; its columns: {names}.")
            tokens = preprocessor.tokens([value or "" for value in values.tolist()])
            views.append(Corpus.from_tokens(tokens, vocabulary=corpus.vocabulary))
        return views

    def _preprocessor(self, progress: bool) -> Any:
        """The preprocessor that the options describe."""
        if self.tokenized and self.preprocessing:
            raise InputError(f"--tokenized text is not preprocessed: leave out {', '.join(self.preprocessing)}.")
        if self.tokenized:
            from sklearn.feature_extraction.text import CountVectorizer

            return CountVectorizer(lowercase=False, token_pattern=r"\S+")
        from topicml.corpus import Preprocessor

        try:
            return Preprocessor(**self.preprocessing, progress=progress)
        except TypeError as error:
            raise InputError(f"--preprocess: {error}. The options are those of topicml.Preprocessor.") from error


class FrozenPreprocessor:
    """Applies a fitted preprocessor to new text, without learning from that text.

    It takes the place of a preprocessor in `topicml.Corpus.read`. It keeps all words of the new text, so that the words
    outside the model's vocabulary can be counted.

    Parameters
    ----------
    preprocessor : object or None
        A fitted preprocessor; None splits text at white space.
    """

    def __init__(self, preprocessor: Any) -> None:
        self.preprocessor = preprocessor

    def show_progress(self) -> None:
        """Show progress while texts are read, if the preprocessor can."""
        if hasattr(self.preprocessor, "progress"):
            self.preprocessor.progress = True

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each text."""
        return [text.split() for text in texts] if self.preprocessor is None else self.preprocessor.tokens(texts)

    def fit_tokens(self, texts: Sequence[str]) -> tuple[list[list[str]], list[str]]:
        """The tokens of each text, and the sorted list of all words in them."""
        tokens = self.tokens(texts)
        return tokens, sorted({word for document in tokens for word in document})


def absolute(source: str) -> str:
    """The absolute path of a source that exists; otherwise the source itself, which may be the name of a corpus."""
    path = expanded(source)
    try:
        return os.path.abspath(path) if path.exists() else source
    except (OSError, ValueError):  # a name that is too long for a path, or has a null character
        return source
