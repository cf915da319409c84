"""Seeded topics of topica (keyATM, SeededLDA, CorEx with anchors), with their defaults and one thread.

    python benchmarks/peers/seeded.py SYSTEM TASK.json RESULT.npz

TASK.json has the documents as lists of words (``train`` and ``held_out``), the ``seeds``, ``n_free`` (topics without
seeds) and ``seed``. RESULT.npz gets ``theta`` of the held-out documents, the seeded topics first, and ``words``, the 25
first words of each topic. Run it with the interpreter of the peers (benchmarks/requirements.txt).
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

TOP_WORDS = 25


def main(system: str, source: str, target: str) -> None:
    with open(source, encoding="utf-8") as stream:
        task = json.load(stream)
    theta, words = SYSTEMS[system](task)
    padded = [[*each, *[""] * (TOP_WORDS - len(each))][:TOP_WORDS] for each in words]
    np.savez(target, theta=np.asarray(theta, dtype=np.float64), words=np.array(padded))


def keyatm(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    model = topica.KeyATM(task["seeds"], num_topics=len(task["seeds"]) + task["n_free"], seed=task["seed"])
    return of_topica(model, task)


def seeded_lda(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    return of_topica(topica.SeededLDA(task["seeds"], residual=task["n_free"], seed=task["seed"]), task)


def corex(task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    import topica

    anchors = task["seeds"]
    return of_topica(topica.CorEx(len(anchors) + task["n_free"], anchor_words=anchors, seed=task["seed"]), task)


def of_topica(model: Any, task: dict[str, Any]) -> tuple[np.ndarray, list[list[str]]]:
    """Fit, and infer theta of the held-out documents; those without known words get equal shares."""
    model.fit([each for each in task["train"] if each])
    known = set(model.vocabulary)
    held_out = [[word for word in each if word in known] for each in task["held_out"]]
    words = model.top_words(TOP_WORDS)
    words = [[each if isinstance(each, str) else each[0] for each in topic] for topic in words]
    theta = np.full((len(held_out), len(words)), 1 / len(words))
    has_words = [i for i, each in enumerate(held_out) if each]
    theta[has_words] = np.asarray(model.transform([held_out[i] for i in has_words]))
    return theta, words


SYSTEMS: dict[str, Callable[[dict[str, Any]], tuple[np.ndarray, list[list[str]]]]] = {
    "keyatm": keyatm,
    "seeded_lda": seeded_lda,
    "corex": corex,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
