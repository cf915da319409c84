"""Results of ``topicml benchmark`` for the tables of this folder: one entry a run, and what the fits were made with."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow.csv as pacsv
from machine import provenance

from topicml.experiment import Results
from topicml.experiment.records import Records
from topicml.experiment.results import COSTS
from topicml.files import atomic_file

# Diversity is of the top 25 words unless a grid says otherwise; the tables have said td25 since before the runner.
SHOWN = {"topic_diversity": "td25", "used_topics": "topics"}
NAMES = ("corpus", "model", "settings", "n_topics", "seed")


def parse_arguments(description: str | None) -> argparse.Namespace:
    """Read the command line of a table maker: results, a note about them, where to write."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    add = parser.add_argument
    add("results", nargs="+", type=Path, metavar="RESULTS", help="folder of topicml benchmark, or results.csv")
    add("--about", type=Path, metavar="FILE", help="text that says how the fits were made, where runs do not")
    add("--out", type=Path, help="write the tables here too (Markdown), and the results beside them (CSV)")
    return parser.parse_args()


def runs_of(results: Results) -> list[dict]:
    """Return the runs in their order: names, ``scores`` and ``cost`` by measure; a failed one has ``error`` instead.

    Where the runs come from several machines, there are no costs: they would be no comparison.
    """
    shown = results.comparable_measures
    runs: dict[tuple, dict] = {}
    for row in results.table.to_pylist():
        key = tuple(row[name] for name in NAMES)
        run = runs.setdefault(key, {**dict(zip(NAMES, key, strict=True)), "scores": {}, "cost": {}})
        if row["error"] is not None:
            run["error"] = row["error"].strip().splitlines()[-1]
        elif row["value"] is not None and row["measure"] in shown:
            kind = "cost" if row["measure"] in COSTS else "scores"
            run[kind][SHOWN.get(row["measure"], row["measure"])] = row["value"]
    return list(runs.values())


def how_made(sources: Iterable[Path], about: Path | None) -> str:
    """Say with which command the tables were made, and with what the fits."""
    found: dict[str, set[str]] = {}
    for source in sources:
        for record in Records(source / "runs").all():
            for package, version in record.get("cost", {}).get("versions", {}).items():
                found.setdefault(package, set()).add(version)
    versions = ", ".join(f"{package} {'/'.join(sorted(each))}" for package, each in sorted(found.items()))
    lines = [
        provenance(),
        f"- fits: {versions}" if versions else "",
        f"- {about.read_text(encoding='utf-8').strip()}" if about else "",
    ]
    return "\n".join(filter(None, lines))


def write(out: Path | None, text: str, results: Results, sources: Sequence[Path]) -> None:
    """Print the tables; with `out`, write them, and the results beside them."""
    print(text)
    if out is None:
        return
    with atomic_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if [out.with_suffix(".csv").resolve()] != [source.resolve() for source in sources]:
        with atomic_file(out.with_suffix(".csv")) as temporary:
            pacsv.write_csv(results.table, temporary)


def unique(runs: Iterable[dict], key: str) -> list:
    """Return the distinct values of a key, in order of appearance."""
    return list(dict.fromkeys(run[key] for run in runs))
