"""pyLDAvis: its inputs and its visualization, for any fitted model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import pdist, squareform

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.integrations.documents import counts_over
from topicml.integrations.peers import fitted

_SMALLEST = 1e-12  # pyLDAvis takes logarithms of all probabilities; JSON cannot represent infinity


def inputs(model: Any, corpus: Corpus, *, vocabulary: Any = None) -> dict[str, Any]:
    """Return the arguments of ``pyLDAvis.prepare``.

    Parameters
    ----------
    model : object
        Any model that `topicml.integrations.fitted` reads.
    corpus : Corpus
        The documents to visualize. Words that the model lacks are left out.
    vocabulary : sequence of str or vectorizer, optional
        As in `topicml.integrations.fitted`.

    Returns
    -------
    dict
        ``topic_term_dists`` (n_topics, n_words), ``doc_topic_dists`` (n_docs, n_topics), ``doc_lengths`` (n_docs),
        ``vocab`` (n_words), ``term_frequency`` (n_words).

    Raises
    ------
    InputError
        If the model has no distributions (LSI), or does not have one row per document of the corpus.
    """
    topics = fitted(model, corpus, vocabulary=vocabulary, topn=1)
    if topics.beta is None or topics.theta is None or topics.vocabulary is None:
        raise InputError(f"{type(model).__name__} gives no distributions of words and topics, and pyLDAvis needs both.")
    if len(topics.theta) != corpus.n_docs:
        raise InputError(
            f"The model has topics of {len(topics.theta):,} documents, but the corpus has {corpus.n_docs:,}."
        )
    counts = counts_over(corpus, topics.vocabulary)
    beta = np.maximum(topics.beta, _SMALLEST)
    return {
        "topic_term_dists": beta / beta.sum(axis=1, keepdims=True),
        "doc_topic_dists": topics.theta,
        "doc_lengths": np.asarray(counts.sum(axis=1)).ravel(),
        "vocab": list(topics.vocabulary),
        "term_frequency": np.asarray(counts.sum(axis=0)).ravel(),
    }


def prepare(model: Any, corpus: Corpus, *, vocabulary: Any = None, **options: Any) -> Any:
    """Prepare a visualization; ``pyLDAvis.save_html(prepare(model, corpus), "topics.html")`` writes its page.

    Parameters
    ----------
    model, corpus, vocabulary
        As in `inputs`.
    **options
        Arguments of ``pyLDAvis.prepare``. By default topics keep the model's numbers and order (``sort_topics=False,
        start_index=0``), there is one process (``n_jobs=1``), and ``mds`` is `principal_coordinates`.

    Returns
    -------
    pyLDAvis.PreparedData

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
    """Place topics in the plane by principal coordinates of their Jensen-Shannon divergences.

    pyLDAvis's function of this kind uses an eigensolver for general matrices, which returns complex values for some
    models. The matrix is symmetric, and these coordinates are always real.

    Parameters
    ----------
    distributions : array, (n_topics, n_words)
        Rows sum to 1.

    Returns
    -------
    ndarray, (n_topics, 2)
    """
    rows = np.asarray(distributions, dtype=np.float64)
    divergence = squareform(pdist(rows, "jensenshannon") ** 2)  # SciPy's distance is the root of the divergence
    centring = np.eye(len(rows)) - 1 / len(rows)
    values, vectors = np.linalg.eigh(-centring @ divergence**2 @ centring / 2)
    return np.sqrt(np.maximum(values[::-1][:2], 0)) * vectors[:, ::-1][:, :2]
