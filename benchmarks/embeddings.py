"""Three uses of embeddings against models of words, and k-means and peers with the same vectors, on unseen documents.

    python benchmarks/embeddings.py                                        # continues after a kill
    python benchmarks/embeddings.py --corpora SearchSnippets --encoders own wordllama
    python benchmarks/embeddings.py --finished                             # only the page, without any fit

The split is that of unseen.py. An encoder whose package is missing (topicml[embeddings]) is left out, unless its
vectors are in the folder of --runs, where they are kept: an encoding that was killed continues. As for the peers, the
encoder reads the beginning of a long text. Corpora are read from ../shared/corpora, or from $TOPICML_CORPORA. The
numbers of ProdLDA without embeddings and of the peers, which read the vectors of MiniLM or of wordllama, are those of
results/unseen.csv, unseen_peers.csv and embeddings_unseen.csv, and of the files of --peers, all of which unseen.py
makes:

    python benchmarks/unseen.py --topics 20 100 --seeds 0 --systems ProdLDA "BERTopic †" --out /tmp/unseen.md
"""

import argparse
import csv
import itertools
import json
import os
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

import numpy as np
from machine import ROOT, provenance
from systems import WITH_ENCODER, WITH_STATIC_VECTORS
from unseen import CORPORA, FOLDER

from topicml.files import atomic_file

HERE = Path(__file__).resolve().parent
K = 50
OWN = "own"
ONE_CLUSTER = "init=Start(encoder_clusters=1)"
OF_UNSEEN = [HERE / "results" / name for name in ("unseen.csv", "unseen_peers.csv", "embeddings_unseen.csv")]
WORDS = ("ProdLDA", "ProdLDA + set")
PEERS = tuple(entry.name for entry in (*WITH_ENCODER, *WITH_STATIC_VECTORS))
BEST = {
    "init=npmi+clusters, neighbour_share=0.8": "words",
    f"{ONE_CLUSTER}, encoder_input=embeddings, neighbour_share=0.8": "vectors",
}
OF_PEERS = {
    "nmi": "nmi",
    "purity": "purity",
    "c_npmi": "coherence",
    "npmi_doc": "coherence",
    "topic_diversity": "td25",
    "document_coverage": "coverage",
    "used_topics": "topics",
}
MEASURES = ("nmi", "purity", "coherence", "td25", "coverage", "topics")
VECTORS = tuple((dimension, frequency) for dimension in (50, 100) for frequency in (0.001, 0.01, 0.1))


def main() -> None:
    arguments = parse_arguments()
    lines = arguments.runs.read_text("utf-8").splitlines() if arguments.runs.exists() else []
    runs = [json.loads(line) for line in lines]
    if not arguments.finished:
        finished = {(each["corpus"], each["system"], each.get("n_topics", K), each["seed"]) for each in runs}
        arguments.runs.parent.mkdir(parents=True, exist_ok=True)
        chosen = systems(arguments.encoders, arguments.runs.parent / "vectors")
        grid = itertools.product(arguments.topics, arguments.seeds, chosen.items(), arguments.corpora)
        for n_topics, seed, (system, run), corpus in grid:
            is_asked = not arguments.systems or system in arguments.systems
            is_again = (seed or n_topics != arguments.topics[0]) and system.startswith("nearest")
            if (corpus, system, n_topics, seed) in finished or not is_asked or is_again:
                continue
            key = {"corpus": corpus, "system": system, "n_topics": n_topics, "seed": seed}
            made = {**key, **run(corpus, seed, n_topics)}
            runs.append(made)
            print(made, flush=True)
            with arguments.runs.open("a", encoding="utf-8") as file:
                file.write(json.dumps(made) + "\n")
    with atomic_file(arguments.out) as temporary:
        sections = sorted((arguments.runs.parent / "sections").glob("*.md"))  # of other scripts: languages, neighbours
        texts = [each.read_text("utf-8").strip() for each in sections]
        temporary.write_text(page(runs, texts, [*OF_UNSEEN, *arguments.peers]), encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--corpora", nargs="+", default=list(CORPORA), metavar="CORPUS", help=f"any folders of {FOLDER.name}")
    add(
        "--encoders",
        nargs="+",
        default=None,
        metavar="NAME",
        help="own, and encoders by name; by default installed ones",
    )
    add("--systems", nargs="+", default=[], metavar="SYSTEM", help="rows of the page by name; by default all")
    add("--topics", nargs="+", type=int, default=[K], metavar="K", help="numbers of topics")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="SEED", help="all systems for a seed, then the next")
    add("--peers", nargs="+", type=Path, default=[], metavar="CSV", help="further results of unseen.py")
    add("--finished", action="store_true", help="fit nothing: report finished runs")
    add("--runs", type=Path, default=ROOT / "runs" / "embeddings" / "runs.jsonl", help="file of finished runs")
    add("--out", type=Path, default=HERE / "results" / "embeddings.md")
    return parser.parse_args()


