"""Labelled rows: a data frame of documents with the columns of their topics."""

import warnings
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus import Corpus
from topicml.corpus.columns import is_missing
from topicml.corpus.sources.tables import table_of_frame, text_column_of
from topicml.errors import InputError, TopicWarning
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.view_documents import counts_of, words_of
from topicml.runs.reading import FrozenPreprocessor
from topicml.runs.rows import LabelledRows, check_min_confidence, predicted_columns
from topicml.runs.rows import label_rows as rows_of_theta
from topicml.runs.tables import added_columns, original_columns

_CHUNK = 20_000  # documents at a time


def label_rows(
    view: BaseView,
    documents: Any = None,
    *,
    text_column: str | None = None,
    min_confidence: float | None = None,
    shares: bool = False,
    frame: str = "pandas",
) -> Any:
    """A table with the columns of the documents and the topic of each document.

    Parameters
    ----------
    view : TopicView
        The topics.
    documents : data frame, series, list of str or Corpus, optional
        Documents; by default those of the view. A pandas frame or series keeps its index.
    text_column : str, optional
        The column of texts of a frame; by default as in `Corpus.from_frame`.
    min_confidence : float, optional
        Documents with a smaller confidence get topic -1 and the label ``unclear``. By default there is no limit.
    shares : bool
        Whether to add the topic proportions as columns ``theta_0``, ``theta_1`` and so on.
    frame : {"pandas", "polars"}
        Kind of the data frame to return. A frame or series as `documents` decides it instead.

    Returns
    -------
    table : DataFrame
        The columns of the documents (for a list of texts, one column ``text``), and:

        topic
            The leading topic; -1 for a document without a known word (a word of the model's vocabulary), or below
            `min_confidence`.
        label
            The label of the topic; missing for a document without a known word.
        confidence
            Calibrated probability of the leading topic: how surely the words of the document belong to it (see
            `topicml.models.calibration`) or, after `TopicView.calibrate`, how surely the document has the label of that
            topic. It is about documents like those of the fit: one known word can make a text about something else
            sure of a topic, which its note tells. Missing for a document without a known word.
        second_topic
            The topic with the second largest proportion, or -1.
        unknown_share
            Share of the document's words that are not known; missing for a document without words.
        note
            Why to doubt the row; empty if there is no reason.
        predicted_…
            Only of a model with a response, such as ``predicted_rating``: what its topics predict
            (`TopicModel.predict_response`); missing for a document without a known word.

        The columns of the documents keep their names. If one of them has the name of a column above, the name of the
        column above begins with ``topicml_``.

    Raises
    ------
    InputError
        If there are no documents, they are not texts, or `min_confidence` is out of range.
    """
    check_min_confidence(min_confidence)
    if documents is None:
        own = view.require_documents("label_rows without documents")
        rows = _rows_of_view(view, min_confidence)
        corpus = own.corpus
        columns = {} if corpus is None else _plain(original_columns(corpus))
        predicted = predicted_columns(view.model, own.counts if corpus is None else corpus, own.counts)
        return _joined(columns, added_columns(rows, own.theta if shares else None, columns, predicted), frame)
    n_words: np.ndarray | None
    if isinstance(documents, Corpus):
        counts, n_words = _counts(view.model, documents), words_of(documents)
        columns = _plain(original_columns(documents))
        read = in_words(view.model, counts, documents.fields).replaced(embeddings=documents.embeddings)
    else:
        texts = _texts(documents, text_column)
        counts, n_words = counts_of_texts(view.model, texts)
        columns = {"text": texts}
        read = in_words(view.model, counts, fields_read(view.model, documents))
    inferred, predicted = infer(view.model, read), predicted_columns(view.model, read, counts)
    rows = label_inferred(view, inferred, counts, n_words, min_confidence)
    theta = view.changed(inferred, counts) if shares else None
    library = type(documents).__module__.partition(".")[0]
    if library == "pandas":
        labelled = documents.to_frame(documents.name or "text") if documents.ndim == 1 else documents.copy(deep=False)
        for name, values in added_columns(rows, theta, list(labelled.columns), predicted).items():
            labelled[name] = values
        return labelled
    if library == "polars":
        import polars as pl

        labelled = documents.to_frame(documents.name or "text") if isinstance(documents, pl.Series) else documents
        labelled = labelled.collect() if isinstance(labelled, pl.LazyFrame) else labelled
        added = added_columns(rows, theta, labelled.columns, predicted)
        return labelled.with_columns(**{name: pl.Series(values, nan_to_null=True) for name, values in added.items()})
    return _joined(columns, added_columns(rows, theta, columns, predicted), frame)


