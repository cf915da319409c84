"""Scores of one fit on its corpus."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.measures import FIT_MEASURES, OWN
from topicml.experiment.process import Fit
from topicml.metrics import evaluate


def scored(fit: Fit, corpus: Corpus, measures: Iterable[str], topn: int) -> dict[str, dict[str, Any]]:
    """Measure a fit.

    Returns
    -------
    scores : dict
        A measure's name to its ``mean``, ``per_topic`` and protocol, JSON-able. Where the corpus or the model lacks
        what a measure needs, or its input is not fit (theta with NaN, say), ``mean`` is None and ``left_out`` says why.
    """
    measures = list(measures)
    inputs = {"topics": fit.topics, "reference": corpus, "theta": fit.theta, "beta": fit.beta, "labels": labels(corpus)}
    found = {name: reason for name in measures if (reason := _lacking(name, corpus, inputs))}
    possible = [name for name in measures if name not in found]
    scores = {name: {"mean": None, "left_out": reason} for name, reason in found.items()}
    for name, result in _evaluated(possible, topn, inputs).items():
        scores[name] = {"mean": None, "left_out": result} if isinstance(result, str) else result.to_dict()
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
    measure = FIT_MEASURES[name]
    if measure.order and not corpus.has_order:
        return "the corpus knows no word order"
    if "labels" in measure.needs and labels(corpus) is None:
        return 'the corpus has no labels (a field "label")'
    return None


def _lacking(name: str, corpus: Corpus, inputs: dict[str, Any]) -> str | None:
    absent = (f"the model gives no {need}" for need in FIT_MEASURES[name].needs if inputs.get(need, "") is None)
    return lacking(name, corpus) or next(absent, None)


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
