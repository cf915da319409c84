"""OCTIS's model output dictionaries, and its metrics for the topics of any model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from topicml.errors import InputError
from topicml.integrations.fitted_topics import Fitted, best_words, column_words
from topicml.metrics.distributions import document_topics, document_weights, topic_words
from topicml.metrics.table import Measure
from topicml.metrics.topics import topic_lists
from topicml.models import TopicModel


def from_output(
    output: Mapping[str, Any],
    vocabulary: Iterable[str] | None = None,
    *,
    model: Any = None,
    logits: bool = False,
    topn: int | None = None,
) -> Fitted:
    """Convert an OCTIS model output to distributions with a known order of words.

    Parameters
    ----------
    output : mapping
        ``topics``, ``topic-word-matrix`` (n_topics, n_words), ``topic-document-matrix`` (n_topics, n_docs); any of the
        matrices may be missing. Weights are divided by their sums.
    vocabulary : sequence of str, optional
        Words of the columns. The columns of OCTIS's gensim models are in the order of ``model.id2word``, not the
        dataset's.
    model : OCTIS model, optional
        The trained model. If it has an order of words, that is used instead of `vocabulary`.
    logits : bool
        The topic-word matrix has logits (OCTIS's ProdLDA): take their softmax.
    topn : int, optional
        Words per topic, at most as many as in ``topics``; by default all of them.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If there are neither topics nor a matrix with words; if a matrix is transposed or has logits; if the first word
        of a topic is not that of its largest column, because the columns are in another order than the vocabulary.
    """
    beta, weights, words = None, None, None
    if output.get("topic-word-matrix") is not None:
        weights = np.asarray(output["topic-word-matrix"], dtype=np.float64)
        beta = topic_words(softmax(weights, axis=1) if logits else weights, normalize=True)
        words = _words_of_model(model, beta.shape[1]) or (
            None if vocabulary is None else column_words(list(vocabulary), beta.shape[1])
        )
    if output.get("topics") is not None:
        topics = [list(map(str, topic))[:topn] for topic in topic_lists(output["topics"])]
    elif beta is not None and words is not None:
        topics = best_words(beta, words, 10 if topn is None else topn)
    else:
        raise InputError("The model output must have 'topics', or 'topic-word-matrix' together with a vocabulary.")
    if beta is not None and len(beta) != len(topics):
        raise InputError(f"The model output has {len(topics)} topics, but {len(beta)} rows in 'topic-word-matrix'.")
    if beta is not None and words is not None:
        _check_columns(topics, beta, words)
    theta = None
    if output.get("topic-document-matrix") is not None:
        theta = document_weights(output)
        if theta.shape[1] != len(topics):
            raise InputError(
                f"'topic-document-matrix' has shape {theta.T.shape}; it should be (topics, documents), and there are "
                f"{len(topics)} topics."
            )
        theta = document_topics(theta, normalize=True)
    return Fitted(topics, beta, theta, words)


def to_output(topics: Any, topn: int = 10) -> dict[str, Any]:
    """Convert topics to an OCTIS model output.

    Parameters
    ----------
    topics : lists of str, mapping, Fitted or TopicModel
        Top words of each topic, a model output, or a fitted model.
    topn : int
        Words per topic of a `TopicModel`.

    Returns
    -------
    dict
        ``topics``, and the matrices that are available.
    """
    if isinstance(topics, Mapping):
        return dict(topics)
    if isinstance(topics, Fitted):
        return topics.output()
    if isinstance(topics, TopicModel):
        return {"topics": topics.topics(min(topn, topics.n_features_in_)), "topic-word-matrix": topics.components_}
    return {"topics": topic_lists(topics)}


def measure(metric: Any) -> Callable[[Any], float]:
    """Convert an OCTIS metric object to a function of topics.

    Parameters
    ----------
    metric : octis.evaluation_metrics.metrics.AbstractMetric
        For example ``Coherence(texts=…, measure="c_npmi")``. Its settings, such as the number of words, apply.

    Returns
    -------
    callable
        Takes the arguments of `to_output` and returns a float. It has the metric's name.

    Raises
    ------
    InputError
        If `metric` is not a metric; when called, if the metric needs a matrix that the topics lack.
    """
    if not _is_metric(metric):
        raise InputError(
            f"{metric!r} is not an OCTIS metric object: it has no score method. Make one, such as TopicDiversity()."
        )

    def score(topics: Any) -> float:
        output = to_output(topics, getattr(metric, "topk", 10))
        try:
            return float(metric.score(output))
        except KeyError as error:
            missing = error.args[0] if error.args else None
            if missing not in ("topics", *_MATRICES):
                raise
            raise InputError(
                f"{type(metric).__name__} reads {missing!r}, but the output has {', '.join(output)}. "
                "Pass a model output or Fitted that has it."
            ) from error

    score.__name__ = score.__qualname__ = type(metric).__name__
    return score


def grid_measure(metric: Any, *, higher_is_better: bool) -> Measure:
    """Convert an OCTIS metric to a measure of `topicml.experiment`: ``Experiment(..., own_measures={"name": ...})``.

    Parameters
    ----------
    metric : octis.evaluation_metrics.metrics.AbstractMetric, or function of a Corpus
        A metric such as ``TopicDiversity(topk=10)``, or a function that makes one for each corpus of the grid, such as
        ``lambda corpus: Coherence(texts=list(corpus), measure="c_v")``.
    higher_is_better : bool
        OCTIS's metrics do not state it: lower is better for its similarities and for `WECoherenceCentroid`, a distance.

    Returns
    -------
    Measure

    Raises
    ------
    InputError
        If `metric` is neither.
    """
    if _is_metric(metric) or isinstance(metric, type) or not callable(metric):
        return Measure(measure(metric), ("output",), higher_is_better)
    return Measure(lambda output, corpus: measure(metric(corpus))(output), ("output", "reference"), higher_is_better)


_MATRICES = ("topic-word-matrix", "topic-document-matrix", "test-topic-document-matrix")


def _is_metric(metric: Any) -> bool:
    """Whether this is a metric object, not a class."""
    return callable(getattr(metric, "score", None)) and not isinstance(metric, type)


def _words_of_model(model: Any, n_words: int) -> tuple[str, ...] | None:
    """The words of an OCTIS model's columns, from its gensim dictionary or its neural network; None if unknown."""
    names = getattr(model, "id2word", None)
    if names is not None and len(names) == n_words:
        return tuple(str(names[i]) for i in range(n_words))
    names = getattr(model, "vocab", None)
    return tuple(map(str, names)) if isinstance(names, (list, tuple)) and len(names) == n_words else None


def _check_columns(topics: Sequence[Sequence[str]], beta: np.ndarray, words: Sequence[str]) -> None:
    """Raise `InputError` if the first word of a topic is not that of the largest column of its row."""
    index = {word: i for i, word in enumerate(words)}
    for k, topic in enumerate(topics):
        best = beta[k].max()
        if topic and (topic[0] not in index or beta[k, index[topic[0]]] < best - 1e-6 * best):
            raise InputError(
                f"Topic {k} begins with {topic[0]!r}, but the largest column of its row is that of "
                f"{words[int(beta[k].argmax())]!r}: the columns are in another order than the vocabulary. Pass the "
                "words in the columns' order, or model=… (OCTIS's gensim models: model.id2word)."
            )
