"""``topicml benchmark``: a grid of corpora, models, numbers of topics and seeds, from a file."""

from pathlib import Path
from typing import Annotated

import typer

from topicml.cli import printing
from topicml.cli.experiments import (
    RUNS_PANEL,
    Jobs,
    Quiet,
    RetryFailed,
    Threads,
    Timeout,
    folder_of,
    note_unless,
    resumable,
    threads_of,
)
from topicml.cli.options import Overwrite
from topicml.files import Outputs


def benchmark(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG.toml", help="The models and corpora to compare; see below.", show_default=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for all output; runs/benchmark-CONFIG by default."),
    ] = None,
    jobs: Jobs = 1,
    threads: Threads = None,
    timeout: Timeout = None,
    retry_failed: RetryFailed = False,
    keep_other_versions: Annotated[
        bool,
        typer.Option(
            "--keep-other-versions",
            help="Keep runs that another version finished, marked with it, instead of repeating them.",
            rich_help_panel=RUNS_PANEL,
        ),
    ] = False,
    baseline: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Test the others against this model, instead of all pairs.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Compare models over corpora, numbers of topics and seeds.

    \b
    An example of CONFIG.toml:
      corpora = ["lee"]                # names (topicml corpora) or paths
      topics = [20, 50]
      seeds = 5
      measures = ["c_npmi", "topic_diversity", "nmi"]
      models.ProdLDA = {}
      models.Slow = {model = "ProdLDA", parameters = {learning_rate = 0.0005}}

    \b
    Models of other packages, in another interpreter:
      models.NMF.adapter = "my_adapters:nmf"
      # a function fit(counts, documents, vocabulary, n_topics, seed)
      models.NMF.python = "peers/bin/python"

    \b
    Settings to apply to every model of topicml:
      settings.none = {}
      settings.set.contrast = "set"

    DIR gets runs/ (each run as soon as it is finished), results.parquet and results.csv (a row per run and measure),
    report.md and report.html (means, intervals, paired tests, ranks, plots). The same command resumes an interrupted
    benchmark without repeating finished runs. A run that fails is recorded; the others continue.

    \b
    Examples:
      topicml benchmark grid.toml --jobs 4
      topicml benchmark grid.toml --out results --timeout 3600 --baseline NMF
      topicml compare results --format latex
    """  # noqa: D301 - \b keeps the lines as they are
    from topicml.checks import check_known
    from topicml.experiment import markdown, read_config, report_tables, run_experiment
    from topicml.experiment.page import plots_if_possible, write_page
    from topicml.experiment.progress import Progress

    experiment = read_config(config)
    if baseline is not None:
        check_known(baseline, experiment.systems, "There is no baseline")
    folder = folder_of(out, "benchmark", config)
    outputs = Outputs(folder, ("report.html", "report.md", "results.parquet", "results.csv"))
    outputs.check(overwrite=overwrite)  # before hours of runs
    note = note_unless(quiet)
    progress = Progress(note)
    with resumable(folder, quiet=quiet):
        results = run_experiment(
            experiment,
            folder / "runs",
            jobs=jobs,
            threads=threads_of(threads, jobs),
            timeout=timeout,
            retry_failed=retry_failed,
            keep_other_versions=keep_other_versions,
            on_start=progress.start,
            on_run=progress.run,
        )
    tables = report_tables(results, baseline=baseline)
    figures, why_no_plots = plots_if_possible(results)
    with outputs.writing() as temporary:
        results.write(temporary)
        text = "\n\n".join(map(markdown, tables)) + "\n"
        (temporary / "report.md").write_text(text, encoding="utf-8", errors="backslashreplace")
        write_page(temporary / "report.html", config.stem, tables, figures)
    printed = [each for each in tables if not each.title.startswith("Paired tests")]
    for each in printed:
        printing.table(each.head, [[cell.text for cell in row] for row in each.rows], title=each.title)
        print()
    note(f"Written to {folder}: report.html, report.md, results.parquet, results.csv")
    if why_no_plots:
        note(f"No plots: {why_no_plots}")
    if results.failures:
        note(f"{len(results.failures)} runs failed (see report.md); to repeat them: --retry-failed")
