"""A screen of settings on unseen documents: one seed, seven corpora, variants of the start, the contrast, its weight.

    python benchmarks/screen.py --jobs 16 --runs runs/screen.jsonl     # about 12 minutes on 16 cores
    python benchmarks/screen.py --finished --runs runs/screen.jsonl    # only the page

The split is that of unseen.py. Differences below 0.01 of NMI are within the noise of a seed: the screen
says what to measure with more seeds (contrast.py), and what not to.
"""

import argparse
import json
import os
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from machine import ROOT, provenance
from sklearn.cluster import KMeans
from unseen import FOLDER

from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
CORPORA = ("SearchSnippets", "GoogleNews-T", "StackOverflow", "AGNews", "BBC_News", "20NG", "M10")
BASE = "ProdLDA"


def variants() -> dict[str, Callable[[float], tuple[str, dict[str, Any]]]]:
    """Name to a function of the mean length of documents that returns the model's name and parameters."""
    from topicml import SetContrast
    from topicml.objectives.contrast import InfoNCE
    from topicml.objectives.views import LabelMates
    from topicml.pareto import Balance

    def fixed(model: str = BASE, **parameters: Any) -> Callable[[float], tuple[str, dict[str, Any]]]:
        return lambda _: (model, parameters)

    def by_length(model: str = BASE, **parameters: Any) -> Callable[[float], tuple[str, dict[str, Any]]]:
        return lambda length: (model, {**parameters, "balance": Balance(preference=min(0.3, 1.5 / length))})

    found = {BASE: fixed()}
    found |= {
        f"{BASE}, {name}": fixed(**parameters)
        for name, parameters in {
            "start: exclusivity auto, topics at a tenth of the rate": {"exclusivity": "auto", "topic_rate": 0.1},
            "start: topics at a tenth of the rate": {"topic_rate": 0.1},
            "start: exclusivity 0": {"exclusivity": 0.0},
            "start: exclusivity 1": {"exclusivity": 1.0},
            "alpha 0.2": {"alpha": 0.2},
            "alpha 0.3": {"alpha": 0.3},
            "alpha 1": {"alpha": 1.0},
            "30 epochs": {"max_epochs": 30},
            "60 epochs": {"max_epochs": 60},
            "mixture": {"decoder": "mixture"},
            "mixture, alpha 0.3": {"decoder": "mixture", "alpha": 0.3},
            "mixture, 30 epochs": {"decoder": "mixture", "max_epochs": 30},
        }.items()
    }
    for preference in (0.1, 0.2, 0.3, 0.5):
        found[f"{BASE}, set, {preference}"] = fixed(contrast="set", balance=Balance(preference=preference))
    for preference in (0.1, 0.3, 0.5):
        found[f"{BASE}, InfoNCE, {preference}"] = fixed(contrast="infonce", balance=Balance(preference=preference))
    strong = Balance(preference=0.3)
    mates = LabelMates("cluster")
    found |= {
        f"{BASE}, set, by length": by_length(contrast="set"),
        f"{BASE}, InfoNCE, by length": by_length(contrast="infonce"),
        f"{BASE}, set, plain sum": fixed(contrast="set", balance="sum"),
        f"{BASE}, sets of 8, 0.3": fixed(contrast=SetContrast(set_size=8), balance=strong),
        f"{BASE}, sets of sqrt(theta), 0.3": fixed(contrast=SetContrast(vector="sqrt_theta"), balance=strong),
        f"{BASE}, sets of a cluster, 0.1": fixed(contrast=SetContrast(view=mates), balance=Balance(preference=0.1)),
        f"{BASE}, sets of a cluster, 0.3": fixed(contrast=SetContrast(view=mates), balance=strong),
        f"{BASE}, InfoNCE of a cluster, 0.3": fixed(contrast=InfoNCE(view=mates), balance=strong),
        f"{BASE}, mixture, set, by length": by_length(decoder="mixture", contrast="set"),
    }
    for model in ("ETM", "LDA2Vec", "ECRTM", "TSCTM"):
        found[model] = fixed(model)
    found |= {
        "ETM, topics at a tenth of the rate": fixed("ETM", topic_rate=0.1),
        "ETM, set, by length": by_length("ETM", contrast="set"),
        "ETM, InfoNCE, by length": by_length("ETM", contrast="infonce"),
    }
    return found


