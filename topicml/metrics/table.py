"""All measures by name, and several of them in one call."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.metrics.classification import CLASSIFIERS, PARTS, classification
from topicml.metrics.clusters import clustering
from topicml.metrics.coherence import WINDOWS, coherence
from topicml.metrics.completion import perplexity
from topicml.metrics.coverage import UNITS, coverage
from topicml.metrics.divergence import kl_divergence, log_odds_ratio
from topicml.metrics.diversity import inverted_rbo, topic_diversity, topic_uniqueness
from topicml.metrics.embedding import embedding_coherence
from topicml.metrics.embedding_similarity import (
    embedding_rbo,
    embedding_similarity,
    inverted_embedding_rbo,
    weighted_embedding_similarity,
)
from topicml.metrics.intrusion import word_intrusion
from topicml.metrics.reference import Reference
from topicml.metrics.result import Score, Scores
from topicml.metrics.significance import kl_background, kl_uniform, kl_vacuous
from topicml.metrics.similarity import jaccard, rbo
from topicml.metrics.stability import stability
from topicml.metrics.topics import checked_topics, topic_lists

USUAL_TOPN = 10


@dataclass(frozen=True)
class Measure:
    """A measure and what it needs.

    Attributes
    ----------
    function : callable
        Takes the inputs in `needs`, in that order.
    needs : tuple of str
        Inputs: topics, reference, vectors, beta, theta, labels, vocabulary, runs, model, documents; in a grid of runs
        also output, OCTIS's model output.
    higher_is_better : bool
        Otherwise a lower value is.
    options : mapping
        Keyword arguments that make this measure of the function.
    part : str or None
        Which number of the function's result it is, where that holds several.
    pairs, order : bool
        Whether it needs at least two topics, or a reference that knows the order of words.
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
        """Words a topic where nothing else is said; None if it does not take words."""
        parameter = inspect.signature(self.function).parameters.get("topn")
        return None if parameter is None else parameter.default

    def __call__(self, *inputs: Any, **options: Any) -> Score:
        """The score of the inputs in `needs`, with the function's own defaults for what `options` leaves out."""
        return self.taken(self.function(*inputs, **{**self.options, **options}))

    def taken(self, result: Any) -> Score:
        """The score out of what the function returned."""
        return result if self.part is None else result.score(self.part)


def _table() -> dict[str, Measure]:
    up, down = True, False
    words, texts, among = ("topics",), ("topics", "reference"), ("topics", "vectors")
    table = {
        name: Measure(coherence, texts, up, {"measure": name}, order=window is not None)
        for name, window in WINDOWS.items()
    }
    kinds = ("pairwise", "centroid")
    table |= {f"embedding_coherence_{kind}": Measure(embedding_coherence, among, up, {"kind": kind}) for kind in kinds}
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
        table[f"inverted_embedding_rbo_{kind}"] = Measure(inverted_embedding_rbo, among, up, options, pairs=True)
        table[f"embedding_rbo_{kind}"] = Measure(embedding_rbo, among, down, options, pairs=True)
    for kind in kinds:
        table[f"embedding_similarity_{kind}"] = Measure(embedding_similarity, among, down, {"kind": kind}, pairs=True)
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
    for part in ("purity", "nmi", "ari", "ami"):
        table[part] = Measure(clustering, ("theta", "labels"), up, part=part)
    for name in CLASSIFIERS:
        for part in PARTS:
            options = {"classifier": name}
            table[f"{part}_{name}"] = Measure(classification, ("theta", "labels"), up, options, part)
    table["stability"] = Measure(stability, ("runs",), up)
    table["perplexity"] = Measure(perplexity, ("model", "documents"), down)
    return table


MEASURES = _table()


