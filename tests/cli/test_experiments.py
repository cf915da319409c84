"""``topicml benchmark``, ``compare``, ``sweep``, ``tune``, and ``evaluate`` with every measure."""

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment import Results, experiment_from, runner
from topicml.experiment.outcome import Outcome
from topicml.experiment.space import read_space
from topicml.metrics import MEASURES

ADAPTERS = Path(__file__).resolve().parents[1] / "experiment"


@pytest.fixture
def labelled(tmp_path):
    """A saved corpus of three subjects, with labels."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=90)
    documents = [[f"{'abc'[label]}{i}" for i in rng.integers(12, size=15)] for label in labels]
    Corpus.from_tokens(documents, fields={"label": labels}).save(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def config(tmp_path, labelled):
    """A grid of an adapter that counts its fits in a file, with two K and two seeds."""
    path = tmp_path / "grid.toml"
    path.write_text(f"""
        corpora = ["tiny"]
        held_out_share = 0
        topics = [3, 4]
        seeds = 2
        measures = ["npmi_doc", "topic_diversity"]
        [models.frequent]
        adapter = "adapters:frequent"
        path = "{ADAPTERS}"
        parameters = {{log = "{tmp_path / "fits"}"}}
        [models.failing]
        adapter = "adapters:failing"
        path = "{ADAPTERS}"
    """)
    return path


@pytest.fixture
def made_up(monkeypatch):
    """Fits of topicml's models that are made up: the coherent topics are those of three."""
    asked = []

    def fit(run, handed_over, *, held_out=None, **options):
        asked.append((run.n_topics, run.seed, dict(run.parameters)))
        corpus = Corpus.open(handed_over / "corpus")
        n_docs = len(corpus if held_out is None else Corpus.open(held_out))
        words = sorted(corpus.vocabulary)
        step = 12 if run.n_topics == 3 else 7  # words of a subject lie together
        topics = [[words[(step * k + i) % len(words)] for i in range(10)] for k in range(run.n_topics)]
        theta = np.full((n_docs, run.n_topics), 1 / run.n_topics)
        seen = None if held_out is None else np.full((len(corpus), run.n_topics), 1 / run.n_topics)
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "process_s": 1.0, "peak_mb": 1.0}
        return Outcome(topics, theta, None, cost, training_theta=seen)

    monkeypatch.setattr(runner, "fit_in_process", fit)
    monkeypatch.setattr(
        import_module("topicml.experiment.tune"), "fit_in_process", fit
    )  # the name is a function's, too
    return asked


class TestBenchmark:
    def test_it_writes_tables_and_does_nothing_twice(self, topicml, config, tmp_path):
        outcome = topicml("benchmark", config, "--out", tmp_path / "out", "--jobs", 2)
        assert outcome.code == 0, outcome.err
        assert "8/8" in outcome.err and "FAILED: ValueError: the solver did not converge" in outcome.err
        results = Results.read(tmp_path / "out" / "results.parquet")
        assert results.systems == ["frequent", "failing"] and len(results.failures) == 2
        assert results.table.equals(Results.read(tmp_path / "out" / "results.csv").table)
        report = (tmp_path / "out" / "report.md").read_text()
        value = np.mean(list(results.values("npmi_doc", n_topics=3)["frequent"].values()))
        assert f"{value:.3f} ±" in report and "Runs that failed" in report and f"{value:.3f} ±" in outcome.out
        fits = (tmp_path / "fits").read_text()
        again = topicml("benchmark", config, "--out", tmp_path / "out")
        assert again.code == 0 and "8 of 8 runs are finished already" in again.err
        assert again.out == outcome.out and (tmp_path / "fits").read_text() == fits
        assert (tmp_path / "out" / "report.md").read_text() == report

    def test_the_page_needs_no_network_and_says_its_plots(self, topicml, config, tmp_path):
        pytest.importorskip("plotly", reason="plots need the extra plots")
        assert topicml("benchmark", config, "--out", tmp_path / "out", "--quiet").err == ""
        page = (tmp_path / "out" / "report.html").read_text("utf-8")
        assert not re.search(r'<(script|link|img)[^>]+(src|href)="(https?:)?//', page)
        assert 'aria-label="npmi_doc over the number of topics' in page and "<caption>" in page

    def test_unknown_names_come_with_the_nearest(self, topicml, config, tmp_path):
        text = config.read_text()

        def refused(old, new, message):
            config.write_text(text.replace(old, new))
            outcome = topicml("benchmark", config, "--out", tmp_path / "out")
            assert outcome.refused and re.search(message, outcome.err), outcome.err

        refused('["tiny"]', '["tinny"]', "There is no corpus 'tinny'. Did you mean tiny?")
        refused("[models.failing]", "[models.ProdLda]\n[models.failing]", "no model 'ProdLda'. Did you mean ProdLDA")
        refused("seeds =", "seed =", "There is no key 'seed'. Did you mean seeds?")
        refused("npmi_doc", "npmi_docs", "There is no measure 'npmi_docs'. Did you mean npmi_doc")
        refused("adapter =", "adaptor =", "has no key 'adaptor'. Did you mean adapter?")
        config.write_text(text)
        outcome = topicml("benchmark", config, "--baseline", "frequnt")
        assert outcome.refused and "There is no baseline 'frequnt'. Did you mean frequent?" in outcome.err
        assert topicml("benchmark", tmp_path / "none.toml").refused
        assert not (tmp_path / "out").exists()

    def test_the_example_of_the_help_is_a_grid(self, topicml):
        shown = topicml("benchmark", "--help").out
        lines = [line.split("# ")[0] for line in shown.splitlines() if re.match(r"    \S+ = ", line)]
        table = tomllib.loads("\n".join(lines))
        del table["models"]["NMF"]["python"]
        experiment = experiment_from(table)
        assert experiment.systems == ["ProdLDA, none", "ProdLDA, set", "Slow, none", "Slow, set", "NMF"]