def systems(encoders: Sequence[str] | None, folder: Path) -> dict[str, Any]:
    """Name of a system to a function of corpus, seed and number of topics that returns its scores."""
    from topicml.corpus.encoders import ENCODERS
    from topicml.starting import Start

    found: dict[str, Any] = {}
    for dimension, frequency in VECTORS:
        name = f"nearest, {dimension} numbers, frequency {frequency:g}"
        found[name] = lambda corpus, *_, d=dimension, f=frequency: nearest(corpus, d, f)
    for name in encoders or [OWN, *ENCODERS]:
        encoder = None if name == OWN else encoder_of(name, folder / name, is_asked=encoders is not None)
        if encoder is None and name != OWN:
            continue
        mark = name if name == OWN else f"{name} †"
        neighbours = {"contrast": "neighbours"}
        variants: dict[str, dict[str, Any]] = {
            f"ProdLDA + neighbours, {mark}, init=npmi+clusters": neighbours | {"init": "npmi+clusters"},
            f"ProdLDA + neighbours, {mark}": neighbours,
            f"ProdLDA + neighbours, {mark}, init=clusters": neighbours | {"init": "clusters"},
        }
        if encoder is not None:
            for init in ("npmi+clusters", "clusters"):
                both = neighbours | {"init": init, "encoder_input": "both"}
                variants[f"ProdLDA + neighbours, {mark}, init={init}, encoder_input=both"] = both
            of_vectors = neighbours | {"init": Start(encoder_clusters=1), "encoder_input": "embeddings"}
            variants[f"ProdLDA + neighbours, {mark}, {ONE_CLUSTER}, encoder_input=embeddings"] = of_vectors
            of_both = {
                "init=npmi+clusters": {"init": "npmi+clusters"},
                f"{ONE_CLUSTER}, encoder_input=embeddings": of_vectors,
            }
            for options, settings in of_both.items():
                with_words = neighbours | settings | {"neighbour_share": 0.8}
                variants[f"ProdLDA + neighbours, {mark}, {options}, neighbour_share=0.8"] = with_words
            name_of_words = f"{mark}, {ONE_CLUSTER}, encoder_input=embeddings, neighbour_share=0.8, ranking=0.7"
            variants[f"ProdLDA + neighbours, {name_of_words}"] = with_words | {"ranking": 0.7}
        for system, settings in variants.items():
            found[system] = partial(fit, encoder=encoder, folder=folder / name, **settings)
        found[f"k-means, {mark}"] = partial(k_means, encoder=encoder, folder=folder / name)
        found[f"nearest, {mark}"] = partial(nearest_of_encoder, encoder=encoder, folder=folder / name)
    return found


def encoder_of(name: str, folder: Path, *, is_asked: bool) -> Any:
    """An encoder by name; its name alone if its package is missing and its vectors are there, and None without them."""
    from topicml.corpus.encoders import named_encoder

    try:
        return replace(named_encoder(name), max_words=None)
    except ImportError as error:
        if any(folder.glob("*.npy")):
            return name
        if is_asked:
            raise SystemExit(str(error)) from error
        return None


def parts_of(corpus: str) -> tuple[Any, Any]:
    """Training and held-out documents."""
    import topicml

    return topicml.Corpus.read(FOLDER / corpus).split()


def encoded(part: Any, encoder: Any, file: Path) -> Any:
    """The documents with the vectors of an encoder, which are computed once. Without text, their words are encoded."""
    if isinstance(encoder, str):
        return part.with_embeddings(file)
    if "text" not in part.fields:
        texts = [" ".join(part.document(row)) for row in range(part.n_docs)]
        part = part.replaced(fields=type(part.fields).of({"text": texts}, part.n_docs))
    return part.with_embeddings(encoder, file=file, progress=True)


