"""Choose the number of topics by fits: fit several numbers to random parts of the documents, and recommend a range.

`topicml.experiment.how_many` estimates the range without training, in seconds. A sweep checks it with trained models:
for each number of topics K, it fits the model to several random samples of the documents (60 % of them), and computes,
on a scale that does not depend on which other K are tried:

- agreement: do the fits agree on the first words of the topics and on the topics of all documents, seen or not? As in
  `topicml.experiment.how_many`. Fits with several seeds on the same documents would agree whatever the topics are,
  because all start from the same estimate.
- held out: coherence, coverage, and perplexity of the documents outside the sample. A number whose models predict
  words no better than their frequencies do (the perplexity of the unigram model) is not recommended.
- with labels, the adjusted mutual information of topics and labels, which counts as much as the agreement.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError, warn
from topicml.experiment.entries import ModelEntry
from topicml.experiment.grid import Experiment
from topicml.experiment.how_many import NumberOfTopics, best_range, how_many
from topicml.experiment.measures import ELSEWHERE, FIT_MEASURES, HELD_OUT_MEASURES
from topicml.experiment.records import Records
from topicml.experiment.results import Results
from topicml.experiment.runner import run_experiment
from topicml.experiment.samples import sample_agreements, sample_entries, unhelpful_numbers, values_by_sample
from topicml.experiment.scoring import missing_input
from topicml.experiment.statistics import Summary, summary
from topicml.experiment.table import NOTHING, Cell, Table
from topicml.experiment.tables import with_direction
from topicml.experiment.values import COSTS

if TYPE_CHECKING:
    from topicml.models import TopicModel

AGREEMENT = "agreement"
MOST_NUMBERS = 5
"""Numbers of topics that a sweep fits of an estimated range."""

UNBOUNDED = ("u_mass", "c_uci", "kl_divergence", "log_odds_ratio", "kl_uniform", "kl_vacuous", "kl_background")
"""Measures without a fixed scale: their mean with another measure would depend on the numbers that are tried."""


@dataclass(frozen=True)
class Sweep:
    """The result of a sweep over numbers of topics.

    Parameters
    ----------
    results : Results
        All runs. ``corpus`` is the sample of documents: "sample 0", "sample 1", ...
    by : tuple of str
        The measures that decide; "agreement" is that of the samples.
    scores : dict
        Number of topics to the summary, over samples, of the mean of those measures. Measures of which lower is better
        count with a minus sign.
    stability : dict
        Number of topics to the agreement of the samples; empty for one sample.
    best : int
        The number of topics with the highest mean score.
    recommended : tuple of int
        First and last number of topics around `best` that are about as good (`topicml.experiment.how_many.best_range`).
    estimate : NumberOfTopics or None
        The estimate that the numbers were taken from, if none were given.
    unhelpful : tuple of int
        Numbers whose models predict held-out words no better than word frequencies do.
    model : TopicModel or None
        The model with the best number of topics, fitted to all documents.
    """

    results: Results
    by: tuple[str, ...]
    scores: Mapping[int, Summary]
    stability: Mapping[int, float]
    best: int
    recommended: tuple[int, int]
    estimate: NumberOfTopics | None = None
    unhelpful: tuple[int, ...] = ()
    model: "TopicModel | None" = field(default=None, repr=False)


def sweep(
    corpus: Corpus,
    topics: Sequence[int] | None = None,
    *,
    folder: str | os.PathLike[str],
    model: str = "ProdLDA",
    parameters: Mapping[str, Any] | None = None,
    seeds: int | Sequence[int] = 3,
    by: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    keep_model: bool = True,
    on_plan: Callable[[Sequence[int], int, NumberOfTopics | None], None] | None = None,
    **options: Any,
) -> Sweep:
    """Fit each number of topics to several samples of the documents, and recommend a range.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    topics : sequence of int, optional
        Numbers of topics to try; by default up to five from the range that `how_many` estimates, and next to it.
    folder : path
        Folder of finished runs; a sweep that was stopped continues from there.
    model : str
        A model of topicml, by name.
    parameters : mapping, optional
        Hyper-parameters of the model.
    seeds : int or sequence of int
        Number of samples of the documents, or their seeds. Each number of topics is fitted once to each sample.
    by : sequence of str, optional
        Measures that decide. By default ``agreement``, and with labels (the field "label") also ``ami``. One measure
        may be any; the mean of several needs measures of a fixed scale.
    measures : sequence of str, optional
        Further measures to compute, on the documents outside the sample.
    keep_model : bool
        Whether to fit the best number of topics to all documents at the end, for `Sweep.model`.
    on_plan : function, optional
        Called before the first fit with the numbers of topics, the number of fits, and the estimate or None.
    **options
        Options of `run_experiment`: jobs, threads, timeout, ...

    Returns
    -------
    Sweep
        Scores, stability, the best number of topics, the recommended range, and the best model.

    Raises
    ------
    InputError
        If an argument is invalid, all runs with some number of topics failed, or runs of several versions were kept.

    Warns
    -----
    TopicWarning
        If the best number is the smallest or largest of `topics`, or a number predicts no better than frequencies.
    """
    labels = corpus.fields.labels if not missing_input("ami", corpus) else None
    deciding = tuple(by or ((AGREEMENT,) if labels is None else (AGREEMENT, "ami")))
    sample_seeds = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    _check_deciding(deciding, corpus, len(sample_seeds))
    estimate = None
    if topics is None:
        estimate = how_many(corpus, labels=labels)
        topics = numbers_around(estimate)
    numbers = sorted(topics)
    experiment = Experiment(
        corpora=sample_entries(corpus, sample_seeds),
        models=[ModelEntry(model, model=model, parameters=dict(parameters or {}))],
        topics=numbers,
        seeds=[0],
        measures=list(dict.fromkeys([*(set(deciding) - {AGREEMENT}), *_usual(corpus), *(measures or ())])),
    )
    if on_plan is not None:
        on_plan(numbers, len(numbers) * len(sample_seeds), estimate)
    results = run_experiment(experiment, folder, **options)
    if len(results.systems) > 1:
        raise InputError(
            f"The runs in {folder} are from several versions ({', '.join(results.systems)}), and scores cannot be "
            "compared over them. Run the sweep without keep_other_versions."
        )
    agreement = sample_agreements(results, Records(folder), corpus, sample_seeds)
    scores = _scores(results, deciding, agreement)
    unscored = [k for k in experiment.topics if k not in scores]
    if unscored:
        example = f" The error of a failed run: {results.failures[0]['error']}" if results.failures else ""
        raise InputError(f"No run with K = {unscored[0]} has {' and '.join(deciding)}.{example}")
    unhelpful = unhelpful_numbers(results, experiment.topics)
    useful = {k: each for k, each in scores.items() if k not in unhelpful} or scores
    best, recommended = best_range(useful)
    _warn(scores, best, unhelpful)
    stability = {k: float(np.mean(list(each.values()))) for k, each in agreement.items()}
    kept = _fit(model, parameters, best, corpus) if keep_model else None
    return Sweep(results, deciding, scores, stability, best, recommended, estimate, unhelpful, kept)


def numbers_around(estimate: NumberOfTopics) -> list[int]:
    """The numbers of an estimate to fit: its best, the ends of its range, and the next number beyond each end.

    Parameters
    ----------
    estimate : NumberOfTopics
        As `how_many` returns it.

    Returns
    -------
    list of int
        Ascending; at most five.
    """
    tried = sorted(estimate.scores)
    first, last = estimate.recommended
    below = [k for k in tried if k < first][-1:]
    above = [k for k in tried if k > last][:1]
    return sorted({*below, first, estimate.best, last, *above})[:MOST_NUMBERS]


def sweep_table(swept: Sweep) -> Table:
    """The table of a sweep: a row per number of topics; recommended numbers are bold."""
    measures = [measure for measure in swept.results.measures if measure not in COSTS]
    head = (
        "topics",
        "score",
        "95 % interval",
        "agreement",
        *(with_direction(each, swept.results) for each in measures),
    )
    first, last = swept.recommended
    rows = []
    for n_topics, score in swept.scores.items():
        interval = f"[{score.low:.3f}, {score.high:.3f}]" if score.n > 1 else NOTHING
        agreement = f"{swept.stability[n_topics]:.3f}" if n_topics in swept.stability else NOTHING
        means = [_mean_of(swept.results, each, n_topics) for each in measures]
        row = [f"{n_topics}", f"{score.mean:.3f}", interval, agreement, *means]
        rows.append(tuple(Cell(text, i == 0 and first <= n_topics <= last) for i, text in enumerate(row)))
    note = (
        f"score: mean of {', '.join(swept.by)}; agreement: of the topics of models that were fitted to different "
        "samples of the documents; other measures: on the documents outside the sample, mean ± standard deviation over "
        "samples; bold: recommended"
    )
    return Table("Numbers of topics", head, tuple(rows), note)


def _mean_of(results: Results, measure: str, n_topics: int) -> str:
    values = values_by_sample(results, measure, n_topics)
    if not values:
        return NOTHING
    over_samples = summary(list(values.values()))
    return f"{over_samples.mean:.3f}" + (f" ± {over_samples.std:.3f}" if over_samples.n > 1 else "")


def _usual(corpus: Corpus) -> list[str]:
    """Measures that every sweep computes: held-out coherence, coverage, and perplexity with its bound."""
    names = ["c_npmi" if corpus.has_order else "npmi_doc", "document_coverage", "topic_diversity"]
    return [*names, *HELD_OUT_MEASURES]


def _check_deciding(names: Sequence[str], corpus: Corpus, n_samples: int) -> None:
    known = [*FIT_MEASURES, *HELD_OUT_MEASURES, AGREEMENT]
    for name in names:
        if name == AGREEMENT:
            if n_samples < 2:
                raise InputError("agreement compares samples of the documents: pass seeds=2 or more (--seeds).")
            continue
        if name not in known:
            if name in ELSEWHERE:
                raise InputError(f"{name} is not a measure of a single fit: {ELSEWHERE[name]}.")
            continue  # the experiment refuses it, with the most similar names
        if reason := missing_input(name, corpus):
            raise InputError(f"{name} cannot decide: {reason}. Choose others with by=[...] (--by).")
    mixed = [name for name in names if name in (*UNBOUNDED, *HELD_OUT_MEASURES)]
    if len(names) > 1 and mixed:
        others = " and ".join(each for each in names if each != mixed[0])
        raise InputError(
            f"{mixed[0]} has no fixed scale, so its mean with {others} "
            "would depend on the numbers that are tried. Decide by it alone, or by the others."
        )


def _scores(results: Results, by: Sequence[str], agreement: Mapping[int, Mapping[str, float]]) -> dict[int, Summary]:
    """Number of topics to the summary, over samples, of the mean of the measures that decide."""
    scores = {}
    for n_topics in results.topics:
        columns = []
        for measure in by:
            if measure == AGREEMENT:
                columns.append(dict(agreement.get(n_topics, {})))
            else:
                sign = 1 if measure not in results.measures or results.higher_is_better(measure) else -1
                columns.append(
                    {sample: sign * value for sample, value in values_by_sample(results, measure, n_topics).items()}
                )
        samples = [sample for sample in columns[0] if all(sample in column for column in columns)]
        if samples:
            scores[n_topics] = summary([float(np.mean([each[sample] for each in columns])) for sample in samples])
    return scores


def _warn(scores: Mapping[int, Summary], best: int, unhelpful: Sequence[int]) -> None:
    if unhelpful:
        warn(
            f"With {', '.join(map(str, unhelpful))} topics, the model predicts words of unseen documents no better "
            "than their frequencies do: too few documents, or too few epochs."
        )
    if len(scores) > 1 and best in (min(scores), max(scores)):
        warn(f"The best number of topics, {best}, is at the end of the range: try numbers beyond it.")


def _fit(model: str, parameters: Mapping[str, Any] | None, n_topics: int, corpus: Corpus) -> "TopicModel":
    """Fit the best number of topics to all documents."""
    from topicml.experiment.worker import build_parameters
    from topicml.models.registry import model_class

    kind = model_class(model)
    fitted: TopicModel = kind(n_topics=n_topics, random_state=0, **build_parameters(parameters or {})).fit(corpus)
    return fitted
