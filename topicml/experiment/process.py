"""Fit a run in its own process: write the corpus, start the worker, read its outcome."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import scipy.sparse as sp

import topicml
from topicml.corpus import Corpus
from topicml.corpus.npy_headers import reading
from topicml.experiment.grid import Run
from topicml.experiment.outcome import Outcome
from topicml.files import clean_leftovers, temporary_folder
from topicml.metrics.completion import rows_in_both, split_tokens

WORKER = Path(__file__).with_name("worker.py")
_ERROR_CHARACTERS = 2000
_POLL_SECONDS = 0.2  # between checks whether the run should stop


class StoppedError(RuntimeError):
    """The process of a run was ended because the experiment was stopped."""


class RunError(RuntimeError):
    """The process of a run failed; the message is the end of its standard error."""


def write_corpus(corpus: Corpus, folder: Path, *, seen_halves: bool = False) -> None:
    """Write a corpus in the formats that topicml models and adapters read.

    Parameters
    ----------
    corpus : Corpus
        The documents to fit, or held-out documents.
    folder : Path
        A new folder.
    seen_halves : bool
        Whether to write the seen halves of the documents, from which theta is inferred for perplexity.
    """
    folder.mkdir(parents=True)
    corpus.save(folder / "corpus")
    sp.save_npz(folder / "counts.npz", corpus.counts, compressed=False)
    (folder / "vocabulary.json").write_text(json.dumps(list(corpus.vocabulary)), encoding="utf-8")
    if corpus.tokens is not None and corpus.offsets is not None:
        np.savez(folder / "tokens.npz", tokens=corpus.tokens, offsets=corpus.offsets)
    if seen_halves:
        seen, held_out = split_tokens(corpus)
        if len(rows := rows_in_both(seen, held_out)):
            sp.save_npz(folder / "seen.npz", seen[rows], compressed=False)


def fit_in_process(
    run: Run,
    corpus_folder: Path,
    *,
    threads: int = 1,
    timeout: float | None = None,
    held_out: Path | None = None,
    perplexity: bool = False,
    training_theta: bool = False,
    start: bool = False,
    stop: Event | None = None,
) -> Outcome:
    """Fit in a separate process, which ends when the current one does.

    Parameters
    ----------
    run : Run
        The model, its parameters, number of topics and seed.
    corpus_folder : Path
        The folder that `write_corpus` wrote.
    threads : int
        Threads of numerical libraries.
    timeout : float, optional
        Seconds after which the process is ended.
    held_out : Path, optional
        A saved corpus; theta (and perplexity) are computed for it instead of the fitted documents. Adapters read the
        folder around it, which `write_corpus` wrote.
    perplexity : bool
        Whether to compute the perplexity of the held-out documents; of an adapter, theta of their seen halves.
    training_theta : bool
        Whether to return theta of the fitted documents as well.
    start : bool
        Whether to return the topics of a topicml model before training.
    stop : Event, optional
        The process is ended when this event is set.

    Returns
    -------
    Outcome
        Topics, theta, beta and cost.

    Raises
    ------
    RunError
        If the process fails, or exceeds the timeout.
    StoppedError
        If `stop` was set.
    """
    entry = run.model
    clean_leftovers(tempfile.gettempdir(), "topicml-run")  # of processes that were killed
    task = task_of(
        run, corpus_folder, held_out=held_out, perplexity=perplexity, training_theta=training_theta, start=start
    )
    with temporary_folder("topicml-run", tempfile.gettempdir()) as output:
        (output / "task.json").write_text(json.dumps(task), encoding="utf-8")
        command = [entry.python or sys.executable, str(WORKER), str(output / "task.json"), str(output)]
        with open(output / "errors.txt", "w+b") as errors:
            environment = _environment(entry.import_folders(), entry.model is not None, threads)
            try:
                status = _status(command, environment, errors, timeout, stop or Event())
            except OSError as error:
                raise RunError(f"{command[0]} could not be started: {error}") from error
            if status != 0:
                errors.seek(0)
                message = errors.read().decode("utf-8", "replace").strip()[-_ERROR_CHARACTERS:]
                raise RunError(f"exit status {status}: {message or 'no error message'}")
        if not (output / "result.json").exists():
            raise RunError("the process ended without a result")
        result = json.loads((output / "result.json").read_text(encoding="utf-8"))
        arrays = reading(lambda: _arrays(output / "arrays.npz"))
        theta, beta = arrays["theta"], arrays.get("beta")
        others = {name: arrays.get(name) for name in ("training_theta", "seen_theta")}
    if theta.ndim != 2 or not result["topics"]:
        raise RunError(
            f"returned {len(result['topics'])} topics and theta of shape {theta.shape}; theta needs shape "
            "(n_docs, n_topics)"
        )
    starting_topics = result.get("starting_topics")
    return Outcome(
        result["topics"], theta, beta, result["cost"], result["values"], **others, starting_topics=starting_topics
    )


def _arrays(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as arrays:
        return dict(arrays)


def task_of(
    run: Run,
    corpus_folder: Path,
    *,
    held_out: Path | None = None,
    perplexity: bool = False,
    training_theta: bool = False,
    start: bool = False,
) -> dict[str, Any]:
    """The task of a worker, as JSON-able values.

    Parameters
    ----------
    run, corpus_folder, held_out, perplexity, training_theta, start
        As in `fit_in_process`.

    Returns
    -------
    dict
        The input of `topicml.experiment.worker.fit_of`.
    """
    return {
        "model": run.model.worker_model(),
        "adapter": run.model.adapter,
        "input": str(corpus_folder),
        "packages": list(run.model.packages),
        "parameters": dict(run.parameters),
        "n_topics": run.n_topics,
        "seed": run.seed,
        "held_out": None if held_out is None else str(held_out),
        "perplexity": perplexity,
        "training_theta": training_theta,
        "start": start,
    }


def _status(command: list[str], environment: dict[str, str], errors: Any, timeout: float | None, stop: Event) -> int:
    """Exit status of the worker. In its own session it does not receive Ctrl-C: the starter does, and ends it."""
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
                return process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    raise StoppedError("stopped") from None
                if timeout is not None and time.monotonic() - begin > timeout:
                    raise RunError(f"took longer than {timeout:g} s and was ended") from None
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def _environment(folders: tuple[str, ...], is_topicml: bool, threads: int) -> dict[str, str]:
    """Environment of the worker. An adapter gets no folder of topicml: its interpreter may lack what topicml needs."""
    package = [str(Path(topicml.__file__).parent.parent)] if is_topicml else []
    search_path = [*package, *folders, os.environ.get("PYTHONPATH", "")]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    return {**os.environ, **limits, "PYTHONPATH": os.pathsep.join(filter(None, search_path))}
