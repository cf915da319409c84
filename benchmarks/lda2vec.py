"""LDA2Vec beside ProdLDA and gensim's LDA, ten of its topics, and what it is without each thing that makes it work.

python benchmarks/lda2vec.py --out benchmarks/results/lda2vec.md
"""

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import mean, pstdev

import numpy as np
from machine import ROOT, provenance
from peers import gensim_lda
from scores import MEASURES, scores

from topicml.corpus import Corpus
from topicml.errors import TopicWarning
from topicml.files import atomic_file
from topicml.models.lda2vec import LDA2Vec
from topicml.models.prodlda import ProdLDA

K = 50
CORPORA = ("BBC_News", "20NG", "SearchSnippets", "GoogleNews-T", "StackOverflow")
WITH_GENSIM = ("BBC_News", "20NG")
VARIANTS: dict[str, dict] = {
    "as it is": {},
    "topics start at random": {"init": "random"},
    "word vectors start at random": {"vectors": "random"},
    "both start at random, as in the paper": {"init": "random", "vectors": "random"},
    "word vectors learn at full rate": {"vector_rate": 1.0},
    "word vectors do not learn": {"train_vectors": False},
    "word vectors of equal length": {"frequency_power": 0.0},
    "never the document alone": {"pivot_dropout": 0.0},
    "always the document alone": {"pivot_dropout": 1.0},
    "no sparsity": {"sparsity": 0.0},
    "word2vec's vectors": {"vectors": "word2vec"},
}
PREAMBLE = """K = {k}, defaults; mean ± standard deviation over {seeds} seeds; seed 0 alone where no deviation stands.
Coherence of the top 10 words, `td25` of the top 25; the corpus itself is the reference.
`fit_s` is wall-clock time on a machine that did other work meanwhile: compare it within this page alone."""
Fit = Callable[[Corpus, int], tuple[list[list[str]], np.ndarray]]


def main() -> None:
    """Print the tables and topics."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=Path, default=ROOT.parent / "shared" / "corpora")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the tables here too (Markdown)")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", TopicWarning)
    shown: dict[str, list[list[str]]] = {}
    parts = ["# LDA2Vec", PREAMBLE.format(k=K, seeds=arguments.seeds), provenance()]
    for name in CORPORA:
        corpus = Corpus.read(arguments.corpora / name)
        models: dict[str, Fit] = {"LDA2Vec": ours(LDA2Vec), "ProdLDA": ours(ProdLDA)}
        seeds = range(arguments.seeds if name in WITH_GENSIM else 1)
        rows = {label: run(fit, corpus, seeds, shown, name) for label, fit in models.items()}
        if name in WITH_GENSIM:
            rows["gensim LDA, 20 passes"] = run(gensim, corpus, range(1), {}, name)
        parts += [f"## {name}", table(rows)]
        if name in WITH_GENSIM:
            topics = shown[name][:: K // 10]
            parts += ["Every fifth topic:", "\n".join(f"- {' '.join(words[:10])}" for words in topics)]
    corpus = Corpus.read(arguments.corpora / "BBC_News")
    variants = {label: run(ours(LDA2Vec, **v), corpus, range(1), {}, "") for label, v in VARIANTS.items()}
    parts += ["## What makes it work: BBC_News, one change at a time, seed 0", table(variants)]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if arguments.out:
        with atomic_file(arguments.out) as temporary:
            temporary.write_text(text, encoding="utf-8")


def ours(kind: type, **options: object) -> Fit:
    """Return a function that fits one of our models."""

    def fit(corpus: Corpus, seed: int) -> tuple[list[list[str]], np.ndarray]:
        model = kind(n_topics=K, random_state=seed, **options).fit(corpus)
        return model.topics(25), model.transform(corpus)

    return fit


def gensim(corpus: Corpus, seed: int) -> tuple[list[list[str]], np.ndarray]:
    """Fit gensim's LDA."""
    return gensim_lda.fit(corpus.counts, None, list(corpus.vocabulary), K, seed)


def run(fit: Fit, corpus: Corpus, seeds: range, shown: dict[str, list[list[str]]], name: str) -> dict[str, str]:
    """Scores of a model over seeds; the first seed's topics of the first model go into `shown`."""
    found: list[dict[str, float]] = []
    for seed in seeds:
        started = time.perf_counter()
        topics, theta = fit(corpus, seed)
        seconds = time.perf_counter() - started
        found.append({**scores(topics, theta, corpus), "fit_s": seconds})
        shown.setdefault(name, topics)
        print(name, seed, found[-1], flush=True)
    return {measure: spread([each[measure] for each in found]) for measure in found[0]}


def spread(values: list[float]) -> str:
    """Return mean ± standard deviation; one value alone."""
    shown = f"{mean(values):.3f}" if max(values) < 5 else f"{mean(values):.1f}"
    return shown if len(values) == 1 else f"{shown} ± {pstdev(values):.3f}"


def table(rows: dict[str, dict[str, str]]) -> str:
    """Return a Markdown table, a row a model."""
    columns = [m for m in (*MEASURES, "topics", "fit_s") if m in next(iter(rows.values()))]
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    lines += [f"| {label} | " + " | ".join(row[c] for c in columns) + " |" for label, row in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
