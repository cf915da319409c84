"""The table of topics on unseen documents: its grid, its page, and the peers that this environment has."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.synthetic import short_text
from topicml.experiment import run_experiment, runner
from topicml.experiment.outcome import Outcome

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import unseen

SIZES = {"n_docs": 300, "n_topics": 5, "n_words": 250, "min_length": 10, "max_length": 20, "random_state": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two small corpora: one with order, one of counts alone."""
    drawn = short_text(**SIZES).corpus
    place = tmp_path_factory.mktemp("corpora")
    drawn.save(place / "AGNews")
    Corpus.from_counts(drawn.counts, drawn.vocabulary, drawn.fields).save(place / "20NG")
    return place


def grid_of(folder, *more):
    return unseen.grid(unseen.parse_arguments(["--corpora", "AGNews", "20NG", "--topics", "5", *more]), folder)


def test_the_page_of_made_up_fits(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(unseen, "PEERS_PYTHON", tmp_path / "none")
    experiment, skipped = grid_of(folder, "--seeds", "0", "1")
    assert skipped == ["BERTopic †", "TopMost ProdLDA"]
    assert len(list(experiment.runs())) == 2 * 8 * 2

    def made_up(run, place, *, held_out, **options):
        train, judged = Corpus.open(place / "corpus"), Corpus.open(held_out)
        rng = np.random.default_rng(run.seed)
        topics = [list(train.vocabulary)[20 * k : 20 * k + 20] for k in range(5)]
        thetas = [rng.dirichlet(np.ones(5), each.n_docs).astype(np.float32) for each in (judged, train)]
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0, "process_s": 2.0, "versions": {"numpy": "2"}}
        if run.model.name == "ETM" and run.seed:
            raise runner.RunError("it did not converge")
        values = {"perplexity": 80.0 + run.seed} if run.model.model else {}
        start = [topic[5:] for topic in topics] if run.model.model else None
        return Outcome(topics, thetas[0], None, cost, values, training_theta=thetas[1], starting_topics=start)

    monkeypatch.setattr(runner, "fit_in_process", made_up)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run_experiment(experiment, tmp_path / "runs")
    text = unseen.page(experiment, results, skipped, tmp_path / "runs")
    assert "30 of 32 runs are finished; mean ± standard deviation over seeds 0, 1" in text
    assert "because .peers does not exist: BERTopic †, TopMost ProdLDA" in text
    assert "AGNews, ETM, seed 1: it did not converge" in text
    mean, agnews, ng = text.split("\n## ")[1:4]
    assert mean.startswith("Mean over AGNews, 20NG") and agnews.startswith("AGNews") and ng.startswith("20NG")
    assert "Perplexity of the unigram model: " in agnews
    rows = [line[2:-2].split(" | ") for line in agnews.splitlines() if line.startswith("|")]
    table = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    assert list(table)[:2] == ["ProdLDA", "ProdLDA + set"] and list(table)[-1] == "scikit-learn NMF"
    assert set(table["ProdLDA"]) == {"system", *unseen.COLUMNS}
    assert table["ProdLDA"]["start"] == "0.50 ± 0.00" and table["tomotopy LDA"]["perplexity"] == ""
    assert table["ETM"]["perplexity"] == "**80**" and table["ProdLDA"]["perplexity"] == "80 ± 1"
    values = list(results.values("c_npmi", corpus="AGNews")["ProdLDA"].values())
    assert table["ProdLDA"]["coherence"].strip("*") == f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
    assert "c_v" not in ng.splitlines()[4]


def test_the_peers_of_this_environment_are_judged_on_unseen_documents(folder, tmp_path):
    pytest.importorskip("tomotopy")
    systems = ("tomotopy LDA", "scikit-learn NMF")
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", *systems)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = run_experiment(experiment, tmp_path)
    assert not results.failures
    for system in systems:
        assert min(results.values("nmi")[system].values()) > 0.7
    assert max(results.values("perplexity")["tomotopy LDA"].values()) < min(
        results.values("unigram_perplexity")["tomotopy LDA"].values()
    )
    assert set(results.values("perplexity")) == {"tomotopy LDA"}


def test_a_corpus_that_is_missing_is_named(folder):
    with pytest.raises(SystemExit, match="has no M10; set TOPICML_CORPORA"):
        unseen.grid(unseen.parse_arguments(["--corpora", "M10"]), folder)
