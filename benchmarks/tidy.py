"""Results of ``topicml benchmark`` as runs, and the text that tables share: provenance, spread, writing."""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

import pyarrow.csv as pacsv
from machine import provenance

from topicml.experiment import Results
from topicml.experiment.records import Records
from topicml.experiment.values import COSTS
from topicml.files import atomic_file

# Diversity is of the top 25 words unless a grid says otherwise; the tables call it td25.
COLUMN_NAMES = {"topic_diversity": "td25", "used_topics": "topics"}
NAMES = ("corpus", "model", "settings", "n_topics", "seed")


def parse_arguments(description: str | None) -> argparse.Namespace:
    """Parse the command line of a script that makes tables: results, a note about them, the file to write."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    add = parser.add_argument
    add("results", nargs="+", type=Path, metavar="RESULTS", help="folder of topicml benchmark, or results.csv")
    add("--about", type=Path, metavar="FILE", help="text on how the fits were made, for results without their runs")
    add("--out", type=Path, help="also write the tables to this file (Markdown), and the results next to it (CSV)")
    return parser.parse_args()


def runs_of(results: Results) -> list[dict]:
    """The runs in their order: names, ``scores`` and ``cost`` by measure; a failed run has ``error`` instead.

    Costs are left out if the runs are from several machines, because they are not comparable. If several versions
    finished runs of a model, its name has the version.
    """
    shown = results.comparable_measures
    runs: dict[tuple, dict] = {}
    for row in results.rows:
        key = tuple(row[name] for name in NAMES)
        run = runs.setdefault(key, {**dict(zip(NAMES, key, strict=True)), "scores": {}, "cost": {}})
        if row["error"] is not None:
            run["error"] = row["error"].strip().splitlines()[-1]
        elif row["value"] is not None and row["measure"] in shown:
            kind = "cost" if row["measure"] in COSTS else "scores"
            run[kind][COLUMN_NAMES.get(row["measure"], row["measure"])] = row["value"]
    return list(runs.values())


def how_made(sources: Iterable[Path], about: Path | None) -> str:
    """Markdown with the command that made the tables, and the versions and notes of the fits."""
    versions = versions_used(record for source in sources for record in Records(source / "runs").all())
    lines = [
        provenance(),
        f"- fits: {versions}" if versions else "",
        f"- {about.read_text(encoding='utf-8').strip()}" if about else "",
    ]
    return "\n".join(filter(None, lines))


def versions_used(records: Iterable[dict]) -> str:
    """Versions of all packages that the runs recorded: "numpy 2.4.6, torch 2.11.0/2.13.0"."""
    used: dict[str, set[str]] = {}
    for record in records:
        for package, version in record.get("cost", {}).get("versions", {}).items():
            used.setdefault(package, set()).add(version)
    return ", ".join(f"{package} {'/'.join(sorted(each))}" for package, each in sorted(used.items()))


def write(out: Path | None, text: str, results: Results, sources: Sequence[Path]) -> None:
    """Print the tables; with `out`, write them, and the results as CSV next to them."""
    print(text)
    if out is None:
        return
    with atomic_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    if [out.with_suffix(".csv").resolve()] != [source.resolve() for source in sources]:
        with atomic_file(out.with_suffix(".csv")) as temporary:
            pacsv.write_csv(results.table, temporary)


def unique(runs: Iterable[dict], key: str) -> list:
    """The distinct values of a key, in order of appearance."""
    return list(dict.fromkeys(run[key] for run in runs))


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation as text; the value itself if there is only one."""
    return f"{mean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if len(values) > 1 else "")
