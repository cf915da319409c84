"""The benchmarks: what is repeated and what is not, what tables and verdicts say, what adapters give."""

import json
import subprocess
import sys
import tomllib
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.synthetic import short_text

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # the scripts import each other as siblings, as when they are run

import fitting  # noqa: E402
import memory  # noqa: E402
import quality  # noqa: E402
import quality_table  # noqa: E402
import targets  # noqa: E402
from fit_once import read_input  # noqa: E402
from models import MODELS, missing_packages  # noqa: E402


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    drawn = short_text(n_docs=400, n_topics=5, n_words=200, min_length=10, max_length=20, random_state=3).corpus
    documents = [list(document) for document in drawn]
    return Corpus.from_tokens([*documents, []], drawn.vocabulary, {"label": [*map(str, drawn.fields["label"]), "0"]})


@pytest.fixture
def grid(corpus, tmp_path) -> Namespace:
    """The grid tiny x {sklearn_nmf, gensim_lda} x seeds {0, 1}."""
    corpus.save(tmp_path / "corpora" / "tiny")
    return Namespace(
        corpora=tmp_path / "corpora",
        topics=5,
        seeds=[0, 1],
        peer_python=sys.executable,
        runs=tmp_path / "runs",
        again=[],
    )


@pytest.fixture
def fits(monkeypatch, corpus) -> list[tuple[str, int]]:
    """The (function, seed) of every fit that is asked for; none is done."""
    asked = []
    words = list(corpus.vocabulary)

    def made_up(model, peer_python, handed_over, n_topics, seed):
        asked.append((model.function, seed))
        counts, _, _ = read_input(handed_over)
        theta = np.random.default_rng(seed).dirichlet(np.ones(n_topics), size=counts.shape[0])
        topics = [words[25 * k : 25 * k + 25] for k in range(n_topics)]
        return fitting.Fit(topics, theta, {"fit_s": 1.0, "peak_mb": 100.0, "versions": {"numpy": "2"}})

    monkeypatch.setattr(quality, "fit", made_up)
    return asked


PEERS = ["sklearn_nmf", "gensim_lda"]


class TestResume:
    def test_every_fit_is_done_once_and_models_take_turns(self, grid, fits):
        quality.run_corpus("tiny", PEERS, grid)
        assert [seed for _, seed in fits] == [0, 0, 1, 1]
        assert len(set(fits)) == 4

    def test_finished_fits_are_not_repeated(self, grid, fits):
        quality.run_corpus("tiny", PEERS, grid)
        quality.run_path(grid.runs, "tiny", "gensim_lda", 5, 1).unlink()
        fits.clear()
        quality.run_corpus("tiny", PEERS, grid)
        assert fits == [(MODELS["gensim_lda"].function, 1)]

    def test_another_seed_is_added_to_what_is_there(self, grid, fits):
        quality.run_corpus("tiny", PEERS, grid)
        fits.clear()
        grid.seeds = [0, 1, 2]
        quality.run_corpus("tiny", PEERS, grid)
        assert [seed for _, seed in fits] == [2, 2]

    def test_models_named_by_again_are_repeated(self, grid, fits):
        quality.run_corpus("tiny", PEERS, grid)
        fits.clear()
        grid.again = ["sklearn_nmf"]
        quality.run_corpus("tiny", PEERS, grid)
        assert {function for function, _ in fits} == {MODELS["sklearn_nmf"].function}

    def test_a_corpus_that_changed_is_fitted_anew(self, grid, fits, corpus):
        quality.run_corpus("tiny", PEERS, grid)
        fits.clear()
        corpus[:-1].save(grid.corpora / "tiny", overwrite=True)
        quality.run_corpus("tiny", PEERS, grid)
        assert len(set(fits)) == 4

    def test_an_interrupted_benchmark_keeps_what_it_had(self, grid, fits, monkeypatch):
        whole = quality.fit

        def interrupted(*arguments):
            if len(fits) == 3:
                raise KeyboardInterrupt
            return whole(*arguments)

        monkeypatch.setattr(quality, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            quality.run_corpus("tiny", PEERS, grid)
        monkeypatch.setattr(quality, "fit", whole)
        quality.run_corpus("tiny", PEERS, grid)
        assert len(fits) == len(set(fits)) == 4

    def test_a_fit_that_fails_is_written_down_stops_nothing_and_is_tried_again(self, grid, fits, monkeypatch):
        whole = quality.fit

        def failing(model, *arguments):
            if model is MODELS["gensim_lda"]:
                raise fitting.FitError("exit status 1: out of luck")
            return whole(model, *arguments)

        monkeypatch.setattr(quality, "fit", failing)
        quality.run_corpus("tiny", PEERS, grid)
        runs = quality.read_runs(grid.runs, ["tiny"], 5)
        assert [run["model"] for run in runs if "error" in run] == ["gensim_lda", "gensim_lda"]
        assert "out of luck" in quality_table.report(runs, "")
        monkeypatch.setattr(quality, "fit", whole)
        fits.clear()
        quality.run_corpus("tiny", PEERS, grid)
        assert len(fits) == 2


def run(corpus="AGNews", model="prodlda", seed=0, **scores):
    cost = {"fit_s": 1.0, "peak_mb": 100.0, "versions": {"numpy": "2.0"}}
    common = {"n_topics": 50, "commit": "abc", "cost": cost}
    return {"corpus": corpus, "model": model, "seed": seed, "scores": {"nmi": 0.3, "td25": 0.8, **scores}, **common}


def row(text: str, title: str) -> list[str]:
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if title in line)