def evaluate(
    measures: Iterable[str] | None = None,
    *,
    topn: int = USUAL_TOPN,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **inputs: Any,
) -> dict[str, Score]:
    """Compute several measures, sharing what they have in common.

    Parameters
    ----------
    measures : iterable of str, optional
        Names in `MEASURES`; by default all that the inputs allow.
    topn : int
        Words a topic for measures that usually take ten; the others keep their own number (diversity 25, uniqueness
        15, intrusion 5). No measure takes more than the shortest topic has; the protocol tells how many.
    options : mapping, optional
        A measure's name to keyword arguments, for example ``{"kl_uniform": {"normalize": True}}``.
    **inputs
        ``topics`` (or OCTIS's model output, which brings beta and theta), ``reference``, ``vectors`` (by default
        learned from the reference), ``beta``, ``theta``, ``labels``, ``test_theta``, ``test_labels``, ``vocabulary``
        (of beta's columns; by default the reference's, where the sizes are the same), ``runs``, ``model`` and
        ``documents``, as the measures take them.

    Returns
    -------
    scores : dict
        A measure's name to its score.

    Raises
    ------
    InputError
        If a measure is unknown or lacks an input, or an input is not fit.
    """
    given = _given(inputs)
    options = options or {}
    measures = None if measures is None else list(measures)
    check_measures([*(measures or ()), *options])
    if measures is None:
        measures = [name for name, measure in MEASURES.items() if _possible(measure, given)]
    shortest = min(map(len, given["topics"])) if "topics" in given else None
    results: dict[Any, Any] = {}
    scores: Scores[Score] = Scores()
    for name in measures:
        measure = MEASURES[name]
        lacking = [need for need in measure.needs if need not in given]
        if lacking:
            raise InputError(f"{name} needs {' and '.join(lacking)}.")
        keywords = {**measure.options, **options.get(name, {})}
        if measure.default_topn is not None and shortest is not None and "topn" not in keywords:
            keywords["topn"] = min(topn if measure.default_topn == USUAL_TOPN else measure.default_topn, shortest)
        if measure.function is classification:
            keywords |= {key: given[key] for key in ("test_theta", "test_labels") if key in given}
        key = (measure.function, tuple(sorted((word, _identity(value)) for word, value in keywords.items())))
        if key not in results:
            results[key] = measure.function(*(given[need] for need in measure.needs), **keywords)
        scores[name] = measure.taken(results[key])
    return scores


def check_measures(names: Iterable[str]) -> None:
    """Raise `InputError` if a name is not in `MEASURES`; the message has the most similar names."""
    for name in names:
        check_known(name, MEASURES, "There is no measure")


def _identity(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float)) else id(value)


INPUTS = (
    *("topics", "reference", "vectors", "beta", "theta", "labels", "test_theta", "test_labels", "vocabulary"),
    *("runs", "model", "documents"),
)


def _given(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs that are there, and those that follow from them."""
    unknown = [name for name in inputs if name not in INPUTS]
    if unknown:
        raise InputError(f"{unknown[0]!r} is no input of measures. Give any of {', '.join(INPUTS)}.")
    given = {name: value for name, value in inputs.items() if value is not None}
    if isinstance(output := given.get("topics"), Mapping):
        for name, key in (("beta", "topic-word-matrix"), ("theta", "topic-document-matrix")):
            if name not in given and output.get(key) is not None:
                given[name] = output[key] if name == "beta" else np.asarray(output[key]).T
        if (
            "test_labels" in given
            and "test_theta" not in given
            and output.get("test-topic-document-matrix") is not None
        ):
            given["test_theta"] = np.asarray(output["test-topic-document-matrix"]).T
    if "topics" in given:
        given["topics"] = topic_lists(given["topics"])
        checked_topics(given["topics"], 1)
        if "beta" in given and np.ndim(given["beta"]) == 2 and len(given["beta"]) != len(given["topics"]):
            raise InputError(f"There are {len(given['topics'])} topics and {len(given['beta'])} rows of beta.")
    if "reference" in given:
        reference = given["reference"]
        given["reference"] = reference = reference if isinstance(reference, Reference) else Reference(reference)
        given.setdefault("vectors", reference)
        if "beta" in given and np.shape(given["beta"])[-1:] == (reference.corpus.n_words,):
            given.setdefault("vocabulary", reference.corpus.vocabulary)
    return given


def _possible(measure: Measure, given: dict[str, Any]) -> bool:
    if any(need not in given for need in measure.needs):
        return False
    if measure.order and not given["reference"].corpus.has_order:
        return False
    if measure.function in (coherence, embedding_coherence, word_intrusion) and min(map(len, given["topics"])) < 2:
        return False
    several = len(given["topics"] if "topics" in given else given.get("beta", ()))
    return several > 1 or not measure.pairs
