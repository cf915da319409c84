"""Choose the number of topics: fit many numbers with several seeds, and recommend a range.

By default three measures decide: coherence and diversity, which measure the quality of the topics, and coverage_tokens,
the share of the text that the words of the topics make up. Coherence and diversity alone favour too few topics: a model
with four of ten subjects scores as high as one with all ten, or higher. Coverage grows while new topics add new
subjects; beyond that, diversity and coherence fall faster than coverage grows. On synthetic corpora of five to ten
topics (drawn from LDA, and short texts) the mean of the three was highest at the true number of topics or next to it;
the mean of coherence and diversity was highest at a smaller number on most of them.

The recommended range is the numbers around the best whose mean is within one standard error of the best mean (Breiman
et al.), or within a tenth of the standard deviation of the sweep if that is more. The lower limit of the margin is
needed because the error over seeds does not include the variation over documents, and nearly vanishes if all seeds
start from the same estimate.

References
----------
Breiman, Friedman, Olshen & Stone, Classification and Regression Trees, 1984, section 3.4.3: the rule of one
standard error.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError, warn
from topicml.experiment.entries import CorpusEntry, ModelEntry
from topicml.experiment.grid import Experiment
from topicml.experiment.records import Records
from topicml.experiment.results import Results
from topicml.experiment.runner import run_experiment
from topicml.experiment.scoring import missing_input
from topicml.experiment.statistics import Summary, summary
from topicml.experiment.table import NOTHING, Cell, Table
from topicml.experiment.tables import with_direction
from topicml.experiment.values import COSTS
from topicml.metrics import stability

LEAST_MARGIN = 0.1
"""Smallest margin of the recommended range, in standard deviations of the sweep."""


@dataclass(frozen=True)
class Sweep:
    """The result of a sweep over numbers of topics.

    Parameters
    ----------
    results : Results
        All runs.
    by : tuple of str
        The measures that decide.
    scores : dict
        Number of topics to the summary, over seeds, of the mean of those measures; each measure is standardised over
        all runs of the sweep, with a sign such that higher is better.
    stability : dict
        Number of topics to the agreement of the seeds (matched rank-biased overlap); empty for one seed.
    best : int
        The number of topics with the highest mean score.
    recommended : tuple of int
        First and last number of topics around `best` whose mean score is within one standard error of the best one, or
        within 0.1 if that is more.
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
    """Fit each number of topics with each seed, and recommend a range.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    topics : sequence of int
        Numbers of topics to try.
    folder : path
        Folder of finished runs; a sweep that was stopped continues from there.
    model : str
        A model of topicml, by name.
    parameters : mapping, optional
        Hyper-parameters of the model.
    seeds : int or sequence of int
        Number of seeds, or the seeds.
    by : sequence of str, optional
        Measures that decide. By default coherence (c_npmi, or npmi_doc for a corpus without word order),
        topic_diversity and coverage_tokens.
    measures : sequence of str, optional
        Further measures to compute.
    **options
        Options of `run_experiment`: jobs, threads, timeout, ...

    Returns
    -------
    Sweep
        Scores, stability, the best number of topics and the recommended range.

    Raises
    ------
    InputError
        If an argument is invalid, all runs with some number of topics failed, or runs of several versions were kept.

    Warns
    -----
    TopicWarning
        If the best number is the smallest or largest of `topics`.
    """
    score_measures = tuple(by or ("c_npmi" if corpus.has_order else "npmi_doc", "topic_diversity", "coverage_tokens"))
    experiment = Experiment(
        corpora=[CorpusEntry("corpus", corpus)],
        models=[ModelEntry(model, model=model, parameters=dict(parameters or {}))],
        topics=sorted(topics),
        seeds=range(seeds) if isinstance(seeds, int) else list(seeds),
        measures=list(dict.fromkeys([*score_measures, *(measures or ())])),
    )
    for name in score_measures:
        if reason := missing_input(name, corpus):
            raise InputError(f"{name} cannot decide: {reason}. Choose others with by=[...] (--by).")
    results = run_experiment(experiment, folder, **options)
    if len(results.systems) > 1:
        raise InputError(
            f"The runs in {folder} are from several versions ({', '.join(results.systems)}), and scores cannot be "
            "standardised over them. Run the sweep without keep_other_versions."
        )
    scores = standardised(results, score_measures)
    unscored = [k for k in experiment.topics if k not in scores]
    if unscored:
        example = f" The error of a failed run: {results.failures[0]['error']}" if results.failures else ""
        raise InputError(f"No run with K = {unscored[0]} has {' and '.join(score_measures)}.{example}")
    best, recommended = recommended_range(scores)
    if len(scores) > 1 and best in (min(scores), max(scores)):
        warn(f"The best number of topics, {best}, is at the end of the range: try numbers beyond it.")
    return Sweep(results, score_measures, scores, _stabilities(results, experiment.topn, folder), best, recommended)


