"""Quality of topics: corpora x models x seeds, each fit in its own process, continued where it was interrupted.

    python benchmarks/quality.py --peer-python PEERS/bin/python --out benchmarks/results/quality.md

Every finished fit is one JSON file under ``--runs``; what is there already is not repeated.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fitting import FitError, fit, hand_over
from machine import ROOT, commit, machine, provenance
from models import MODELS, usable_models
from quality_table import report
from scores import scores

from topicml.corpus import Corpus
from topicml.files import atomic_file

CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG")
DEFAULT_MODELS = ("prodlda", "topmost_prodlda", "tomotopy_lda", "sklearn_nmf")


def main() -> None:
    arguments = parse_arguments()
    models = usable_models(arguments.models, arguments.peer_python)
    for name in arguments.corpora_names:
        run_corpus(name, models, arguments)
    text = report(read_runs(arguments.runs, arguments.corpora_names, arguments.topics), provenance())
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora's folders")
    add("--only", nargs="+", default=list(CORPORA), dest="corpora_names", metavar="CORPUS", help="corpora to run")
    add(
        "--models",
        nargs="+",
        default=list(DEFAULT_MODELS),
        choices=list(MODELS),
        metavar="MODEL",
        help=", ".join(MODELS),
    )
    add("--topics", type=int, default=50)
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--peer-python", default=sys.executable, help="interpreter with the peers' packages (requirements.txt)")
    add("--runs", type=Path, default=ROOT / "runs" / "quality", help="finished fits; continued from")
    add("--again", nargs="+", default=[], choices=list(MODELS), metavar="MODEL", help="repeat the fits of these models")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    return parser.parse_args()


def run_corpus(name: str, models: list[str], arguments: argparse.Namespace) -> None:
    """Fit and score what is not there yet for one corpus, seed by seed, so that models take turns."""
    corpus = Corpus.read(arguments.corpora / name)
    missing = []
    for seed in arguments.seeds:
        for model in models:
            path = run_path(arguments.runs, name, model, arguments.topics, seed)
            if model in arguments.again or not is_finished(path, corpus.fingerprint):
                missing.append((model, seed, path))
    with tempfile.TemporaryDirectory() as folder:
        if missing:
            hand_over(corpus, Path(folder))
        for model, seed, path in missing:
            run = run_once(corpus, Path(folder), model, arguments.topics, seed, arguments.peer_python)
            write_run(path, {"corpus": name, **run})
            print(line_of({"corpus": name, **run}), file=sys.stderr, flush=True)


def run_once(corpus: Corpus, handed_over: Path, model: str, n_topics: int, seed: int, peer_python: str) -> dict:
    """Fit one model with one seed and score it; a fit that fails gives its error instead of scores."""
    run = {
        "model": model,
        "n_topics": n_topics,
        "seed": seed,
        "fingerprint": corpus.fingerprint,
        "commit": commit(),
        "machine": machine(),
    }
    try:
        result = fit(MODELS[model], peer_python, handed_over, n_topics, seed)
    except FitError as error:
        return {**run, "error": str(error)}
    return {**run, "scores": scores(result.topics, result.theta, corpus), "cost": result.cost, "topics": result.topics}


def run_path(runs: Path, corpus: str, model: str, n_topics: int, seed: int) -> Path:
    """Return where one finished fit is written."""
    return runs / corpus / f"{model}-k{n_topics}-seed{seed}.json"


def write_run(path: Path, run: dict) -> None:
    """Write one finished fit; it appears whole or not at all."""
    with atomic_file(path) as temporary:
        temporary.write_text(json.dumps(run, indent=1), encoding="utf-8")


def is_finished(path: Path, fingerprint: str) -> bool:
    """Whether a fit that did not fail, on this very corpus, is there."""
    if not path.exists():
        return False
    run = json.loads(path.read_text(encoding="utf-8"))
    return "error" not in run and run["fingerprint"] == fingerprint


def read_runs(runs: Path, corpora: list[str], n_topics: int) -> list[dict]:
    """Return the runs of these corpora, in the order of `corpora`."""
    return [run for name in corpora for run in _runs_of(runs / name, n_topics)]


def _runs_of(folder: Path, n_topics: int) -> Iterator[dict]:
    for path in sorted(folder.glob(f"*-k{n_topics}-seed*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def line_of(run: dict) -> str:
    """Return one line about a run, for a person who watches."""
    head = f"{run['corpus']} {run['model']} seed {run['seed']}: "
    if "error" in run:
        return head + "FAILED " + run["error"]
    shown = ", ".join(f"{name} {value:.3g}" for name, value in run["scores"].items())
    return f"{head}fit {run['cost']['fit_s']:.1f} s, {run['cost']['peak_mb']:.0f} MB, {shown}"


if __name__ == "__main__":
    main()
