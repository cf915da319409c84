"""Scores of one fit on its corpus."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.measures import FIT_MEASURES, OWN
from topicml.experiment.process import Fit
from topicml.integrations.fitted_topics import Fitted
from topicml.metrics import evaluate
from topicml.metrics.result import Score
from topicml.metrics.table import Measure


def scored(
    fit: Fit, corpus: Corpus, measures: Iterable[str], topn: int, own: Mapping[str, Measure] | None = None
) -> dict[str, dict[str, Any]]:
    """Measure a fit.

    Parameters
    ----------
    measures : iterable of str
        Names in `FIT_MEASURES` or `own`.
    own : mapping, optional
        Further measures (`Experiment.own_measures`); their scores hold ``higher_is_better``, too.

    Returns
    -------
    scores : dict
        A measure's name to its ``mean``, ``per_topic`` and protocol, JSON-able. Where the corpus or the model lacks
        what a measure needs, or its input is not fit (theta with NaN, say), ``mean`` is None and ``left_out`` says why.
    """
    measures, own = list(measures), own or {}
    inputs = {"topics": fit.topics, "reference": corpus, "theta": fit.theta, "beta": fit.beta, "labels": labels(corpus)}
    table = {**FIT_MEASURES, **own}
    found = {name: reason for name in measures if (reason := _lacking(table[name], corpus, inputs))}
    possible = [name for name in measures if name not in found]
    scores: dict[str, dict[str, Any]] = {name: {"mean": None, "left_out": reason} for name, reason in found.items()}
    results = _evaluated([name for name in possible if name not in own], topn, inputs)
    inputs["output"] = Fitted(fit.topics, fit.beta, fit.theta).output()
    results |= {name: _own_score(name, own[name], inputs) for name in possible if name in own}
    for name, result in results.items():
        scores[name] = {"mean": None, "left_out": result} if isinstance(result, str) else result.to_dict()
    for name in own:
        if name in scores:
            scores[name]["higher_is_better"] = own[name].higher_is_better
    return {name: scores[name] for name in measures}


def scoring_of(corpus: Corpus, topn: int) -> dict[str, Any]:
    """What decides scores beside the run itself: words a topic, and the labels."""
    values = labels(corpus)
    told = None if values is None else hashlib.sha256(json.dumps([str(v) for v in values]).encode()).hexdigest()[:20]
    return {"topn": topn, "labels": told}


def labels(corpus: Corpus) -> np.ndarray | None:
    """The field "label", where there is one."""
    return corpus.fields.get("label")


def lacking(name: str, corpus: Corpus) -> str | None:
    """What the corpus lacks for a measure of one fit, in words; None if it has all."""
    return _corpus_lacks(FIT_MEASURES[name], corpus)


def _corpus_lacks(measure: Measure, corpus: Corpus) -> str | None:
    if measure.order and not corpus.has_order:
        return "the corpus knows no word order"
    if "labels" in measure.needs and labels(corpus) is None:
        return 'the corpus has no labels (a field "label")'
    return None


def _lacking(measure: Measure, corpus: Corpus, inputs: dict[str, Any]) -> str | None:
    absent = (f"the model gives no {need}" for need in measure.needs if inputs.get(need, "") is None)
    return _corpus_lacks(measure, corpus) or next(absent, None)


def _own_score(name: str, measure: Measure, inputs: dict[str, Any]) -> Score | str:
    """The score, or what went wrong: a function of another's may raise anything, and the fit is finished."""
    try:
        result = measure(*(inputs[need] for need in measure.needs))
        found = result if isinstance(result, Score) else Score(name, float(result))
    except InputError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return found if np.isfinite(found.mean) else f"the measure gave {found.mean}"


def _evaluated(measures: list[str], topn: int, inputs: dict[str, Any]) -> dict[str, Any]:
    """Scores, or messages; all in one call, and one by one only where that fails."""
    if not measures:
        return {}
    try:
        own = {name: OWN[name](*(inputs[need] for need in OWN[name].needs)) for name in measures if name in OWN}
        others = [name for name in measures if name not in OWN]
        return {**own, **(evaluate(others, topn=topn, **inputs) if others else {})}
    except InputError as error:
        if len(measures) == 1:
            return {measures[0]: str(error)}
    return {name: value for each in measures for name, value in _evaluated([each], topn, inputs).items()}
