"""Fixtures and settings that all tests share."""

import os
import threading
import warnings
from importlib import import_module
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process a core; read when numpy and torch are first imported

import pytest
from hypothesis import settings

settings.register_profile("topicml", deadline=None)  # the first example of a test pays for imports
settings.load_profile("topicml")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "corpora"


@pytest.fixture(scope="session")
def shared_corpora() -> Path:
    """Folder of the real corpora; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("TOPICML_CORPORA", SHARED))
    if not folder.is_dir():
        pytest.skip(f"the real corpora are not at {folder} (set TOPICML_CORPORA to their folder)")
    return folder


@pytest.fixture
def fits_here(monkeypatch: pytest.MonkeyPatch):
    """Runs of experiments are fitted by the worker's code in this process: to start one takes longer than a small fit.

    That they run in processes of their own is tests/experiment/test_runner.py's.
    """
    from topicml.experiment import process, worker
    from topicml.experiment.outcome import Outcome

    one_at_a_time = threading.Lock()

    def fit(run, handed_over, *, held_out=None, perplexity=False, training_theta=False, start=False, **options):
        wanted = {"perplexity": perplexity, "training_theta": training_theta, "start": start}
        task = process.task_of(run, handed_over, held_out=held_out, **wanted)
        with one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given, cost = worker.fit_of(task)
        theta, beta = (given[name].astype("float32") for name in ("theta", "beta"))
        training = given.get("training_theta")
        return Outcome(
            given["topics"],
            theta,
            beta,
            cost | {"versions": {}},
            given.get("values", {}),
            training_theta=None if training is None else training.astype("float32"),
            starting_topics=given.get("starting_topics"),
        )

    for module in ("runner", "tune"):
        monkeypatch.setattr(import_module(f"topicml.experiment.{module}"), "fit_in_process", fit)
    return fit


@pytest.fixture
def resident():
    """`resident(array)` is how much of an array in a file is in the memory of this process: 0 for nothing, 1 for all.

    Pages count whole, so that it may be more than 1 for a small array.
    """
    smaps = Path("/proc/self/smaps")
    if not smaps.exists():
        pytest.skip("only Linux tells what is in memory of a file")

    def share(array):
        begin = array.__array_interface__["data"][0]
        total, is_inside = 0, False
        for line in smaps.read_text("utf-8", errors="replace").splitlines():
            first = line.split(" ", 1)[0]
            if "-" in first and ":" not in first:
                start, stop = (int(each, 16) for each in first.split("-"))
                is_inside = start < begin + array.nbytes and stop > begin
            elif is_inside and line.startswith("Rss:"):
                total += 1024 * int(line.split()[1])
        return total / array.nbytes

    return share