def fit(
    corpus: str, seed: int, n_topics: int, *, encoder: Any = None, folder: Path | None = None, **settings: Any
) -> dict:
    """Fit ProdLDA, and judge it on the held-out documents."""
    import topicml
    from topicml import metrics

    train, test = parts_of(corpus)
    given = train if encoder is None or folder is None else encoded(train, encoder, folder / f"{corpus}-train.npy")
    start = process_time()
    model = topicml.ProdLDA(n_topics, random_state=seed, **settings).fit(given)
    seconds = process_time() - start
    read = test
    if model.reads_embeddings and folder is not None:
        read = encoded(test, encoder, folder / f"{corpus}-test.npy")
    theta, topics = model.transform(read), model.topics(10)
    agreement = metrics.clustering(theta, test.fields["label"])
    measure = "c_npmi" if test.has_order else "npmi_doc"
    return {
        "nmi": agreement.nmi,
        "purity": agreement.purity,
        "coherence": metrics.coherence(topics, test, measure).mean,
        "td25": metrics.topic_diversity(model.topics(25)).mean,
        "coverage": metrics.document_coverage(topics, test, theta, 10).mean,
        "topics": len(np.unique(theta.argmax(axis=1))),
        "cpu_seconds": seconds,
    }


def k_means(corpus: str, seed: int, n_topics: int, *, encoder: Any, folder: Path) -> dict:
    """Cluster the vectors of the training documents, and judge the clusters of the held-out documents."""
    from sklearn.cluster import KMeans

    from topicml import metrics
    from topicml.starting import document_vectors

    train, test = parts_of(corpus)
    if encoder is None:
        vectors = document_vectors(train)
        pair = vectors[:], vectors.of(test.counts)[:]
    else:
        pair = tuple(
            encoded(part, encoder, folder / f"{corpus}-{name}.npy").embeddings[:]
            for part, name in ((train, "train"), (test, "test"))
        )
    of_train, of_test = (each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-9) for each in pair)
    clusters = KMeans(n_topics, n_init=3, random_state=seed).fit(of_train).predict(of_test)
    agreement = metrics.clustering(np.eye(n_topics)[clusters], test.fields["label"])
    return {"nmi": agreement.nmi, "purity": agreement.purity}


def nearest_of_encoder(corpus: str, seed: int, n_topics: int, *, encoder: Any, folder: Path) -> dict:
    """Share of the nearest training documents with the same label, by embeddings alone and beside vectors of words."""
    from topicml.starting import document_vectors
    from topicml.starting.mean_vectors import beside_words, unit_rows

    train, _ = parts_of(corpus)
    of_words = document_vectors(train)[:]
    if encoder is None:
        return {"same_label": same_label(train, of_words, 15)}
    vectors = unit_rows(encoded(train, encoder, folder / f"{corpus}-train.npy").embeddings[:])
    vectors = unit_rows(vectors - vectors.mean(axis=0))
    beside = same_label(train, beside_words(vectors, of_words), 15)
    return {"same_label": same_label(train, vectors, 15), "beside_words": beside}


def nearest(corpus: str, dimension: int, frequency: float) -> dict:
    """Share of the ten nearest training documents with the same label, by vectors of words."""
    from topicml.starting import document_vectors

    train, _ = parts_of(corpus)
    return {"same_label": same_label(train, document_vectors(train, dimension=dimension, frequency=frequency)[:], 10)}


def same_label(corpus: Any, vectors: np.ndarray, n_nearest: int) -> float:
    """Share of the nearest documents of 1,500 documents that have the same label."""
    labels = corpus.fields["label"].astype(str)
    rows = np.random.default_rng(0).choice(len(vectors), min(1500, len(vectors)), replace=False)
    cosines = vectors[rows] @ vectors.T
    cosines[np.arange(len(rows)), rows] = -2.0
    found = np.argpartition(-cosines, n_nearest, axis=1)[:, :n_nearest]
    return float((labels[found] == labels[rows][:, None]).mean())


READING = """† uses an encoder that was trained on other texts, so it knows more than the corpus. **own** vectors are
learned from the words of the training documents (`topicml.starting.document_vectors`); beside the embeddings, they say
which documents are near. **neighbours** is the contrast. With **init=npmi+clusters**, the encoder starts from the
topics that clusters of documents vote for; with **init=clusters**, topics and encoder start from the clusters. All
of these are models of words alone after the fit, and `transform` reads no vectors. With **encoder_input=both**, the
encoder reads words and vectors, and with **encoder_input=embeddings** vectors alone, of the held-out documents,
too; k-means and all peers read them as well. **Start(encoder_clusters=1)** is `npmi+clusters` with one cluster per
topic in place of two; without words in the encoder, clusters are those of the embeddings alone. With
**neighbour_share=0.8**, documents reconstruct words of their neighbours, too; **ranking=0.7** lists words that are less
distinct, and nothing else. ProdLDA without
embeddings and the peers are run as for unseen.md: at their defaults, BERTopic reduced to K topics. Coherence is
c_npmi of the ten first words on the held-out documents (npmi_doc on 20NG, which has no word order); coverage is the
share of held-out documents with at least one of the ten first words of their leading topic; topics are those that
lead a held-out document. With fewer of them, NMI is higher at the same purity. Mean and standard deviation over
seeds; `seeds` is the number of seeds of the corpora, from the fewest to the most. Encoders read the beginning of a
long text (MiniLM: 256 tokens).

What was chosen by labels: the options of `init=clusters` (15 neighbours, 50 directions and 4 steps of the walk, 10
epochs of the encoder), the neighbours of the contrast (15; 5 and 0 were tried), and the vote of two clusters a
topic (four were seen in the clusters alone), by seed 0 of AGNews, SearchSnippets and StackOverflow. On these three,
the numbers are those of a choice; on the other three, they are not. Words beside embeddings were chosen by the
labels of training documents of all six (nearest documents, below). One cluster per topic for an encoder of
embeddings was chosen by the labels of training documents of AGNews, SearchSnippets and BBC_News (an encoder that
reads vectors, below). That an encoder of embeddings alone is better than one of both was seen on held-out documents,
with seed 0 of these three."""

