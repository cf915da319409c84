"""OCTIS's models in a grid of `topicml.experiment`: the function that its worker calls.

::

    [models."OCTIS LDA"]
    adapter = "topicml.integrations.octis.adapter:fit"
    packages = ["octis", "gensim"]
    parameters = {model = "LDA", passes = 20}
"""

import inspect
import random
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.integrations.octis.outputs import from_output

TOP_WORDS = 25
_NO_MODELS = ("model", "base_etm", "early_stopping")


def fit(
    counts: sp.csr_matrix,
    documents: Sequence[Sequence[str]] | None,
    vocabulary: Sequence[str],
    n_topics: int,
    seed: int,
    *,
    model: str,
    **hyperparameters: Any,
) -> tuple[list[list[str]], np.ndarray]:
    """Train one of OCTIS's models on all documents, and take the topics as it names them.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Used where `documents` is None.
    documents : sequence of lists of str, or None
        Words in order.
    vocabulary : sequence of str
        Words of the columns.
    model : str
        A module of ``octis.models``: "LDA", "NMF", "ProdLDA", "CTM", ...
    **hyperparameters
        Of the model, by OCTIS's names. The seed becomes ``random_state`` where the model has such, and that of the
        global generators in any case: OCTIS's neural models draw from those.

    Returns
    -------
    topics : list of lists of str
        At most 25 words each, best first.
    theta : ndarray, (n_docs, n_topics)

    Raises
    ------
    InputError
        If OCTIS has no such model, or gives signed loadings (LSI) or nothing for the documents' topics.
    """
    from topicml.integrations.octis.models import train_octis

    corpus = Corpus.from_counts(counts, vocabulary) if documents is None else Corpus.from_tokens(documents, vocabulary)
    _seed_all(seed)
    kind = _kind(model)
    takes = inspect.signature(kind).parameters
    settings = {name: value for name, value in (("num_topics", n_topics), ("random_state", seed)) if name in takes}
    output = train_octis(kind(**settings | hyperparameters), corpus, topn=min(TOP_WORDS, corpus.n_words))
    learned = from_output({name: output.get(name) for name in ("topics", "topic-document-matrix")})
    if learned.theta is None:
        raise InputError(f"OCTIS's {model} gave no topics of documents.")
    return learned.topics, learned.theta


def _kind(name: str) -> Any:
    """The class of one of OCTIS's models."""
    from octis import models

    known = [each.name for each in iter_modules(models.__path__) if not each.ispkg and each.name not in _NO_MODELS]
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
        raise InputError(f"OCTIS has no model {name!r}. {hint}")
    return getattr(import_module(f"octis.models.{name}"), name)


def _seed_all(seed: int) -> None:
    """Seed what OCTIS's models draw from, and give NumPy 2 the name that its neural models still use."""
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
