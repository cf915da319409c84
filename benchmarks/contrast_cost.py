"""Cost of contrast and balance: documents per second, side by side, in one process.

    python benchmarks/contrast_cost.py --out benchmarks/results/contrast_cost.md

Each repeat trains the variants in turn for the same number of epochs. The speed of a variant is that of its fastest
epoch over all repeats.
"""

import argparse
import sys
import warnings
from pathlib import Path

from machine import ROOT, provenance

import topicml
from topicml.corpus import Corpus
from topicml.files import atomic_file
from topicml.pareto import Balance

VARIANTS = {
    "no contrast": {},
    "set, sum": {"contrast": "set", "balance": "sum"},
    "set, Pareto": {"contrast": "set", "balance": "pareto"},
    "set, Pareto at the parameters": {"contrast": "set", "balance": Balance(at="parameters")},
    "set, Pareto at the parameters, every 5 steps": {"contrast": "set", "balance": Balance(at="parameters", every=5)},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--only", nargs="+", default=["SearchSnippets", "20NG"], metavar="CORPUS")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    sections = [section(arguments.corpora / name, arguments) for name in arguments.only]
    text = "\n\n".join(["# Cost of contrast", provenance(), *sections]) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def section(path: Path, arguments: argparse.Namespace) -> str:
    """The table of one corpus."""
    corpus = Corpus.read(path)
    speed = dict.fromkeys(VARIANTS, 0.0)
    for repeat in range(arguments.repeats):
        for name, settings in VARIANTS.items():
            model = topicml.ProdLDA(
                n_topics=50,
                init="random",
                max_epochs=arguments.epochs,
                validation_fraction=0.0,
                random_state=0,
                **settings,
            ).fit(corpus)
            speed[name] = max(speed[name], *(epoch["documents_per_second"] for epoch in model.history_))
        print(f"{path.name}: repeat {repeat + 1} of {arguments.repeats}", file=sys.stderr, flush=True)
    rows = ["| variant | documents/s | of no contrast | step, of the sum's |", "|---|---|---|---|"]
    for name, value in speed.items():
        share = value / speed["no contrast"]
        rows.append(f"| {name} | {value:,.0f} | {share:.2f} | {speed['set, sum'] / value:.2f} |")
    return f"## {path.name} ({corpus.n_docs:,} documents, {corpus.n_words:,} words)\n\n" + "\n".join(rows)


if __name__ == "__main__":
    main()
