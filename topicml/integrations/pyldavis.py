"""pyLDAvis: its inputs, and its picture, of any fitted model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist, squareform

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.integrations.learned import counts_over
from topicml.integrations.peers import fitted

_SMALLEST = 1e-12  # pyLDAvis takes logarithms of all probabilities, and JSON has no infinity


def inputs(model: Any, corpus: Corpus, *, vocabulary: Any = None) -> dict[str, Any]:
    """What ``pyLDAvis.prepare`` takes.

    Parameters
    ----------
    model
        Whatever `topicml.integrations.fitted` reads, with `vocabulary` as there.
    corpus : Corpus
        The documents that the picture is of. Words that the model does not know are left out.

    Returns
    -------
    dict
        ``topic_term_dists`` (n_topics, n_words), ``doc_topic_dists`` (n_docs, n_topics), ``doc_lengths`` (n_docs),
        ``vocab`` (n_words), ``term_frequency`` (n_words).

    Raises
    ------
    InputError
        If the model gives no distributions (LSI), or its documents are others than the corpus's.
    """
    found = fitted(model, corpus, vocabulary=vocabulary, topn=1)
    if found.beta is None or found.theta is None or found.vocabulary is None:
        raise InputError(f"{type(model).__name__} gives no distributions of words and topics; pyLDAvis needs both.")
    if len(found.theta) != corpus.n_docs:
        raise InputError(f"The model tells of {len(found.theta):,} documents, and the corpus has {corpus.n_docs:,}.")
    counts = counts_over(corpus, found.vocabulary)
    beta = np.maximum(found.beta, _SMALLEST)
    return {
        "topic_term_dists": beta / beta.sum(axis=1, keepdims=True),
        "doc_topic_dists": found.theta,
        "doc_lengths": np.asarray(counts.sum(axis=1)).ravel(),
        "vocab": list(found.vocabulary),
        "term_frequency": np.asarray(counts.sum(axis=0)).ravel(),
    }


def prepare(model: Any, corpus: Corpus, *, vocabulary: Any = None, **options: Any) -> Any:
    """Return ``PreparedData``; ``pyLDAvis.save_html(prepare(model, corpus), "topics.html")`` writes its page.

    Parameters
    ----------
    model, corpus, vocabulary
        As in `inputs`.
    **options
        Of ``pyLDAvis.prepare``. Here topics keep the model's numbers and order (``sort_topics=False, start_index=0``),
        one process computes (``n_jobs=1``), and ``mds`` is `principal_coordinates`.

    Raises
    ------
    MissingExtraError
        If pyLDAvis is not installed.
    InputError
        As `inputs`.
    """
    try:
        import pyLDAvis
    except ImportError as error:
        raise MissingExtraError("prepare needs pyLDAvis: pip install pyLDAvis.") from error
    defaults = {"sort_topics": False, "start_index": 0, "n_jobs": 1, "mds": principal_coordinates}
    return pyLDAvis.prepare(**inputs(model, corpus, vocabulary=vocabulary), **{**defaults, **options})


def principal_coordinates(distributions: Sequence[Sequence[float]] | Any) -> np.ndarray:
    """Topics in the plane by principal coordinates of their Jensen-Shannon divergences, (n_topics, 2).

    As pyLDAvis's own, but always real: it asks for the eigenvalues of a symmetric matrix as if it were none, and gets
    complex ones of some models.
    """
    rows = np.asarray(distributions, dtype=np.float64)
    divergence = squareform(pdist(rows, "jensenshannon") ** 2)  # SciPy's distance is the divergence's root
    centring = np.eye(len(rows)) - 1 / len(rows)
    values, vectors = np.linalg.eigh(-centring @ divergence**2 @ centring / 2)
    return np.sqrt(np.maximum(values[::-1][:2], 0)) * vectors[:, ::-1][:, :2]
