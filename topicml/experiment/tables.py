"""Tables of results in Markdown, LaTeX and HTML."""

import html as htmllib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from topicml.checks import check_known
from topicml.experiment.results import COSTS, Results
from topicml.experiment.statistics import Ranking, Summary, holm, paired, ranking, summary

NOTHING = "-"
DIGITS = {"fit_s": 1, "fit_cpu_s": 1, "peak_mb": 0}


@dataclass(frozen=True)
class Cell:
    """What a field of a table shows; the best of a column is strong."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A title, a note, a head, and rows as long as the head."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def summary_table(
    results: Results, corpus: str, n_topics: int, measures: Iterable[str] | None = None, *, intervals: bool = False
) -> Table:
    """Mean ± standard deviation over seeds of every system on one corpus, or the mean's 95 % bootstrap interval."""
    chosen = list(results.comparable_measures if measures is None else measures)
    columns = {measure: results.values(measure, corpus=corpus, n_topics=n_topics) for measure in chosen}
    columns = {measure: values for measure, values in columns.items() if values}
    summaries = {
        measure: {system: summary(list(by_block.values())) for system, by_block in values.items()}
        for measure, values in columns.items()
    }
    best = {measure: _best(found, results.higher_is_better(measure)) for measure, found in summaries.items()}
    rows = []
    for system in results.systems:
        if any(system in found for found in summaries.values()):
            cells = [
                _shown(found.get(system), DIGITS.get(measure, 3), best[measure], intervals)
                for measure, found in summaries.items()
            ]
            rows.append((Cell(system), *cells))
    head = tuple(_directed(measure, results) for measure in summaries)
    what = "mean and its 95 % bootstrap interval" if intervals else "mean ± standard deviation"
    return Table(f"{corpus}, K = {n_topics}", ("model", *head), tuple(rows), f"{what} over seeds; bold: best mean")


def overall_table(results: Results, measures: Iterable[str] | None = None) -> Table:
    """Mean of every system over corpora and numbers of topics, with its 95 % bootstrap interval.

    A corpus and K counts once, with the mean over the seeds that all systems have; those that a system lacks are left
    out for all, so that every mean is of the same. A system that lacks more than half has no mean here.
    """
    found: dict[str, dict[str, Summary]] = {}
    blocks: dict[str, int] = {}
    for measure in results.comparable_measures if measures is None else measures:
        keys, systems, values = results.matrix(measure, over_seeds=True)
        if keys:
            blocks[measure] = len(keys)
            found[measure] = {system: summary(column) for system, column in zip(systems, values.T, strict=True)}
    best = {measure: _best(each, results.higher_is_better(measure)) for measure, each in found.items()}
    rows = [
        (Cell(system), *(_shown(each.get(system), DIGITS.get(m, 3), best[m], True) for m, each in found.items()))
        for system in results.systems
    ]
    rows.append((Cell("corpora x K"), *(Cell(str(blocks[measure])) for measure in found)))
    head = tuple(_directed(measure, results) for measure in found)
    note = (
        "mean over corpora and K of the means over seeds, and its 95 % bootstrap interval over these; bold: best mean"
    )
    return Table("All corpora and numbers of topics", ("model", *head), tuple(rows), note)


def paired_table(results: Results, measure: str, baseline: str | None = None) -> Table:
    """Paired tests of every two systems, or of all against `baseline`, over corpora, numbers of topics and seeds.

    Both p are Holm-adjusted over the rows of the table.

    Raises
    ------
    InputError
        If there is no such measure or baseline.
    """
    values = results.values(measure)
    if baseline is not None:
        check_known(baseline, values, f"Of {measure} there is no baseline")
    pairs = [(a, b) if b == baseline else (b, a) for a, b in combinations(values, 2) if baseline in (None, a, b)]
    pairs = pairs if baseline is not None else [(b, a) for a, b in pairs]
    found = []
    for first, second in pairs:
        shared = [block for block in values[first] if block in values[second]]
        if len(shared) > 1:
            of_first, of_second = ([values[each][block] for block in shared] for each in (first, second))
            found.append((first, second, paired(of_first, of_second)))
    wilcoxon, permutation = (holm([getattr(each, name) for *_, each in found]) for name in ("wilcoxon", "permutation"))
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
        for i, (first, second, test) in enumerate(found)
    ]
    note = (
        "first minus second, paired over corpora, K and seeds; 95 % bootstrap interval; two-sided p of Wilcoxon's "
        "signed-rank test and of the permutation test of the mean, both Holm-adjusted over this table (bold: below "
        "0.05). Runs of one corpus are not independent: the ranks below take their means"
    )
    head = ("first", "second", "pairs", "difference", "interval", "p Wilcoxon", "p permutation")
    return Table(f"Paired tests of {measure}", head, tuple(rows), note)


def ranking_of(results: Results, measure: str, *, alpha: float = 0.05) -> Ranking:
    """Average ranks of systems over corpora and numbers of topics, of the means over seeds.

    Raises
    ------
    InputError
        If there are fewer than two systems, or two blocks that all systems have.
    """
    _, systems, values = results.matrix(measure, over_seeds=True)
    return ranking(values, systems, higher_is_better=results.higher_is_better(measure), alpha=alpha)