def sweep_table(swept: Sweep) -> Table:
    """The table of a sweep: a row per number of topics; recommended numbers are bold."""
    measures = [measure for measure in swept.results.measures if measure not in COSTS]
    head = (
        "topics",
        "score",
        "95 % interval",
        "stability",
        *(with_direction(each, swept.results) for each in measures),
    )
    first, last = swept.recommended
    rows = []
    for n_topics, score in swept.scores.items():
        interval = f"[{score.low:.3f}, {score.high:.3f}]" if score.n > 1 else NOTHING
        agreement = f"{swept.stability[n_topics]:.3f}" if n_topics in swept.stability else NOTHING
        means = [_mean_of(swept.results, each, n_topics) for each in measures]
        row = [f"{n_topics}", f"{score.mean:+.3f}", interval, agreement, *means]
        rows.append(tuple(Cell(text, i == 0 and first <= n_topics <= last) for i, text in enumerate(row)))
    note = (
        f"score: mean of {', '.join(swept.by)}, each standardised over the runs of the sweep; stability: agreement of "
        "the topics of different seeds; means ± standard deviation over seeds; bold: recommended"
    )
    return Table("Numbers of topics", head, tuple(rows), note)


def _mean_of(results: Results, measure: str, n_topics: int) -> str:
    by_system = results.values(measure, n_topics=n_topics)
    values = [value for by_block in by_system.values() for value in by_block.values()]
    if not values:
        return NOTHING
    over_seeds = summary(values)
    return f"{over_seeds.mean:.3f}" + (f" ± {over_seeds.std:.3f}" if over_seeds.n > 1 else "")


def standardised(results: Results, by: Sequence[str]) -> dict[int, Summary]:
    """Scores of the runs of one system: the mean of its measures, each standardised over all runs.

    Parameters
    ----------
    results : Results
        Runs of one system on one corpus.
    by : sequence of str
        The measures.

    Returns
    -------
    dict
        Number of topics to the summary of the scores over seeds.

    Raises
    ------
    InputError
        If no run has one of the measures.
    """
    columns = []
    for measure in by:
        if measure not in results.measures:
            raise InputError(f"{measure} cannot decide: no run has a value of it. Choose other measures with by=[...].")
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
    """The best number of topics, and the range of numbers around it that are about as good.

    Parameters
    ----------
    scores : mapping of int to Summary
        Number of topics to the summary of its scores.

    Returns
    -------
    best : int
        The number with the highest mean; the smallest of equal ones.
    range : tuple of int
        First and last number of the range (see the module).
    """
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


def _stabilities(results: Results, topn: int, folder: str | os.PathLike[str]) -> dict[int, float]:
    """Number of topics to the agreement of the topics of its runs."""
    records = Records(folder)
    topics: dict[int, list] = {}
    for run in dict.fromkeys(row["run"] for row in results.rows if row["error"] is None):
        if (record := records.read(run)) is not None:
            topics.setdefault(record["n_topics"], []).append(record["topics"])
    return {
        k: float(stability(each, min(topn, *(len(words) for run in each for words in run))))
        for k, each in topics.items()
        if len(each) > 1
    }
