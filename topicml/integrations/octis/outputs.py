"""OCTIS's model output dictionaries, and its metrics on anyone's topics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from topicml.errors import InputError
from topicml.integrations.learned import Fitted, best_words, column_words
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
    """What the output of an OCTIS model says, as distributions in the order of a known vocabulary.

    Parameters
    ----------
    output : mapping
        ``topics``, ``topic-word-matrix`` (n_topics, n_words), ``topic-document-matrix`` (n_topics, n_docs); any of the
        matrices may be missing. Weights are divided by their sums.
    vocabulary : sequence of str, optional
        Words of the columns. OCTIS's gensim models have columns in an order of their own, not the dataset's: that of
        ``model.id2word``.
    model : OCTIS model, optional
        The model that was trained; its own order of words is taken before `vocabulary`.
    logits : bool
        The topic-word matrix holds logits (OCTIS's ProdLDA); take their softmax.
    topn : int, optional
        Words a topic, of those in ``topics``; by default all of them.

    Raises
    ------
    InputError
        If there are neither topics nor a matrix with words, a matrix is transposed or holds logits, or the topics'
        first words are not those of the largest columns: the columns are in another order than the vocabulary.
    """
    beta, weights, words = None, None, None
    if output.get("topic-word-matrix") is not None:
        weights = np.asarray(output["topic-word-matrix"], dtype=np.float64)
        beta = topic_words(softmax(weights, axis=1) if logits else weights, normalize=True)
        words = _own_words(model, beta.shape[1]) or (
            None if vocabulary is None else column_words(list(vocabulary), beta.shape[1])
        )
    if output.get("topics") is not None:
        topics = [list(map(str, topic))[:topn] for topic in topic_lists(output["topics"])]
    elif beta is not None and words is not None:
        topics = best_words(beta, words, 10 if topn is None else topn)
    else:
        raise InputError("The model output must hold 'topics', or 'topic-word-matrix' with a vocabulary for it.")
    if beta is not None and len(beta) != len(topics):
        raise InputError(f"The model output has {len(topics)} topics, and {len(beta)} rows in 'topic-word-matrix'.")
    if beta is not None and words is not None:
        _check_columns(topics, beta, words)
    theta = None
    if output.get("topic-document-matrix") is not None:
        theta = document_weights(output)
        if theta.shape[1] != len(topics):
            raise InputError(
                f"'topic-document-matrix' has shape {theta.T.shape}; OCTIS's is (topics, documents), and there are "
                f"{len(topics)} topics."
            )
        theta = document_topics(theta, normalize=True)
    return Fitted(topics, beta, theta, words)


def to_output(topics: Any, topn: int = 10) -> dict[str, Any]:
    """OCTIS's model output of what has topics: lists of words, an output, `Fitted`, or a fitted topicml model."""
    if isinstance(topics, Mapping):
        return dict(topics)
    if isinstance(topics, Fitted):
        return topics.output()
    if isinstance(topics, TopicModel):
        return {"topics": topics.topics(min(topn, topics.n_features_in_)), "topic-word-matrix": topics.components_}
    return {"topics": topic_lists(topics)}


def measure(metric: Any) -> Callable[[Any], float]:
    """An OCTIS metric object as a function of topics.

    Parameters
    ----------
    metric : octis.evaluation_metrics.metrics.AbstractMetric
        For example ``Coherence(texts=…, measure="c_npmi")``. Its own number of words a topic and other settings hold.

    Returns
    -------
    callable
        Takes what `to_output` takes, returns the metric's float. It carries the metric's name.

    Raises
    ------
    InputError
        If it is no metric; when called, if the metric reads something that the topics do not bring.
    """
    if not _is_metric(metric):
        raise InputError(
            f"{metric!r} is no OCTIS metric object: it has no score method. Make one, as TopicDiversity()."
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
                f"{type(metric).__name__} reads {missing!r}; the output holds {', '.join(output)}. "
                "Give a model output or Fitted that holds it."
            ) from error

    score.__name__ = score.__qualname__ = type(metric).__name__
    return score


def grid_measure(metric: Any, *, higher_is_better: bool) -> Measure:
    """An OCTIS metric as a measure of `topicml.experiment`: ``Experiment(..., own_measures={"name": ...})``.

    Parameters
    ----------
    metric : octis.evaluation_metrics.metrics.AbstractMetric, or function of a Corpus
        ``TopicDiversity(topk=10)``; or what makes a metric for each corpus of the grid, as
        ``lambda corpus: Coherence(texts=list(corpus), measure="c_v")``.
    higher_is_better : bool
        OCTIS does not say: of its similarities and of `WECoherenceCentroid`, a distance, less is better.

    Raises
    ------
    InputError
        If it is neither.
    """
    if _is_metric(metric) or isinstance(metric, type) or not callable(metric):
        return Measure(measure(metric), ("output",), higher_is_better)
    return Measure(lambda output, corpus: measure(metric(corpus))(output), ("output", "reference"), higher_is_better)


_MATRICES = ("topic-word-matrix", "topic-document-matrix", "test-topic-document-matrix")


def _is_metric(metric: Any) -> bool:
    return callable(getattr(metric, "score", None)) and not isinstance(metric, type)


def _own_words(model: Any, n_words: int) -> tuple[str, ...] | None:
    """The words of an OCTIS model's columns: of its gensim dictionary, or of its neural network."""
    names = getattr(model, "id2word", None)
    if names is not None and len(names) == n_words:
        return tuple(str(names[i]) for i in range(n_words))
    names = getattr(model, "vocab", None)
    return tuple(map(str, names)) if isinstance(names, (list, tuple)) and len(names) == n_words else None


def _check_columns(topics: Sequence[Sequence[str]], beta: np.ndarray, words: Sequence[str]) -> None:
    index = {word: i for i, word in enumerate(words)}
    for k, topic in enumerate(topics):
        best = beta[k].max()
        if topic and (topic[0] not in index or beta[k, index[topic[0]]] < best - 1e-6 * best):
            raise InputError(
                f"Topic {k} begins with {topic[0]!r}, whose column is not the largest of its row; that is "
                f"{words[int(beta[k].argmax())]!r}: the columns are in another order than the vocabulary. Pass the "
                "words in the columns' order, or model=… (OCTIS's gensim models: model.id2word)."
            )