class TestCompare:
    def test_results_of_several_folders_side_by_side(self, topicml, config, tmp_path):
        assert topicml("benchmark", config, "--out", tmp_path / "one").code == 0
        text = config.read_text().replace("models.frequent", "models.other").replace("models.failing", "models.fails")
        config.write_text(text)
        assert topicml("benchmark", config, "--out", tmp_path / "two").code == 0
        both = (tmp_path / "one", tmp_path / "two" / "results.csv")
        outcome = topicml("compare", *both, "--measure", "npmi_doc", "--baseline", "other")
        assert outcome.code == 0, outcome.err
        (row,) = [line for line in outcome.out.splitlines() if line.startswith("| frequent | other")]
        assert row.split("|")[3].strip() == "4"  # two K x two seeds
        latex = topicml("compare", *both, "--format", "latex", "--intervals").out
        assert r"\begin{tabular}" in latex and "[" in latex
        assert topicml("compare", *both, "-o", tmp_path / "c.html").code == 0
        assert "<table>" in (tmp_path / "c.html").read_text("utf-8")
        assert topicml("compare", *both, "-o", tmp_path / "c.html").refused  # it is there

    def test_what_is_no_results_is_refused(self, topicml, tmp_path):
        assert "There are no results" in topicml("compare", tmp_path / "none").err
        (tmp_path / "x.csv").write_text("a,b\n1,2\n")
        outcome = topicml("compare", tmp_path / "x.csv")
        assert outcome.refused and "does not have the results" in outcome.err
        outcome = topicml("compare", tmp_path / "x.csv", "-o", tmp_path / "c.pdf")
        assert outcome.refused and "Choose one of .md, .tex, .html" in outcome.err


class TestSweep:
    def test_it_recommends_keeps_the_best_and_goes_on(self, topicml, labelled, tmp_path, made_up):
        asked = ("sweep", labelled, "--topics", "2:4:1", "--seeds", 2, "--epochs", 3, "--out", tmp_path / "out")
        outcome = topicml(*asked, "--by", "npmi_doc")
        assert outcome.code == 0, outcome.err
        assert sorted(each[:2] for each in made_up) == [(k, 0) for k in (2, 3, 4) for _ in range(2)]
        assert all(parameters == {"max_epochs": 3} for *_, parameters in made_up)
        told = json.loads((tmp_path / "out" / "sweep.json").read_text())
        assert told["best"] == 3 and told["recommended"] == [3, 3] and set(told["stability"]) == {"2", "3", "4"}
        assert outcome.out.strip().endswith("Recommended: 3 topics (best: 3)")
        assert (
            outcome.err.index("6 fits: 2, 3, 4 topics") < outcome.err.index("At most about") < outcome.err.index("1/6")
        )
        best = json.loads((tmp_path / "out" / "best" / "run.json").read_text())
        assert best["state"] == "finished" and best["configuration"]["parameters"]["n_topics"] == 3
        made_up.clear()
        again = topicml(*asked, "--by", "npmi_doc")
        assert again.out == outcome.out and not made_up
        assert "Fitting" in outcome.err and "Fitting" not in again.err and "At most about" not in again.err

    def test_an_estimate_fits_nothing(self, topicml, labelled, tmp_path, made_up, monkeypatch):
        monkeypatch.chdir(tmp_path)
        outcome = topicml("sweep", labelled, "--estimate", "--topics", "2,3,6")
        assert outcome.code == 0, outcome.err
        assert "Recommended: 3 topics" in outcome.out and "labels" in outcome.out and not made_up
        assert not (tmp_path / "runs").exists()

    @pytest.mark.parametrize("topics", ["10-20", "0:10:5", "20:10:5", "5:10:0", "a,b", "1:2:3:4", ""])
    def test_what_is_no_range_is_refused(self, topicml, topics):
        outcome = topicml("sweep", "lee", "--topics", topics)
        assert outcome.refused and "FROM:TO:STEP, such as 10:200:10" in outcome.err


