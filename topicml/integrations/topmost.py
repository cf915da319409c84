"""TopMost's trainers, and FASTopic."""

from typing import Any

import numpy as np
from scipy.special import softmax

from topicml.errors import InputError
from topicml.integrations import bertopic
from topicml.integrations.documents import counts_over, texts_of
from topicml.integrations.fitted_topics import Fitted, column_words

_CHUNK = 512  # documents per call: TopMost needs dense rows


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a TopMost trainer after ``train()``, or a fitted FASTopic.

    Some of TopMost's models (ProdLDA among them) return the decoder's weights, which are logits, as beta. If there are
    negative values, the result is the softmax of each row. theta is that of the training documents, unless others are
    passed; ProdLDA and some other models sample it again at each call.

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
        If the model is not fitted, or a network without its trainer.
    """
    inner = getattr(model, "model", None)
    if hasattr(model, "dataset") and _package(inner) in ("fastopic", "bertopic"):
        documents = model.dataset.train_texts if documents is None else documents
        if _package(inner) == "bertopic":
            return bertopic.read(inner, documents, vocabulary, topn)
        return _fastopic(inner, documents, topn)
    if _package(model) == "fastopic":
        return _fastopic(model, documents, topn)
    if not hasattr(model, "dataset") or not hasattr(model, "get_beta") or not hasattr(model, "test"):
        raise InputError(
            f"{type(model).__name__} is not a trainer of TopMost. Pass the trainer after train(), not its network: "
            "only the trainer has the vocabulary."
        )
    beta = np.asarray(model.get_beta(), dtype=np.float64)
    words = column_words(list(model.dataset.vocab if vocabulary is None else vocabulary), beta.shape[1])
    training = model.dataset.train_data if hasattr(inner, "parameters") else _bow(model.dataset)
    theta = model.test(training) if documents is None else _theta(model, counts_over(documents, words), training)
    return Fitted.from_weights(softmax(beta, axis=1) if beta.min() < 0 else beta, theta, words, topn)


def _fastopic(model: Any, documents: Any, topn: int) -> Fitted:
    """Read a FASTopic."""
    if getattr(model, "beta", None) is None:
        raise InputError("This FASTopic is not fitted. Call fit_transform first.")
    theta = model.train_theta if documents is None else model.transform(texts_of(documents))
    return Fitted.from_weights(model.beta, theta, list(model.vocab), topn)


def _bow(dataset: Any) -> Any:
    """The training documents of a trainer that is not a neural network."""
    return dataset.train_bow if hasattr(dataset, "train_bow") else dataset.train_data


def _theta(model: Any, counts: Any, training: Any) -> np.ndarray:
    """Topic proportions of new documents, (n_docs, n_topics)."""
    rows = []
    for start in range(0, counts.shape[0], _CHUNK):
        chunk: Any = counts[start : start + _CHUNK].toarray()
        # Neural trainers take tensors, of the type and on the device of their training data.
        chunk = training.new_tensor(chunk) if hasattr(training, "new_tensor") else chunk
        rows.append(np.asarray(model.test(chunk)))
    return np.concatenate(rows)


def _package(model: Any) -> str:
    """The top-level package of an object's class."""
    return type(model).__module__.partition(".")[0]
