"""A grid of models, corpora and numbers of topics, run by `topicml.experiment`, as a page with statistics and plots.

    python benchmarks/field.py                                     # hours; continues where it was stopped
    python benchmarks/field.py --finished                          # only finished runs, and how many are missing
    python benchmarks/field.py --finished --earlier benchmarks/results/field.csv     # with results from elsewhere
    python benchmarks/field.py --name bench --only BBC_News --topics 20 50 --seeds 1                 # about 10 minutes

Writes RESULTS/NAME.md, NAME.csv (all runs, tidy) and plots. The environment of the peers is .peers (requirements.txt).
Chromium draws the plots; without it the page has none. Runs that another version finished are repeated, unless
--keep-other-versions keeps them, marked with their version.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv
from machine import ROOT, provenance
from tidy import NAMES, versions_used

from topicml.experiment import (
    Experiment,
    Progress,
    Results,
    finished_results,
    markdown,
    read_config,
    report_tables,
    run_experiment,
)
from topicml.experiment.page import plots_of
from topicml.experiment.records import Records
from topicml.experiment.results import SCHEMA
from topicml.files import atomic_file

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HERE = Path(__file__).resolve().parent
BASELINE = "ProdLDA"
PLOTTED = ("npmi_doc", "topic_diversity", "nmi")
PREAMBLE = """Defaults of every package, one thread per run. `fit_s` and `fit_cpu_s`: wall and processor seconds from
counts to topics and theta; runs are side by side, so compare the second. `peak_mb`: resident memory of the process of
the run. All three are shown if one machine did all runs. Models marked † use a pretrained sentence encoder, that is,
knowledge from outside the corpus. BERTopic may return fewer topics than requested. `c_npmi` and `c_v` are gensim's over
the training documents (20NG has no word order); `npmi_doc` counts whole documents; purity and NMI compare the largest
topic with the labels."""
CHROMIUM = os.environ.get("TOPICML_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    arguments = parse_arguments()
    name, folder = arguments.name, arguments.results
    experiment = selected(read_config(arguments.config), arguments)
    results = finished_results(experiment, arguments.runs) if arguments.finished else run(experiment, arguments)
    results = with_earlier(results, arguments.earlier)
    folder.mkdir(exist_ok=True)
    with atomic_file(folder / f"{name}.csv") as temporary:
        pacsv.write_csv(results.table, temporary)
    figures = plots_of(results, PLOTTED)
    pictures = save_plots(figures, folder, [f"{name}-{number}.svg" for number in range(1, len(figures) + 1)])
    text = page(experiment, results, arguments, pictures)
    with atomic_file(folder / f"{name}.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"Written: {folder / name}.md")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--config", type=Path, default=HERE / "field.toml")
    add("--name", default="field", help="name of the written files")
    add("--only", nargs="+", metavar="CORPUS", help="some of the corpora of the grid")
    add("--models", nargs="+", metavar="MODEL", help="some of the models of the grid")
    add("--topics", nargs="+", type=int, help="numbers of topics, instead of those of the grid")
    add("--seeds", type=int, help="number of seeds, instead of those of the grid")
    add("--runs", type=Path, default=ROOT / "runs" / "field", help="folder of finished runs, shared by all grids")
    add("--results", type=Path, default=HERE / "results", help="folder to write to")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="runs at a time, with one thread each")
    add("--timeout", type=float, default=7200, help="seconds after which a run counts as failed")
    add("--finished", action="store_true", help="fit nothing: report finished runs, of any version")
    add("--keep-other-versions", action="store_true", help="keep runs of other versions instead of repeating them")
    add("--about", type=Path, metavar="FILE", help="text on how the fits were made")
    add("--earlier", type=Path, nargs="+", default=[], metavar="CSV", help="earlier results to include")
    return parser.parse_args()


def selected(experiment: Experiment, arguments: argparse.Namespace) -> Experiment:
    """The part of the grid that the command line selects."""
    return replace(
        experiment,
        corpora=select(experiment.corpora, arguments.only),
        models=select(experiment.models, arguments.models),
        topics=arguments.topics or experiment.topics,
        seeds=experiment.seeds if arguments.seeds is None else range(arguments.seeds),
    )


def select(entries: Sequence, names: Sequence[str] | None) -> list:
    """Entries by name, in the order of the grid; all without names."""
    if unknown := set(names or ()) - {each.name for each in entries}:
        raise SystemExit(f"The grid has no {', '.join(sorted(unknown))}; it has {', '.join(e.name for e in entries)}.")
    return [each for each in entries if names is None or each.name in names]


def run(experiment: Experiment, arguments: argparse.Namespace) -> Results:
    progress = Progress(print)
    return run_experiment(
        experiment,
        arguments.runs,
        jobs=arguments.jobs,
        timeout=arguments.timeout,
        keep_other_versions=arguments.keep_other_versions,
        on_start=progress.start,
        on_run=progress.run,
    )


def with_earlier(results: Results, earlier: Sequence[Path]) -> Results:
    """Add earlier results; a run of the grid that is in both counts once, with the new result."""
    new = {tuple(row[name] for name in NAMES) for row in results.table.to_pylist()}
    rows = [row for path in earlier for row in Results.read(path).table.to_pylist()]
    old = [row for row in rows if tuple(row[name] for name in NAMES) not in new]
    return Results(pa.concat_tables([results.table, pa.Table.from_pylist(old, schema=SCHEMA)]))


def page(
    experiment: Experiment, results: Results, arguments: argparse.Namespace, pictures: Sequence[tuple[str, str]]
) -> str:
    about, versions = arguments.about, versions_used(Records(arguments.runs).all())
    cells, done = len(list(experiment.runs())), len({row["run"] for row in results.table.to_pylist()})
    parts = [
        "# The field",
        PREAMBLE,
        provenance()
        + f"\n- runs: {done} of {cells} of the grid `{experiment_name(experiment)}`; versions: {versions}"
        + (f"\n- {about.read_text(encoding='utf-8').strip()}" if about else ""),
    ]
    parts += [f"![{description}]({file})" for file, description in pictures]
    baseline = BASELINE if BASELINE in results.systems else None
    parts += [markdown(table) for table in report_tables(results, baseline=baseline)]
    return "\n\n".join(parts) + "\n"


def experiment_name(experiment: Experiment) -> str:
    sizes = (experiment.corpora, experiment.models, experiment.topics, experiment.seeds)
    return " x ".join(
        f"{len(each)} {what}" for each, what in zip(sizes, ("corpora", "models", "K", "seeds"), strict=True)
    )


def save_plots(figures: "Sequence[Figure]", folder: Path, files: Sequence[str]) -> list[tuple[str, str]]:
    """Write each figure as SVG; return names of the files and descriptions of the figures."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return []
    if CHROMIUM is None:
        return []
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as scratch:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        for figure, file in zip(figures, files, strict=True):
            page = Path(scratch) / "figure.html"
            page.write_text(figure.to_html(include_plotlyjs=True), encoding="utf-8")
            tab.goto(page.as_uri())
            svg = tab.evaluate(
                "() => Plotly.toImage(document.querySelector('.js-plotly-plot'), "
                "{format: 'svg', width: 900, height: 520})"
                ".then(address => decodeURIComponent(address.slice(address.indexOf(',') + 1)))"
            )
            with atomic_file(folder / file) as temporary:
                temporary.write_text(svg, encoding="utf-8")
        browser.close()
    return [(file, (each.layout.meta or {}).get("description", "")) for each, file in zip(figures, files, strict=True)]


if __name__ == "__main__":
    main()
