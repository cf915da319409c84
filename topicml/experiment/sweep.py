"""Choose the number of topics: many numbers, several seeds, intervals, and a range that does about as well as the best.

Three measures decide unless others are named: coherence and diversity, which say whether the topics that were found
are good, and coverage_tokens, the share of the text that their words make up. Coherence and diversity alone favour too
few topics: four of ten subjects, found well, score as high as all ten or higher. Coverage grows while new topics bring
new subjects; past that, diversity and coherence fall faster than it grows. On the synthetic corpora that this was tried
on (five to ten topics, LDA's story and short texts) the mean of the three is highest at the number of topics that they
were drawn from, or next to it; the mean of the two was highest at fewer on most of them.

Recommended are the numbers around the best within one standard error of its mean (Breiman et al.), or within a tenth
of the sweep's standard deviation where that is more: the error over seeds tells nothing of what other documents would
give, and is next to nothing where all seeds start from the same estimate.

References
----------
Breiman, Friedman, Olshen & Stone, Classification and Regression Trees, 1984, section 3.4.3: the rule of one
standard error.
"""

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.experiment.grid import CorpusEntry, Experiment, ModelEntry
from topicml.experiment.records import Records
from topicml.experiment.results import COSTS, Results
from topicml.experiment.runner import run_experiment
from topicml.experiment.scoring import lacking
from topicml.experiment.statistics import Summary, summary
from topicml.experiment.tables import NOTHING, Cell, Table
from topicml.metrics import stability

LEAST_MARGIN = 0.1  # in standard deviations of a sweep: closer numbers of topics are not told apart


@dataclass(frozen=True)
class Sweep:
    """What a sweep over numbers of topics found.

    Attributes
    ----------
    results : Results
        All runs.
    by : tuple of str
        The measures that decide.
    scores : dict
        A number of topics to the summary, over seeds, of the mean of those measures; each is standardised over all
        runs of the sweep and counts in the direction that is better.
    stability : dict
        A number of topics to how well the seeds agree (matched rank-biased overlap); empty for one seed.
    best : int
        The number of topics with the highest mean.
    recommended : tuple of int
        First and last of the numbers around `best` whose mean is within one standard error of the best's, or within
        0.1 where that is more.
    """

    results: Results
    by: tuple[str, ...]
    scores: Mapping[int, Summary]
    stability: Mapping[int, float]
    best: int
    recommended: tuple[int, int]


def sweep(
    corpus: Corpus,
    topics: Sequence[int],
    *,
    folder: str | os.PathLike[str],
    model: str = "ProdLDA",
    parameters: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 5,
    by: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    **options: Any,
) -> Sweep:
    """Fit with each number of topics and seed, and recommend a range.

    Parameters
    ----------
    folder : path
        Finished runs; a sweep that was stopped goes on from there.
    by : sequence of str, optional
        Measures that decide. By default coherence (c_npmi; npmi_doc where there is no word order), topic_diversity and
        coverage_tokens.
    measures : sequence of str, optional
        Further measures to take.
    **options
        As `run_experiment` takes them: jobs, threads, timeout, ...

    Raises
    ------
    InputError
        If an argument is not fit, or a number of topics has no run that did not fail.

    Warns
    -----
    TopicWarning
        If the best number is the first or last that was tried.
    """
    chosen = tuple(by or ("c_npmi" if corpus.has_order else "npmi_doc", "topic_diversity", "coverage_tokens"))
    experiment = Experiment(
        corpora=[CorpusEntry("corpus", corpus)],
        models=[ModelEntry(model, model=model, parameters=dict(parameters or {}))],
        topics=sorted(topics),
        seeds=range(seeds) if isinstance(seeds, int) else list(seeds),
        measures=list(dict.fromkeys([*chosen, *(measures or ())])),
    )
    for name in chosen:
        if reason := lacking(name, corpus):
            raise InputError(f"{name} cannot decide: {reason}. Choose others with by=[...] (--by).")
    results = run_experiment(experiment, folder, **options)
    scores = standardised(results, chosen)
    unknown = [k for k in experiment.topics if k not in scores]
    if unknown:
        said = f" One failed with: {results.failures[0]['error']}" if results.failures else ""
        raise InputError(f"No run with K = {unknown[0]} gave {' and '.join(chosen)}.{said}")
    best, recommended = recommended_range(scores)
    if len(scores) > 1 and best in (min(scores), max(scores)):
        warnings.warn(
            f"The best number of topics, {best}, is at the end of those tried: try some beyond it.",
            TopicWarning,
            stacklevel=2,
        )
    return Sweep(results, chosen, scores, _stabilities(experiment, corpus, folder), best, recommended)


