"""A run in a process of its own: hand its corpus over, start the worker, read what it gave and cost."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import scipy.sparse as sp

import topicml
from topicml.corpus import Corpus
from topicml.experiment.grid import Run

WORKER = Path(__file__).with_name("worker.py")
_ERROR_CHARACTERS = 2000
_GLANCE = 0.2  # seconds between looks at whether the run is to stop


class StoppedError(RuntimeError):
    """The run was ended because the whole experiment was."""


class RunError(RuntimeError):
    """The process of a run failed; the message is the end of what it wrote to standard error."""


@dataclass(frozen=True)
class Fit:
    """What one run gave and cost.

    Attributes
    ----------
    topics : list of lists of str
        At most 25 words a topic, best first.
    theta : ndarray, (n_docs, n_topics), float32
        Of the corpus, or of the held-out documents where there are some.
    beta : ndarray, (n_topics, n_words), float32, or None
        An adapter gives none.
    cost : dict
        ``fit_s`` and ``fit_cpu_s`` (from counts to topics and theta), ``process_s`` (imports and reading included), in
        seconds; ``peak_mb``, resident memory of the run's own process; ``versions``; ``machine``.
    values : dict
        Measures that only the process of the model can take.
    """

    topics: list[list[str]]
    theta: np.ndarray
    beta: np.ndarray | None
    cost: dict[str, Any]
    values: dict[str, float] = field(default_factory=dict)


def hand_over(corpus: Corpus, folder: Path) -> None:
    """Write what the worker reads, for models of topicml and for adapters."""
    folder.mkdir(parents=True)
    corpus.save(folder / "corpus")
    sp.save_npz(folder / "counts.npz", corpus.counts, compressed=False)
    (folder / "vocabulary.json").write_text(json.dumps(list(corpus.vocabulary)), encoding="utf-8")
    if corpus.tokens is not None and corpus.offsets is not None:
        np.savez(folder / "tokens.npz", tokens=corpus.tokens, offsets=corpus.offsets)


def fit_in_process(
    run: Run,
    handed_over: Path,
    *,
    threads: int = 1,
    timeout: float | None = None,
    held_out: Path | None = None,
    perplexity: bool = False,
    stop: Event | None = None,
) -> Fit:
    """Fit in a process of its own, which ends if this one does.

    Parameters
    ----------
    handed_over : Path
        What `hand_over` wrote.
    threads : int
        Threads of numerical libraries.
    timeout : float, optional
        Seconds after which the process is ended.
    held_out : Path, optional
        A saved corpus, of which theta is inferred (and perplexity) instead of the fitted documents; topicml's models
        only.
    stop : Event, optional
        Once it is set, the process is ended.

    Raises
    ------
    RunError
        If the process fails, or takes too long.
    StoppedError
        If `stop` was set.
    """
    entry, task = run.model, task_of(run, handed_over, held_out=held_out, perplexity=perplexity)
    with tempfile.TemporaryDirectory(prefix="topicml-run-") as name:
        output = Path(name)
        (output / "task.json").write_text(json.dumps(task), encoding="utf-8")
        command = [entry.python or sys.executable, str(WORKER), str(output / "task.json"), name]
        with open(output / "errors.txt", "w+b") as errors:
            environment = _environment(entry.path, entry.model is not None, threads)
            try:
                status = _status(command, environment, errors, timeout, stop or Event())
            except OSError as error:
                raise RunError(f"{command[0]} could not be started: {error}") from error
            if status != 0:
                errors.seek(0)
                told = errors.read().decode("utf-8", "replace").strip()[-_ERROR_CHARACTERS:]
                raise RunError(f"exit status {status}: {told or 'nothing was said'}")
        if not (output / "told.json").exists():
            raise RunError("the process ended without a result")
        told = json.loads((output / "told.json").read_text(encoding="utf-8"))
        with np.load(output / "arrays.npz") as arrays:
            theta, beta = arrays["theta"], arrays.get("beta")
    if theta.ndim != 2 or not told["topics"]:
        raise RunError(f"gave {len(told['topics'])} topics and theta of shape {theta.shape}; needs (n_docs, n_topics)")
    return Fit(told["topics"], theta, beta, told["cost"], told["values"])


def task_of(run: Run, handed_over: Path, *, held_out: Path | None = None, perplexity: bool = False) -> dict[str, Any]:
    """What the worker reads of a run, as JSON holds it."""
    return {
        "model": run.model.model,
        "adapter": run.model.adapter,
        "input": str(handed_over),
        "packages": list(run.model.packages),
        "parameters": dict(run.parameters),
        "n_topics": run.n_topics,
        "seed": run.seed,
        "held_out": None if held_out is None else str(held_out),
        "perplexity": perplexity,
    }


def _status(command: list[str], environment: dict[str, str], errors: Any, timeout: float | None, stop: Event) -> int:
    """Exit status of the worker. It has a session of its own: Ctrl-C is for the starter, which then ends it."""
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        while True:
            try:
                return process.wait(_GLANCE)
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    raise StoppedError("stopped") from None
                if timeout is not None and time.monotonic() - begin > timeout:
                    raise RunError(f"took longer than {timeout:g} s and was ended") from None
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def _environment(path: tuple[str, ...], ours: bool, threads: int) -> dict[str, str]:
    folders = [*([str(Path(topicml.__file__).parent.parent)] if ours else path), os.environ.get("PYTHONPATH", "")]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(filter(None, folders))}