def ranks_table(results: Results, measures: Iterable[str]) -> Table:
    """Average ranks of several measures, with Friedman's p and Nemenyi's critical difference."""
    rankings = {measure: ranking_of(results, measure) for measure in measures}
    rows = []
    for system in results.systems:
        cells = []
        for found in rankings.values():
            rank = found.ranks[found.systems.index(system)] if system in found.systems else None
            cells.append(Cell(NOTHING) if rank is None else Cell(f"{rank:.2f}", bool(rank == found.ranks[0])))
        rows.append((Cell(system), *cells))
    for name, shown in (
        ("p (Friedman)", lambda found: NOTHING if math.isnan(found.p) else f"{found.p:.2g}"),
        ("critical difference", lambda found: f"{found.critical_difference:.2f}"),
        ("blocks", lambda found: str(found.n_blocks)),
    ):
        rows.append((Cell(name), *(Cell(shown(found)) for found in rankings.values())))
    note = (
        "1 is best; a block is a corpus and K, its value the mean over seeds. Ranks that differ by more than the "
        "critical difference (Nemenyi, alpha = 0.05) differ"
    )
    return Table("Average ranks", ("model", *rankings), tuple(rows), note)


def failures_table(results: Results) -> Table:
    """The runs that failed, and the last line of what they said."""
    head = ("corpus", "model", "settings", "n_topics", "seed")
    rows = [
        (*(Cell(str(row[key])) for key in head), Cell(row["error"].strip().splitlines()[-1][:200]))
        for row in results.failures
    ]
    return Table("Runs that failed", (*head, "error"), tuple(rows))


def machines_table(results: Results) -> Table:
    """The machines, and how many runs each finished."""
    rows = [(Cell(machine), Cell(str(runs))) for machine, runs in results.machines.items()]
    note = "seconds and memory can be compared on one machine alone, and are left out unless asked for"
    return Table("Machines", ("machine", "runs"), tuple(rows), note)


# -- as text ------------------------------------------------------------------------------------------------------


def markdown(table: Table) -> str:
    """The table in Markdown, with its title as a heading."""

    def line(cells: Sequence[Cell]) -> str:
        texts = (each.text.replace("|", "\\|") for each in cells)
        shown = (f"**{text}**" if cell.strong else text for cell, text in zip(cells, texts, strict=True))
        return "| " + " | ".join(shown) + " |"

    rows = [line([Cell(each) for each in table.head]), "|---" + "|---:" * (len(table.head) - 1) + "|"]
    parts = [f"## {table.title}", *([f"{table.note}."] if table.note else [])]
    return "\n\n".join([*parts, "\n".join([*rows, *map(line, table.rows)])])


def latex(table: Table) -> str:
    """The table in LaTeX; it needs the package booktabs."""

    def line(cells: Sequence[Cell]) -> str:
        texts = (_latex(each.text) for each in cells)
        shown = (rf"\textbf{{{text}}}" if cell.strong else text for cell, text in zip(cells, texts, strict=True))
        return " & ".join(shown) + r" \\"

    caption = _latex(f"{table.title}: {table.note}." if table.note else f"{table.title}.")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.head) - 1)}}}",
            r"\toprule",
            line([Cell(each) for each in table.head]),
            r"\midrule",
            *map(line, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def html(table: Table) -> str:
    """The table in HTML, with a caption and scoped heads."""

    def line(cells: Sequence[Cell]) -> str:
        first, *others = (htmllib.escape(each.text) for each in cells)
        marked = [f"<strong>{t}</strong>" if c.strong else t for c, t in zip(cells[1:], others, strict=True)]
        return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{each}</td>" for each in marked) + "</tr>"

    caption = htmllib.escape(f"{table.title}: {table.note}." if table.note else f"{table.title}.")
    head = "".join(f'<th scope="col">{htmllib.escape(each)}</th>' for each in table.head)
    rows = "\n".join(map(line, table.rows))
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


FORMATS: dict[str, Callable[[Table], str]] = {"markdown": markdown, "latex": latex, "html": html}

_LATEX = {
    **{each: rf"\{each}" for each in "&%$#_{}"},
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(each, each) for each in text)


def _best(found: dict[str, Summary], higher: bool) -> float:
    means = [each.mean for each in found.values()]
    return max(means) if higher else min(means)


def _shown(found: Summary | None, digits: int, best: float, intervals: bool) -> Cell:
    if found is None:
        return Cell(NOTHING)
    spread = f" ± {found.std:.{digits}f}"
    if intervals:
        spread = f" [{found.low:.{digits}f}, {found.high:.{digits}f}]"
    text = f"{found.mean:.{digits}f}" + (spread if found.n > 1 else "")
    return Cell(text, bool(np.isclose(found.mean, best, rtol=1e-12, atol=0)))


def _directed(measure: str, results: Results) -> str:
    return measure if measure in COSTS else f"{measure} {'↑' if results.higher_is_better(measure) else '↓'}"
