"""Fit one model once, in a process of its own, and write down what it gave and what it cost.

    python fit_once.py FUNCTION INPUT OUTPUT --topics K --seed S

FUNCTION is ``module:function`` of this folder (``peers.sklearn_nmf:fit``, ``ours:prodlda``). Besides the model's own
package only numpy and scipy are needed, so that any interpreter can run it.

    INPUT/counts.npz        CSR (n_docs, n_words)        OUTPUT/topics.json     lists of 25 words
    INPUT/vocabulary.json   the words                    OUTPUT/theta.npy       float32 (n_docs, K)
    INPUT/tokens.npz        ids, offsets (if known)      OUTPUT/cost.json       seconds, megabytes, versions
"""

import argparse
import json
import os
import platform
import resource
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sp


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("function")
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--topics", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--packages", nargs="*", default=[], help="whose versions are written down")
    arguments = parser.parse_args()

    begin = time.perf_counter()
    module, function = arguments.function.split(":")
    fit = getattr(import_module(module), function)
    imported = time.perf_counter()
    import_peak = peak_megabytes()
    counts, documents, vocabulary = read_input(arguments.input)
    cpu_begin, fit_begin = time.process_time(), time.perf_counter()
    topics, theta = fit(counts, documents, vocabulary, arguments.topics, arguments.seed)
    cost = {
        "fit_s": time.perf_counter() - fit_begin,
        "fit_cpu_s": time.process_time() - cpu_begin,
        "import_s": imported - begin,
        "import_peak_mb": import_peak,
        "peak_mb": peak_megabytes(),
        "versions": versions(["numpy", "scipy", *arguments.packages]),
        "omp_num_threads": os.environ.get("OMP_NUM_THREADS"),
    }
    np.save(arguments.output / "theta.npy", np.asarray(theta, dtype=np.float32))
    (arguments.output / "topics.json").write_text(json.dumps(topics), encoding="utf-8")
    (arguments.output / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def read_input(folder: Path) -> tuple[sp.csr_matrix, list[list[str]] | None, list[str]]:
    """Return the counts, the documents as lists of words (None where their order is not known), and the vocabulary."""
    vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
    counts = sp.csr_matrix(sp.load_npz(folder / "counts.npz"))
    if not (folder / "tokens.npz").exists():
        return counts, None, vocabulary
    with np.load(folder / "tokens.npz") as arrays:
        words = [vocabulary[i] for i in arrays["tokens"].tolist()]
        offsets = arrays["offsets"].tolist()
    return counts, [words[b:e] for b, e in pairwise(offsets)], vocabulary


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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


def versions(packages: list[str]) -> dict[str, str]:
    """Return the versions of the installed ones among `packages`, and Python's."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
