"""tomotopy's LDA and its kin."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.integrations.learned import Fitted, learned

_CHUNK = 4096  # documents inferred at a time


def read(model: Any, documents: Any, vocabulary: Any, topn: int) -> Fitted:
    """Read a trained tomotopy model; see `topicml.integrations.fitted`.

    Without `documents` the rows of theta are the model's own documents: tomotopy takes no empty ones, so they may be
    fewer than what it was given. With `documents` (a `Corpus` or lists of tokens) they are inferred, by sampling, and
    row i is document i: one without a known word gets the prior's mean. tomotopy itself would end the process there.
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
    return learned(beta, rows[:, live] if len(rows) else None, words, topn)


def _inferred(model: Any, documents: Iterable[Any], words: set[str]) -> np.ndarray:
    alpha = np.broadcast_to(np.asarray(model.alpha, dtype=np.float64), (model.k,))
    token_lists = [_known(document, words, row) for row, document in enumerate(documents)]
    theta = np.tile(alpha / alpha.sum(), (len(token_lists), 1))
    filled = [row for row, tokens in enumerate(token_lists) if tokens]
    for start in range(0, len(filled), _CHUNK):
        rows = filled[start : start + _CHUNK]
        theta[rows], _ = model.infer([model.make_doc(token_lists[row]) for row in rows], workers=1)
    return theta


def _known(document: Any, words: set[str], row: int) -> list[str]:
    if isinstance(document, str) or not isinstance(document, Iterable):
        raise InputError(
            f"Document {row} is {document!r:.60}, not a list of tokens. Give tokenised documents, or "
            f"{Corpus.__name__}.from_texts(texts)."
        )
    return [word for word in document if word in words]
