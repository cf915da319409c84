"""Table of all measures, and computation of several measures at once."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from topicml.checks import check_known, did_you_mean
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.classification import CLASSIFIERS, PARTS, classification
from topicml.metrics.clusters import clustering
from topicml.metrics.coherence import WINDOWS, coherence
from topicml.metrics.completion import perplexity, unigram_perplexity
from topicml.metrics.coverage import UNITS, coverage
from topicml.metrics.divergence import kl_divergence, log_odds_ratio
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.documents_led import document_coverage, topic_document_agreement
from topicml.metrics.embedding import embedding_coherence
from topicml.metrics.embedding_similarity import (
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    weighted_embedding_similarity,
)
from topicml.metrics.intrusion import word_intrusion
from topicml.metrics.learned import learned_overlap
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score, Scores
from topicml.metrics.significance import kl_background, kl_uniform, kl_vacuous
from topicml.metrics.similarity import jaccard, rbo
from topicml.metrics.stability import stability
from topicml.metrics.topics import checked_topics, topic_lists
from topicml.metrics.word_frequency import top_word_frequency

USUAL_TOPN = 10
INPUTS = (
    *("topics", "reference", "vectors", "beta", "theta", "labels", "test_theta", "test_labels", "vocabulary"),
    *("runs", "model", "documents", "train_counts", "starting_topics", "has_words"),
)


@dataclass(frozen=True)
class Measure:
    """A measure: a function, its inputs and its direction.

    Parameters
    ----------
    function : callable
        Computes the measure; its positional arguments are the inputs in `needs`, in that order.
    needs : tuple of str
        Names of inputs: topics, reference, vectors, beta, theta, labels, vocabulary, runs, model, documents,
        train_counts, starting_topics; in a grid of runs also output, OCTIS's model output.
    higher_is_better : bool
        Whether a higher value is better; otherwise a lower value is.
    options : mapping
        Keyword arguments of the function that define this measure.
    part : str or None
        Name of the score in the function's result, if the function returns several scores.
    pairs : bool
        Whether the measure needs at least two topics.
    order : bool
        Whether the measure needs a reference with word order.
    """

    function: Callable[..., Any]
    needs: tuple[str, ...]
    higher_is_better: bool
    options: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None
    pairs: bool = False
    order: bool = False

    @property
    def default_topn(self) -> int | None:
        """Default number of words per topic; None if the measure does not use words."""
        parameter = inspect.signature(self.function).parameters.get("topn")
        return None if parameter is None else parameter.default

    def __call__(self, *inputs: Any, **options: Any) -> Score:
        """Compute the score.

        Parameters
        ----------
        *inputs
            The inputs in `needs`, in that order.
        **options
            Further keyword arguments of the function.

        Returns
        -------
        score : Score
            The score of this measure.
        """
        return self.part_of(self.function(*inputs, **{**self.options, **options}))

    def part_of(self, result: Any) -> Score:
        """Return the score of this measure from the function's result."""
        return result if self.part is None else result.score(self.part)


