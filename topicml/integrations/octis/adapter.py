"""OCTIS's models in a grid of `topicml.experiment`: the function that its workers call.

::

    [models."OCTIS LDA"]
    adapter = "topicml.integrations.octis.adapter:fit"
    packages = ["octis", "gensim"]
    parameters = {model = "LDA", passes = 20}
"""

import inspect
import random
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
import scipy.sparse as sp

from topicml.checks import check_known
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
    """Train one of OCTIS's models on all documents.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        Counts; only used if `documents` is None.
    documents : sequence of lists of str, or None
        Words in order.
    vocabulary : sequence of str
        Words of the columns.
    n_topics : int
        Number of topics; ignored by models that infer it.
    seed : int
        Seed of the random generators of Python, NumPy and torch, from which OCTIS's neural models draw. Also passed as
        ``random_state`` to models that have it.
    model : str
        A module of ``octis.models``: "LDA", "NMF", "ProdLDA", "CTM", ...
    **hyperparameters
        Settings of the model, by OCTIS's names.

    Returns
    -------
    topics : list of lists of str
        At most 25 words each, best first, as OCTIS returns them.
    theta : ndarray, (n_docs, n_topics)
        Topic proportions; rows sum to 1.

    Raises
    ------
    InputError
        If OCTIS has no such model, or the model returns no topics of documents, or signed loadings (LSI).
    """
    from topicml.integrations.octis.models import train_octis

    corpus = Corpus.from_counts(counts, vocabulary) if documents is None else Corpus.from_tokens(documents, vocabulary)
    _seed_all(seed)
    kind = _kind(model)
    takes = inspect.signature(kind).parameters
    settings = {name: value for name, value in (("num_topics", n_topics), ("random_state", seed)) if name in takes}
    output = train_octis(kind(**settings | hyperparameters), corpus, topn=min(TOP_WORDS, corpus.n_words))
    result = from_output({name: output.get(name) for name in ("topics", "topic-document-matrix")})
    if result.theta is None:
        raise InputError(f"OCTIS's {model} returned no topics of documents.")
    return result.topics, result.theta


def _kind(name: str) -> Any:
    """The class of one of OCTIS's models."""
    from octis import models

    names = [each.name for each in iter_modules(models.__path__) if not each.ispkg and each.name not in _NO_MODELS]
    check_known(name, names, "OCTIS has no model")
    return getattr(import_module(f"octis.models.{name}"), name)


def _seed_all(seed: int) -> None:
    """Seed the global random generators, and define `numpy.Inf`, which OCTIS's neural models use and NumPy 2 lacks."""
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if not hasattr(np, "Inf"):
        np.Inf = np.inf  # type: ignore[attr-defined]
