"""tomotopy's LDA and its relatives."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.integrations.fitted_topics import Fitted

_CHUNK = 4096  # documents per inference


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a trained tomotopy model.

    Without `documents`, the rows of theta are the model's documents. tomotopy drops empty ones, so there may be fewer
    than it received. `documents` (a `Corpus` or lists of tokens) are inferred by sampling, and row i is document i. A
    document without a word of the model gets the prior's mean: tomotopy itself would end the process there.

    Parameters
    ----------
    model, documents, vocabulary, topn
        As in `topicml.integrations.fitted`; the vocabulary is always the model's.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If the model is not trained, or a document is not a list of tokens.
    """
    if not hasattr(model, "get_topic_word_dist") or not len(model.used_vocabs):
        raise InputError(f"tomotopy's {type(model).__name__} has no topics yet: add documents and call train.")
    live = np.array([k for k in range(model.k) if not hasattr(model, "is_live_topic") or model.is_live_topic(k)])
    words = [str(word) for word in model.used_vocabs]
    beta = np.array([model.get_topic_word_dist(int(k)) for k in live])
    if documents is None:
        rows = np.array([document.get_topic_dist() for document in model.docs])
    else:
        rows = _inferred(model, documents, set(words))
    return Fitted.from_weights(beta, rows[:, live] if len(rows) else None, words, topn)


def _inferred(model: Any, documents: Iterable[Any], words: set[str]) -> np.ndarray:
    """Topic proportions of new documents, (n_docs, n_topics)."""
    alpha = np.broadcast_to(np.asarray(model.alpha, dtype=np.float64), (model.k,))
    token_lists = [_tokens(document, words, row) for row, document in enumerate(documents)]
    theta = np.tile(alpha / alpha.sum(), (len(token_lists), 1))
    not_empty = [row for row, tokens in enumerate(token_lists) if tokens]
    for start in range(0, len(not_empty), _CHUNK):
        rows = not_empty[start : start + _CHUNK]
        theta[rows], _ = model.infer([model.make_doc(token_lists[row]) for row in rows], workers=1)
    return theta


def _tokens(document: Any, words: set[str], row: int) -> list[str]:
    """The tokens of a document that are words of the model."""
    if isinstance(document, str) or not isinstance(document, Iterable):
        raise InputError(
            f"Document {row} is {document!r:.60}, not a list of tokens. Pass tokenized documents, or "
            f"{Corpus.__name__}.from_texts(texts)."
        )
    return [word for word in document if word in words]