def _table() -> dict[str, Measure]:
    """All measures by name."""
    up, down = True, False
    words, texts, embedded = ("topics",), ("topics", "reference"), ("topics", "vectors")
    table = {
        name: Measure(coherence, texts, up, {"measure": name}, order=window is not None)
        for name, window in WINDOWS.items()
    }
    kinds = ("pairwise", "centroid")
    table |= {
        f"embedding_coherence_{kind}": Measure(embedding_coherence, embedded, up, {"kind": kind}) for kind in kinds
    }
    table |= {
        "word_intrusion": Measure(word_intrusion, texts, up, pairs=True),
        "topic_diversity": Measure(topic_diversity, words, up),
        "topic_uniqueness": Measure(topic_uniqueness, words, up),
        "inverted_rbo": Measure(inverted_rbo, words, up, pairs=True),
        "rbo": Measure(rbo, words, down, pairs=True),
        "jaccard": Measure(jaccard, words, down, pairs=True),
    }
    for kind in ("match", "centroid"):
        options = {"kind": kind}
        table[f"inverted_embedding_rbo_{kind}"] = Measure(inverted_embedding_rbo, embedded, up, options, pairs=True)
        table[f"embedding_rbo_{kind}"] = Measure(embedding_rbo, embedded, down, options, pairs=True)
    for kind in kinds:
        table[f"embedding_similarity_{kind}"] = Measure(
            embedding_similarity, embedded, down, {"kind": kind}, pairs=True
        )
    table |= {
        "weighted_embedding_similarity": Measure(
            weighted_embedding_similarity, ("beta", "vectors", "vocabulary"), down, pairs=True
        ),
        "kl_divergence": Measure(kl_divergence, ("beta",), up, pairs=True),
        "log_odds_ratio": Measure(log_odds_ratio, ("beta",), up, pairs=True),
        "kl_uniform": Measure(kl_uniform, ("beta",), up),
        "kl_vacuous": Measure(kl_vacuous, ("beta", "theta"), up),
        "kl_background": Measure(kl_background, ("theta",), up),
    }
    table |= {f"coverage_{unit}": Measure(coverage, texts, up, {"of": unit}) for unit in UNITS}
    led = ("topics", "reference", "theta")
    table |= {
        "document_coverage": Measure(document_coverage, led, up),
        "topic_document_agreement": Measure(topic_document_agreement, led, up),
        "top_word_frequency": Measure(top_word_frequency, texts, up),
    }
    for part in ("purity", "nmi", "ari", "ami"):
        table[part] = Measure(clustering, ("theta", "labels"), up, part=part)
    for name in CLASSIFIERS:
        for part in PARTS:
            options = {"classifier": name}
            table[f"{part}_{name}"] = Measure(classification, ("theta", "labels"), up, options, part)
    table["stability"] = Measure(stability, ("runs",), up)
    table["perplexity"] = Measure(perplexity, ("model", "documents"), down)
    table["unigram_perplexity"] = Measure(unigram_perplexity, ("train_counts", "documents"), down)
    table["learned_overlap"] = Measure(learned_overlap, ("topics", "starting_topics"), down)
    return table


MEASURES = _table()


def evaluate(
    measures: Iterable[str] | None = None,
    *,
    topn: int = USUAL_TOPN,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **inputs: Any,
) -> dict[str, Score]:
    """Compute several measures, with shared counts and results.

    Parameters
    ----------
    measures : iterable of str, optional
        Names in `MEASURES`; by default all that the inputs allow.
    topn : int
        Number of words per topic for measures whose default is ten; the others keep their default (diversity 25,
        uniqueness 15, intrusion 5). Measures use at most as many words as the shortest topic has; the number is in the
        protocol.
    options : mapping, optional
        A measure's name to keyword arguments, for example ``{"kl_uniform": {"normalize": True}}``.
    **inputs
        Inputs of the measures: ``topics`` (or OCTIS's model output, which also has beta and theta), ``reference``,
        ``vectors`` (by default learned from the reference), ``beta``, ``theta``, ``labels``, ``test_theta``,
        ``test_labels``, ``vocabulary`` (the words of beta's columns; by default that of a reference of the same size),
        ``runs``, ``model``, ``documents`` (held out), ``train_counts`` (the documents of the fit),
        ``starting_topics`` (before training) and ``has_words`` (whether each document of theta has a word that the
        model knows: the others have no topic, and measures of theta leave them out; by default judged by the counts
        of the reference, if it has as many documents as theta).

    Returns
    -------
    scores : dict
        A measure's name to its score.

    Raises
    ------
    InputError
        If a measure is unknown or lacks an input, or an input is not valid.
    """
    inputs = _complete(inputs)
    options = options or {}
    measures = None if measures is None else list(measures)
    check_measures([*(measures or ()), *options])
    if measures is None:
        measures = [name for name, measure in MEASURES.items() if _possible(measure, inputs)]
    shortest = min(map(len, inputs["topics"])) if "topics" in inputs else None
    results: dict[Any, Any] = {}
    scores: Scores[Score] = Scores()
    for name in measures:
        measure = MEASURES[name]
        missing = [need for need in measure.needs if need not in inputs]
        if missing:
            raise InputError(f"{name} needs {' and '.join(missing)}.")
        keywords = {**measure.options, **options.get(name, {})}
        if measure.default_topn is not None and shortest is not None and "topn" not in keywords:
            keywords["topn"] = min(topn if measure.default_topn == USUAL_TOPN else measure.default_topn, shortest)
        if "has_words" in inputs and "has_words" in inspect.signature(measure.function).parameters:
            keywords["has_words"] = inputs["has_words"]
        if measure.function is classification:
            keywords |= {key: inputs[key] for key in ("test_theta", "test_labels") if key in inputs}
        key = (measure.function, tuple(sorted((word, _identity(value)) for word, value in keywords.items())))
        if key not in results:
            results[key] = measure.function(*(inputs[need] for need in measure.needs), **keywords)
        scores[name] = measure.part_of(results[key])
    return scores


