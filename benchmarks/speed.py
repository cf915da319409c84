"""Wall time of a fit, side by side: models take turns, each fit in its own process, and the ratios are printed.

python benchmarks/speed.py --peer-python PEERS/bin/python --out benchmarks/results/speed.md
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from fitting import Fit, fit, hand_over
from machine import ROOT, provenance
from models import MODELS, usable_models
from scores import scores

from topicml.corpus import Corpus
from topicml.files import atomic_file

CORPORA = ("SearchSnippets", "20NG")
DEFAULT_MODELS = ("prodlda", "topmost_prodlda", "tomotopy_lda")


def main() -> None:
    arguments = parse_arguments()
    models = usable_models(arguments.models, arguments.peer_python)
    parts = ["# Seconds of a fit", explanation(arguments)]
    for name in arguments.corpora_names:
        corpus = Corpus.read(arguments.corpora / name)
        fits = take_turns(corpus, models, arguments)
        parts.append(f"## {name}: {corpus.n_docs:,} documents, {corpus.n_words:,} words\n\n{table(fits, corpus)}")
    text = "\n\n".join(parts) + "\n"
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
    add("--repeats", type=int, default=3, help="fits of each model on each corpus (seeds 0, 1, ...)")
    add("--peer-python", default=sys.executable, help="interpreter with the peers' packages (requirements.txt)")
    add("--out", type=Path, help="write the tables here too (Markdown)")
    return parser.parse_args()


def explanation(arguments: argparse.Namespace) -> str:
    """Say what the columns are."""
    first = MODELS[arguments.models[0]].title.strip("*")
    lines = [
        f"K = {arguments.topics}; {arguments.repeats} fits of each model, taking turns; medians [range].",
        "`fit`: from counts to topics and theta. `process`: imports and reading included. `times ours`: the model's",
        f"median over that of {first}. The quality of the same fits (means) stands beside.",
        "",
        provenance(),
        f"- load average before the first fit (what else the machine did): {os.getloadavg()[0]:.1f}",
    ]
    return "\n".join(lines)


def take_turns(corpus: Corpus, models: list[str], arguments: argparse.Namespace) -> dict[str, list[Fit]]:
    """Fit every model once, then again, so that what else the machine does falls on all alike."""
    fits: dict[str, list[Fit]] = {model: [] for model in models}
    with tempfile.TemporaryDirectory() as folder:
        hand_over(corpus, Path(folder))
        for seed in range(arguments.repeats):
            for name in models:
                result = fit(MODELS[name], arguments.peer_python, Path(folder), arguments.topics, seed)
                fits[name].append(result)
                print(f"{name}, seed {seed}: {result.cost['fit_s']:.1f} s", file=sys.stderr, flush=True)
    return fits


def table(fits: dict[str, list[Fit]], corpus: Corpus) -> str:
    """Return seconds, ratios to the first model's, and the quality of the same fits."""
    first = next(iter(fits.values()))
    rows = ["| model | fit s | times ours | process s | times ours | npmi_doc | nmi |", "|---|---|---|---|---|---|---|"]
    for name, results in fits.items():
        cells = []
        for cost in ("fit_s", "process_s"):
            seconds = [result.cost[cost] for result in results]
            cells.append(f"{median(seconds):.1f} [{min(seconds):.1f}, {max(seconds):.1f}]")
            ours = [result.cost[cost] for result in first]
            cells.append(f"{median(seconds) / median(ours):.1f}")
        quality = [scores(result.topics, result.theta, corpus) for result in results]
        cells += [f"{sum(q[m] for q in quality) / len(quality):.3f}" for m in ("npmi_doc", "nmi")]
        rows.append(f"| {MODELS[name].title} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
