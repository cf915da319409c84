"""Are the topics that the report flags the mixed ones? Flags against the labels of the documents.

    python benchmarks/flags.py --out benchmarks/results/flags.md      # a few fits

A topic is boilerplate if documents lead it because of a text that was planted: a footer, a template, or a quotation.
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
FOOTER = "message confidential recipient delete notify sender attachment virus liability company disclaimer print"
TEMPLATE = "dear customer ticket closed survey rate agent experience minutes thank reply automatic"


@dataclass(frozen=True)
class Planted:
    """Text that some documents of a corpus get at the end, or instead of their own words (`whole`)."""

    name: str
    source: str
    n_topics: int
    words: str
    share: float
    whole: bool = False
    missing: float = 0.0


PLANTED = (
    Planted("a footer of 2 % of StackOverflow, 20 topics", "StackOverflow", 20, FOOTER, 0.02),
    Planted("a footer of 10 % of StackOverflow, 20 topics", "StackOverflow", 20, FOOTER, 0.1),
    Planted("a template, 2 % of SearchSnippets, 20 topics", "SearchSnippets", 20, TEMPLATE, 0.02, whole=True),
    Planted("a template with slots, 5 % of BBC_News, 10 topics", "BBC_News", 10, TEMPLATE, 0.05, True, 0.1),
)
WITHOUT = (("BBC_News", 10), ("M10", 20), ("poliblog5k", 30))  # the last has comment links of one blog


@dataclass(frozen=True)
class Judged:
    """A topic: the largest share of a label among its documents, its flags, and its words."""

    share: float
    below_chance: bool  # the rule before: NPMI below 0
    verdict: str
    mixed: bool
    described: bool
    boilerplate: bool
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
    parts += planted_tables()
    print("\n".join(parts[-20:]), flush=True)
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
            found.append(
                Judged(
                    share, npmi[k] < 0, one.verdict, one.mixed, one.described, one.boilerplate, " ".join(words[k][:6])
                )
            )
    return sorted(found, key=lambda each: each.share)


def planted_tables() -> list[str]:
    """What becomes of planted boilerplate, and which topics without any are flagged."""
    lines = ["## Planted boilerplate", "", "| case | topics of the planted text | flagged | other topics flagged |"]
    lines += ["|---|---:|---:|---|"]
    for case in PLANTED:
        of_text, flagged, others = planted(case)
        lines.append(f"| {case.name} | {of_text} | {flagged} | {'; '.join(others) or 'none'} |")
    for name, n_topics in WITHOUT:
        corpus = Corpus.read(FOLDER / name)
        model = ProdLDA(n_topics=n_topics, random_state=0, verbose=False).fit(corpus)
        flagged = [k for k, each in quality_of(TopicView.of(model, corpus)).items() if each.boilerplate]
        shown = "; ".join(" ".join(model.topics(8)[k]) for k in flagged)
        lines.append(f"| {name} as it is, {n_topics} topics | | | {shown or 'none'} |")
    return [*lines, ""]


def planted(case: "Planted") -> tuple[int, int, list[str]]:
    """Topics of the planted words, how many of them are flagged, and the words of other flagged topics."""
    corpus = Corpus.read(FOLDER / case.source)
    rng = np.random.default_rng(0)
    documents = [corpus.document(i) for i in range(corpus.n_docs)]
    for row in rng.permutation(corpus.n_docs)[: int(case.share * corpus.n_docs)]:
        kept = [] if case.whole else documents[row]
        # A template has slots: some of its words are missing.
        text = [word for word in case.words.split() if rng.random() > case.missing]
        documents[row] = [*kept, *text]
    model = ProdLDA(n_topics=case.n_topics, random_state=0, verbose=False).fit(changed := Corpus.from_tokens(documents))
    of_text, flagged, others = 0, 0, []
    for k, each in quality_of(TopicView.of(model, changed)).items():
        words = model.topics(10)[k]
        if len(set(words) & set(case.words.split())) >= 5:
            of_text, flagged = of_text + 1, flagged + each.boilerplate
        elif each.boilerplate:
            others.append(" ".join(words[:8]))
    return of_text, flagged, others


def tables(judged: list[Judged]) -> list[str]:
    """The confusion of each flag with the labels, and the topics."""
    lines = ["| flag | mixed topics flagged | topics of one label flagged |", "|---|---:|---:|"]
    flags = {
        "NPMI below 0": [each.below_chance for each in judged],
        "apart": [each.verdict in ("apart", "chance") for each in judged],
        "mixed": [each.mixed for each in judged],
        "words do not describe": [not each.described for each in judged],
        "boilerplate": [each.boilerplate for each in judged],
    }
    is_mixed = [each.share < PURE for each in judged]
    for name, flagged in flags.items():
        right = sum(a and b for a, b in zip(flagged, is_mixed, strict=True))
        wrong = sum(a and not b for a, b in zip(flagged, is_mixed, strict=True))
        lines.append(f"| {name} | {right} of {sum(is_mixed)} | {wrong} of {len(judged) - sum(is_mixed)} |")
    lines += [
        "",
        "| share of a label | NPMI < 0 | words | mixed | boilerplate | first words |",
        "|---:|---|---|---|---|---|",
    ]
    for each in judged:
        marks = [("yes" if value else "") for value in (each.below_chance, each.mixed, each.boilerplate)]
        lines.append(f"| {each.share:.2f} | {marks[0]} | {each.verdict} | {marks[1]} | {marks[2]} | {each.words} |")
    return lines


if __name__ == "__main__":
    main()
