"""The prediction of a field from the topics of documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_is_fitted
from torch import nn

from topicml.corpus.documents import Documents
from topicml.corpus.response import Response, given_response
from topicml.errors import InputError
from topicml.models.covariates import covariates_of
from topicml.models.documents import documents_to_transform
from topicml.models.inference import infer_theta
from topicml.nn.document_vectors import reading
from topicml.objectives.response import GAIN, ResponseTerm


@dataclass(frozen=True)
class LinearResponse:
    """A linear prediction: ``theta @ weights.T + bias``.

    Attributes
    ----------
    response : Response
        The field, and what its values were in the fit.
    weights : ndarray, (n_outputs, n_topics)
        How much each topic says for each level, or for the standardised number.
    bias : ndarray, (n_outputs,)
    """

    response: Response
    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def of(cls, term: ResponseTerm) -> Self:
        """Return the prediction that a term has learned."""
        assert term.learned is not None and term.head is not None  # it was trained
        weights, bias = (each.detach().cpu().double().numpy() for each in (term.head.weight, term.head.bias))
        return cls(term.learned, GAIN * weights, bias)

    def __call__(self, theta: np.ndarray) -> np.ndarray:
        """Predict the value of each document: levels as text, or numbers."""
        outputs = theta @ self.weights.T + self.bias
        if self.response.levels is None:
            return outputs[:, 0] * self.response.scale + self.response.mean
        return np.array(self.response.levels, dtype=object)[outputs.argmax(axis=1)]

    def give_to(self, term: ResponseTerm) -> None:
        """Let a new term go on from this prediction."""
        n_outputs, n_topics = self.weights.shape
        term.learned, term.head = self.response, nn.Linear(n_topics, n_outputs)
        with torch.no_grad():
            term.head.weight.copy_(torch.as_tensor(self.weights / GAIN))
            term.head.bias.copy_(torch.as_tensor(self.bias))

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as JSON-able values."""
        return {**self.response.to_dict(), "weights": self.weights.tolist(), "bias": self.bias.tolist()}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], n_topics: int) -> Self:
        """Return what `to_dict` described; raises `ValueError` if it cannot be."""
        response = Response.from_dict(described)
        weights, bias = (np.array(described[name], dtype=np.float64) for name in ("weights", "bias"))
        if weights.shape != (response.n_outputs, n_topics) or bias.shape != (response.n_outputs,):
            raise ValueError("the weights of its response are not those of its topics")
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise ValueError("the weights of its response are not numbers")
        return cls(response, weights, bias)


class PredictsResponse:
    """The methods of models with a response."""

    response_: LinearResponse | None = None

    def predict_response(self, X: Any) -> np.ndarray:
        """Predict the response of documents from their topics.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents; they need not have the field.

        Returns
        -------
        ndarray, (n_docs,)
            Levels as text, or numbers. Topics are those of the encoder, which was trained to predict, without the
            evidence of words that `transform` adds.

        Raises
        ------
        InputError
            If the model was fitted without a response.
        """
        model: Any = self
        check_is_fitted(model, "network_")
        documents = documents_to_transform(model, X)
        with reading(None if documents.corpus is None else documents.corpus.embeddings):
            theta = infer_theta(
                model.network_,
                documents.counts,
                np.arange(documents.counts.shape[0]),
                covariates=covariates_of(model.model_matrix_, model.groups_, documents),
                evidence=False,
            )
        return self._response()(theta)

    def score_response(self, X: Any, y: Any = None) -> float:
        """Compare the predicted response of documents with what it is.

        Parameters
        ----------
        X : Corpus, sequence of str, or matrix (n_docs, n_words)
            Documents; best unseen ones. Without `y`, a Corpus with the field. Documents without a value, or with a
            level that the fit did not see, are left out.
        y : array-like, (n_docs,), optional
            The response of each document, in place of the field.

        Returns
        -------
        float
            Accuracy for levels, R2 for numbers.

        Raises
        ------
        InputError
            If the model was fitted without a response, no document has a value, or `y` is no response of the documents.
        """
        response = self._response().response
        documents = documents_to_transform(self, X)
        if y is not None:
            name = response.field if response.levels is None else f"C({response.field})"
            documents = replace(documents, response=given_response(name, y, documents.counts.shape[0]))
        targets = response.targets(documents.response_fields)
        known = np.isfinite(targets)
        if not known.any():
            raise InputError(f"No document has a known value of the response {response.field!r}.")
        predicted = self.predict_response(X)[known]
        if response.levels is None:
            return float(r2_score(targets[known] * response.scale + response.mean, predicted))
        return float(accuracy_score([response.levels[int(code)] for code in targets[known]], predicted.tolist()))

    def _response(self) -> LinearResponse:
        if self.response_ is None:
            raise InputError("The model was fitted without a response: give the name of a field, response='rating'.")
        return self.response_


def with_response(documents: Documents, response: ResponseTerm | None, y: Any) -> Documents:
    """Add the response that `fit` received as `y`.

    Parameters
    ----------
    documents : Documents
        The documents.
    response : ResponseTerm or None
        The term of the response; None without one: then `y` is ignored, as scikit-learn passes it to every transformer.
    y : array-like, (n_docs,), or None
        Its values; None if they are a field of the documents.

    Returns
    -------
    Documents

    Raises
    ------
    InputError
        As `topicml.corpus.response.given_response`.
    """
    if y is None or response is None:
        return documents
    return replace(documents, response=given_response(response.response, y, documents.counts.shape[0]))
