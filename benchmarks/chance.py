"""Coherence of words drawn at random: scores at or below this level carry no information.

python benchmarks/chance.py --out benchmarks/results/chance.md
"""

import argparse
from pathlib import Path

import numpy as np
from machine import ROOT, provenance
from tidy import spread

from topicml.corpus import Corpus
from topicml.files import atomic_file
from topicml.metrics import coherence

CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG")
MEASURES = ("c_npmi", "c_v", "npmi_doc")
N_TOPICS, N_WORDS, DRAWS = 50, 10, 5


def main() -> None:
    arguments = parse_arguments()
    corpora = {name: Corpus.read(arguments.corpora / name) for name in CORPORA}
    lines = [f"| {name} | {' | '.join(by_chance(corpus))} |" for name, corpus in corpora.items()]
    text = "\n".join(
        [
            "# Coherence of words drawn at random",
            "",
            f"{N_TOPICS} lists of {N_WORDS} different words each, every word as likely as any other; the corpus itself",
            f"is the reference. Mean ± standard deviation over {DRAWS} draws.",
            "",
            provenance(),
            "",
            f"| corpus | {' | '.join(MEASURES)} |",
            "|---" + "|---:" * len(MEASURES) + "|",
            *lines,
        ]
    )
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora", help="folder of the corpora")
    add("--out", type=Path, help="write the table here too (Markdown)")
    return parser.parse_args()


def by_chance(corpus: Corpus) -> list[str]:
    """Mean and standard deviation of each measure over draws, as text."""
    rng = np.random.default_rng(0)
    words = np.array(corpus.vocabulary)
    draws = [[list(rng.choice(words, N_WORDS, replace=False)) for _ in range(N_TOPICS)] for _ in range(DRAWS)]
    possible = [measure for measure in MEASURES if corpus.tokens is not None or measure == "npmi_doc"]
    scores = {m: [coherence(topics, corpus, measure=m, topn=N_WORDS).mean for topics in draws] for m in possible}
    return [spread(scores[m]) if m in scores else "-" for m in MEASURES]


if __name__ == "__main__":
    main()
