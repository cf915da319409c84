"""The benchmarks: what their grids are, what tables and verdicts say, what adapters give."""

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from topicml.corpus import Corpus
from topicml.corpus.synthetic import short_text

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # the scripts import each other as siblings, as when they are run

import ablation_table  # noqa: E402
import field  # noqa: E402
import lda2vec_table  # noqa: E402
import memory  # noqa: E402
import quality_table  # noqa: E402
import speed  # noqa: E402
import targets  # noqa: E402
from tidy import runs_of  # noqa: E402

from topicml.experiment import (  # noqa: E402
    CorpusEntry,
    Experiment,
    Results,
    experiment_from,
    process,
    run_experiment,
    runner,
)
from topicml.experiment.grid import Run  # noqa: E402
from topicml.experiment.outcome import Outcome  # noqa: E402
from topicml.experiment.results import SCHEMA  # noqa: E402
from topicml.experiment.scoring import compute_scores  # noqa: E402
from topicml.experiment.worker import read_input  # noqa: E402


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    drawn = short_text(n_docs=400, n_topics=5, n_words=200, min_length=10, max_length=20, random_state=3).corpus
    documents = [list(document) for document in drawn]
    return Corpus.from_tokens([*documents, []], drawn.vocabulary, {"label": [*map(str, drawn.fields["label"]), "0"]})


@pytest.fixture
def grid(corpus, tmp_path):
    """A configuration of this folder, on two small corpora: one with order, one of counts alone; peers run here."""
    named = {"AGNews": corpus, "20NG": Corpus.from_counts(corpus.counts, corpus.vocabulary, corpus.fields)}
    for name, each in named.items():
        each.save(tmp_path / name)

    def made(file):
        config = tomllib.loads((BENCHMARKS / file).read_text("utf-8"))
        for model in config["models"].values() if isinstance(config["models"], dict) else ():
            model.pop("python", None)
        return experiment_from(config | {"corpora": list(named), "corpora_folder": ".", "seeds": 2}, tmp_path)

    return made


@pytest.fixture
def fits(monkeypatch, corpus):
    """Fits that are made up; the (model, parameters) of each."""
    asked, words = [], list(corpus.vocabulary)

    def made_up(run, place, **options):
        asked.append((run.model.name, dict(run.parameters)))
        rng = np.random.default_rng(len(asked))
        theta = rng.dirichlet(np.ones(7), size=len(corpus))
        topics = [words[25 * k : 25 * k + 25] for k in range(7)]
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0, "process_s": 2.0, "versions": {"numpy": "2"}}
        return Outcome(topics, theta.astype(np.float32), None, cost)

    monkeypatch.setattr(runner, "fit_in_process", made_up)
    return asked


class TestGrids:
    """From a configuration of this folder, by `run_experiment`, to its tables."""

    @pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
    def test_the_ablation(self, grid, fits, tmp_path):
        results = run_experiment(grid("ablation.toml"), tmp_path / "runs")
        assert len(fits) == 4 * 4 * 2 * 2
        assert {model for model, _ in fits} == {"ProdLDA", "ETM", "LDA2Vec", "TSCTM"}
        asked = [parameters for model, parameters in fits if model == "ETM"][:4]
        assert asked == [
            {},
            {"contrast": "infonce", "balance": "sum"},
            {"contrast": "set", "balance": "sum"},
            {"contrast": "set", "balance": "pareto"},
        ]
        text = ablation_table.report(runs_of(results), "", None)
        values = results.values("nmi", corpus="AGNews")["ETM, set, sum"].values()
        cells = row(text.split("## AGNews")[1], "| ETM | set, sum |")
        assert cells[7] == f"{np.mean(list(values)):.3f} ± {np.std(list(values), ddof=1):.3f}"
        assert cells[8:] == ["7", "1"]  # topics, fit s
        base = results.values("nmi")["ETM, none"]
        change = np.mean([value - base[key] for key, value in results.values("nmi")["ETM, set, sum"].items()])
        assert row(text, "| ETM | set, sum |")[5].startswith(f"{change:+.4f} [")

    @pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
    def test_quality(self, grid, fits, tmp_path):
        results = run_experiment(grid("quality.toml"), tmp_path / "runs")
        assert {model for model, _ in fits} == {"ProdLDA", "TopMost ProdLDA", "tomotopy LDA", "scikit-learn NMF"}
        text = quality_table.report(runs_of(results), "")
        values = list(results.values("npmi_doc", corpus="20NG")["scikit-learn NMF"].values())
        assert f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" in row(text.split("## 20NG")[1], "NMF")[1]
        assert "c_v" not in text.split("## 20NG")[1]
        assert row(text, "| model | c_npmi")[-3:] == ["topics", "fit_s", "peak_mb"]

    @pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
    def test_the_ablation_of_two_machines_has_no_seconds(self, grid, fits, tmp_path):
        results = run_experiment(grid("ablation.toml"), tmp_path / "runs")
        rows = [{**row, "machine": f"machine {row['seed']}"} for row in results.table.to_pylist()]
        runs = runs_of(Results(pa.Table.from_pylist(rows, schema=SCHEMA)))
        text = ablation_table.report(runs, "", None)
        assert row(text.split("## AGNews")[1], "| ETM | set, sum |")[8:] == ["7", "-"]

    @pytest.mark.parametrize(
        ("name", "n_sections", "report"),
        [
            ("ablation", 8, lambda runs: ablation_table.report(runs, "", None)),
            ("quality", 7, lambda runs: quality_table.report(runs, "")),
            ("lda2vec", 6, lambda runs: lda2vec_table.report(runs, {}, "")),
        ],
    )
    def test_the_tables_that_are_here_are_those_of_the_results_that_are_here(self, name, n_sections, report):
        text = report(runs_of(Results.read(BENCHMARKS / "results" / f"{name}.csv")))
        there = (BENCHMARKS / "results" / f"{name}.md").read_text("utf-8")
        sections = [each for each in text.split("\n## ")[1:] if each.strip()]
        assert len(sections) == n_sections
        for section in sections:
            assert section.strip() in there


