"""What a measurement was made with: machine, commit, versions, command."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def machine() -> dict[str, object]:
    """Return the processor's name, the cores this process may use, the memory in GB, and the system."""
    from topicml.experiment.worker import cores, processor  # here: memory.py measures what bare imports take

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": processor(),
        "cores": cores(),
        "memory_gb": round(memory, 1),
        "system": platform.platform(terse=True),
    }


def commit() -> str:
    """Return the commit that is checked out, with ``+changes`` where the package's files differ from it."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        return name + ("+changes" if _git("status", "--porcelain", "--", "topicml") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def provenance() -> str:
    """Return Markdown that says with which command, commit and machine a table was made."""
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
    """Return command-line arguments with paths under the repository relative to it, and other folders by name."""
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
