"""Tables of results: means, paired tests, ranks, failures, machines and versions."""

import math
from collections.abc import Iterable
from itertools import combinations

import numpy as np

from topicml.checks import check_known
from topicml.experiment.statistics import Ranking, Summary, holm, paired, ranking, summary
from topicml.experiment.table import NOTHING, Cell, Table
from topicml.experiment.values import COSTS, ResultValues

DIGITS = {"fit_s": 1, "fit_cpu_s": 1, "peak_mb": 0}
"""Decimal places of costs; other measures have three."""


def summary_table(
    results: ResultValues, corpus: str, n_topics: int, measures: Iterable[str] | None = None, *, intervals: bool = False
) -> Table:
    """Means of every system on one corpus, over seeds.

    Parameters
    ----------
    results : Results
        The results.
    corpus : str
        Name of the corpus.
    n_topics : int
        Number of topics.
    measures : iterable of str, optional
        By default `Results.comparable_measures`.
    intervals : bool
        Whether to show the 95 % bootstrap interval of the mean instead of the standard deviation.

    Raises
    ------
    InputError
        If the results have no such measure.
    """
    table_measures = list(results.comparable_measures if measures is None else measures)
    columns = {measure: results.values(measure, corpus=corpus, n_topics=n_topics) for measure in table_measures}
    summaries = {
        measure: {system: summary(list(by_block.values())) for system, by_block in values.items()}
        for measure, values in columns.items()
        if values
    }
    best = {m: _best(by_system, results.higher_is_better(m)) for m, by_system in summaries.items()}
    rows = []
    for system in results.systems:
        if any(system in by_system for by_system in summaries.values()):
            cells = [
                _mean_cell(by_system.get(system), DIGITS.get(measure, 3), best[measure], intervals)
                for measure, by_system in summaries.items()
            ]
            rows.append((Cell(system), *cells))
    head = tuple(with_direction(measure, results) for measure in summaries)
    what = "mean and its 95 % bootstrap interval" if intervals else "mean ± standard deviation"
    return Table(f"{corpus}, K = {n_topics}", ("model", *head), tuple(rows), f"{what} over seeds; bold: best mean")


def overall_table(results: ResultValues, measures: Iterable[str] | None = None) -> Table:
    """Means of every system over corpora and numbers of topics, with 95 % bootstrap intervals.

    A corpus and number of topics counts once, with the mean over the seeds that all systems have. Blocks that a system
    lacks are left out for all systems, so that all means are of the same blocks. A system that lacks more than half of
    the blocks has no mean.

    Parameters
    ----------
    results : Results
        The results.
    measures : iterable of str, optional
        By default `Results.comparable_measures`.

    Raises
    ------
    InputError
        If the results have no such measure.
    """
    summaries: dict[str, dict[str, Summary]] = {}
    n_blocks: dict[str, int] = {}
    for measure in results.comparable_measures if measures is None else measures:
        blocks, systems, values = results.matrix(measure, over_seeds=True)
        if blocks:
            n_blocks[measure] = len(blocks)
            summaries[measure] = {system: summary(column) for system, column in zip(systems, values.T, strict=True)}
    best = {m: _best(by_system, results.higher_is_better(m)) for m, by_system in summaries.items()}
    rows = [
        (
            Cell(system),
            *(_mean_cell(each.get(system), DIGITS.get(m, 3), best[m], True) for m, each in summaries.items()),
        )
        for system in results.systems
    ]
    rows.append((Cell("corpora x K"), *(Cell(str(n_blocks[measure])) for measure in summaries)))
    head = tuple(with_direction(measure, results) for measure in summaries)
    note = (
        "mean over corpora and K of the means over seeds, and its 95 % bootstrap interval over these; bold: best mean"
    )
    return Table("All corpora and numbers of topics", ("model", *head), tuple(rows), note)


def paired_table(results: ResultValues, measure: str, baseline: str | None = None) -> Table:
    """Paired tests of systems, over corpora, numbers of topics and seeds.

    Both p-values are Holm-adjusted over the rows of the table.

    Parameters
    ----------
    results : Results
        The results.
    measure : str
        The measure to compare.
    baseline : str, optional
        The system to test the others against; by default all pairs of systems are tested.

    Raises
    ------
    InputError
        If the results have no such measure, or no such baseline.
    """
    values = results.values(measure)
    if baseline is not None:
        check_known(baseline, values, f"Of {measure} there is no baseline")
    pairs = [
        (a, b) if baseline in (None, b) else (b, a) for a, b in combinations(values, 2) if baseline in (None, a, b)
    ]
    tests = []
    for first, second in pairs:
        shared = [block for block in values[first] if block in values[second]]
        if len(shared) > 1:
            of_first, of_second = ([values[each][block] for block in shared] for each in (first, second))
            tests.append((first, second, paired(of_first, of_second)))
    wilcoxon, permutation = (holm([getattr(test, name) for *_, test in tests]) for name in ("wilcoxon", "permutation"))
    digits = DIGITS.get(measure, 4)
    rows = [
        (
            Cell(first),
            Cell(second),
            Cell(str(test.n)),
            Cell(f"{test.difference:+.{digits}f}"),
            Cell(f"[{test.low:+.{digits}f}, {test.high:+.{digits}f}]"),
            Cell(f"{wilcoxon[i]:.2g}", bool(wilcoxon[i] < 0.05)),
            Cell(f"{permutation[i]:.2g}", bool(permutation[i] < 0.05)),
        )
        for i, (first, second, test) in enumerate(tests)
    ]
    note = (
        "first minus second, paired over corpora, K and seeds; 95 % bootstrap interval; two-sided p of Wilcoxon's "
        "signed-rank test and of the permutation test of the mean, both Holm-adjusted over this table (bold: below "
        "0.05). Runs on one corpus are not independent: the table of ranks uses their means"
    )
    head = ("first", "second", "pairs", "difference", "interval", "p Wilcoxon", "p permutation")
    return Table(f"Paired tests of {measure}", head, tuple(rows), note)


