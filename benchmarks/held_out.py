"""Coherence of the topics of finished quality runs on documents that were not used for fitting.

    python benchmarks/held_out.py --runs runs/quality --out benchmarks/results/held_out.md

The spectral start of topicml's models uses the association of words in the training documents, which is close to what
coherence on those documents measures. The test split of AGNews and 20NG shows whether the topics generalise.
"""

import argparse
from collections import defaultdict
from pathlib import Path

from machine import ROOT, provenance
from tidy import spread

from topicml.corpus import Corpus
from topicml.experiment.records import Records
from topicml.files import atomic_file
from topicml.metrics import coherence

MEASURES = {"AGNews": ("c_npmi", "c_v", "npmi_doc"), "20NG": ("npmi_doc",)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "quality", help="folder of topicml benchmark")
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    parts = [
        "# Coherence on held-out documents",
        "Top 10 words, K = 50; mean ± standard deviation over seeds.",
        provenance(),
    ]
    parts += [table(name, arguments) for name in MEASURES]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def table(name: str, arguments: argparse.Namespace) -> str:
    """The table of a corpus: every finished run scored on both splits."""
    splits = {split: Corpus.read(arguments.corpora / name, split=split) for split in ("train", "test")}
    columns = [(measure, split) for measure in MEASURES[name] for split in splits]
    scores: dict[str, list[list[float]]] = defaultdict(list)
    for run in sorted(Records(arguments.runs / "runs").all(), key=lambda run: (run["model"], run["seed"])):
        if run["corpus"] == name and "error" not in run:
            scores[run["model"]].append([coherence(run["topics"], splits[s], m, 10).mean for m, s in columns])
    rows = [
        "| model | seeds | " + " | ".join(f"{m}, {s}" for m, s in columns) + " |",
        "|---|---|" + "---|" * len(columns),
    ]
    for model, values in scores.items():
        cells = [spread(column) for column in zip(*values, strict=True)]
        rows.append(f"| {model} | {len(values)} | " + " | ".join(cells) + " |")
    return f"## {name}: {splits['test'].n_docs:,} held-out documents\n\n" + "\n".join(rows)


if __name__ == "__main__":
    main()
