"""Scores of the outcome of a run."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.measures import ADDED, FIT_MEASURES, HELD_OUT_MEASURES, TRAINING_SUFFIX
from topicml.experiment.outcome import Outcome
from topicml.experiment.parts import CorpusParts
from topicml.integrations.fitted_topics import Fitted
from topicml.metrics import evaluate, unigram_perplexity
from topicml.metrics.result import Score
from topicml.metrics.table import Measure, known_words


def compute_scores(
    outcome: Outcome,
    corpus: Corpus,
    measures: Iterable[str],
    topn: int,
    own: Mapping[str, Measure] | None = None,
    *,
    train: Corpus | None = None,
) -> dict[str, dict[str, Any]]:
    """Compute measures of an outcome.

    Parameters
    ----------
    outcome : Outcome
        Topics, theta and beta.
    corpus : Corpus
        The documents of theta: reference of coherence, and source of the labels.
    measures : iterable of str
        Names in `FIT_MEASURES` or `own`; with `train`, also in `HELD_OUT_MEASURES`, and names that end in ``_train``,
        for the value on the training documents.
    topn : int
        Words per topic for measures whose default is ten.
    own : mapping, optional
        Further measures (`Experiment.own_measures`); their scores include ``higher_is_better``.
    train : Corpus, optional
        The documents of the fit, if `corpus` are held-out documents.

    Returns
    -------
    dict
        Name of a measure to its ``mean``, ``per_topic`` and protocol, as JSON-able values. If the corpus or the model
        lacks an input of the measure, or an input is invalid (theta with NaN, say), ``mean`` is None and ``left_out``
        is the reason.
    """
    measures, own = list(measures), own or {}
    inputs = {
        "topics": outcome.topics,
        "reference": corpus,
        "theta": outcome.theta,
        "beta": outcome.beta,
        "labels": labels(corpus),
        "starting_topics": outcome.starting_topics,
    }
    if train is None:
        return _scored(outcome, corpus, measures, topn, own, inputs)
    on_train = [name for name in measures if name not in own and name.endswith(TRAINING_SUFFIX)]
    on_halves = [name for name in measures if name in HELD_OUT_MEASURES]
    others = [name for name in measures if name not in {*on_train, *on_halves}]
    scores = _scored(outcome, corpus, others, topn, own, inputs)
    training_inputs = {**inputs, "reference": train, "theta": outcome.training_theta, "labels": labels(train)}
    names = [name.removesuffix(TRAINING_SUFFIX) for name in on_train]
    for name, score in _scored(outcome, train, names, topn, {}, training_inputs).items():
        scores[name + TRAINING_SUFFIX] = score
    for name in on_halves:
        scores[name] = _predictive(name, outcome, corpus, train)
    return {name: scores[name] for name in measures}


def _predictive(name: str, outcome: Outcome, corpus: Corpus, train: Corpus) -> dict[str, Any]:
    """The score of a measure in `HELD_OUT_MEASURES`."""
    if name == "unigram_perplexity":
        try:
            return unigram_perplexity(train, corpus).to_dict()
        except InputError as error:
            return {"mean": None, "left_out": str(error)}
    value = outcome.values.get(name)
    if value is None or not np.isfinite(value):
        return {"mean": None, "left_out": "the model gives no likelihood of held-out words"}
    return {"measure": name, "mean": value, "per_topic": None, "method": "document completion", "seed": 0}


def _scored(
    outcome: Outcome,
    corpus: Corpus,
    measures: list[str],
    topn: int,
    own: Mapping[str, Measure],
    inputs: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """Scores on one set of documents, which are the reference and those of theta in `inputs`."""
    table = {**FIT_MEASURES, **own}
    left_out = {name: reason for name in measures if (reason := _missing_input(table[name], corpus, inputs))}
    possible = [name for name in measures if name not in left_out]
    scores: dict[str, dict[str, Any]] = {name: {"mean": None, "left_out": why} for name, why in left_out.items()}
    results = _evaluate([name for name in possible if name not in own], topn, inputs)
    inputs = dict(inputs)
    inputs["output"] = Fitted(outcome.topics, outcome.beta, outcome.theta).output()
    results |= {name: _own_score(name, own[name], inputs) for name in possible if name in own}
    for name, result in results.items():
        scores[name] = {"mean": None, "left_out": result} if isinstance(result, str) else result.to_dict()
    for name in own:
        if name in scores:
            scores[name]["higher_is_better"] = own[name].higher_is_better
    return {name: scores[name] for name in measures}


def scoring_of(parts: CorpusParts, topn: int) -> dict[str, Any]:
    """Describe what the scores of an outcome depend on: words per topic, and the labels.

    Parameters
    ----------
    parts : CorpusParts
        The documents to fit and to judge on.
    topn : int
        Words per topic.

    Returns
    -------
    dict
        ``topn``, and a digest of the ``labels`` (None without labels) of the documents to judge on; if these are held
        out, also of the ``training_labels``.
    """
    scoring = {"topn": topn, "labels": _digest_of_labels(parts.judged)}
    return scoring if parts.held_out is None else scoring | {"training_labels": _digest_of_labels(parts.train)}


def _digest_of_labels(corpus: Corpus) -> str | None:
    values = labels(corpus)
    return None if values is None else hashlib.sha256(json.dumps([str(v) for v in values]).encode()).hexdigest()[:20]


def labels(corpus: Corpus) -> np.ndarray | None:
    """The labels of a corpus: its column of labels, or else its field "label"; None if it has neither."""
    return corpus.fields.labels


def missing_input(name: str, corpus: Corpus) -> str | None:
    """Describe what a corpus lacks for a measure of one fit.

    Parameters
    ----------
    name : str
        A name in `FIT_MEASURES`.
    corpus : Corpus
        The reference.

    Returns
    -------
    str or None
        None if the corpus has all that the measure needs.
    """
    return _missing_in_corpus(FIT_MEASURES[name], corpus)


def _missing_in_corpus(measure: Measure, corpus: Corpus) -> str | None:
    if measure.order and not corpus.has_order:
        return "the corpus has no word order"
    if "labels" in measure.needs and labels(corpus) is None:
        return 'the corpus has no labels (label_column=…, or a field "label")'
    return None


def _missing_input(measure: Measure, corpus: Corpus, inputs: dict[str, Any]) -> str | None:
    absent = (f"the model has no {need.replace('_', ' ')}" for need in measure.needs if inputs.get(need, "") is None)
    return _missing_in_corpus(measure, corpus) or next(absent, None)


def _own_score(name: str, measure: Measure, inputs: dict[str, Any]) -> Score | str:
    """The score, or an error message: a user's function may raise anything, and must not lose a finished fit."""
    try:
        result = measure(*(inputs[need] for need in measure.needs))
        score = result if isinstance(result, Score) else Score(name, float(result))
    except InputError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return score if np.isfinite(score.mean) else f"the measure returned {score.mean}"


def _evaluate(measures: list[str], topn: int, inputs: dict[str, Any]) -> dict[str, Any]:
    """Scores or error messages: all measures in one call, and one by one only if that fails."""
    if not measures:
        return {}
    try:
        known = known_words(inputs["reference"], inputs["theta"])
        added = {
            name: ADDED[name](*(inputs[need] for need in ADDED[name].needs), **known)
            for name in measures
            if name in ADDED
        }
        others = [name for name in measures if name not in ADDED]
        return {**added, **(evaluate(others, topn=topn, **inputs) if others else {})}
    except InputError as error:
        if len(measures) == 1:
            return {measures[0]: str(error)}
    return {name: value for each in measures for name, value in _evaluate([each], topn, inputs).items()}
