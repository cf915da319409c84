"""TopMost's trainers, and FASTopic."""

from typing import Any

import numpy as np
from scipy.special import softmax

from topicml.errors import InputError
from topicml.integrations.learned import Fitted, column_words, counts_over, learned, texts_of

_CHUNK = 512  # documents at a time: TopMost reads dense rows


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a TopMost trainer after ``train()``, or a fitted FASTopic; see `topicml.integrations.fitted`.

    Some of TopMost's models (ProdLDA among them) give the decoder's weights, which are logits, for beta: where there
    are negative ones, the softmax of each row is taken. theta is of the training documents unless others are given;
    of ProdLDA and others TopMost samples it anew at each call.
    """
    inner = getattr(model, "model", None)
    if hasattr(model, "dataset") and _package(inner) in ("fastopic", "bertopic"):
        from topicml.integrations.peers import fitted

        documents = model.dataset.train_texts if documents is None else documents
        return fitted(inner, documents, vocabulary=vocabulary, topn=topn)
    if _package(model) == "fastopic":
        return _fastopic(model, documents, topn)
    if not hasattr(model, "dataset") or not hasattr(model, "get_beta") or not hasattr(model, "test"):
        raise InputError(
            f"{type(model).__name__} is no trainer of TopMost. Pass the trainer after train(), not the network in it: "
            "only the trainer knows the words."
        )
    beta = np.asarray(model.get_beta(), dtype=np.float64)
    words = column_words(list(model.dataset.vocab if vocabulary is None else vocabulary), beta.shape[1])
    given = model.dataset.train_data if hasattr(inner, "parameters") else _bow(model.dataset)
    theta = model.test(given) if documents is None else _theta(model, counts_over(documents, words), given)
    return learned(softmax(beta, axis=1) if beta.min() < 0 else beta, theta, words, topn)


def _fastopic(model: Any, documents: Any, topn: int) -> Fitted:
    if getattr(model, "beta", None) is None:
        raise InputError("This FASTopic is not fitted. Call fit_transform first.")
    theta = model.train_theta if documents is None else model.transform(texts_of(documents))
    return learned(model.beta, theta, list(model.vocab), topn)


def _bow(dataset: Any) -> Any:
    return dataset.train_bow if hasattr(dataset, "train_bow") else dataset.train_data


def _theta(model: Any, counts: Any, given: Any) -> np.ndarray:
    rows = []
    for start in range(0, counts.shape[0], _CHUNK):
        chunk: Any = counts[start : start + _CHUNK].toarray()
        # Neural trainers take tensors, of the kind and on the device of their training data.
        chunk = given.new_tensor(chunk) if hasattr(given, "new_tensor") else chunk
        rows.append(np.asarray(model.test(chunk)))
    return np.concatenate(rows)


def _package(model: Any) -> str:
    return type(model).__module__.partition(".")[0]
