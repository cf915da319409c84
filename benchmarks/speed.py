"""Wall time of a fit, side by side: models take turns, each fit in its own process, and the ratios are printed.

python benchmarks/speed.py --peer-python PEERS/bin/python --out benchmarks/results/speed.md

Models are those of field.toml, by their names in lower case with underscores: prodlda, topmost_prodlda, tomotopy_lda.
"""

import argparse
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median

from machine import ROOT, provenance

from topicml.corpus import Corpus
from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Progress, experiment_from, run_experiment
from topicml.experiment.records import Records
from topicml.experiment.versions import package_versions
from topicml.files import atomic_file

FIELD = Path(__file__).resolve().parent / "field.toml"
CORPORA = ("SearchSnippets", "20NG")
DEFAULT_MODELS = ("prodlda", "topmost_prodlda", "tomotopy_lda")
QUALITY = ("npmi_doc", "nmi")


def main() -> None:
    arguments = parse_arguments()
    models = usable(chosen_models(arguments.models, arguments.peer_python))
    parts = ["# Seconds of a fit", explanation(models[0].name, arguments)]
    for name in arguments.corpora_names:
        corpus = Corpus.read(arguments.corpora / name)
        fits = take_turns(CorpusEntry(name, corpus, held_out_share=0), models, arguments)
        parts.append(f"## {name}: {corpus.n_docs:,} documents, {corpus.n_words:,} words\n\n{table(fits)}")
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora")
    add("--only", nargs="+", default=list(CORPORA), dest="corpora_names", metavar="CORPUS", help="corpora to run")
    add("--models", nargs="+", default=list(DEFAULT_MODELS), metavar="MODEL", help="models of field.toml, see above")
    add("--topics", type=int, default=50)
    add("--repeats", type=int, default=3, help="fits of each model on each corpus (seeds 0, 1, ...)")
    add("--peer-python", default=sys.executable, help="interpreter with the peers' packages (requirements.txt)")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    return parser.parse_args()


def short_name(model: str) -> str:
    """Name of a model of field.toml on the command line: lower case, with underscores."""
    return re.sub(r"[^a-z0-9]+", "_", model.lower()).strip("_")


def chosen_models(names: Sequence[str], peer_python: str) -> list[ModelEntry]:
    """Models of field.toml by their short names; adapters are run by `peer_python`."""
    config = tomllib.loads(FIELD.read_text("utf-8"))
    for model in config["models"].values():
        model.pop("python", None)  # .peers need not exist: --peer-python runs the adapters
    grid = experiment_from({"corpora": ["lee"], "models": config["models"]}, FIELD.parent)
    entries_by_name = {short_name(entry.name): entry for entry in grid.models}
    if unknown := [name for name in names if name not in entries_by_name]:
        raise SystemExit(f"There is no model {unknown[0]}. Models: {', '.join(entries_by_name)}.")
    return [
        replace(entries_by_name[name], python=None if entries_by_name[name].model else peer_python) for name in names
    ]


def usable(models: Sequence[ModelEntry]) -> list[ModelEntry]:
    """The models whose packages are installed; print the others to standard error."""
    installed = []
    for entry in models:
        if missing := missing_packages(entry):
            print(
                f"left out: {entry.name} ({', '.join(missing)} not installed; see benchmarks/README.md)",
                file=sys.stderr,
            )
        else:
            installed.append(entry)
    if not installed:
        raise SystemExit("None of the models is installed.")
    return installed


def missing_packages(entry: ModelEntry) -> list[str]:
    """The packages of a model that are not installed in its interpreter."""
    versions = package_versions(entry.packages, entry.python)
    return [package for package in entry.packages if package not in versions]


def title(entry: ModelEntry) -> str:
    """Name of a model in the tables; topicml's are bold."""
    return f"**topicml {entry.name}**" if entry.model else entry.name


def explanation(first: str, arguments: argparse.Namespace) -> str:
    """Say what the columns are."""
    lines = [
        f"K = {arguments.topics}; {arguments.repeats} fits of each model, taking turns; medians [range].",
        "`fit`: from counts to topics and theta. `process`: imports and reading included. `times ours`: the model's",
        f"median over that of {first}. Quality columns: means over the same fits.",
        "",
        provenance(),
        f"- load average before the first fit (other work on the machine): {os.getloadavg()[0]:.1f}",
    ]
    return "\n".join(lines)


def take_turns(corpus: CorpusEntry, models: Sequence[ModelEntry], arguments: argparse.Namespace) -> dict:
    """Fit every model once, then again, so that other work on the machine affects all alike.

    Returns
    -------
    dict
        Title of a model to the records of its runs. All cores are available to each run, and runs do not overlap.
    """
    grid = Experiment([corpus], models, [arguments.topics], range(arguments.repeats), measures=QUALITY)
    progress = Progress(lambda line: print(line, file=sys.stderr, flush=True))
    with tempfile.TemporaryDirectory() as folder:
        results = run_experiment(
            grid, folder, threads=len(os.sched_getaffinity(0)), on_start=progress.start, on_run=progress.run
        )
        if results.failures:
            raise SystemExit(f"{results.failures[0]['model']} failed: {results.failures[0]['error']}")
        records = Records(folder).all()
    return {title(entry): [each for each in records if each["model"] == entry.name] for entry in models}


def table(fits: dict[str, list[dict]]) -> str:
    """Seconds, ratios to the first model's, and the quality of the same fits, in Markdown."""
    first = next(iter(fits.values()))
    rows = ["| model | fit s | times ours | process s | times ours | npmi_doc | nmi |", "|---|---|---|---|---|---|---|"]
    for name, records in fits.items():
        cells = []
        for cost in ("fit_s", "process_s"):
            seconds = [each["cost"][cost] for each in records]
            cells.append(f"{median(seconds):.1f} [{min(seconds):.1f}, {max(seconds):.1f}]")
            cells.append(f"{median(seconds) / median(each['cost'][cost] for each in first):.1f}")
        cells += [f"{mean(each['scores'][measure]['mean'] for each in records):.3f}" for measure in QUALITY]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
