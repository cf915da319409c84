"""Raw texts, in memory or in text files."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from topicml.corpus.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError, TopicWarning


def corpus_of_texts(
    texts: Iterable[str], preprocessor: Any = None, fields: Mapping[str, Any] | pa.Table | None = None
) -> Corpus:
    """Return the corpus of raw texts; see `Corpus.from_texts`."""
    from topicml.corpus.preprocessing import Preprocessor, VectorizerPreprocessor

    texts = _checked_texts(texts)
    if preprocessor is None:
        preprocessor = Preprocessor()
    elif not hasattr(preprocessor, "fit_tokens"):
        preprocessor = VectorizerPreprocessor(preprocessor)
    columns = Fields.of(fields, len(texts))
    if "text" not in columns:
        table = pa.table({"text": pa.array(texts, type=pa.large_string())})
        for name in columns.table.column_names:
            table = table.append_column(name, columns.table.column(name))
        columns = Fields(table)
    token_lists, vocabulary = preprocessor.fit_tokens(texts)
    corpus = Corpus.from_tokens(token_lists, vocabulary, columns.table)
    corpus.preprocessor = preprocessor
    warn_of_empty(corpus, "after preprocessing")
    return corpus


def warn_of_empty(corpus: Corpus, when: str) -> None:
    """Warn of the documents without words, naming the first."""
    rows = corpus.empty
    if len(rows):
        shown = ", ".join(map(str, rows[:10])) + (", …" if len(rows) > 10 else "")
        warnings.warn(
            f"{len(rows):,} of {corpus.n_docs:,} documents have no words {when} (rows {shown}). "
            "They keep their rows, and a model gives them its prior mean; all of them: corpus.empty.",
            TopicWarning,
            stacklevel=3,
        )


def _checked_texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise InputError("texts is one string; it must hold one string a document. For a file: Corpus.read(path).")
    texts = list(texts)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"Text {row} is {text!r}, a {type(text).__name__}, not a string. "
                "For lists of tokens use Corpus.from_tokens; give a missing text as ''."
            )
    return texts