def label_inferred(
    view: BaseView,
    inferred: np.ndarray,
    counts: csr_matrix,
    n_words: np.ndarray | None = None,
    min_confidence: float | None = None,
) -> LabelledRows:
    """Label documents by their topic proportions, after the steps of a view.

    Parameters
    ----------
    view : TopicView
        The topics.
    inferred : ndarray, (n_docs, n_topics of the model)
        Topic proportions of the model.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, with a column for each word of the vocabulary.
    n_words : ndarray, (n_docs,), optional
        Number of all words of each document; by default the number of known words.
    min_confidence : float, optional
        As in `label_rows`.

    Returns
    -------
    LabelledRows
    """
    n_known = np.asarray(counts.sum(axis=1)).ravel()
    n_words = n_known if n_words is None else np.maximum(n_words, n_known)
    labels, parts = view.labels, []
    for start in range(0, max(len(inferred), 1), _CHUNK):  # confidence needs as much memory as theta
        part = slice(start, start + _CHUNK)
        theta = view.changed(inferred[part], counts[part])
        confidence = view.confidence(inferred[part], counts[part])
        parts.append(
            rows_of_theta(
                theta,
                confidence,
                n_known[part],
                n_words[part],
                labels,
                shown=view.shown,
                min_confidence=min_confidence,
            )
        )
    return LabelledRows.joined(parts)


def _rows_of_view(view: BaseView, min_confidence: float | None) -> LabelledRows:
    documents = view.require_documents("label_rows without documents")
    return label_inferred(view, view.inferred, documents.counts, documents.n_words, min_confidence)


def _texts(documents: Any, text_column: str | None) -> list[str]:
    """The texts of a frame, a series or a list; missing texts are empty."""
    library = type(documents).__module__.partition(".")[0]
    values = documents
    if library in ("pandas", "polars") and hasattr(documents, "columns"):
        if hasattr(documents, "collect"):
            values = documents = documents.collect()
        if text_column is None:
            text_column = text_column_of(table_of_frame(documents), "the frame")
        names = [str(name) for name in documents.columns]
        if names.count(str(text_column)) != 1:
            raise InputError(
                f"There is {'no' if str(text_column) not in names else 'more than one'} column {text_column!r} in the "
                f"frame; its columns: {', '.join(map(repr, names[:30]))}."
            )
        values = documents[documents.columns[names.index(str(text_column))]]
    elif text_column is not None:
        raise InputError("text_column names a column of a data frame, but the documents are not a data frame.")
    if isinstance(values, str | bytes | Mapping | Set) or not hasattr(values, "__len__") or hasattr(values, "columns"):
        raise InputError(
            f"The documents are a {type(documents).__name__}. Pass a pandas or polars frame or series, a list of "
            "texts, or a Corpus."
        )
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    texts = ["" if is_missing(value) else value for value in values]
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"Row {row} is a {type(text).__name__} ({str(text)[:40]!r}), not text. Pass texts.")
    return texts


def counts_of_texts(model: Any, texts: list[str]) -> tuple[csr_matrix, np.ndarray]:
    """Counts of the model's words in texts, and the number of all words of each text."""
    if getattr(model, "vocabulary_", None) is None:
        raise InputError("The words of the model have no names, so texts cannot be read. Pass a matrix to transform.")
    tokens = FrozenPreprocessor(getattr(model, "preprocessor_", None)).tokens(texts) if texts else []
    n_words = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    return Corpus.from_tokens(tokens, vocabulary=model.vocabulary_).counts, n_words


def _counts(model: Any, documents: Corpus) -> csr_matrix:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # each row has its share of unknown words
        return counts_of(model, documents)


def in_words(model: Any, counts: csr_matrix, fields: Any = None) -> Corpus:
    """A corpus of counts in the model's words, with the fields that `transform` may read."""
    return Corpus.from_counts(counts, model.vocabulary_, fields)


def fields_read(model: Any, table: Any) -> dict[str, Any]:
    """The columns of a table that `transform` reads: those of the formula, and of the slices or levels of topics."""
    formula, groups = getattr(model, "model_matrix_", None), getattr(model, "groups_", None)
    names = (() if formula is None else formula.fields) + (() if groups is None else (groups.field,))
    if names and hasattr(table, "collect"):
        table = table.collect()
    columns = getattr(table, "column_names", getattr(table, "columns", ())) if names else ()
    return {name: table[name] for name in names if name in columns}


def infer(model: Any, documents: Corpus) -> np.ndarray:
    """Topic proportions of documents in the model's words, (n_docs, n_topics); also of no documents."""
    if not documents.n_docs:
        return np.zeros((0, len(model.components_)), dtype=np.float32)
    return np.asarray(model.transform(documents))


def _joined(columns: dict[str, Any], added: dict[str, Any], frame: str) -> Any:
    return frame_of({**columns, **added}, frame)


def _plain(table: Any) -> dict[str, Any]:
    return {name: table.column(name).to_pandas() for name in table.column_names}