def ranking_of(results: ResultValues, measure: str, *, alpha: float = 0.05) -> Ranking:
    """Average ranks of systems over corpora and numbers of topics, by the means over seeds.

    Parameters
    ----------
    results : Results
        The results.
    measure : str
        The measure to rank by.
    alpha : float
        Level of the critical difference.

    Raises
    ------
    InputError
        If there are fewer than two systems, or fewer than two blocks that all systems have.
    """
    _, systems, values = results.matrix(measure, over_seeds=True)
    return ranking(values, systems, higher_is_better=results.higher_is_better(measure), alpha=alpha)


def ranks_table(results: ResultValues, measures: Iterable[str]) -> Table:
    """Average ranks by several measures, with Friedman's p and Nemenyi's critical difference.

    Parameters
    ----------
    results : Results
        The results.
    measures : iterable of str
        The measures to rank by, a column each.

    Raises
    ------
    InputError
        As `ranking_of`.
    """
    rankings = {measure: ranking_of(results, measure) for measure in measures}
    rows = []
    for system in results.systems:
        cells = []
        for each in rankings.values():
            rank = each.ranks[each.systems.index(system)] if system in each.systems else None
            cells.append(Cell(NOTHING) if rank is None else Cell(f"{rank:.2f}", bool(rank == each.ranks[0])))
        rows.append((Cell(system), *cells))
    for name, text_of in (
        ("p (Friedman)", lambda each: NOTHING if math.isnan(each.p) else f"{each.p:.2g}"),
        ("critical difference", lambda each: f"{each.critical_difference:.2f}"),
        ("blocks", lambda each: str(each.n_blocks)),
    ):
        rows.append((Cell(name), *(Cell(text_of(each)) for each in rankings.values())))
    note = (
        "1 is best; a block is a corpus and K, its value the mean over seeds. Ranks that differ by more than the "
        "critical difference (Nemenyi, alpha = 0.05) differ significantly"
    )
    return Table("Average ranks", ("model", *rankings), tuple(rows), note)


def failures_table(results: ResultValues) -> Table:
    """The runs that failed, with the last line of the error."""
    head = ("corpus", "model", "settings", "n_topics", "seed")
    rows = [
        (*(Cell(str(row[key])) for key in head), Cell(row["error"].strip().splitlines()[-1][:200]))
        for row in results.failures
    ]
    return Table("Runs that failed", (*head, "error"), tuple(rows))


def machines_table(results: ResultValues) -> Table:
    """The machines, with the number of runs that each finished."""
    rows = [(Cell(machine), Cell(str(runs))) for machine, runs in results.machines.items()]
    note = "seconds and memory are comparable on one machine only, and are left out unless requested"
    return Table("Machines", ("machine", "runs"), tuple(rows), note)


def versions_table(results: ResultValues) -> Table:
    """The versions with which each system was run."""
    rows = [(Cell(system), Cell(version), Cell(str(runs))) for (system, version), runs in results.versions.items()]
    note = "versions of topicml, and of the packages that the model lists"
    return Table("Versions", ("model", "version", "runs"), tuple(rows), note)


def with_direction(measure: str, results: ResultValues) -> str:
    """Name of a measure with an arrow to its better end; a cost has none.

    Parameters
    ----------
    measure : str
        Name of the measure.
    results : Results
        Results that have the measure.
    """
    return measure if measure in COSTS else f"{measure} {'↑' if results.higher_is_better(measure) else '↓'}"


def _best(summaries: dict[str, Summary], higher: bool) -> float:
    means = [each.mean for each in summaries.values()]
    return max(means) if higher else min(means)


def _mean_cell(values: Summary | None, digits: int, best: float, intervals: bool) -> Cell:
    if values is None:
        return Cell(NOTHING)
    spread = f" ± {values.std:.{digits}f}"
    if intervals:
        spread = f" [{values.low:.{digits}f}, {values.high:.{digits}f}]"
    text = f"{values.mean:.{digits}f}" + (spread if values.n > 1 else "")
    return Cell(text, bool(np.isclose(values.mean, best, rtol=1e-12, atol=0)))
