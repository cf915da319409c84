"""The table of seeds: topics of a fit without seeds that match free ones, labels in turn, and BERTopic's topics."""

import sys
from pathlib import Path

import numpy as np
import pytest

from topicml import Corpus
from topicml.metrics import coherence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))  # as when the script is run

import structure_seeds
from structure_runs import peers_python, table_of_means

WORDS = {"animals": ["cat", "dog"], "money": ["tax", "bank"]}
SUBJECTS = {
    "animals": ["cat", "dog", "pet", "fur", "paw", "tail", "vet", "collar", "kitten", "puppy"],
    "money": ["tax", "bank", "loan", "debt", "cash", "fund", "bond", "rate", "credit", "coin"],
    "boats": ["sail", "mast", "hull", "keel", "port", "crew", "deck", "oar", "ship", "anchor"],
}


def documents(n, seed):
    rng = np.random.default_rng(seed)
    labels = [[*SUBJECTS][i % 3] for i in range(n)]
    return [[*rng.choice(SUBJECTS[label], 6, replace=False)] for label in labels], labels


def test_topics_that_match_free_ones_are_counted():
    held_out = Corpus.from_tokens(documents(60, 0)[0])
    animals, money, boats = SUBJECTS.values()
    mixed = [*animals[:5], *boats[:5]]
    seeded = {"seed": 1, "topics": [animals, money, boats, [*mixed, "tax"]]}
    run = {"seed": 1, "topics": [boats, ["tax", *mixed], money, animals]}
    other = {"seed": 2, "topics": run["topics"]}

    def mean(*topics):
        return pytest.approx(float(coherence(topics, held_out, "npmi_doc")))

    words = {"animals": ["vet"], "money": ["tax"]}
    structure_seeds._add_matched({"ETM": [seeded], "ETM without seeds": [run, other]}, held_out, words)
    assert run["matched"] == mean(boats, ["tax", *mixed[:-1]])
    assert run["no_seeds"] == seeded["no_seeds"] == mean(boats, mixed)
    assert not {"matched", "no_seeds"} & {*other} and "matched" not in seeded


def test_means_with_their_spread():
    runs = {"a": [{"x": 0.1}, {"x": 0.3}], "b": [{"x": 0.5}], "c": []}
    lines = table_of_means({"x": "X"}, runs, spread=True).splitlines()
    assert lines[2:] == ["| a | 2 | 0.200 ± 0.141 |", "| b | 1 | 0.500 |"]
    assert "±" not in table_of_means({"x": "X"}, runs)


def test_every_second_label_has_seeds(tmp_path, monkeypatch):
    given = []

    class Model:
        def __init__(self, n_topics, seeds, random_state):
            given.append((n_topics, seeds))
            self.topics = lambda n: [each[:n] for each in (*SUBJECTS.values(), *SUBJECTS.values())] * 2

        def fit(self, corpus):
            return self

        def transform(self, corpus):
            return np.eye(12)[np.zeros(corpus.n_docs, dtype=int)]

    monkeypatch.setattr(structure_seeds.topicml, "ProdLDA", Model)
    monkeypatch.setitem(structure_seeds.LABELS, "made", {name: name for name in SUBJECTS})
    tokens, labels = documents(30, 1)
    corpus = Corpus.from_tokens(tokens, fields={"label": labels})
    for system in ("ProdLDA", "ProdLDA without seeds", "ProdLDA, every second label"):
        made = structure_seeds.one_run("made", system, 0, corpus, corpus, WORDS, tmp_path, finished=False)
    assert given == [(12, WORDS), (12, None), (12, {"animals": WORDS["animals"]})]
    assert made["f1"] == pytest.approx(0.5)  # all documents in the topic of a third of them


@pytest.mark.skipif(not peers_python().exists(), reason="needs .peers: make .peers/.installed")
def test_topics_of_bertopic_are_in_the_order_of_their_seeds(tmp_path, monkeypatch):
    monkeypatch.setenv("TOPICML_EMBEDDINGS", str(tmp_path))
    monkeypatch.setattr(structure_seeds, "N_FREE", 1)
    train, held_out = (Corpus.from_tokens(documents(n, n)[0]) for n in (300, 60))
    theta, topics = structure_seeds.fit_peer("bertopic", train, held_out, WORDS, 0)
    labels = np.array(documents(60, 60)[1])
    assert theta.shape[1] == len(topics) and theta.sum(axis=1) == pytest.approx(1)
    for k, name in enumerate(WORDS):
        assert len({*topics[k][:10]} & {*SUBJECTS[name]}) >= 8
        assert (theta[labels == name, :2].argmax(axis=1) == k).mean() > 0.9