def sweep_table(found: Sweep) -> Table:
    """What a sweep found, a row a number of topics; the recommended ones are strong."""
    measures = [measure for measure in found.results.measures if measure not in COSTS]
    head = ("topics", "score", "95 % interval", "stability", *(_directed(found.results, each) for each in measures))
    first, last = found.recommended
    rows = []
    for n_topics, score in found.scores.items():
        interval = f"[{score.low:.3f}, {score.high:.3f}]" if score.n > 1 else NOTHING
        agree = f"{found.stability[n_topics]:.3f}" if n_topics in found.stability else NOTHING
        cells = [_of(found.results, each, n_topics) for each in measures]
        row = [f"{n_topics}", f"{score.mean:+.3f}", interval, agree, *cells]
        rows.append(tuple(Cell(text, i == 0 and first <= n_topics <= last) for i, text in enumerate(row)))
    note = (
        f"score: the mean of {', '.join(found.by)}, each standardised over the runs of the sweep; stability: how "
        "far the seeds find the same topics; means ± standard deviation over seeds; bold: recommended"
    )
    return Table("Numbers of topics", head, tuple(rows), note)


def _of(results: Results, measure: str, n_topics: int) -> str:
    values = [value for of in results.values(measure, n_topics=n_topics).values() for value in of.values()]
    if not values:
        return NOTHING
    told = summary(values)
    return f"{told.mean:.3f}" + (f" ± {told.std:.3f}" if told.n > 1 else "")


def _directed(results: Results, measure: str) -> str:
    return f"{measure} {'↑' if results.higher_is_better(measure) else '↓'}"


def standardised(results: Results, by: Sequence[str]) -> dict[int, Summary]:
    """Mean of the standardised measures of each run, summarised over the seeds of each number of topics."""
    columns = []
    for measure in by:
        if measure not in results.measures:
            raise InputError(f"{measure} was measured of no run, so it cannot decide. Choose others with by=[...].")
        (values,) = results.values(measure).values()
        columns.append((values, 1 if results.higher_is_better(measure) else -1))
    shared = [block for block in columns[0][0] if all(block in values for values, _ in columns)]
    if not shared:
        return {}
    array = np.array([[sign * values[block] for values, sign in columns] for block in shared])
    spread = array.std(axis=0)
    scores = ((array - array.mean(axis=0)) / np.where(spread > 0, spread, 1)).mean(axis=1)
    sizes = np.array([n_topics for _, n_topics, _ in shared])
    return {int(k): summary(scores[sizes == k]) for k in np.unique(sizes)}


def recommended_range(scores: Mapping[int, Summary]) -> tuple[int, tuple[int, int]]:
    """The best number of topics, and the range around it that is not told apart from it."""
    sizes = sorted(scores)
    best = max(sizes, key=lambda k: (scores[k].mean, -k))
    error = scores[best].std / math.sqrt(scores[best].n)
    bound = scores[best].mean - max(error if math.isfinite(error) else 0.0, LEAST_MARGIN)
    first = last = sizes.index(best)
    while first > 0 and scores[sizes[first - 1]].mean >= bound:
        first -= 1
    while last + 1 < len(sizes) and scores[sizes[last + 1]].mean >= bound:
        last += 1
    return best, (sizes[first], sizes[last])


def _stabilities(experiment: Experiment, corpus: Corpus, folder: str | os.PathLike[str]) -> dict[int, float]:
    records = Records(folder)
    topics: dict[int, list] = {}
    for run in experiment.runs():
        record = records.read(run.id(corpus.fingerprint)) or {}
        if "topics" in record:
            topics.setdefault(run.n_topics, []).append(record["topics"])
    return {
        k: float(stability(each, min(experiment.topn, *(len(words) for run in each for words in run))))
        for k, each in topics.items()
        if len(each) > 1
    }