def run(corpus="AGNews", model="ProdLDA", seed=0, **scores):
    common = {"settings": "default", "n_topics": 50, "cost": {"fit_s": 1.0, "peak_mb": 100.0}}
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
            run(model="scikit-learn NMF", npmi_doc=0.2),
            run(model="TopMost ProdLDA", npmi_doc=0.9, nmi=0.01),
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
        assert "NMI ≥ best" in quality_table.report([run(model="scikit-learn NMF")], "")

    def test_best_known_values_are_there_for_every_corpus(self):
        known = tomllib.loads((BENCHMARKS / "best_peers.toml").read_text())
        grid = tomllib.loads((BENCHMARKS / "quality.toml").read_text())
        assert set(grid["corpora"]) == set(known)
        assert all({"npmi_doc", "td25", "purity", "nmi"} <= set(known[name]["best"]) for name in known)


class TestTargets:
    KNOWN = {"best": {"nmi": 0.3, "c_npmi": 0.15}, "topmost_prodlda": {"nmi": 0.5, "c_npmi": -0.1}}  # noqa: RUF012

    def test_what_peers_reach_here_raises_the_bound_but_a_collapsed_one_does_not(self):
        ours = {"nmi": 0.3, "c_npmi": 0.2}
        better, collapsed = {"nmi": 0.4, "c_npmi": 0.1}, {"nmi": 0.01, "c_npmi": 0.9}
        found = targets.checks({"ProdLDA": ours, "scikit-learn NMF": better, "TopMost ProdLDA": collapsed}, self.KNOWN)
        assert found["NMI ≥ best peer's"].bound == 0.4
        assert found["c_npmi ≥ best peer's"].bound == 0.15
        assert found["no collapse: NMI ≥ 0.8 of best peer's"].bound == pytest.approx(0.32)

    def test_topmost_is_taken_from_here_and_else_from_what_was_known(self):
        ours = {"nmi": 0.3}
        here = targets.checks({"ProdLDA": ours, "TopMost ProdLDA": {"nmi": 0.2}}, self.KNOWN)
        before = targets.checks({"ProdLDA": ours}, self.KNOWN)
        assert here["NMI > TopMost ProdLDA's"].passes and not before["NMI > TopMost ProdLDA's"].passes

    def test_equal_is_enough_for_at_least_and_not_for_above(self):
        found = targets.checks({"ProdLDA": {"nmi": 0.3}, "TopMost ProdLDA": {"nmi": 0.3}}, self.KNOWN)
        assert found["NMI ≥ best peer's"].passes and not found["NMI > TopMost ProdLDA's"].passes

    def test_counts_alone_are_judged_by_document_coherence(self):
        found = targets.checks({"ProdLDA": {"npmi_doc": 0.3, "nmi": 0.3}}, {"best": {"npmi_doc": 0.2, "nmi": 0.2}})
        assert found["c_npmi ≥ best peer's"].bound == 0.2


