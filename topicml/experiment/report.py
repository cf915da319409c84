"""The report of results: all their tables."""

from collections.abc import Iterable

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.experiment.table import FORMATS, Table
from topicml.experiment.tables import (
    failures_table,
    machines_table,
    overall_table,
    paired_table,
    ranking_of,
    ranks_table,
    summary_table,
    versions_table,
)
from topicml.experiment.values import COSTS, ResultValues


def report(
    results: ResultValues,
    *,
    format: str = "markdown",
    measures: Iterable[str] | None = None,
    baseline: str | None = None,
    intervals: bool = False,
) -> str:
    """All tables of results as one text.

    Parameters
    ----------
    results : Results
        The results.
    format : str
        "markdown", "latex" or "html".
    measures, baseline, intervals
        As in `report_tables`.

    Returns
    -------
    str
        The tables of `report_tables`.

    Raises
    ------
    InputError
        If a measure, the baseline or the format is unknown.
    """
    return in_format(report_tables(results, measures=measures, baseline=baseline, intervals=intervals), format)


def in_format(tables: Iterable[Table], format: str) -> str:
    """Tables as one text.

    Parameters
    ----------
    tables : iterable of Table
        The tables.
    format : str
        "markdown", "latex" or "html".

    Raises
    ------
    InputError
        If the format is unknown.
    """
    check_known(format, FORMATS, "There is no format")
    return "\n\n".join(FORMATS[format](table) for table in tables) + "\n"


def report_tables(
    results: ResultValues,
    *,
    measures: Iterable[str] | None = None,
    baseline: str | None = None,
    intervals: bool = False,
) -> list[Table]:
    """The tables of results.

    Parameters
    ----------
    results : Results
        The results.
    measures : iterable of str, optional
        By default all measures of the results; costs are not tested, and are left out if several machines finished the
        runs.
    baseline : str, optional
        A system to test the others against; by default all pairs are tested.
    intervals : bool
        Whether means of a corpus have bootstrap intervals instead of standard deviations.

    Returns
    -------
    list of Table
        Overall means, average ranks, means for every corpus and number of topics, paired tests, failed runs, machines
        (if there are several) and versions (if they were recorded). Empty tables are left out.

    Raises
    ------
    InputError
        If a measure or the baseline is unknown.
    """
    table_measures = list(results.comparable_measures if measures is None else measures)
    for measure in table_measures:
        check_known(measure, results.measures, "These results have no measure")
    if baseline is not None:
        check_known(baseline, results.systems, "There is no baseline")
    tested = [measure for measure in table_measures if measure not in COSTS or measures is not None]
    ranked = [measure for measure in tested if _can_rank(results, measure)]
    tables = [overall_table(results, table_measures), ranks_table(results, ranked)] if ranked else []
    tables += [
        table
        for corpus in results.corpora
        for n_topics in results.topics
        if (table := summary_table(results, corpus, n_topics, table_measures, intervals=intervals)).rows
    ]
    for measure in tested:
        if baseline is None or baseline in results.values(measure):
            tables.append(paired_table(results, measure, baseline))
    tables += [failures_table(results)] if results.failures else []
    tables += [machines_table(results)] if len(results.machines) > 1 else []
    tables += [versions_table(results)] if any(row["version"] for row in results.rows) else []
    return [table for table in tables if table.rows]


def _can_rank(results: ResultValues, measure: str) -> bool:
    try:
        ranking_of(results, measure)
    except InputError:
        return False
    return True