class TestTune:
    def test_best_and_default_are_scored_on_unseen_documents(self, topicml, labelled, tmp_path, made_up):
        pytest.importorskip("optuna", reason="the search needs the extra tune")
        outcome = topicml(
            *("tune", labelled, "--topics", 3, "--search", "hidden=8:16", "--trials", 3, "--final-seeds", 2),
            *("--measure", "npmi_doc", "--set", "batch_size=16", "--out", tmp_path / "out"),
        )
        assert outcome.code == 0, outcome.err
        assert "3/3 hidden=" in outcome.err
        told = json.loads((tmp_path / "out" / "tuned.json").read_text())
        assert len(told["trials"]) == 3 and told["parameters"]["batch_size"] == 16
        assert 8 <= told["parameters"]["hidden"] <= 16
        finals = [parameters for _, _, parameters in made_up[3:]]
        assert finals == [told["parameters"]] * 2 + [{"batch_size": 16}] * 2
        assert "of the documents, which no trial used" in outcome.out

    def test_wrong_searches_are_refused(self, topicml, labelled):
        for search, message in {
            "hiden=8:16": "no parameter 'hiden'. Did you mean hidden",
            "hidden=16:8": "it needs low < high",
            "hidden=a:b": "is not a range of numbers",
            "hidden": "is not a choice or a range",
        }.items():
            outcome = topicml("tune", labelled, "--search", search)
            assert outcome.refused and message in outcome.err, outcome.err
        assert "There is nothing to search" in topicml("tune", labelled).err
        outcome = topicml("tune", labelled, "--search", "hidden=8:16", "--measure", "npmi_docs")
        assert outcome.refused and "Did you mean npmi_doc" in outcome.err

    def test_spaces(self):
        assert read_space(["a=1:5", "b=0.1:1:log", "c=2:10:2", "d=x,2,true", "set-size=4"]) == {
            "a": {"low": 1, "high": 5},
            "b": {"low": 0.1, "high": 1, "log": True},
            "c": {"low": 2, "high": 10, "step": 2},
            "d": ["x", 2, True],
            "set_size": [4],
        }
        with pytest.raises(InputError, match="a is searched twice"):
            read_space(["a=1", "a=2"])


class TestEvaluate:
    def test_every_measure_there_is(self, topicml, run_folder, documents, tmp_path):
        reference = ("--reference", documents, "--text-column", "body text", "--label-column", "theme")
        other = tmp_path / "topics.json"
        other.write_text((run_folder / "topics.json").read_text())
        outcome = topicml("evaluate", run_folder, *reference, "--measure", "all", "--other", other, "--json")
        assert outcome.code == 0, outcome.err
        scores = json.loads(outcome.out)
        assert set(scores) == set(MEASURES) - {"unigram_perplexity", "learned_overlap"}
        assert scores["stability"]["mean"] == pytest.approx(1)  # the same topics
        one = topicml("evaluate", run_folder, *reference, "--measure", "nmi", "--measure", "c_v", "--json")
        found = json.loads(one.out)
        assert list(found) == ["nmi", "c_v"] and found["nmi"] == scores["nmi"] and found["c_v"] == scores["c_v"]

    def test_what_a_measure_lacks_is_said(self, topicml, run_folder, documents):
        reference = ("--reference", documents, "--text-column", "body text")
        file = run_folder / "topics.json"
        for arguments, message in {
            (file, "--measure", "kl_uniform"): "kl_uniform needs a fitted model (DIR)",
            (run_folder, "--measure", "nmi"): "nmi needs a fitted model (DIR), and labels: --label-column",
            (run_folder, "--measure", "unigram_perplexity"): "unigram_perplexity needs the documents of the fit: use",
            (run_folder, "--measure", "stability"): "stability needs topics of other seeds: --other",
            (run_folder, "--measure", "c_nmpi"): "There is no measure 'c_nmpi'. Did you mean c_npmi",
        }.items():
            outcome = topicml("evaluate", *arguments, *reference)
            assert outcome.refused and message in outcome.err, outcome.err

    def test_the_help_names_every_measure(self, topicml):
        shown = set(re.findall(r"\w+", topicml("evaluate", "--help").out))
        assert set(MEASURES) <= shown