class TestTable:
    def test_mean_and_standard_deviation_over_seeds(self):
        runs = [run(seed=seed, nmi=nmi) for seed, nmi in enumerate([0.1, 0.2, 0.3])]
        section = quality_table.report(runs, "").split("## AGNews")[1]
        assert "**0.200 ± 0.100**" in row(section, "topicml ProdLDA")

    def test_the_best_of_a_column_is_bold_unless_it_collapsed(self):
        runs = [
            run(npmi_doc=0.1),
            run(model="sklearn_nmf", npmi_doc=0.2),
            run(model="topmost_prodlda", npmi_doc=0.9, nmi=0.01),
        ]
        section = quality_table.report(runs, "").split("## AGNews")[1]
        assert "**0.200**" in row(section, "scikit-learn NMF")
        assert "0.900" in row(section, "TopMost ProdLDA (collapsed)")

    def test_a_measure_that_the_corpus_does_not_allow_is_no_column(self):
        section = quality_table.report([run(corpus="20NG", npmi_doc=0.1)], "").split("## 20NG")[1]
        assert "npmi_doc" in section and "c_v" not in section

    def test_verdicts_count_corpora(self):
        runs = [run(corpus=name, td25=td) for name, td in [("AGNews", 0.7), ("BBC_News", 0.69)]]
        assert row(quality_table.report(runs, ""), "td25 ≥ 0.70")[-1] == "FAIL: 1 of 2, 2 needed"

    def test_a_target_that_too_few_corpora_were_run_for_is_open(self):
        runs = [run(corpus=name, nmi=0.9) for name in ("AGNews", "BBC_News", "20NG")]
        assert row(quality_table.report(runs, ""), "NMI ≥ best peer's")[-1] == "open: 3 of 3, 4 needed"

    def test_without_topicml_there_are_no_verdicts_to_fail(self):
        assert "NMI ≥ best" in quality_table.report([run(model="sklearn_nmf")], "")

    def test_best_known_values_are_there_for_every_corpus(self):
        known = tomllib.loads((BENCHMARKS / "best_peers.toml").read_text())
        assert set(quality.CORPORA) == set(known)
        assert all({"npmi_doc", "td25", "purity", "nmi"} <= set(known[name]["best"]) for name in known)


