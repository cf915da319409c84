"""Coherence compared with gensim: the first call with counting, and further sets of topics on the same reference.

    python benchmarks/coherence.py [--corpora DIR] [--runs 5]

gensim's time is that of ``Dictionary(texts)`` and ``CoherenceModel(...).get_coherence()``, as OCTIS calls them
(``processes=1``); topicml's is that of ``topicml.metrics.coherence`` on a corpus without cached counts. Neither
includes reading the corpus. Prints a Markdown table of medians.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from machine import provenance

from topicml import Corpus
from topicml.metrics import coherence

N_TOPICS, TOPN = 50, 10


def topic_sets(corpus: Corpus, n_sets: int) -> list[list[list[str]]]:
    """Random topics of the 1,000 words with the highest document frequency: many pairs to count."""
    common = np.argsort(-np.bincount(corpus.counts.indices, minlength=corpus.n_words))[:1000]
    rng = np.random.default_rng(0)
    return [
        [[corpus.vocabulary[i] for i in rng.choice(common, TOPN, replace=False)] for _ in range(N_TOPICS)]
        for _ in range(n_sets)
    ]


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def gensims(topics: list[list[str]], texts: list[list[str]], measure: str) -> float:
    """Coherence as OCTIS computes it."""
    model = CoherenceModel(
        topics=topics, texts=texts, dictionary=Dictionary(texts), coherence=measure, processes=1, topn=TOPN
    )
    return model.get_coherence()


def row(folder: Path, measure: str, runs: int) -> str:
    """One line of the table."""
    corpus = Corpus.read(folder, split="all") if folder.name == "AGNews" else Corpus.read(folder)
    texts = [corpus.document(i) for i in range(corpus.n_docs)]
    sets = topic_sets(corpus, runs + 1)
    theirs = [seconds(lambda topics=topics: gensims(topics, texts, measure)) for topics in sets[:runs]]
    fresh = [Corpus.from_tokens(texts, vocabulary=corpus.vocabulary) for _ in range(runs)]
    first = [
        seconds(lambda c=c, topics=topics: coherence(topics, c, measure, TOPN))
        for c, topics in zip(fresh, sets[:runs], strict=True)
    ]
    second = [seconds(lambda c=c: coherence(sets[-1], c, measure, TOPN)) for c in fresh]
    further = [seconds(lambda topics=topics: coherence(topics, fresh[0], measure, TOPN)) for topics in sets[1:runs]]
    difference = max(abs(gensims(t, texts, measure) - coherence(t, corpus, measure, TOPN).mean) for t in sets[:2])
    a, b, c, d = (median(times) for times in (theirs, first, second, further))
    return (
        f"| {folder.name} | {corpus.n_docs:,} | {measure} | {a:.2f} | {b * 1e3:.1f} | {a / b:.0f}x | {c * 1e3:.2f} | "
        f"{a / c:.0f}x | {d * 1e3:.2f} | {a / d:.0f}x | {difference:.0e} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "corpora")
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    print(f"# Coherence of {N_TOPICS} topics of {TOPN} words\n\n{provenance()}\n")
    print(
        "| corpus | documents | measure | gensim s | first set ms | ratio "
        "| second set (other words) ms | ratio | further sets ms | ratio | difference |"
    )
    print("|---" * 11 + "|")
    for name in ("DBLP", "AGNews"):
        for measure in ("c_v", "c_npmi"):
            print(row(arguments.corpora / name, measure, arguments.runs), flush=True)


if __name__ == "__main__":
    main()