ABOVE = """NMI of ProdLDA minus that of k-means or of a peer with the same vectors, each the mean of its seeds. The
model of **words** has init=npmi+clusters, that of **vectors** Start(encoder_clusters=1) and encoder_input=embeddings;
both have neighbour_share=0.8."""

PUBLISHED = """Purity and NMI that HiCOT's paper (ACL 2025) states for 50 topics, beside the system with the highest
mean NMI here. The paper does not say on which documents its numbers were computed; here the model has not seen the
documents, and reads 60 % of the corpus. GoogleNews-T and 20NG are the editions of TSCTM and ECRTM."""
HICOT = {
    "20NG": (0.626, 0.583),
    "AGNews": (0.857, 0.412),
    "SearchSnippets": (0.818, 0.478),
    "GoogleNews-T": (0.465, 0.657),
}

BESIDE = """Share of the 15 nearest training documents that have the same label: by the embeddings, and by the
embeddings beside the vectors of the words (own), as `contrast="neighbours"` and `init="clusters"` read them."""

NEAREST = """Options of the own vectors: share of the ten nearest training documents that have the same label.
`frequency` is the share of all words at which a word counts half (smooth inverse frequency)."""


def page(runs: Sequence[Mapping[str, Any]], sections: Sequence[str], files: Sequence[Path]) -> str:
    """The report in Markdown; `sections` are those of other scripts, `files` results of unseen.py."""
    corpora = sorted({each["corpus"] for each in runs}, key=[*CORPORA, *(each["corpus"] for each in runs)].index)
    judged = [{"n_topics": K, **each} for each in runs if "nmi" in each]
    fits = {(each["corpus"], each["n_topics"]) for each in judged}
    judged = of_unseen(files, WORDS, fits) + judged + of_unseen(files, PEERS, fits)
    parts = ["# Embeddings of documents", provenance(), READING]
    for n_topics in sorted({each["n_topics"] for each in judged}, key=lambda k: (k != K, k)):
        of_k = [each for each in judged if each["n_topics"] == n_topics]
        parts.append(f"## K = {n_topics}")
        for measure in MEASURES:
            parts.append(f"### {measure}\n\n{table(of_k, measure, corpora)}")
        parts.append(f"### NMI above systems with the same vectors\n\n{ABOVE}\n\n{above(of_k, corpora)}")
        if n_topics == K:
            parts.append(f"### Published numbers of HiCOT\n\n{PUBLISHED}\n\n{published(of_k)}")
    nearest_documents = [each for each in runs if each["system"].startswith("nearest, ")]
    of_encoders = [
        {**each, "system": each["system"] + beside, "same_label": each[name]}
        for each in nearest_documents
        for name, beside in (("same_label", ""), ("beside_words", " beside words"))
        if "numbers" not in each["system"] and name in each
    ]
    options = [each for each in nearest_documents if "numbers" in each["system"]]
    parts.append(f"## Nearest documents\n\n{BESIDE}\n\n{table(of_encoders, 'same_label', corpora)}")
    if options:
        parts.append(f"## Own vectors\n\n{NEAREST}\n\n{table(options, 'same_label', corpora)}")
    return "\n\n".join([*parts, *sections]) + "\n"


