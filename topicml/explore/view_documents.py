"""Documents of a view: their counts in the model's columns, and their topic proportions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse

from topicml.corpus import Corpus
from topicml.corpus.counts import summed
from topicml.corpus.fields import Fields
from topicml.errors import InputError
from topicml.models.calibration import MAX_DOCUMENTS, Calibration, calibrate
from topicml.models.documents import documents_to_transform, is_raw_text
from topicml.models.inference import infer_theta
from topicml.models.topic_model import TopicModel


@dataclass(frozen=True, eq=False)
class ViewDocuments:
    """Documents of a view.

    Attributes
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Word counts, in the model's columns.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions after the steps; rows sum to 1.
    corpus : Corpus or None
        The corpus, if the documents came as one or as raw texts.
    n_words : ndarray of int, (n_docs,), or None
        Number of words of each document with those outside the model's vocabulary; None if it is not known.
    """

    counts: csr_matrix
    theta: np.ndarray
    corpus: Corpus | None = None
    n_words: np.ndarray | None = None


def read_documents(model: Any, documents: Any, theta: np.ndarray | None = None) -> ViewDocuments:
    """Read documents in the model's columns.

    Parameters
    ----------
    model, documents, theta
        As in `TopicView.of`.

    Returns
    -------
    documents : ViewDocuments

    Raises
    ------
    InputError
        If the documents do not fit the model, or `theta` has another shape.
    """
    if isinstance(model, TopicModel) and is_raw_text(documents):
        documents, n_words = _corpus_of_texts(model, documents)
    else:
        n_words = words_of(documents)
    counts = counts_of(model, documents)
    if theta is None:
        theta = model.transform(documents)
    theta = np.asarray(theta)
    if theta.flags.writeable or theta.base is not None:
        theta = theta.copy()  # the view must not change with the caller's array
    shape = (counts.shape[0], len(model.components_))
    if theta.shape != shape:
        raise InputError(f"theta has shape {theta.shape}; it must be {shape}.")
    return ViewDocuments(counts, theta, documents if isinstance(documents, Corpus) else None, n_words)


def words_of(documents: Any) -> np.ndarray | None:
    """Number of words of each document of a corpus, (n_docs,), unknown words included; None if it is not known."""
    if not isinstance(documents, Corpus):
        return None
    return documents.lengths if documents.words_read is None else documents.words_read


def _corpus_of_texts(model: TopicModel, texts: Any) -> tuple[Corpus, np.ndarray | None]:
    """The corpus of raw texts in the model's words, with the field "text"; and the number of all words of each text."""
    read = documents_to_transform(model, texts).corpus  # refuses texts for which there is no preprocessor
    assert read is not None
    corpus = Corpus(read.vocabulary, tokens=read.tokens, offsets=read.offsets)
    corpus.fields = Fields.of({"text": [str(text) for text in texts]}, corpus.n_docs)
    corpus.preprocessor, corpus.words_read = model.preprocessor_, read.words_read
    return corpus, words_of(corpus)


def calibration_of_view(model: Any, documents: ViewDocuments | None) -> Calibration | None:
    """Calibrate a model that has no calibration, such as one of an earlier version, on the documents of its view.

    Parameters
    ----------
    model : object
        Fitted.
    documents : ViewDocuments or None
        The documents.

    Returns
    -------
    Calibration or None
        None without documents, with too few, if the model is not a `TopicModel`, or if its encoder reads embeddings,
        which halves of texts do not have.
    """
    if documents is None or not isinstance(model, TopicModel) or model.reads_embeddings:
        return None
    rows = np.flatnonzero(np.diff(documents.counts.indptr))
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:MAX_DOCUMENTS])
    return calibrate(
        lambda counts: infer_theta(model.network_, counts, np.arange(counts.shape[0])), documents.counts[rows]
    )


def counts_of(model: Any, documents: Any) -> csr_matrix:
    """Word counts of documents in the model's columns.

    Parameters
    ----------
    model, documents
        As in `TopicView.of`.

    Returns
    -------
    counts : csr_matrix, (n_docs, n_words)

    Raises
    ------
    InputError
        If the documents do not fit the model.
    """
    if isinstance(model, TopicModel):
        return documents_to_transform(model, documents).counts
    if isinstance(documents, Corpus):
        if tuple(documents.vocabulary) != tuple(model.vocabulary_):
            raise InputError("The corpus has other words than the model. Pass the corpus in the model's vocabulary.")
        return documents.counts
    return summed(documents) if issparse(documents) else csr_matrix(documents)