def check_measures(names: Iterable[str]) -> None:
    """Raise `InputError` if a name is not in `MEASURES`; the message has the most similar names."""
    for name in names:
        check_known(name, MEASURES, "There is no measure")


def _identity(value: Any) -> Any:
    """A hashable key for an option's value."""
    return value if value is None or isinstance(value, (str, int, float)) else id(value)


def _complete(inputs: dict[str, Any]) -> dict[str, Any]:
    """Check the inputs, drop those that are None, and add those that follow from others."""
    for name in inputs:
        if name not in INPUTS:
            hint = did_you_mean(name, INPUTS)
            raise InputError(f"Measures have no input {name!r}.{hint} Inputs are {', '.join(INPUTS)}.")
    inputs = {name: value for name, value in inputs.items() if value is not None}
    if isinstance(output := inputs.get("topics"), Mapping):
        for name, key in (("beta", "topic-word-matrix"), ("theta", "topic-document-matrix")):
            if name not in inputs and output.get(key) is not None:
                inputs[name] = output[key] if name == "beta" else np.asarray(output[key]).T
        if (
            "test_labels" in inputs
            and "test_theta" not in inputs
            and output.get("test-topic-document-matrix") is not None
        ):
            inputs["test_theta"] = np.asarray(output["test-topic-document-matrix"]).T
    if "topics" in inputs:
        inputs["topics"] = topic_lists(inputs["topics"])
        checked_topics(inputs["topics"], 1)
        if "beta" in inputs and np.ndim(inputs["beta"]) == 2 and len(inputs["beta"]) != len(inputs["topics"]):
            raise InputError(f"There are {len(inputs['topics'])} topics and {len(inputs['beta'])} rows of beta.")
    if "reference" in inputs:
        reference = inputs["reference"]
        inputs["reference"] = reference = reference if isinstance(reference, Reference) else Reference(reference)
        inputs.setdefault("vectors", reference)
        if "beta" in inputs and np.shape(inputs["beta"])[-1:] == (reference.corpus.n_words,):
            inputs.setdefault("vocabulary", reference.corpus.vocabulary)
        if "has_words" not in inputs:
            inputs |= known_words(reference.corpus, inputs.get("theta"))
    return inputs


def known_words(corpus: Corpus, theta: Any) -> dict[str, np.ndarray]:
    """The argument ``has_words`` of measures of theta, if theta may be that of the documents of a corpus.

    Parameters
    ----------
    corpus : Corpus
        The reference.
    theta : object
        Topic proportions, (n_docs, n_topics).

    Returns
    -------
    dict
        ``has_words`` to whether each document has a word; empty if theta is no matrix of as many documents, or
        no document has words.
    """
    has_words = np.diff(corpus.counts.indptr) > 0
    shape = np.shape(theta)
    return {"has_words": has_words} if len(shape) == 2 and shape[0] == len(has_words) and has_words.any() else {}


def _possible(measure: Measure, inputs: dict[str, Any]) -> bool:
    """Whether a measure can be computed from the inputs."""
    if any(need not in inputs for need in measure.needs):
        return False
    if measure.order and not inputs["reference"].corpus.has_order:
        return False
    if measure.function in (document_coverage, topic_document_agreement):
        shape = inputs["reference"].corpus.n_docs, len(inputs["topics"])
        if np.shape(inputs["theta"]) != shape:  # theta of other documents than the reference
            return False
    if measure.function in (coherence, embedding_coherence, word_intrusion) and min(map(len, inputs["topics"])) < 2:
        return False
    n_topics = len(inputs["topics"] if "topics" in inputs else inputs.get("beta", ()))
    return n_topics > 1 or not measure.pairs
