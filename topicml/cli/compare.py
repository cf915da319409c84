"""``topicml compare``: tables and tests of finished results."""

from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.errors import InputError
from topicml.files import atomic_file, check_absent, shown

_SUFFIXES = {".md": "markdown", ".tex": "latex", ".html": "page"}


def compare(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...", help="Folders of benchmarks, results.parquet or results.csv.", show_default=False
        ),
    ],
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this measure; may be repeated.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Test the others against this model, instead of all pairs.")
    ] = None,
    intervals: Annotated[
        bool, typer.Option("--intervals", help="Bootstrap intervals of means instead of standard deviations.")
    ] = False,
    format: Annotated[str, typer.Option(metavar="NAME", help="markdown, latex or html.")] = "markdown",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write to a .md, .tex or .html file (with plots) instead."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing output.")] = False,
) -> None:
    """Compare finished results: means, intervals, paired tests, ranks.

    Wilcoxon's and permutation tests pair runs of the same corpus, number of topics and seed, with Holm's correction.
    Average ranks have Friedman's test and Nemenyi's critical difference.

    \b
    Examples:
      topicml compare runs/benchmark-grid
      topicml compare mine theirs/results.csv --measure nmi --baseline NMF
      topicml compare runs/benchmark-grid --format latex > table.tex
      topicml compare runs/benchmark-grid -o comparison.html
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.experiment import Results, in_format, report_tables
    from topicml.experiment.page import plots_if_possible, write_page

    if out is not None:
        if out.suffix not in _SUFFIXES:
            raise InputError(f"{out} ends in {out.suffix or 'no suffix'}. Choose one of {', '.join(_SUFFIXES)}.")
        check_absent(out, overwrite=overwrite)
    runs = Results.read(*results)
    tables = report_tables(runs, measures=measure or None, baseline=baseline, intervals=intervals)
    if out is None:
        print(shown(in_format(tables, format)), end="")
    elif _SUFFIXES[out.suffix] == "page":
        figures, why_no_plots = plots_if_possible(runs, measure)
        write_page(out, "Comparison", tables, figures)
        printing.note(f"Written to {out}" + (f" without plots: {why_no_plots}" if why_no_plots else ""))
    else:
        with atomic_file(out) as temporary:
            temporary.write_text(in_format(tables, _SUFFIXES[out.suffix]), encoding="utf-8", errors="backslashreplace")
        printing.note(f"Written to {out}")
