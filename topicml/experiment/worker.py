"""Fit one model once, in a process of its own, and write down what it gave and what it cost.

    python worker.py TASK.json OUTPUT

Besides the model's own package only numpy and scipy are needed, so that any interpreter can run it; it imports
topicml for models of topicml alone. It ends at once when its standard input closes: whoever started it is gone.
"""

import os
import sys

if __name__ == "__main__":  # this folder's modules are not to be mistaken for others of the same name (statistics)
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH120

import json
import platform
import threading
import time
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

TOP_WORDS = 25
TOPICML_PACKAGES = ("topicml", "torch", "pyro-ppl", "scikit-learn")


def main(task_file: str, output: str) -> None:
    """Do the task: its corpus, model, parameters, n_topics, seed."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    warnings.simplefilter("ignore")
    task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    begin = time.perf_counter()
    given, cost = fit_of(task)
    packages = [*(TOPICML_PACKAGES if task["model"] else ()), *task["packages"]]
    cost["process_s"] = time.perf_counter() - begin
    cost["versions"] = versions(["numpy", "scipy", *packages])
    cost["machine"] = machine()
    arrays = {name: np.asarray(given[name], dtype=np.float32) for name in ("theta", "beta") if name in given}
    np.savez(Path(output) / "arrays.npz", **arrays)  # type: ignore[arg-type]
    told = {"topics": [[str(word) for word in topic] for topic in given["topics"]], "cost": cost}
    told["values"] = given.get("values", {})
    (Path(output) / "told.json").write_text(json.dumps(told), encoding="utf-8")


def fit_of(task: dict) -> tuple[dict, dict]:
    """``topics``, ``theta`` and, of topicml's models, ``beta`` and ``values``; and what they cost."""
    return _topicml_fit(task) if task["model"] else _adapter_fit(task)


def _adapter_fit(task: dict) -> tuple[dict, dict]:
    """Topics and theta of the function ``module:function``."""
    module, function = task["adapter"].split(":")
    fit = getattr(import_module(module), function)
    counts, documents, vocabulary = read_input(Path(task["input"]))
    watch = Watch()
    topics, theta = fit(counts, documents, vocabulary, task["n_topics"], task["seed"], **task["parameters"])
    cost = watch.cost()
    return {"topics": [list(topic)[:TOP_WORDS] for topic in topics], "theta": theta}, cost


def _topicml_fit(task: dict) -> tuple[dict, dict]:
    """Topics, theta and beta of a model of topicml; theta of the held-out documents where there are some."""
    from topicml import models
    from topicml.corpus import Corpus

    corpus = Corpus.open(Path(task["input"]) / "corpus")
    parameters = {name: _made(name, value) for name, value in task["parameters"].items()}
    kind = getattr(models, task["model"])
    held_out = Corpus.open(task["held_out"]) if task["held_out"] else None
    watch = Watch()
    model = kind(n_topics=task["n_topics"], random_state=task["seed"], **parameters).fit(corpus)
    theta = model.transform(corpus if held_out is None else held_out)
    cost = watch.cost()
    topics = model.topics(min(TOP_WORDS, corpus.n_words))
    given = {"topics": topics, "theta": theta, "beta": model.components_}
    if held_out is not None and task["perplexity"]:
        from topicml.metrics import perplexity

        given["values"] = {"perplexity": float(perplexity(model, held_out))}
    return given, cost


def _made(name: str, value: Any) -> Any:
    """A contrast that is a table, ``{name = "set", ...}``, as the object that it describes; or a list of them."""
    if name != "contrast" or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, list):
        return [_made(name, each) for each in value]
    from topicml.objectives import CONTRASTS

    return CONTRASTS[value["name"]](**{key: each for key, each in value.items() if key != "name"})


class Watch:
    """Seconds and memory from now on."""

    def __init__(self) -> None:
        self.wall, self.cpu, self.before = time.perf_counter(), _cpu_seconds(), peak_megabytes()

    def cost(self) -> dict:
        """``fit_s`` (wall), ``fit_cpu_s`` (all threads and ended children), ``peak_mb`` (MB of 2**20 bytes)."""
        return {
            "fit_s": time.perf_counter() - self.wall,
            "fit_cpu_s": _cpu_seconds() - self.cpu,
            "peak_before_mb": self.before,
            "peak_mb": peak_megabytes(),
            "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
        }


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def read_input(folder: Path) -> tuple[sp.csr_matrix, "list[list[str]] | None", "list[str]"]:
    """Return the counts, the documents as lists of words (None where their order is not known), and the vocabulary."""
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    counts = sp.csr_matrix(sp.load_npz(folder / "counts.npz"))
    if not (folder / "tokens.npz").exists():
        return counts, None, vocabulary
    with np.load(folder / "tokens.npz") as arrays:
        words = [vocabulary[i] for i in arrays["tokens"].tolist()]
        offsets = arrays["offsets"].tolist()
    return counts, [words[b:e] for b, e in zip(offsets[:-1], offsets[1:])], vocabulary  # noqa: B905, RUF007 (old Python)


def peak_megabytes() -> float:
    """Largest resident memory of this process so far, in MB (2**20 bytes).

    Linux starts ``ru_maxrss`` of a new program at the peak of the process that launched it, so VmHWM, which is the
    program's own, is read where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def machine() -> str:
    """The computer: its processor, the cores this process may use, and NVIDIA's GPUs, used or not (on Linux)."""
    return ", ".join([processor(), f"{cores()} cores", *gpus()])


def cores() -> "int | None":
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def gpus() -> "list[str]":
    """Models of NVIDIA's GPUs, as the driver tells them; none where there is no such driver."""
    found = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = [line for path in found for line in path.read_text().splitlines()]
    return [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model:")]


def processor() -> str:
    """The processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions(packages: "list[str]") -> "dict[str, str]":
    """Return the versions of the installed ones among `packages`, and Python's."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _end_with_starter() -> None:
    """Wait for the end of standard input, which the starter holds open while it lives."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
