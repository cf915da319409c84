"""``topicml fit --targets``: what to reconstruct, from a file."""

import json

import pytest
import scipy.sparse as sp

import topicml as package
from topicml.runs.documents import signed_part

SMALL = ("--topics", "3", "--epochs", "2", "--set", "hidden=16", "--no-report", "--quiet")


@pytest.fixture(scope="module")
def saved(documents, tmp_path_factory):
    """A saved corpus and a file of targets for its words."""
    folder = tmp_path_factory.mktemp("targets")
    corpus = package.Corpus.read(documents, text_column="body text")
    corpus.save(folder / "corpus")
    sp.save_npz(folder / "lm.npz", corpus.counts + 0.5 * sp.csr_matrix(corpus.counts[::-1]))
    return folder


def test_fit_reconstructs_the_targets_of_a_file(topicml, saved, tmp_path, monkeypatch):
    monkeypatch.chdir(saved)
    assert topicml("fit", "corpus", *SMALL, "--targets", "lm.npz", "--out", tmp_path / "run").code == 0
    corpus = package.Corpus.open(saved / "corpus").with_targets(saved / "lm.npz")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["configuration"]["reading"]["targets"] == str(saved / "lm.npz")
    assert record["configuration"]["parameters"]["reconstruct"] == "targets"
    assert record["identity"]["targets"] == corpus.targets.fingerprint
    model = package.load(tmp_path / "run")
    assert model.outside_knowledge_ == "targets of lm.npz"
    same = type(model)(**model.get_params()).fit(corpus)
    assert (same.components_ == model.components_).all()
    assert topicml("transform", tmp_path / "run", saved / "corpus", "--out", tmp_path / "rows.csv").code == 0
    assert topicml("show", tmp_path / "run", 0).code == 0


def test_a_saved_corpus_brings_its_own_targets(topicml, saved, tmp_path):
    corpus = package.Corpus.open(saved / "corpus").with_targets(saved / "lm.npz")
    corpus.save(tmp_path / "corpus")
    options = ("--set", "reconstruct=targets", "--out")
    assert topicml("fit", tmp_path / "corpus", *SMALL, *options, tmp_path / "run").code == 0
    assert package.load(tmp_path / "run").reconstruct == "targets"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--targets", "none.npz"), "There is no file"),
        (("--targets", "lm.npz", "--set", "reconstruct=counts"), "leave out --set reconstruct"),
        (("--targets", "lm.npz", "--model", "LDA2Vec"), "LDA2Vec predicts words from other words"),
        (("--set", "reconstruct=targets"), "topicml fit --targets FILE.npz"),
    ],
)
def test_wrong_options_are_refused(topicml, saved, options, message, monkeypatch):
    monkeypatch.chdir(saved)
    outcome = topicml("fit", "corpus", *SMALL, *options)
    assert outcome.refused and message in " ".join(outcome.err.split())


def test_targets_of_other_words_are_refused(topicml, saved, tmp_path):
    sp.save_npz(tmp_path / "few.npz", sp.csr_matrix((90, 5)))
    outcome = topicml("fit", saved / "corpus", *SMALL, "--targets", tmp_path / "few.npz")
    assert outcome.refused and "column j to word j of corpus.vocabulary" in " ".join(outcome.err.split())


def test_the_signature_of_runs_of_earlier_versions_has_no_targets():
    assert "targets" not in signed_part({"source": "lee"}, "")["reading"]
    assert "targets" in signed_part({"source": "lee", "targets": "/x.npz"}, "")["reading"]
