"""A small source of documents, and the settings of a fit that takes a moment."""

import csv
import random
from pathlib import Path

import pytest

from topicml.runs import FitSettings, Reading

THEMES = {
    "space": "rocket orbit moon astronaut launch satellite planet engine telescope mission comet crater",
    "kitchen": "oven butter flour sugar onion garlic recipe pepper salad cheese soup bread",
    "sport": "goal match team player coach league score stadium tennis race medal referee",
}
PARAMETERS = {"n_topics": 3, "max_epochs": 4, "hidden": 16, "batch_size": 32, "random_state": 0, "device": "cpu"}


def write_source(path: Path, n_docs: int = 60, *, shift: int = 0) -> Path:
    """A CSV of documents with a label; `shift` changes labels and nothing else."""
    draw = random.Random(0)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "other", "label"))
        for number in range(n_docs):
            words = THEMES[list(THEMES)[number % 3]].split()
            label = list(THEMES)[(number + shift * (number % 2)) % 3]
            writer.writerow((" ".join(draw.choices(words, k=15)), " ".join(draw.choices(words, k=15)), label))
    return path


def make_settings(source: Path, *, model: str = "ProdLDA", views: tuple[str, ...] = (), **parameters) -> FitSettings:
    return FitSettings(Reading(str(source), "text"), model, {**PARAMETERS, **parameters}, views=list(views))


@pytest.fixture(scope="session")
def write():
    return write_source


@pytest.fixture(scope="session")
def settings():
    """`settings(source, contrast="set")` are the settings of a small fit."""
    return make_settings


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source") / "documents.csv")


@pytest.fixture
def interrupt(monkeypatch):
    """Interrupt fits after training, before the output is written, inside `with interrupt():`."""
    from contextlib import contextmanager

    from topicml.runs import fit

    def stop(*_):
        raise KeyboardInterrupt

    @contextmanager
    def interrupted():
        with monkeypatch.context() as patch:
            patch.setattr(fit, "write_topics", stop)
            with pytest.raises(KeyboardInterrupt):
                yield

    return interrupted
