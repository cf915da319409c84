"""Is the known number of topics, or of classes, in the range that topicml recommends? Without labels, without training.

    python benchmarks/how_many.py --out benchmarks/results/how_many.md      # a few minutes
    python benchmarks/how_many.py --cases "LDA, 5 topics" BBC_News

Ten cases decide, and the last ones were looked at only once, after the rule was fixed (the hold-out). Corpora are read
from ../shared/corpora, or from $TOPICML_CORPORA.
"""

import argparse
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from machine import ROOT, provenance

from topicml.corpus import Corpus, synthetic
from topicml.experiment.how_many import NumberOfTopics, how_many, usual_number
from topicml.files import atomic_file

FOLDER = Path(os.environ.get("TOPICML_CORPORA", ROOT.parent / "shared" / "corpora"))


@dataclass(frozen=True)
class Case:
    """A corpus of which the number of topics is known."""

    name: str
    known: int
    corpus: Callable[[], Corpus]
    held_out: bool = False


def lda(n_topics: int, n_docs: int, mean_length: int, **options: float) -> Callable[[], Corpus]:
    return lambda: (
        synthetic.lda(
            n_docs, n_topics, max(300, 40 * n_topics), mean_length=mean_length, random_state=1, **options
        ).corpus
    )


def short(n_topics: int, n_docs: int) -> Callable[[], Corpus]:
    return lambda: synthetic.short_text(n_docs, n_topics, max(300, 40 * n_topics), random_state=1).corpus


def prodlda(n_topics: int, n_docs: int, mean_length: int) -> Callable[[], Corpus]:
    return lambda: (
        synthetic.prodlda(n_docs, n_topics, max(300, 40 * n_topics), mean_length=mean_length, random_state=1).corpus
    )


def real(name: str, sample: int | None = None) -> Callable[[], Corpus]:
    """A real corpus; or a sample of as many documents as a survey has, with the words that two of them have."""

    def read() -> Corpus:
        corpus = Corpus.read(FOLDER / name)
        return corpus if sample is None else corpus.split(sample / corpus.n_docs, 0, min_df=2)[0]

    return read


CASES = (
    Case("LDA, 5 topics, 300 documents", 5, lda(5, 300, 40)),
    Case("LDA, 8 topics, 600 documents", 8, lda(8, 600, 40)),
    Case("LDA, 20 topics, 1,000 documents", 20, lda(20, 1000, 40)),
    Case("short texts, 10 topics, 1,000 documents", 10, short(10, 1000)),
    Case("StackOverflow", 20, real("StackOverflow")),
    Case("BBC_News", 5, real("BBC_News")),
    Case("AGNews", 4, real("AGNews")),
    Case("20NG", 20, real("20NG")),
    Case("LDA, 5 topics, 150 documents", 5, lda(5, 150, 30)),
    Case("BBC_News, 150 documents", 5, real("BBC_News", 150)),
    Case("LDA, 15 topics, 800 documents, mixed", 15, lda(15, 800, 60, alpha=0.2, eta=0.1), held_out=True),
    Case("short texts, 25 topics, 3,000 documents", 25, short(25, 3000), held_out=True),
    Case("ProdLDA, 10 topics, 1,000 documents", 10, prodlda(10, 1000, 50), held_out=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", nargs="+", help="beginnings of the names of the cases")
    parser.add_argument("--out", type=Path, help="write the table here too (Markdown)")
    arguments = parser.parse_args()
    chosen = [case for case in CASES if not arguments.cases or case.name.startswith(tuple(arguments.cases))]
    found: list[tuple[Case, Corpus, NumberOfTopics]] = []
    for case in chosen:
        corpus = case.corpus()
        found.append((case, corpus, how_many(corpus)))
        print(row(*found[-1]), flush=True)
    text = page(found)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def page(found: list[tuple[Case, Corpus, NumberOfTopics]]) -> str:
    parts = ["# How many topics: the known number in the range that is recommended", "", provenance(), ""]
    for held_out, title in ((False, "Ten cases"), (True, "Hold-out, looked at once")):
        chosen = [each for each in found if each[0].held_out == held_out]
        if not chosen:
            continue
        inside = sum(first <= case.known <= last for case, _, one in chosen for first, last in (one.recommended,))
        width = math.exp(sum(math.log(one.recommended[1] / one.recommended[0]) for *_, one in chosen) / len(chosen))
        parts += [
            f"## {title}",
            "",
            f"The known number is in the range in {inside} of {len(chosen)} cases. The last number of a range is "
            f"{width:.1f} times the first (geometric mean).",
            "",
            "| corpus | documents | known | range | best | score | by chance | usual number |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *(row(*each) for each in chosen),
            "",
        ]
    parts += [
        "known: topics that the corpus was drawn from, or classes of the labels, which the estimate does not see.",
        "score: agreement of halves above chance (0 to 1) at the best number. by chance: agreement of halves of the",
        "same documents with exchanged words. usual number: what the size of the corpus suggests (`usual_number`).",
        "*: the documents do not decide, and the range follows the size.",
        "",
        "Classes are what somebody sorted by; a corpus can have more, or other, subjects than classes.",
    ]
    return "\n".join(parts) + "\n"


def row(case: Case, corpus: Corpus, one: NumberOfTopics) -> str:
    first, last = one.recommended
    best = one.scores[one.best]
    mark = "" if first <= case.known <= last else " (not inside)"
    numbers = f"{first} to {last}" if first < last else f"{first}"
    return (
        f"| {case.name} | {corpus.n_docs:,} | {case.known} | {numbers}{mark}{'' if one.decided else ' *'} | {one.best} "
        f"| {best.score.mean:.2f} | {best.chance:.2f} | {usual_number(corpus.n_docs, corpus.n_words)} |"
    )


if __name__ == "__main__":
    main()
