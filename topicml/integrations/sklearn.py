"""scikit-learn's LDA, NMF and truncated SVD, alone or in a pipeline with their vectorizer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.integrations.documents import counts_over, texts_of
from topicml.integrations.fitted_topics import Fitted, best_words, column_words


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a fitted scikit-learn model.

    Weights are divided by their sums. Truncated SVD (LSA) has signed loadings, which are not distributions: beta and
    theta are None, and the words of a topic are those of largest absolute loading.

    Parameters
    ----------
    model, documents, vocabulary, topn
        As in `topicml.integrations.fitted`.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If the model is not fitted, its words are unknown, or it cannot read the documents.
    """
    transformers: list[Any] = []
    if hasattr(model, "steps"):
        *transformers, model = [step for _, step in model.steps]
        vocabulary = transformers[0] if vocabulary is None and transformers else vocabulary
    if not hasattr(model, "components_"):
        raise InputError(f"{type(model).__name__} has no components_: it is not fitted, or not a topic model.")
    weights = np.asarray(model.components_, dtype=np.float64)
    words = column_words(_words(model, documents, vocabulary), weights.shape[1])
    if weights.min() < 0:
        return Fitted(best_words(np.abs(weights), words, topn), None, None, words)
    theta = None if documents is None else model.transform(_matrix(documents, words, vocabulary, transformers))
    return Fitted.from_weights(weights, theta, words, topn)


def _words(model: Any, documents: Any, vocabulary: Any) -> Sequence[str] | None:
    """The model's words, from the vocabulary or vectorizer, the model, or the corpus; None if no one has them."""
    if vocabulary is None and hasattr(model, "feature_names_in_"):
        return list(model.feature_names_in_)
    if vocabulary is None and isinstance(documents, Corpus):
        return documents.vocabulary
    return list(vocabulary.get_feature_names_out()) if hasattr(vocabulary, "get_feature_names_out") else vocabulary


def _matrix(documents: Any, words: Sequence[str], vectorizer: Any, transformers: Sequence[Any]) -> Any:
    """The documents as the model's input, from the pipeline's steps or the vectorizer."""
    if isinstance(documents, Corpus) and not hasattr(vectorizer, "transform"):
        return counts_over(documents, words)
    if sp.issparse(documents) or getattr(documents, "ndim", 0) == 2:
        return counts_over(documents, words)
    steps = transformers or ([vectorizer] if hasattr(vectorizer, "transform") else [])
    if not steps:
        raise InputError("Raw texts need the vectorizer that the model was fitted with: fitted(…, vocabulary=…).")
    matrix: Any = texts_of(documents)
    for step in steps:
        matrix = step.transform(matrix)
    return matrix