def above(runs: Sequence[Mapping[str, Any]], corpora: Sequence[str]) -> str:
    """How far the NMI of `BEST` is above that of each system with the same vectors, and on how many corpora it is."""
    values: dict[tuple[str, str], list[float]] = {}
    for each in runs:
        values.setdefault((each["system"], each["corpus"]), []).append(float(each["nmi"]))
    systems = dict.fromkeys(system for system, _ in values)
    rows = [f"| model | above | {' | '.join(corpora)} | higher on |", "|---|---" + "|---:" * (len(corpora) + 1) + "|"]
    for options, ours in itertools.product(BEST, systems):
        if not ours.endswith(f" †, {options}"):
            continue
        mark = ours.split(", ")[1]
        for theirs in systems:
            both = [name for name in corpora if {(ours, name), (theirs, name)} <= values.keys()]
            if theirs.endswith(f", {mark}") and not theirs.startswith("ProdLDA") and both:
                gains = {name: mean(values[ours, name]) - mean(values[theirs, name]) for name in both}
                cells = [f"{gains[name]:+.3f}" if name in gains else "" for name in corpora]
                n_higher = sum(gain > 0 for gain in gains.values())
                rows.append(f"| {BEST[options]}, {mark} | {theirs} | {' | '.join(cells)} | {n_higher} of {len(both)} |")
    return "\n".join(rows)


def published(runs: Sequence[Mapping[str, Any]]) -> str:
    """HiCOT's numbers, and those of the system with the highest mean NMI of those that have all corpora."""
    of_systems: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for each in runs:
        of_systems.setdefault(each["system"], {}).setdefault(each["corpus"], []).append(each)
    n_corpora = max(map(len, of_systems.values()))
    whole = {
        name: {
            corpus: [mean(float(each[m]) for each in found) for m in ("purity", "nmi")] for corpus, found in of.items()
        }
        for name, of in of_systems.items()
        if len(of) == n_corpora and "coherence" in next(iter(of.values()))[0]
    }
    best = max(whole, key=lambda name: mean(nmi for _, nmi in whole[name].values()))
    rows = [f"| corpus | HiCOT: purity | NMI | {best}: purity | NMI |\n|---|---:|---:|---:|---:|"]
    for corpus, numbers in HICOT.items():
        if corpus in whole[best]:
            rows.append(f"| {corpus} | {' | '.join(f'{each:.3f}' for each in (*numbers, *whole[best][corpus]))} |")
    return "\n".join(rows)


def of_unseen(files: Sequence[Path], systems: Sequence[str], fits: Collection[tuple[str, int]]) -> list[dict[str, Any]]:
    """Scores of systems in results of unseen.py, of the corpora and numbers of topics of `fits`."""
    found: dict[tuple[str, str, int, int], dict[str, Any]] = {}
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = row["corpus"], row["model"], int(row["n_topics"]), int(row["seed"])
                judges = {"c_npmi": row["corpus"] != "20NG", "npmi_doc": row["corpus"] == "20NG"}
                name = OF_PEERS.get(row["measure"])
                is_wanted = row["model"] in systems and (key[0], key[2]) in fits
                if name and row["value"] and is_wanted and judges.get(row["measure"], True):
                    system = re.sub(r"^([^,]+) †$", r"\1, minilm †", row["model"])
                    run = {"corpus": key[0], "system": system, "n_topics": key[2], "seed": key[3]}
                    found.setdefault(key, run)[name] = float(row["value"])
    return sorted(found.values(), key=lambda each: systems.index(each["system"].replace(", minilm †", " †")))


def table(runs: Sequence[Mapping[str, Any]], measure: str, corpora: Sequence[str]) -> str:
    """A row per system; the mean, which gives all corpora the same weight, only for systems that have all of them."""
    rows = [f"| system | {' | '.join(corpora)} | mean | seeds |", "|---" + "|---:" * (len(corpora) + 2) + "|"]
    for system in dict.fromkeys(each["system"] for each in runs):
        values = {
            corpus: [float(each[measure]) for each in runs if (each["system"], each["corpus"]) == (system, corpus)]
            for corpus in corpora
            if any(measure in each for each in runs if (each["system"], each["corpus"]) == (system, corpus))
        }
        if not values:
            continue
        digits = 1 if measure == "topics" else 3
        cells = [spread(values[corpus], digits) if corpus in values else "" for corpus in corpora]
        overall = f"{mean(mean(each) for each in values.values()):.{digits}f}" if len(values) == len(corpora) else ""
        seeds = "-".join(str(each) for each in sorted({min(map(len, values.values())), max(map(len, values.values()))}))
        rows.append(f"| {system.removeprefix('nearest, ')} | {' | '.join(cells)} | {overall} | {seeds} |")
    return "\n".join(rows)


def spread(values: Sequence[float], digits: int) -> str:
    """The mean, and with several values their standard deviation."""
    return f"{mean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if len(values) > 1 else "")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    main()
