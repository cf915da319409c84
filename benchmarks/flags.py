"""Are the topics that the report flags the mixed ones? Flags against the labels of the documents.

    python benchmarks/flags.py --out benchmarks/results/flags.md      # a few fits

A topic is mixed if less than half of the documents that it leads have the same label. The labels are not used by the
flags. Corpora are read from ../shared/corpora, or from $TOPICML_CORPORA.
"""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import ROOT, provenance

from topicml import ProdLDA
from topicml.corpus import Corpus
from topicml.explore import TopicView
from topicml.files import atomic_file
from topicml.metrics import coherence
from topicml.report.quality import quality_of

FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))
FITS = (("StackOverflow", 20, "chosen on"), ("StackOverflow", 30, "chosen on"), ("SearchSnippets", 20, "hold-out"))
PURE = 0.5


@dataclass(frozen=True)
class Judged:
    """A topic: the largest share of a label among its documents, its flags, and its words."""

    share: float
    below_chance: bool  # the rule before: NPMI below 0
    verdict: str
    mixed: bool
    described: bool
    words: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    parts = ["# Flags of topics, against labels", "", provenance(), "", *READING, ""]
    for name, n_topics, role in FITS:
        judged = topics_of(name, n_topics)
        parts += [f"## {name}, {n_topics} topics ({role})", "", *tables(judged), ""]
        print("\n".join(parts[-12:]), flush=True)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text("\n".join(parts), encoding="utf-8")


READING = (
    "A topic is mixed if less than half of the documents that it leads have the same label. *NPMI below 0* was the",
    "rule of earlier reports. *mixed*: `beyond_first_words` below 0.87, chosen on StackOverflow; SearchSnippets was",
    "looked at once. *apart*: the words meet no more often than by chance (`word_meetings`).",
)


def topics_of(name: str, n_topics: int) -> list[Judged]:
    corpus = Corpus.read(FOLDER / name)
    model = ProdLDA(n_topics=n_topics, random_state=0, verbose=False).fit(corpus)
    view = TopicView.of(model, corpus)
    labels = np.array([str(label) for label in corpus.fields["label"]])
    leading = np.where(view.has_words, view.theta.argmax(axis=1), -1)
    words = model.topics(10)
    npmi = coherence(words, corpus).per_topic
    assert npmi is not None
    quality = quality_of(view)
    found = []
    for k in range(n_topics):
        _, counts = np.unique(labels[leading == k], return_counts=True)
        if counts.sum() >= 30:
            one = quality[k]
            share = float(counts.max() / counts.sum())
            found.append(Judged(share, npmi[k] < 0, one.verdict, one.mixed, one.described, " ".join(words[k][:6])))
    return sorted(found, key=lambda each: each.share)


def tables(judged: list[Judged]) -> list[str]:
    """The confusion of each flag with the labels, and the topics."""
    lines = ["| flag | mixed topics flagged | topics of one label flagged |", "|---|---:|---:|"]
    flags = {
        "NPMI below 0": [each.below_chance for each in judged],
        "apart": [each.verdict in ("apart", "chance") for each in judged],
        "mixed": [each.mixed for each in judged],
        "words do not describe": [not each.described for each in judged],
    }
    is_mixed = [each.share < PURE for each in judged]
    for name, flagged in flags.items():
        right = sum(a and b for a, b in zip(flagged, is_mixed, strict=True))
        wrong = sum(a and not b for a, b in zip(flagged, is_mixed, strict=True))
        lines.append(f"| {name} | {right} of {sum(is_mixed)} | {wrong} of {len(judged) - sum(is_mixed)} |")
    lines += ["", "| share of a label | NPMI < 0 | words | mixed | first words |", "|---:|---|---|---|---|"]
    for each in judged:
        marks = [("yes" if value else "") for value in (each.below_chance, each.mixed)]
        lines.append(f"| {each.share:.2f} | {marks[0]} | {each.verdict} | {marks[1]} | {each.words} |")
    return lines


if __name__ == "__main__":
    main()
