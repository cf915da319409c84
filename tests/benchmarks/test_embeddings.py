"""The page of embeddings.py: rows of unseen.py for each number of topics, and NMI with the same vectors."""

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import embeddings
import pytest

OPTIONS = {kind: options for options, kind in embeddings.BEST.items()}
CORPORA = ["AGNews", "20NG"]


def run(system, corpus, nmi, n_topics=20, seed=0):
    return {"system": system, "corpus": corpus, "n_topics": n_topics, "seed": seed, "nmi": nmi}


def write(path, *rows):
    names = ["corpus", "model", "n_topics", "seed", "measure", "value"]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def test_rows_of_unseen_are_those_of_their_number_of_topics_and_encoder(tmp_path):
    first = write(
        tmp_path / "first.csv",
        ("AGNews", "BERTopic †", 20, 0, "nmi", 0.3),
        ("AGNews", "BERTopic †", 50, 0, "nmi", 0.4),
        ("20NG", "BERTopic †", 20, 0, "nmi", 0.5),
        ("AGNews", "tomotopy LDA", 20, 0, "nmi", 0.9),
    )
    second = write(
        tmp_path / "second.csv",
        ("AGNews", "BERTopic, wordllama †", 20, 0, "nmi", 0.2),
        ("AGNews", "BERTopic, wordllama †", 20, 0, "c_npmi", 0.1),
        ("AGNews", "BERTopic, wordllama †", 20, 0, "npmi_doc", 0.7),
    )
    found = embeddings.of_unseen([first, second], embeddings.PEERS, {("AGNews", 20)})
    assert found == [
        run("BERTopic, minilm †", "AGNews", 0.3),
        run("BERTopic, wordllama †", "AGNews", 0.2) | {"coherence": 0.1},
    ]


def test_nmi_is_compared_with_systems_of_the_same_vectors():
    ours, theirs = f"ProdLDA + neighbours, minilm †, {OPTIONS['words']}", "BERTopic, minilm †"
    runs = [
        run(ours, "AGNews", 0.5),
        run(ours, "AGNews", 0.7, seed=1),
        run(ours, "20NG", 0.2),
        run(theirs, "AGNews", 0.4),
        run(theirs, "20NG", 0.3),
        run("k-means, minilm †", "20NG", 0.1),
        run("k-means, wordllama †", "20NG", 0.0),
        run(f"{ours}, ranking=0.7", "20NG", 0.9),
        run("ProdLDA + neighbours, minilm †", "20NG", 0.9),
    ]
    assert embeddings.above(runs, CORPORA).splitlines()[2:] == [
        f"| words, minilm † | {theirs} | +0.200 | -0.100 | 1 of 2 |",
        "| words, minilm † | k-means, minilm † |  | +0.100 | 1 of 1 |",
    ]


@pytest.mark.parametrize("kind", ["words", "vectors"])
def test_the_compared_configurations_are_among_the_systems(kind, tmp_path):
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "AGNews-train.npy").touch()  # without the package, kept vectors name the encoder
    assert f"ProdLDA + neighbours, minilm †, {OPTIONS[kind]}" in embeddings.systems(["minilm"], tmp_path)


def test_the_page_has_tables_for_each_number_of_topics(tmp_path):
    peers = write(tmp_path / "peers.csv", ("AGNews", "CombinedTM †", 100, 0, "nmi", 0.25))
    runs = [run("k-means, minilm †", "AGNews", 0.4, n_topics=n) for n in (20, 50, 100)]
    for each in runs:
        each.update(purity=0.5, coherence=0.1)
    text = embeddings.page(runs, ["## From elsewhere"], [peers])
    parts = text.split("\n## ")
    assert [part.splitlines()[0] for part in parts[1:4]] == ["K = 50", "K = 20", "K = 100"]
    assert ["CombinedTM, minilm † | 0.250" in part for part in parts[1:4]] == [False, False, True]
    assert text.endswith("## From elsewhere\n")