class TestTargets:
    KNOWN = {"best": {"nmi": 0.3, "c_npmi": 0.15}, "topmost_prodlda": {"nmi": 0.5, "c_npmi": -0.1}}  # noqa: RUF012

    def test_what_peers_reach_here_raises_the_bound_but_a_collapsed_one_does_not(self):
        ours = {"nmi": 0.3, "c_npmi": 0.2}
        better, collapsed = {"nmi": 0.4, "c_npmi": 0.1}, {"nmi": 0.01, "c_npmi": 0.9}
        found = targets.checks({"prodlda": ours, "sklearn_nmf": better, "topmost_prodlda": collapsed}, self.KNOWN)
        assert found["NMI ≥ best peer's"].bound == 0.4
        assert found["c_npmi ≥ best peer's"].bound == 0.15
        assert found["no collapse: NMI ≥ 0.8 of best peer's"].bound == pytest.approx(0.32)

    def test_topmost_is_taken_from_here_and_else_from_what_was_known(self):
        ours = {"nmi": 0.3}
        here = targets.checks({"prodlda": ours, "topmost_prodlda": {"nmi": 0.2}}, self.KNOWN)
        before = targets.checks({"prodlda": ours}, self.KNOWN)
        assert here["NMI > TopMost ProdLDA's"].passes and not before["NMI > TopMost ProdLDA's"].passes

    def test_equal_is_enough_for_at_least_and_not_for_above(self):
        found = targets.checks({"prodlda": {"nmi": 0.3}, "topmost_prodlda": {"nmi": 0.3}}, self.KNOWN)
        assert found["NMI ≥ best peer's"].passes and not found["NMI > TopMost ProdLDA's"].passes

    def test_counts_alone_are_judged_by_document_coherence(self):
        found = targets.checks({"prodlda": {"npmi_doc": 0.3, "nmi": 0.3}}, {"best": {"npmi_doc": 0.2, "nmi": 0.2}})
        assert found["c_npmi ≥ best peer's"].bound == 0.2


@pytest.fixture(scope="module")
def handed_over(corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("handed_over")
    fitting.hand_over(corpus, folder)
    return folder


class TestAdapters:
    @pytest.mark.parametrize("name", ["sklearn_nmf", "gensim_lda", "prodlda"])
    def test_finds_the_topics_of_a_synthetic_corpus(self, name, corpus, handed_over):
        model = MODELS[name]
        if missing := missing_packages(model, sys.executable):
            pytest.skip(f"not installed: {missing}")
        result = fitting.fit(model, sys.executable, handed_over, n_topics=5, seed=0)
        assert [len(set(topic)) for topic in result.topics] == [25] * 5
        assert {word for topic in result.topics for word in topic} <= set(corpus.vocabulary)
        assert result.theta.shape == (len(corpus), 5)
        np.testing.assert_allclose(result.theta.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(result.theta[-1], 0.2, atol=1e-5)  # the empty document
        assert quality.scores(result.topics, result.theta, corpus)["nmi"] > 0.8
        assert 0 < result.cost["fit_s"] < result.cost["process_s"]
        assert result.cost["import_peak_mb"] <= result.cost["peak_mb"]
        assert set(model.packages) <= set(result.cost["versions"])

    def test_a_failing_adapter_says_why(self, handed_over):
        model = MODELS["sklearn_nmf"]
        with pytest.raises(fitting.FitError, match="n_components"):
            fitting.fit(model, sys.executable, handed_over, n_topics=-1, seed=0)

    def test_word_order_is_handed_over(self, corpus, handed_over):
        counts, documents, vocabulary = read_input(handed_over)
        assert documents == [list(document) for document in corpus]
        assert vocabulary == list(corpus.vocabulary)
        assert (counts != corpus.counts).nnz == 0


class TestMemory:
    def test_peak_of_a_process_is_its_own_and_not_its_parents(self):
        ballast = np.ones(40_000_000)  # 305 MB, resident
        code = "from fit_once import peak_megabytes; print(peak_megabytes())"
        done = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
        assert float(done.stdout) < ballast.nbytes / 2**20

    def test_the_limit_is_on_what_a_fit_adds_to_the_imports(self):
        steps = {"imports": {"peak_mb": 300.0, "seconds": 1.0}, "fit": {"peak_mb": 560.0, "seconds": 9.0}}
        assert "260 MB (limit 250: FAIL)" in memory.report(steps)
        steps["fit"]["peak_mb"] = 540.0
        assert "240 MB (limit 250: pass)" in memory.report(steps)


def test_scripts_say_how_they_are_used():
    for script in ("quality.py", "speed.py", "memory.py"):
        done = subprocess.run([sys.executable, BENCHMARKS / script, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "--out" in done.stdout


def test_a_finished_run_is_plain_json(grid, fits):
    quality.run_corpus("tiny", ["sklearn_nmf"], grid)
    written = json.loads(quality.run_path(grid.runs, "tiny", "sklearn_nmf", 5, 0).read_text())
    assert {
        "corpus",
        "model",
        "seed",
        "n_topics",
        "fingerprint",
        "commit",
        "machine",
        "scores",
        "cost",
        "topics",
    } <= set(written)
    assert {"c_npmi", "c_v", "npmi_doc", "td25", "purity", "nmi", "topics"} == set(written["scores"])