@pytest.fixture(scope="module")
def handed_over(corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("handed_over") / "corpus"
    process.write_corpus(corpus, folder)
    return folder


class TestAdapters:
    """The adapters of field.toml, run by the current interpreter."""

    @staticmethod
    def fit(name, folder, n_topics=5):
        (entry,) = speed.chosen_models([name], sys.executable)
        if missing := speed.missing_packages(entry):
            pytest.skip(f"not installed: {missing}")
        return entry, process.fit_in_process(Run("c", entry, "default", entry.parameters, n_topics, 0), folder)

    @pytest.mark.parametrize("name", ["scikit_learn_nmf", "gensim_lda", "prodlda"])
    def test_finds_the_topics_of_a_synthetic_corpus(self, name, corpus, handed_over):
        entry, result = self.fit(name, handed_over)
        assert [len(set(topic)) for topic in result.topics] == [25] * 5
        assert {word for topic in result.topics for word in topic} <= set(corpus.vocabulary)
        assert result.theta.shape == (len(corpus), 5)
        np.testing.assert_allclose(result.theta.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(result.theta[-1], 0.2, atol=1e-5)  # the empty document
        assert compute_scores(result, corpus, ["nmi"], 10)["nmi"]["mean"] > 0.8
        assert 0 < result.cost["fit_s"] < result.cost["process_s"]
        assert result.cost["peak_before_mb"] <= result.cost["peak_mb"]
        assert set(entry.packages) <= set(result.cost["versions"])

    def test_a_failing_adapter_says_why(self, handed_over):
        with pytest.raises(process.RunError, match="n_components"):
            self.fit("scikit_learn_nmf", handed_over, n_topics=-1)

    def test_word_order_is_handed_over(self, corpus, handed_over):
        counts, documents, vocabulary = read_input(handed_over)
        assert documents == [list(document) for document in corpus]
        assert vocabulary == list(corpus.vocabulary)
        assert (counts != corpus.counts).nnz == 0


class TestSpeed:
    def test_models_take_turns_and_the_table_has_their_medians(self, corpus, monkeypatch):
        order = []

        def made_up(run, place, **options):
            order.append((run.model.name, run.seed))
            seconds = {"ProdLDA": 2.0, "tomotopy LDA": 5.0}[run.model.name] + run.seed
            theta = np.random.default_rng(0).dirichlet(np.ones(5), size=len(corpus)).astype(np.float32)
            cost = {"fit_s": seconds, "fit_cpu_s": 1.0, "peak_mb": 100.0, "process_s": 2 * seconds}
            return Outcome([list(corpus.vocabulary[5 * k : 5 * k + 5]) for k in range(5)], theta, None, cost)

        monkeypatch.setattr(runner, "fit_in_process", made_up)
        models = speed.chosen_models(["prodlda", "tomotopy_lda"], sys.executable)
        arguments = argparse.Namespace(topics=5, repeats=3)
        fits = speed.take_turns(CorpusEntry("c", corpus, held_out_share=0), models, arguments)
        assert order == [(name, seed) for seed in range(3) for name in ("ProdLDA", "tomotopy LDA")]
        text = speed.table(fits)
        assert row(text, "topicml ProdLDA")[1:5] == ["3.0 [2.0, 4.0]", "1.0", "6.0 [4.0, 8.0]", "1.0"]
        assert row(text, "tomotopy LDA")[1:5] == ["6.0 [5.0, 7.0]", "2.0", "12.0 [10.0, 14.0]", "2.0"]

    def test_models_by_the_names_that_the_results_have(self):
        names = ["prodlda", "tsctm", "topmost_prodlda", "topmost_tsctm", "tomotopy_lda"]
        entries = speed.chosen_models(names, "/bin/sh")
        assert [entry.name for entry in entries] == [
            *("ProdLDA", "TSCTM", "TopMost ProdLDA", "TopMost TSCTM", "tomotopy LDA")
        ]
        assert [entry.python for entry in entries] == [None, None, *["/bin/sh"] * 3]
        with pytest.raises(SystemExit, match=r"There is no model lda\. Models: prodlda, "):
            speed.chosen_models(["lda"], "/bin/sh")


class TestField:
    def test_a_run_that_is_in_earlier_results_too_counts_once(self, corpus, fits, tmp_path):
        grid = Experiment(
            [CorpusEntry("c", corpus, held_out_share=0)],
            speed.chosen_models(["prodlda"], ""),
            [5],
            [0, 1],
            measures=["nmi"],
        )
        new = run_experiment(grid, tmp_path / "runs")
        old = [{**row, "run": f"old {row['seed']}", "version": None, "value": 0.0} for row in new.table.to_pylist()]
        old += [{**row, "seed": 7} for row in old if row["seed"] == 0]
        Results(pa.Table.from_pylist(old, schema=SCHEMA)).write(tmp_path)
        both = field.with_earlier(new, [tmp_path / "results.csv"])
        seeds = {system: [seed for _, _, seed in values] for system, values in both.values("nmi").items()}
        version = new.table["version"][0].as_py()
        assert seeds == {f"ProdLDA ({version})": [0, 1], "ProdLDA (version not recorded)": [7]}


class TestMemory:
    def test_peak_of_a_process_is_its_own_and_not_its_parents(self):
        ballast = np.ones(40_000_000)  # 305 MB, resident
        code = "from memory import peak_megabytes; print(peak_megabytes())"
        done = subprocess.run([sys.executable, "-c", code], cwd=BENCHMARKS, capture_output=True, text=True, check=True)
        assert float(done.stdout) < ballast.nbytes / 2**20

    def test_the_limit_is_on_what_a_fit_adds_to_the_imports(self):
        steps = {"imports": {"peak_mb": 300.0, "seconds": 1.0}, "fit": {"peak_mb": 560.0, "seconds": 9.0}}
        assert "260 MB (limit 250: FAIL)" in memory.report(steps)
        steps["fit"]["peak_mb"] = 540.0
        assert "240 MB (limit 250: pass)" in memory.report(steps)


def test_scripts_say_how_they_are_used():
    for script in (
        "quality_table.py",
        "ablation_table.py",
        "speed.py",
        "memory.py",
        "report.py",
        "held_out.py",
        "chance.py",
    ):
        done = subprocess.run([sys.executable, BENCHMARKS / script, "--help"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "--out" in done.stdout
