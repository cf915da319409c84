"""Convert the input of an estimator to word counts over its vocabulary."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_non_negative, validate_data

from topicml.corpus import Corpus
from topicml.corpus.counts import check_weights, summed
from topicml.corpus.documents import Documents
from topicml.corpus.languages import word_blocks
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError, warn

UNKNOWN_WORDS = "unknown words"  # a cause of warnings


def is_raw_text(X: Any) -> bool:
    """Whether X is a sequence with strings; other elements raise an error when the texts are read."""
    if isinstance(X, (Corpus, str)) or issparse(X) or not hasattr(X, "__len__") or not len(X):
        return False
    if isinstance(X, np.ndarray) or hasattr(X, "to_numpy"):
        values = np.asarray(X)
        return values.ndim == 1 and any(isinstance(value, str) for value in values)
    return isinstance(X, Sequence) and any(isinstance(value, str) for value in X)


def documents_to_fit(estimator: BaseEstimator, X: Any, preprocessor: Any, *, reset: bool = True) -> Documents:
    """Convert the input of `fit` to documents.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator to fit. Its attributes ``n_features_in_`` and ``feature_names_in_`` are set.
    X : Corpus, sequence of str, or matrix (n_docs, n_words)
        The input.
    preprocessor : Preprocessor, scikit-learn vectorizer or None
        Turns raw texts into words.
    reset : bool
        Whether a matrix may have other columns than in an earlier call.

    Returns
    -------
    Documents

    Raises
    ------
    InputError
        If X is a single string, token lists, a path or a table of texts, or has fewer than two documents with words.
    ValueError
        If a matrix is not two-dimensional, non-negative and finite (messages of scikit-learn).
    """
    if isinstance(X, str):
        raise InputError("X is one string. Give a list of texts, a matrix of counts, or Corpus.read(path).")
    if is_raw_text(X):
        X = Corpus.from_texts(X, preprocessor=preprocessor)
    if isinstance(X, Corpus):
        documents = Documents(X.counts, tuple(X.vocabulary), X.preprocessor, X)
        estimator.n_features_in_ = X.n_words
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    else:
        _refuse_others(X)
        counts = _validated(estimator, X, reset=reset)
        names = getattr(estimator, "feature_names_in_", None)
        documents = Documents(counts, None if names is None else tuple(map(str, names)))
    n_docs = documents.counts.shape[0]
    if n_docs < 2:
        raise InputError(f"A topic model needs at least two documents; X has {n_docs} (n_samples={n_docs}).")
    if not len(documents.not_empty):
        raise InputError(f"None of the {n_docs} documents has a word. Check the text and the vocabulary.")
    if len(documents.not_empty) < 2:
        raise InputError(
            f"A topic model needs at least two documents with words; of {n_docs} documents, only row "
            f"{documents.not_empty[0]} has a word. Check the text and the vocabulary."
        )
    return documents


def with_views(documents: Documents, views: Sequence[Any]) -> Documents:
    """Add views: other texts of the same documents, as counts of the documents' words. Unknown words are ignored.

    Parameters
    ----------
    documents : Documents
        The documents.
    views : sequence of Corpus, of raw texts, or of matrices (n_docs, n_words)
        Row i of each view is another text of document i.

    Returns
    -------
    Documents
        The documents with `views`.

    Raises
    ------
    InputError
        If a view has another number of rows, cannot be converted to counts of the documents' words, or has none of
        these words.
    """
    if isinstance(views, (str, Corpus)) or not isinstance(views, Sequence) or is_raw_text(views):
        raise InputError("views must be a list of views; for a single view, give views=[texts].")
    n_docs = documents.counts.shape[0]
    matrices = []
    for number, view in enumerate(views, start=1):
        counts = _view_counts(documents, view, number)
        if counts.shape[0] != n_docs:
            raise InputError(
                f"View {number} has {counts.shape[0]} rows for {n_docs} documents. Row i of a view must be another "
                "text of document i; give an empty text for a document without one."
            )
        if not counts.nnz:
            raise InputError(
                f"View {number} has none of the documents' words, so a model cannot learn from it. Give texts in the "
                "same language, with the same preprocessing as the documents."
            )
        matrices.append(counts)
    return replace(documents, views=tuple(matrices))


def _view_counts(documents: Documents, view: Any, number: int) -> csr_matrix:
    if is_raw_text(view):
        if documents.preprocessor is None or documents.vocabulary is None:
            raise InputError(
                f"View {number} is raw text, but the documents are counts or tokens, so there is no preprocessor for "
                "it. Give the documents as raw texts, too, or the view as a Corpus or a matrix of counts."
            )
        return Corpus.from_tokens(documents.preprocessor.tokens(view), vocabulary=documents.vocabulary).counts
    if isinstance(view, Corpus):
        if documents.vocabulary is None:
            raise InputError(
                f"View {number} is a Corpus, but the words of the documents have no names. Give a matrix of counts."
            )
        return view.counts if tuple(view.vocabulary) == documents.vocabulary else _counts_of(view, documents.vocabulary)
    try:
        counts = _canonical(csr_matrix(check_array(_without_duplicates(view), accept_sparse="csr")))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"View {number} ({type(view).__name__}) cannot be read: {str(error).splitlines()[0]} A view is a "
            "list of texts, a Corpus or a matrix of counts."
        ) from error
    if counts.shape[1] != documents.counts.shape[1]:
        raise InputError(
            f"View {number} has {counts.shape[1]} columns for {documents.counts.shape[1]} words. It must have the same "
            "columns as the documents."
        )
    check_non_negative(counts, f"view {number} (word counts)")
    check_weights(counts)
    return counts


def documents_to_transform(estimator: Any, X: Any) -> Documents:
    """Convert new documents to counts of the words of a fitted estimator.

    Unknown words are ignored; a `TopicWarning` has their number.

    Parameters
    ----------
    estimator : BaseEstimator
        A fitted estimator.
    X : Corpus, sequence of str, or matrix (n_docs, n_words)
        The documents.

    Returns
    -------
    Documents

    Raises
    ------
    InputError
        If X is raw text and the estimator has no preprocessor, or a `Corpus` and the estimator has no names of words.
    """
    if isinstance(X, str):
        raise InputError("X is one string. Give a list of texts; for a single text, give [text].")
    if isinstance(X, list | tuple) and not X:  # a batch without texts has no rows, rather than an error
        return Documents(csr_matrix((0, estimator.n_features_in_), dtype=np.int32), estimator.vocabulary_)
    if is_raw_text(X):
        if estimator.preprocessor_ is None:
            raise InputError(
                "The model was fitted on counts or tokens, so it has no preprocessor for raw text. Give a Corpus "
                "(Corpus.from_tokens with the same tokenisation) or a CSR matrix of its "
                f"{estimator.n_features_in_} words, or fit the model on raw texts."
            )
        tokens = estimator.preprocessor_.tokens(X)
        corpus = Corpus.from_tokens(tokens, vocabulary=estimator.vocabulary_)
        _report_unknown(sum(map(len, tokens)) - int(corpus.counts.sum()), sum(map(len, tokens)))
        return Documents(corpus.counts, estimator.vocabulary_, corpus=corpus)
    if isinstance(X, Corpus):
        _check_languages(estimator, X)
        return Documents(_aligned(estimator, X), estimator.vocabulary_, corpus=X)
    _refuse_others(X)
    return Documents(_validated(estimator, X, reset=False), estimator.vocabulary_)


def _check_languages(estimator: Any, corpus: Corpus) -> None:
    """Raise `InputError` for documents in a language that a model of several languages does not know."""
    known = getattr(estimator, "languages_", ())
    if known and (unknown := [name for name in word_blocks(corpus.vocabulary) if name not in known]):
        raise InputError(
            f"There are documents in the language {unknown[0]!r}; the languages of the model are {', '.join(known)}."
        )


def _refuse_others(X: Any) -> None:
    """Raise `InputError` for token lists, paths, iterators and tables; scikit-learn checks everything else."""
    if issparse(X):  # before the check for mappings, because a DOK array is one
        return
    if isinstance(X, (list, tuple)) and any(_is_tokens(document) for document in X):
        raise InputError("X is a list of token lists. Make a corpus of it: Corpus.from_tokens(X).")
    if isinstance(X, os.PathLike):
        raise InputError(f"X is a path. Read it: Corpus.read({str(X)!r}).")
    if isinstance(X, Iterator):
        raise InputError(f"X is a {type(X).__name__}, which can be read only once. Give a list of texts: list(X).")
    if isinstance(X, (bytes, Set)):
        raise InputError(f"X is a {type(X).__name__}. Give a list of texts, or a matrix of word counts.")
    if isinstance(X, Mapping) or hasattr(X, "column_names") or _holds_text(X):
        raise InputError(
            f"X is a {type(X).__name__} with columns of text, not of counts. Make a corpus of it: "
            "Corpus.from_frame(X, text_column=…), or give the column of texts as a list."
        )


def _is_tokens(document: Any) -> bool:
    return isinstance(document, (list, tuple)) and any(isinstance(token, str) for token in document)


def _holds_text(X: Any) -> bool:
    """Whether X is a pandas or polars frame with a string in its first row."""
    if not hasattr(X, "columns") or not hasattr(X, "to_numpy") or not len(X):
        return False
    return any(isinstance(value, str) for value in np.ravel(X[:1].to_numpy()))


def _validated(estimator: BaseEstimator, X: Any, *, reset: bool) -> csr_matrix:
    dtypes = [np.float64, np.float32, np.int64, np.int32]
    X = validate_data(estimator, _without_duplicates(X), accept_sparse="csr", dtype=dtypes, reset=reset)
    check_non_negative(X, f"{type(estimator).__name__} (word counts)")
    counts = csr_matrix(X)
    check_weights(counts)
    return _canonical(counts)


def _without_duplicates(X: Any) -> Any:
    """A sparse matrix of numbers with its duplicate entries summed, before scikit-learn sums them in a narrow dtype."""
    return summed(X) if issparse(X) and X.ndim == 2 and X.dtype.kind in "biuf" else X


def _canonical(counts: csr_matrix) -> csr_matrix:
    """The counts without zero entries; a copy if there were any."""
    if counts.nnz and counts.data.min() == 0:
        counts = counts.copy()
        counts.eliminate_zeros()
    return counts


def _aligned(estimator: Any, corpus: Corpus) -> csr_matrix:
    """The counts of a corpus, with the columns of the estimator."""
    if estimator.vocabulary_ is None:
        if corpus.n_words != estimator.n_features_in_:
            raise InputError(
                f"The corpus has {corpus.n_words} words, but the model was fitted on {estimator.n_features_in_} "
                "columns without names. Give counts over the same columns, or fit on a Corpus."
            )
        return corpus.counts
    if tuple(corpus.vocabulary) == estimator.vocabulary_:
        return corpus.counts
    counts = _counts_of(corpus, estimator.vocabulary_)
    _report_unknown(corpus.counts.data.sum() - counts.data.sum(), corpus.counts.data.sum())
    return counts


def _counts_of(corpus: Corpus, vocabulary: tuple[str, ...]) -> csr_matrix:
    """The counts of the words of `vocabulary` in a corpus, in that order."""
    index = {word: i for i, word in enumerate(vocabulary)}
    column = np.array([index.get(word, -1) for word in corpus.vocabulary])
    counts = corpus.counts.tocoo()
    target = column[counts.col]
    known = target >= 0
    return csr_matrix((counts.data[known], (counts.row[known], target[known])), shape=(corpus.n_docs, len(index)))


def in_model_words(documents: Documents) -> Documents:
    """Give the corpus of documents the vocabulary of their counts; training reads word order and fields from it."""
    corpus, vocabulary = documents.corpus, documents.vocabulary
    if corpus is None or vocabulary is None or tuple(corpus.vocabulary) == vocabulary:
        return documents
    named = Vocabulary(vocabulary)
    if not corpus.has_order:
        return replace(documents, corpus=corpus.replaced(vocabulary=named, counts=documents.counts))
    words = Corpus.from_tokens((corpus.document(row) for row in range(corpus.n_docs)), vocabulary=named)
    return replace(documents, corpus=corpus.replaced(vocabulary=named, tokens=words.tokens, offsets=words.offsets))


def _report_unknown(unknown: float, total: float) -> None:
    if unknown and unknown == total:
        warn(f"None of the {int(total):,} words is in the model's vocabulary: all were ignored.", cause=UNKNOWN_WORDS)
    elif unknown:
        share = f"{int(unknown):,} of {int(total):,} words ({unknown / total:.1%})"
        warn(f"{share} are not in the model's vocabulary and were ignored.", cause=UNKNOWN_WORDS)
