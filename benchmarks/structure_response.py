"""A response: how well topics predict a field of unseen documents, and what it costs in coherence.

`structure.py --part response` runs it.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
from machine import provenance
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from structure_runs import file_of, kept, table_of_means

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import TopicWarning
from topicml.metrics import coherence

CORPORA = {"AGNews": "C(label)", "poliblog5k": "rating"}  # and their responses
N_DOCS, N_TOPICS, EPOCHS = 4000, 20, 60

OURS = {"ProdLDA": False, "ProdLDA with a response": True}
PEERS = {"logistic regression on tf-idf": None}
COLUMNS = {
    "accuracy": "accuracy of the model",
    "regression": "accuracy of a regression on it",
    "coherence": "coherence",
}


def read(folder: Path, name: str) -> tuple[Corpus, Corpus]:
    """60 % of at most 4,000 documents, and the rest; with the response as a field."""
    corpus = Corpus.read(folder / name)
    if name == "poliblog5k":
        table = pacsv.read_csv(folder / name / "documents.csv")
        corpus = corpus.replaced(fields=Fields.of(table.select(["rating"]), corpus.n_docs))
    return corpus[np.random.default_rng(0).permutation(corpus.n_docs)[:N_DOCS]].split(0.6, seed=1234)


def run(train: Corpus, unseen: Corpus, system: str, response: str, seed: int) -> dict[str, float | None]:
    """Accuracy on unseen documents, by the model or by a logistic regression, and coherence there."""
    field = response.removeprefix("C(").removesuffix(")")
    labels = [np.array([str(value) for value in part.fields[field]]) for part in (train, unseen)]

    def regression(*values: Any) -> float:
        return float(LogisticRegression(max_iter=2000, C=100).fit(values[0], labels[0]).score(values[1], labels[1]))

    if system in PEERS:
        tfidf = TfidfTransformer(sublinear_tf=True).fit(train.counts)
        return {"accuracy": None, "regression": regression(*map(tfidf.transform, (train.counts, unseen.counts)))}
    options = {"response": response} if OURS[system] else {}
    model = topicml.ProdLDA(N_TOPICS, random_state=seed, max_epochs=EPOCHS, **options).fit(train)
    return {
        "accuracy": model.score_response(unseen) if OURS[system] else None,
        "regression": regression(model.transform(train), model.transform(unseen)),
        "coherence": float(coherence(model.topics(10), unseen, "npmi_doc")),
    }


def section(corpora: Path, runs: Path, seeds: Sequence[int], systems: Sequence[str], *, finished: bool) -> str:
    """Run what is missing, and describe it in Markdown; see `structure_seeds.section`."""
    warnings.simplefilter("ignore", TopicWarning)
    parts = [INTRODUCTION.strip()]
    for name, response in CORPORA.items():
        train, unseen = read(corpora, name)
        found: dict[str, list[dict[str, Any]]] = {}
        for system in systems:
            made = [
                kept(
                    file_of(runs, name, system, seed),
                    lambda: run(train, unseen, system, response, seed),  # noqa: B023 - called at once
                    finished=finished,
                )
                for seed in seeds
            ]
            found[system] = [each for each in made if each is not None]
        if any(found.values()):
            parts += [f"### {name}: {response}", table_of_means(COLUMNS, found)]
    return "\n\n".join([*parts, provenance()]) + "\n"


INTRODUCTION = f"""
## A response

    python benchmarks/structure.py --part response

{N_TOPICS} topics, {EPOCHS} epochs, on 60 % of {N_DOCS:,} documents; all numbers are of the other 40 %.

- accuracy of the model: `score_response`.
- accuracy of a regression on it: a logistic regression on `transform` (or on tf-idf), fitted on the 60 %.
- coherence: document NPMI of the first ten words.
"""
