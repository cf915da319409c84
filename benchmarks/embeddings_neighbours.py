"""The 15 nearest of 100,000 vectors: all pairs, and an index of USearch. Time, memory, and recall.

    python benchmarks/embeddings_neighbours.py                             # random vectors around 1,000 centres
    python benchmarks/embeddings_neighbours.py --vectors runs/embeddings/vectors/minilm/*.npy     # real ones

Prints a row of results/embeddings.md per search, each in a process of its own. Seconds are those of all threads
together (CPU) and of the clock. Recall is that of 1,000 vectors, against all pairs.
"""

import argparse
import multiprocessing
import resource
import time
from pathlib import Path

import numpy as np
from machine import peak_megabytes, provenance

N_NEIGHBOURS, SIZE = 15, 384


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--vectors", nargs="+", type=Path, default=[], metavar="FILE", help=".npy files of one encoder")
    parser.add_argument("--n", type=int, default=100_000, help="at most so many vectors, drawn at random")
    parser.add_argument("--search", nargs="+", default=["approximate", "exact"], metavar="SEARCH")
    arguments = parser.parse_args()
    print(provenance())
    print(
        "| search | vectors | CPU seconds | seconds | MB, vectors included | recall |\n|---|---:|---:|---:|---:|---:|"
    )
    for search in arguments.search:
        # A new process, whose peak is that of this search.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(measured, (arguments.vectors, arguments.n, search)), flush=True)


def measured(files: list[Path], n: int, search: str) -> str:
    from topicml.corpus.neighbours import nearest

    vectors = vectors_of(files, n)
    wall, cpu = time.perf_counter(), cpu_seconds()
    found = nearest(vectors, N_NEIGHBOURS, search=search)
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    peak = peak_megabytes()
    sample = np.random.default_rng(0).choice(len(vectors), min(1000, len(vectors)), replace=False)
    cosines = vectors[sample] @ vectors.T
    cosines[np.arange(len(sample)), sample] = -np.inf
    true = np.argpartition(-cosines, N_NEIGHBOURS - 1, axis=1)[:, :N_NEIGHBOURS]
    recall = np.mean([len(np.intersect1d(*pair)) for pair in zip(found[sample], true, strict=True)]) / N_NEIGHBOURS
    return f"| {search} | {len(vectors):,} x {vectors.shape[1]} | {cpu:.0f} | {wall:.0f} | {peak:.0f} | {recall:.4f} |"


def vectors_of(files: list[Path], n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if files:
        vectors = np.concatenate([np.load(file, mmap_mode="r") for file in files]).astype(np.float32)
        vectors = vectors[np.sort(rng.choice(len(vectors), min(n, len(vectors)), replace=False))]
    else:
        centres = rng.normal(size=(1000, SIZE)).astype(np.float32)
        vectors = centres[rng.integers(0, 1000, n)] + rng.normal(size=(n, SIZE)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
