"""The program, run in this process, and a small corpus of three plain topics."""

import contextlib
import csv
import io
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from topicml.cli import main

THEMES = {
    "space": "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "kitchen": "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "sport": "goal match team player coach league score stadium tennis race medal referee",
}
SMALL = ("--topics", "3", "--epochs", "20", "--set", "hidden=16", "--set", "batch_size=32")


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def refused(self) -> bool:
        """Wrong input as it should be told: exit code 2, a message, no traceback, nothing on standard output."""
        return self.code == 2 and bool(self.err.strip()) and "Traceback" not in self.err and not self.out


def call(*arguments: object) -> Outcome:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stop:
        main([str(each) for each in arguments])
    return Outcome(stop.value.code or 0, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def topicml() -> Callable[..., Outcome]:
    """Run the program: `topicml("fit", "lee")` gives its exit code and what it printed."""
    return call


def write_documents(path: Path, n_docs: int = 90, seed: int = 0) -> Path:
    draw = random.Random(seed)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "body text", "theme"))
        for number in range(n_docs):
            theme = list(THEMES)[number % len(THEMES)]
            writer.writerow((number, " ".join(draw.choices(THEMES[theme].split(), k=15)), theme))
    return path


@pytest.fixture(scope="session")
def themes() -> dict[str, str]:
    """Words of each theme."""
    return THEMES


@pytest.fixture(scope="session")
def small() -> tuple[str, ...]:
    """Options of a fit that takes a moment."""
    return SMALL


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """Write such a CSV: `write(path, n_docs, seed)`."""
    return write_documents


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of 90 documents of three themes: columns id, "body text", theme."""
    return write_documents(tmp_path_factory.mktemp("source") / "documents.csv")


@pytest.fixture(scope="session")
def run_folder(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `topicml fit --out` wrote for `documents`; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    outcome = call("fit", documents, "--text-column", "body text", "--label-column", "theme", *SMALL, "--out", folder)
    assert outcome.code == 0, outcome.err
    return folder


@pytest.fixture
def typed(monkeypatch):
    """`typed(b"...")` is the standard input of the next command."""
    return lambda content: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
