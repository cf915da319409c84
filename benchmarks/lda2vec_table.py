"""LDA2Vec compared with ProdLDA and gensim's LDA, ten of its topics, and an ablation of its parts.

topicml benchmark benchmarks/lda2vec.toml --out runs/lda2vec
topicml benchmark benchmarks/lda2vec_variants.toml --out runs/lda2vec_variants
python benchmarks/lda2vec_table.py runs/lda2vec runs/lda2vec_variants --out benchmarks/results/lda2vec.md
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from quality_table import failed, section, values_of
from tidy import how_made, parse_arguments, runs_of, write

from topicml.experiment import Results
from topicml.experiment.records import Records

HERE = Path(__file__).resolve().parent
GRIDS = [tomllib.loads((HERE / f"{name}.toml").read_text("utf-8")) for name in ("lda2vec", "lda2vec_variants")]
CORPORA = GRIDS[0]["corpora"]
MODELS, VARIANTS = (list(grid["models"]) for grid in GRIDS)
WITH_TOPICS = ("BBC_News", "20NG")
PREAMBLE = """K = 50, defaults; mean ± standard deviation over seeds 0, 1, 2. Coherence of the top 10 words, `td25` of
the top 25; the corpus itself is the reference. `topics`: those that are the largest of some document. Bold: best of a
column."""


def main() -> None:
    arguments = parse_arguments(__doc__)
    results = Results.read(*arguments.results)
    provenance = how_made(arguments.results, arguments.about)
    text = report(runs_of(results), first_topics(arguments.results), provenance)
    write(arguments.out, text, results, arguments.results)


def report(runs: list[dict], topics: dict[str, list[list[str]]], provenance: str) -> str:
    """The whole report in Markdown; `topics` are LDA2Vec's by corpus, with seed 0."""
    parts = ["# LDA2Vec", PREAMBLE, provenance]
    for corpus in CORPORA:
        if comparison_runs := select_runs(runs, MODELS, corpus):
            parts.append(section(corpus, values_of(comparison_runs), {}))
        if corpus in topics:
            parts += ["Every fifth topic:", "\n".join(f"- {' '.join(words[:10])}" for words in topics[corpus][::5])]
    variants = values_of(select_runs(runs, ["LDA2Vec", *VARIANTS], *GRIDS[1]["corpora"]))
    parts.append(section("What makes it work: BBC_News, one change at a time", variants, {}, called=str))
    return "\n\n".join([*parts, *failed(runs)]) + "\n"


def select_runs(runs: list[dict], models: list[str], corpus: str) -> list[dict]:
    """The runs of some models on a corpus, in the order of the models. Costs are left out: other work ran alongside."""
    return [{**r, "cost": {}} for m in models for r in runs if (r["model"], r["corpus"]) == (m, corpus)]


def first_topics(folders: Iterable[Path]) -> dict[str, list[list[str]]]:
    """LDA2Vec's topics with seed 0, by corpus."""
    records = [record for folder in folders for record in Records(folder / "runs").all()]
    first = {r["corpus"]: r for r in records if (r["model"], r["seed"]) == ("LDA2Vec", 0) and "topics" in r}
    return {corpus: first[corpus]["topics"] for corpus in WITH_TOPICS if corpus in first}


if __name__ == "__main__":
    main()