def run(corpus: str, variant: str) -> dict[str, Any]:
    """Fit a variant, and judge it on the other documents."""
    import torch

    import topicml
    from topicml import metrics

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    train, test = topicml.Corpus.read(FOLDER / corpus).split()
    model, parameters = variants()[variant](float(train.counts.sum()) / train.n_docs)
    if "cluster" in variant:
        train = with_clusters(train)
    fitted = getattr(topicml, model)(50, random_state=0, **parameters).fit(train)
    theta, topics = fitted.transform(test), fitted.topics(10)
    clusters = metrics.clustering(theta, test.fields["label"])
    coherence = metrics.coherence(topics, test, "c_npmi" if test.has_order else "npmi_doc")
    return {
        "corpus": corpus,
        "variant": variant,
        "nmi": clusters.nmi,
        "purity": clusters.purity,
        "coherence": coherence.mean,
        "coverage": metrics.document_coverage(topics, test, theta, 10).mean,
        "perplexity": fitted.perplexity(test),
        "topics": len(np.unique(theta.argmax(axis=1))),
    }


def with_clusters(corpus: Any, n_clusters: int = 200) -> Any:
    """Add a field of k-means clusters of documents: means of PPMI-SVD word vectors, weighted by inverse frequency."""
    from scipy.sparse import diags

    from topicml import Corpus
    from topicml.corpus.documents import Documents
    from topicml.starting import starting_vectors

    words = starting_vectors("corpus", Documents(corpus.counts), 100, window=None, power=0.0, seed=0)
    share = np.asarray(corpus.counts.sum(axis=0)).ravel() / corpus.counts.sum()
    vectors = unit(unit(corpus.counts.astype(float) @ diags(1e-3 / (1e-3 + share)) @ words, centred=False))
    clusters = KMeans(min(n_clusters, corpus.n_docs // 10), n_init=1, random_state=0).fit_predict(vectors)
    fields = {**{name: list(corpus.fields[name]) for name in corpus.fields}, "cluster": [str(c) for c in clusters]}
    if not corpus.has_order:
        return Corpus.from_counts(corpus.counts, list(corpus.vocabulary), fields=fields)
    tokens = [corpus.document(row) for row in range(corpus.n_docs)]
    return Corpus.from_tokens(tokens, vocabulary=list(corpus.vocabulary), fields=fields)


def unit(vectors: np.ndarray, *, centred: bool = True) -> np.ndarray:
    vectors = vectors - vectors.mean(axis=0) if centred else vectors
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def page(runs: list[Mapping[str, Any]]) -> str:
    """A table of NMI per corpus, and of the means of the other measures."""
    rows = [f"| variant | {' | '.join(CORPORA)} | mean | purity | coherence | coverage | perplexity |"]
    rows.append("|---" + "|---:" * (len(CORPORA) + 5) + "|")
    for variant in variants():
        of = {each["corpus"]: each for each in runs if each["variant"] == variant}
        if set(of) != set(CORPORA):
            continue
        means = {
            name: mean(of[corpus][name] for corpus in CORPORA) for name in ("nmi", "purity", "coherence", "coverage")
        }
        nmi = " | ".join(f"{of[corpus]['nmi']:.3f}" for corpus in CORPORA)
        rest = " | ".join(f"{value:.3f}" for value in means.values())
        rows.append(f"| {variant} | {nmi} | {rest} | {mean(of[corpus]['perplexity'] for corpus in CORPORA):.0f} |")
    about = "NMI of unseen documents on each corpus, K = 50, seed 0; then means over the corpora."
    return "\n\n".join(["# Screen of settings", provenance(), about, "\n".join(rows)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, with one thread each")
    parser.add_argument("--finished", action="store_true", help="fit nothing: report finished runs")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "screen.jsonl", help="file of finished runs")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "screen.md")
    arguments = parser.parse_args()
    lines = arguments.runs.read_text("utf-8").splitlines() if arguments.runs.exists() else []
    runs = [json.loads(line) for line in lines]
    if not arguments.finished:
        os.environ["OMP_NUM_THREADS"] = "1"
        finished = {(each["corpus"], each["variant"]) for each in runs}
        left = [(corpus, variant) for variant in variants() for corpus in CORPORA if (corpus, variant) not in finished]
        arguments.runs.parent.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(arguments.jobs) as pool, arguments.runs.open("a", encoding="utf-8") as file:
            for future in as_completed([pool.submit(run, *each) for each in left]):
                runs.append(future.result())
                file.write(json.dumps(runs[-1]) + "\n")
                file.flush()
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(page(runs), encoding="utf-8")


if __name__ == "__main__":
    main()
