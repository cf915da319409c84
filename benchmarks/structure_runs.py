"""What the parts of structure.py share: finished runs in files, tables of systems, and the interpreter of the peers."""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from systems import PEERS_PYTHON

from topicml.files import atomic_file


def peers_python() -> Path:
    """The interpreter of the peers: $TOPICML_PEERS, or that of .peers."""
    return Path(os.environ.get("TOPICML_PEERS", PEERS_PYTHON))


def file_of(runs: Path, *parts: object) -> Path:
    """The file of a run, named by its parts: corpus, system, seed."""
    name = "-".join(map(str, parts)).replace(" ", "_").replace(",", "").replace("%", "percent")
    return runs / f"{name}.json"


def kept(
    file: Path, run: Callable[[], dict[str, Any]], *, finished: bool, quiet: bool = False
) -> dict[str, Any] | None:
    """What a run returned, from its file if there is one; None if it is missing and may not be run."""
    if file.exists():
        known: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return known
    if finished:
        return None
    made = run()
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as temporary:
        temporary.write_text(json.dumps(made), "utf-8")
    print(file.stem, "" if quiet else made, flush=True)
    return made


def table_of_means(
    columns: Mapping[str, str],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    counts: Collection[str] = (),
    spread: bool = False,
) -> str:
    """A row for each system with runs: their number, and the mean of each measure over those that have it.

    Parameters
    ----------
    columns : mapping of str to str
        Keys of measures to headings.
    found : mapping of str to sequence of mapping
        The runs of each system.
    counts : collection of str
        Keys of counts, which have one decimal in place of three.
    spread : bool
        Whether the standard deviation over runs follows the mean, if there are several.
    """
    lines = [f"| system | fits | {' | '.join(columns.values())} |", "|---|---:" + "|---:" * len(columns) + "|"]
    for system, runs in found.items():
        if runs:
            cells = [_mean(runs, key, 1 if key in counts else 3, spread) for key in columns]
            lines.append(f"| {system} | {len(runs)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(runs: Sequence[Mapping[str, Any]], key: str, decimals: int, spread: bool) -> str:
    values = [each[key] for each in runs if each.get(key) is not None]
    if not values:
        return "-"
    mean = f"{np.mean(values):.{decimals}f}"
    return f"{mean} ± {np.std(values, ddof=1):.{decimals}f}" if spread and len(values) > 1 else mean
