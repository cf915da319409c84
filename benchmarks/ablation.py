"""What contrast and its balance bring: models x variants x corpora x seeds, continued where it was interrupted.

    python benchmarks/ablation.py --jobs 2 --out benchmarks/results/ablation.md

Every finished fit is one JSON file under ``--runs``; what is there already is not repeated.
"""

import argparse
import json
import os
import sys
import time
import warnings
from functools import lru_cache
from itertools import product
from multiprocessing import get_context
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process a core

import numpy as np
from ablation_table import report
from machine import ROOT, commit, machine, provenance
from quality import CORPORA
from scores import scores

from topicml.corpus import Corpus
from topicml.files import atomic_file

MODELS = ("ProdLDA", "ETM", "LDA2Vec", "TSCTM")
VARIANTS = {
    "none": {},
    "InfoNCE, sum": {"contrast": "infonce", "balance": "sum"},
    "set, sum": {"contrast": "set", "balance": "sum"},
    "set, Pareto": {"contrast": "set", "balance": "pareto"},
}


def main() -> None:
    arguments = parse_arguments()
    grid = product(arguments.seeds, arguments.corpora_names, arguments.models, arguments.variants)
    wanted = [(corpus, model, variant, seed) for seed, corpus, model, variant in grid]
    missing = [run for run in wanted if not run_path(arguments.runs, *run).exists()]
    with get_context("spawn").Pool(arguments.jobs) as pool:
        for line in pool.imap_unordered(run_once, [(arguments.corpora, arguments.runs, *run) for run in missing]):
            print(line, file=sys.stderr, flush=True)
    runs = [json.loads(run_path(arguments.runs, *run).read_text("utf-8")) for run in wanted]
    text = report(runs, provenance(), arguments.out)
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora's folders")
    add("--only", nargs="+", default=list(CORPORA), dest="corpora_names", metavar="CORPUS", help="corpora to run")
    add("--models", nargs="+", default=list(MODELS), metavar="MODEL", help="estimators of topicml")
    add("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS), metavar="VARIANT")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    add("--jobs", type=int, default=2, help="fits at a time, a core each")
    add("--runs", type=Path, default=ROOT / "runs" / "ablation", help="finished fits; continued from")
    add("--out", type=Path, help="write the tables here too (Markdown), and a plot beside it")
    return parser.parse_args()


def run_once(task: tuple[Path, Path, str, str, str, int]) -> str:
    """Fit and score once, write the run down, and return a line about it; a failed fit is written with its error."""
    corpora, runs, name, model, variant, seed = task
    warnings.simplefilter("ignore")
    corpus = read(corpora / name)
    run = {"corpus": name, "model": model, "variant": variant, "seed": seed, "commit": commit(), "machine": machine()}
    try:
        run |= measured(corpus, model, variant, seed)
    except Exception as error:  # one failed fit must not end the others
        run["error"] = f"{type(error).__name__}: {error}"
    path = run_path(runs, name, model, variant, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(run, indent=1), encoding="utf-8")
    shown = run.get("error") or ", ".join(f"{k} {v:.3f}" for k, v in run["scores"].items())
    return f"{name} {model} {variant} seed {seed}: {shown}"


def measured(corpus: Corpus, model: str, variant: str, seed: int) -> dict:
    """Scores, seconds, topics and history of one fit at K = 50."""
    import topicml

    estimator = getattr(topicml, model)(n_topics=50, random_state=seed, **VARIANTS[variant])
    begin = time.perf_counter()
    estimator.fit(corpus)
    seconds = time.perf_counter() - begin
    topics = estimator.topics(25)
    found = scores(topics, estimator.transform(corpus), corpus)
    return {"scores": found, "fit_s": seconds, "topics": topics, "history": plain(estimator.history_)}


def plain(history: list[dict]) -> list[dict]:
    """History as JSON holds it."""
    return [{name: float(value) if np.isfinite(value) else None for name, value in each.items()} for each in history]


@lru_cache(maxsize=2)
def read(folder: Path) -> Corpus:
    """Read a corpus once a process."""
    return Corpus.read(folder)


def run_path(runs: Path, corpus: str, model: str, variant: str, seed: int) -> Path:
    """Return where one finished fit is written."""
    return runs / corpus / f"{model}-{variant.replace(', ', '-')}-seed{seed}.json"


if __name__ == "__main__":
    main()
