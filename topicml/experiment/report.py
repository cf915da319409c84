"""All tables of some results."""

from collections.abc import Iterable

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.experiment.results import COSTS, Results
from topicml.experiment.tables import (
    FORMATS,
    Table,
    failures_table,
    machines_table,
    overall_table,
    paired_table,
    ranking_of,
    ranks_table,
    summary_table,
)


def report(
    results: Results,
    *,
    format: str = "markdown",
    measures: Iterable[str] | None = None,
    baseline: str | None = None,
    intervals: bool = False,
) -> str:
    """All of `report_tables` in one text: ``format`` is "markdown", "latex" or "html".

    Raises
    ------
    InputError
        If a measure, the baseline or the format is unknown.
    """
    return in_format(report_tables(results, measures=measures, baseline=baseline, intervals=intervals), format)


def in_format(tables: Iterable[Table], format: str) -> str:
    """Tables as one text: ``format`` is "markdown", "latex" or "html".

    Raises
    ------
    InputError
        If there is no such format.
    """
    check_known(format, FORMATS, "There is no format")
    return "\n\n".join(FORMATS[format](table) for table in tables) + "\n"


def report_tables(
    results: Results,
    *,
    measures: Iterable[str] | None = None,
    baseline: str | None = None,
    intervals: bool = False,
) -> list[Table]:
    """Means over all, average ranks, means of every corpus and K, paired tests, what failed, and the machines.

    Parameters
    ----------
    measures : iterable of str, optional
        By default all that were taken, costs without tests; and no costs where the runs come from several machines.
    baseline : str, optional
        A system that the others are tested against; by default every two are compared.
    intervals : bool
        Whether means come with bootstrap intervals instead of standard deviations.

    Raises
    ------
    InputError
        If a measure or the baseline is unknown.
    """
    chosen = list(results.comparable_measures if measures is None else measures)
    for measure in chosen:
        check_known(measure, results.measures, "These results hold no measure")
    if baseline is not None:
        check_known(baseline, results.systems, "There is no baseline")
    tested = [measure for measure in chosen if measure not in COSTS or measures is not None]
    ranked = [measure for measure in tested if _can_rank(results, measure)]
    tables = [overall_table(results, chosen), ranks_table(results, ranked)] if ranked else []
    tables += [
        table
        for corpus in results.corpora
        for n_topics in results.topics
        if (table := summary_table(results, corpus, n_topics, chosen, intervals=intervals)).rows
    ]
    for measure in tested:
        if baseline is None or baseline in results.values(measure):
            tables.append(paired_table(results, measure, baseline))
    tables += [failures_table(results)] if results.failures else []
    tables += [machines_table(results)] if len(results.machines) > 1 else []
    return [table for table in tables if table.rows]


def _can_rank(results: Results, measure: str) -> bool:
    try:
        ranking_of(results, measure)
    except InputError:
        return False
    return True
