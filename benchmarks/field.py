"""A grid of models, corpora and numbers of topics, run by `topicml.experiment`, as a page with statistics and plots.

    python benchmarks/field.py                                     # hours; goes on where it was stopped
    python benchmarks/field.py --finished                          # only what is finished, and how much is not
    python benchmarks/field.py --finished --earlier benchmarks/results/field.csv     # and what was finished elsewhere
    python benchmarks/field.py --name bench --only BBC_News --topics 20 50 --seeds 1                 # about 10 minutes

Writes RESULTS/NAME.md, NAME.csv (all runs, tidy) and plots. The peers' environment is .peers (requirements.txt). The
plots are drawn by Chromium; without it the page has none.
"""

import argparse
import json
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

from topicml.experiment import (
    Experiment,
    Progress,
    Results,
    markdown,
    read_config,
    report_tables,
    run_experiment,
)
from topicml.experiment.page import plots_of
from topicml.experiment.results import SCHEMA
from topicml.files import atomic_file

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HERE = Path(__file__).resolve().parent
BASELINE = "ProdLDA"
PLOTTED = ("npmi_doc", "topic_diversity", "nmi")
PREAMBLE = """Defaults of every package, one thread a run. `fit_s` and `fit_cpu_s`: wall and processor seconds from
counts to topics and theta; runs go side by side, so the second is the one to compare. `peak_mb`: resident memory of the
run's own process. All three are shown where one machine did all runs. Models marked † bring a pretrained sentence
encoder, that is, knowledge from outside the corpus. BERTopic may find fewer topics than asked for. `c_npmi` and `c_v`
are gensim's over the training documents (20NG knows no word order); `npmi_doc` counts whole documents; purity and NMI
are of the largest topic against the labels."""
CHROMIUM = os.environ.get("TOPICML_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    arguments = parse_arguments()
    name, folder = arguments.name, arguments.results
    experiment = asked(read_config(arguments.config), arguments)
    results = finished(experiment, arguments.runs) if arguments.finished else run(experiment, arguments)
    results = beside(results, arguments.earlier)
    folder.mkdir(exist_ok=True)
    with atomic_file(folder / f"{name}.csv") as temporary:
        pacsv.write_csv(results.table, temporary)
    figures = plots_of(results, PLOTTED)
    pictures = drawn(figures, folder, [f"{name}-{number}.svg" for number in range(1, len(figures) + 1)])
    text = page(experiment, results, arguments, pictures)
    with atomic_file(folder / f"{name}.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"Written: {folder / name}.md")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--config", type=Path, default=HERE / "field.toml")
    add("--name", default="field", help="of the files that are written")
    add("--only", nargs="+", metavar="CORPUS", help="of the grid's corpora")
    add("--models", nargs="+", metavar="MODEL", help="of the grid's models")
    add("--topics", nargs="+", type=int, help="instead of the grid's")
    add("--seeds", type=int, help="so many, instead of the grid's")
    add("--runs", type=Path, default=ROOT / "runs" / "field", help="folder of finished runs, shared by all grids")
    add("--results", type=Path, default=HERE / "results", help="folder to write to")
    add("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="runs at a time, a thread each")
    add("--timeout", type=float, default=7200, help="seconds after which a run counts as failed")
    add("--finished", action="store_true", help="run nothing: report what is finished")
    add("--about", type=Path, metavar="FILE", help="text that says how the fits were made")
    add("--earlier", type=Path, nargs="+", default=[], metavar="CSV", help="results whose runs count too")
    return parser.parse_args()


def asked(experiment: Experiment, arguments: argparse.Namespace) -> Experiment:
    """The part of the grid that is to be run."""
    return replace(
        experiment,
        corpora=chosen(experiment.corpora, arguments.only),
        models=chosen(experiment.models, arguments.models),
        topics=arguments.topics or experiment.topics,
        seeds=experiment.seeds if arguments.seeds is None else range(arguments.seeds),
    )


def chosen(entries: Sequence, names: Sequence[str] | None) -> list:
    """Those that are named, in the grid's order; all, if none is."""
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
        on_start=progress.start,
        on_run=progress.run,
    )


def finished(experiment: Experiment, runs: Path) -> Results:
    """The runs of the grid that are there already, in the grid's order."""
    there = {record["id"]: record for record in records(runs)}
    fingerprints = {record["corpus"]: record["definition"]["corpus"] for record in there.values()}
    cells = [(cell, cell.id(fingerprints.get(cell.corpus, ""))) for cell in experiment.runs()]
    return Results.from_records(
        [{**there[name], **cell.names} for cell, name in cells if name in there], experiment.measures
    )


def beside(results: Results, earlier: Sequence[Path]) -> Results:
    """The results, and those that were written before; of a run that was done twice the new one counts."""
    new = {row["run"] for row in results.table.to_pylist()}
    old = [row for path in earlier for row in Results.read(path).table.to_pylist() if row["run"] not in new]
    return Results(pa.concat_tables([results.table, pa.Table.from_pylist(old, schema=SCHEMA)]))


def records(runs: Path) -> list[dict]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(runs.glob("[!.]*.json"))]


def page(
    experiment: Experiment, results: Results, arguments: argparse.Namespace, pictures: Sequence[tuple[str, str]]
) -> str:
    runs, about = arguments.runs, arguments.about
    cells, done = len(list(experiment.runs())), len({row["run"] for row in results.table.to_pylist()})
    parts = [
        "# The field",
        PREAMBLE,
        provenance()
        + f"\n- runs: {done} of {cells} of the grid `{experiment_name(experiment)}`; versions: {versions(runs)}"
        + (f"\n- {about.read_text(encoding='utf-8').strip()}" if about else ""),
    ]
    parts += [f"![{told}]({file})" for file, told in pictures]
    baseline = BASELINE if BASELINE in results.systems else None
    parts += [markdown(table) for table in report_tables(results, baseline=baseline)]
    return "\n\n".join(parts) + "\n"


def experiment_name(experiment: Experiment) -> str:
    sizes = (experiment.corpora, experiment.models, experiment.topics, experiment.seeds)
    return " x ".join(
        f"{len(each)} {what}" for each, what in zip(sizes, ("corpora", "models", "K", "seeds"), strict=True)
    )


def versions(runs: Path) -> str:
    found: dict[str, set[str]] = {}
    for record in records(runs):
        for package, version in record.get("cost", {}).get("versions", {}).items():
            found.setdefault(package, set()).add(version)
    return ", ".join(f"{package} {'/'.join(sorted(each))}" for package, each in sorted(found.items()))


def drawn(figures: "Sequence[Figure]", folder: Path, files: Sequence[str]) -> list[tuple[str, str]]:
    """Write each figure as SVG; the files' names with what they show in words."""
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
