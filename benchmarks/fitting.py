"""Fits in processes of their own: hand a corpus over, start `fit_once.py`, read what it gave and cost."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from machine import ROOT
from models import Model

from topicml.corpus import Corpus

HERE = Path(__file__).resolve().parent


class FitError(RuntimeError):
    """The process of a fit failed; the message is the end of what it wrote to standard error."""


@dataclass(frozen=True)
class Fit:
    """What one fit gave and cost.

    Attributes
    ----------
    topics
        25 words a topic, best first.
    theta
        Topic proportions, (n_docs, n_topics).
    cost
        ``fit_s`` (from counts to topics and theta), ``process_s`` (imports and reading included), ``fit_cpu_s``,
        ``peak_mb`` (resident memory of the whole process), ``versions``, and more (see `fit_once.py`).
    """

    topics: list[list[str]]
    theta: np.ndarray
    cost: dict


def hand_over(corpus: Corpus, folder: Path) -> None:
    """Write what `fit_once.py` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    sp.save_npz(folder / "counts.npz", corpus.counts, compressed=False)
    (folder / "vocabulary.json").write_text(json.dumps(list(corpus.vocabulary)), encoding="utf-8")
    if corpus.has_order:
        np.savez(folder / "tokens.npz", tokens=corpus.tokens, offsets=corpus.offsets)


def fit(model: Model, peer_python: str, handed_over: Path, n_topics: int, seed: int) -> Fit:
    """Fit `model` in a process of its own, run by the interpreter `peer_python` if it is a peer.

    Raises
    ------
    FitError
        If the process fails.
    """
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as name:
        output = Path(name)
        command = [model.interpreter(peer_python), str(HERE / "fit_once.py"), model.function, str(handed_over), name]
        command += ["--topics", str(n_topics), "--seed", str(seed), "--packages", *model.packages]
        begin = time.perf_counter()
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": search_path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
        seconds = time.perf_counter() - begin
        if done.returncode != 0:
            raise FitError(f"exit status {done.returncode}: {done.stderr.strip()[-500:]}")
        cost = json.loads((output / "cost.json").read_text(encoding="utf-8"))
        topics = json.loads((output / "topics.json").read_text(encoding="utf-8"))
        return Fit(topics, np.load(output / "theta.npy"), {**cost, "process_s": seconds})
