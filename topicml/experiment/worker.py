"""Fit one model in the current process, and write its result and cost to a folder.

    python worker.py TASK.json OUTPUT

Any interpreter with numpy and scipy can run this file: it imports topicml for models of topicml only. The process ends
when its standard input closes, which means that the process that started it has ended.
"""

import os
import sys

if __name__ == "__main__":  # modules of this folder must not hide standard modules of the same name (statistics)
    sys.path[:] = [p for p in sys.path if os.path.abspath(p) != os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH120

import json
import platform
import threading
import time
import warnings
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

TOP_WORDS = 25
TOPICML_PACKAGES = ("topicml", "torch", "pyro-ppl", "scikit-learn")


def main(task_file: str, output: str) -> None:
    """Do a task, and write ``result.json`` and ``arrays.npz``.

    Parameters
    ----------
    task_file : str
        JSON, as `topicml.experiment.process.task_of` makes it.
    output : str
        An existing folder.
    """
    threading.Thread(target=_end_with_starter, daemon=True).start()
    warnings.simplefilter("ignore")
    task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    begin = time.perf_counter()
    fitted, cost = fit_of(task)
    packages = [*(TOPICML_PACKAGES if task["model"] else ()), *task["packages"]]
    cost["process_s"] = time.perf_counter() - begin
    cost["versions"] = versions(["numpy", "scipy", *packages])
    cost["machine"] = machine()
    names = ("theta", "beta", "training_theta", "seen_theta")
    arrays = {name: np.asarray(fitted[name], dtype=np.float32) for name in names if fitted.get(name) is not None}
    np.savez(Path(output) / "arrays.npz", **arrays)  # type: ignore[arg-type]
    result = {"topics": [[str(word) for word in topic] for topic in fitted["topics"]], "cost": cost}
    result["values"] = fitted.get("values", {})
    if "starting_topics" in fitted:
        result["starting_topics"] = fitted["starting_topics"]
    (Path(output) / "result.json").write_text(json.dumps(result), encoding="utf-8")


def fit_of(task: "dict[str, Any]") -> "tuple[dict, dict]":
    """Fit the model of a task.

    Parameters
    ----------
    task : dict
        As `topicml.experiment.process.task_of` makes it.

    Returns
    -------
    fitted : dict
        ``topics`` (lists of words), ``theta`` (n_docs, n_topics) and, if the task and the model have them, ``beta``
        (n_topics, n_words), ``values`` (measure to number), ``training_theta``, ``seen_theta`` and
        ``starting_topics``, as `topicml.experiment.outcome.Outcome` describes them.
    cost : dict
        As `Watch.cost` returns it.
    """
    return _topicml_fit(task) if task["model"] else _adapter_fit(task)


def _adapter_fit(task: dict) -> tuple[dict, dict]:
    """Topics and theta of the function ``module:function``; theta of the held-out documents if the task has any."""
    module, function = task["adapter"].split(":")
    fit = getattr(import_module(module), function)
    counts, documents, vocabulary = read_input(Path(task["input"]))
    watch = Watch()
    result = fit(counts, documents, vocabulary, task["n_topics"], task["seed"], **task["parameters"])
    cost = watch.cost()
    parts = dict(result) if isinstance(result, Mapping) else dict(zip(("topics", "theta"), result, strict=True))
    fitted = {name: parts[name] for name in ("theta", "beta") if parts.get(name) is not None}
    fitted["topics"] = [list(topic)[:TOP_WORDS] for topic in parts["topics"]]
    if not task["held_out"]:
        return fitted, cost
    transform = parts.get("transform")
    if transform is None:
        raise ValueError(
            f"{task['adapter']} does not return a function 'transform', which gives theta of held-out documents. "
            'Return a mapping: {"topics": ..., "theta": ..., "transform": ...}, or set held_out_share = 0 to judge on '
            "the documents of the fit."
        )
    folder = Path(task["held_out"]).parent
    fitted["training_theta"] = fitted["theta"]
    fitted["theta"] = transform(*read_input(folder)[:2])
    if task["perplexity"] and "beta" in fitted and (folder / "seen.npz").exists():
        fitted["seen_theta"] = transform(sp.csr_matrix(sp.load_npz(folder / "seen.npz")), None)
    return fitted, cost


def _topicml_fit(task: dict) -> tuple[dict, dict]:
    """Topics, theta and beta of a topicml model; theta of the held-out documents if the task has any."""
    from topicml.corpus import Corpus
    from topicml.models.registry import model_class

    corpus = Corpus.open(Path(task["input"]) / "corpus")
    parameters = build_parameters(task["parameters"])
    kind = model_class(task["model"])
    held_out = Corpus.open(task["held_out"]) if task["held_out"] else None
    watch = Watch()
    model = kind(n_topics=task["n_topics"], random_state=task["seed"], **parameters).fit(corpus)
    is_judged_here = held_out is None or task["training_theta"]
    theta = model.transform(corpus if is_judged_here else held_out)
    cost = watch.cost()
    n_words = min(TOP_WORDS, corpus.n_words)
    fitted = {"topics": model.topics(n_words), "theta": theta, "beta": model.components_}
    if held_out is not None and is_judged_here:
        fitted |= {"theta": model.transform(held_out), "training_theta": theta}
    if held_out is not None and task["perplexity"]:
        from topicml.errors import InputError
        from topicml.metrics import perplexity

        try:
            fitted["values"] = {"perplexity": float(perplexity(model, held_out))}
        except InputError:  # no document can be split; the other measures of a grid do not need it
            if not task["training_theta"]:
                raise
    if task["start"]:
        from topicml.models.untrained import starting_topics

        start = kind(n_topics=task["n_topics"], random_state=task["seed"], **build_parameters(task["parameters"]))
        fitted["starting_topics"] = starting_topics(start, corpus, n_words)
    return fitted, cost


def build_parameters(parameters: "Mapping[str, Any]") -> "dict[str, Any]":
    """Replace a contrast that is a table, ``{name = "set", ...}``, or a list of tables, by the objects they describe.

    Parameters
    ----------
    parameters : mapping
        Hyper-parameters of a topicml model, as plain values.

    Returns
    -------
    dict
        The same parameters, with contrasts as objects or names.

    Raises
    ------
    InputError
        If a table has no name, or a name or a setting is unknown or out of range.
    """
    return {name: _contrast(value) if name == "contrast" else value for name, value in parameters.items()}


def _contrast(value: Any) -> Any:
    if isinstance(value, list):
        return [_contrast(each) for each in value]
    if not isinstance(value, dict):
        return value
    import inspect

    from topicml.checks import check_known
    from topicml.errors import InputError
    from topicml.objectives import CONTRASTS

    if "name" not in value:
        raise InputError(f'A contrast that is a table needs a name, {{name = "set", ...}}; received {value!r}.')
    check_known(value["name"], CONTRASTS, "There is no contrast")
    kind = CONTRASTS[value["name"]]
    settings = {key: each for key, each in value.items() if key != "name"}
    for key in settings:
        check_known(key, inspect.signature(kind).parameters, f"The contrast {value['name']!r} has no setting")
    return kind(**settings)


class Watch:
    """Measure seconds and memory from the moment it is made."""

    def __init__(self) -> None:
        self.wall, self.cpu, self.before = time.perf_counter(), _cpu_seconds(), peak_megabytes()

    def cost(self) -> dict:
        """Seconds since the start, and memory.

        Returns
        -------
        dict
            ``fit_s`` (wall time) and ``fit_cpu_s`` (all threads and ended children), in seconds; ``peak_mb`` and
            ``peak_before_mb`` (at the start), in MB of 2**20 bytes; ``omp_num_threads``.
        """
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
    """Read what `topicml.experiment.process.write_corpus` wrote.

    Returns
    -------
    counts : csr_matrix, (n_docs, n_words)
        Counts of words.
    documents : list of lists of str, or None
        Words in order; None for a corpus without word order.
    vocabulary : list of str
        Words of the columns.
    """
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

    Linux starts ``ru_maxrss`` of a new program at the peak of the process that launched it, so VmHWM, the peak of the
    program itself, is preferred.
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
    """The computer: its processor, the cores that this process may use, and its NVIDIA GPUs, used or not (on Linux)."""
    return ", ".join([processor(), f"{cores()} cores", *gpus()])


def cores() -> "int | None":
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def gpus() -> "list[str]":
    """Models of the NVIDIA GPUs that the driver lists; empty without a driver."""
    files = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    lines = [line for path in files for line in path.read_text().splitlines()]
    return [line.split(":", 1)[1].strip() for line in lines if line.startswith("Model:")]


def processor() -> str:
    """Name of the processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def versions(packages: "list[str]") -> "dict[str, str]":
    """Versions of Python and of those of `packages` that are installed."""
    installed = {"python": platform.python_version()}
    for package in packages:
        try:
            installed[package] = version(package)
        except PackageNotFoundError:
            continue
    return installed


def _end_with_starter() -> None:
    """Wait for the end of standard input, which the starter keeps open, and end the process."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
