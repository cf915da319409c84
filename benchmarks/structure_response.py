"""A response: how well topics predict a field of unseen documents, and what it costs in coherence.

`structure.py --part response` runs it.
"""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv as pacsv
from machine import provenance
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import TopicWarning
from topicml.files import atomic_file
from topicml.metrics import coherence

CORPORA = {"AGNews": "C(label)", "poliblog5k": "rating"}  # and their responses
N_DOCS, N_TOPICS, EPOCHS = 4000, 20, 60

OURS = {"ProdLDA": False, "ProdLDA with a response": True}
PEERS = {"logistic regression on tf-idf": None}


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
        rows = []
        for system in systems:
            found = []
            for seed in seeds:
                file = runs / f"{name}-{system.replace(' ', '_')}-{seed}.json"
                if not file.exists() and not finished:
                    numbers = run(train, unseen, system, response, seed)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    with atomic_file(file) as temporary:
                        temporary.write_text(json.dumps(numbers), "utf-8")
                    print(file.stem, numbers, flush=True)
                if file.exists():
                    found.append(json.loads(file.read_text("utf-8")))
            if found:
                cells = [_mean(found, key) for key in ("accuracy", "regression", "coherence")]
                rows.append(f"| {system} | {len(found)} | {' | '.join(cells)} |")
        if not rows:
            continue
        heading = "| system | fits | accuracy of the model | accuracy of a regression on it | coherence |"
        parts += [f"### {name}: {response}", "\n".join([heading, "|---|---:|---:|---:|---:|", *rows])]
    return "\n\n".join([*parts, provenance()]) + "\n"


def _mean(found: Sequence[dict[str, Any]], key: str) -> str:
    values = [each[key] for each in found if each.get(key) is not None]
    return f"{np.mean(values):.3f}" if values else "-"


INTRODUCTION = f"""
## A response

    python benchmarks/structure.py --part response

{N_TOPICS} topics, {EPOCHS} epochs, on 60 % of {N_DOCS:,} documents; all numbers are of the other 40 %.

- accuracy of the model: `score_response`.
- accuracy of a regression on it: a logistic regression on `transform` (or on tf-idf), fitted on the 60 %.
- coherence: document NPMI of the first ten words.
"""
