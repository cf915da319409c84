"""How a measurement was made: machine, commit, command; and the peak memory of the current process."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def _load_worker() -> ModuleType:
    """Load topicml's worker without topicml: `memory.py` measures what a bare import of topicml takes."""
    spec = spec_from_file_location("topicml_worker", ROOT / "topicml" / "experiment" / "worker.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_worker = _load_worker()
peak_megabytes = _worker.peak_megabytes


def machine() -> dict[str, object]:
    """Name of the processor, cores that this process may use, memory in GB, and operating system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": _worker.processor(),
        "cores": _worker.cores(),
        "memory_gb": round(memory, 1),
        "system": platform.platform(terse=True),
    }


def commit() -> str:
    """The current commit, with ``+changes`` if files of the package differ from it."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        return name + ("+changes" if _git("status", "--porcelain", "--", "topicml") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def provenance() -> str:
    """Markdown with the command, commit and machine that made a table."""
    here = machine()
    command = shlex.join(["python", *_relative(sys.argv)])
    return "\n".join(
        [
            f"- command: `{command}`",
            f"- commit: {commit()}; {datetime.now(UTC):%Y-%m-%d}",
            f"- machine: {here['cpu']}, {here['cores']} cores, {here['memory_gb']} GB, {here['system']}, no GPU used",
        ]
    )


def _relative(arguments: list[str]) -> list[str]:
    """Command-line arguments with paths relative to the repository; other folders appear by name only."""
    shown = []
    for argument in arguments:
        option, equals, value = argument.rpartition("=")
        path = Path(value)
        if path.is_absolute():
            value = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else f".../{path.name}"
        shown.append(option + equals + value)
    return shown


def _git(*arguments: str) -> str:
    return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def report_counts(title: str, counts: Mapping[str, int], faults: Sequence[str], out: Path | None) -> None:
    """Print a page of counts and faults, write it to `out` if that is given, and exit with 1 if there are faults."""
    rows = [f"| {what} | {count:,} |" for what, count in sorted(counts.items())]
    told = [f"- {fault}" for fault in faults] or ["None."]
    parts = [f"# {title}", provenance(), "\n".join(["| outcome | number |", "|---|---:|", *rows])]
    text = "\n\n".join([*parts, "## Faults", "\n".join(told)]) + "\n"
    print(text)
    if out:
        out.write_text(text, encoding="utf-8")
    sys.exit(1 if faults else 0)
