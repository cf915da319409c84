"""The table of topics on unseen documents: its grid, its page, and the peers that this environment has."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

import topicml
from topicml.corpus import Corpus
from topicml.corpus.synthetic import short_text
from topicml.experiment import Results, run_experiment, runner
from topicml.experiment.outcome import Outcome
from topicml.experiment.results import SCHEMA

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import frontier
import unseen
from systems import ELSEWHERE, GROUPS, OURS, PEERS, WITH_STATIC_VECTORS
from unseen_tables import COLUMNS

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


def table_of(text):
    """System to column to cell."""
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}


def made_up_results(*runs):
    """Results of (corpus, system, seed, coherence or error)."""
    names = {"settings": "default", "n_topics": 5, "split": unseen.SPLIT, "higher_is_better": True}
    rows = []
    for corpus, system, seed, value in runs:
        row = {**names, "corpus": corpus, "model": system, "seed": seed, "run": f"{corpus} {system} {seed}"}
        if isinstance(value, str):
            rows.append({**row, "error": value})
        else:
            measured = {"c_npmi": value, "npmi_doc": value, "fit_s": 10.0}
            rows += [{**row, "measure": measure, "value": each, "machine": "m"} for measure, each in measured.items()]
    return Results(pa.Table.from_pylist(rows, schema=SCHEMA))


def write_csv(results, path):
    pacsv.write_csv(results.table, path)
    return path


def test_the_page_of_made_up_fits(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(unseen, "PEERS_PYTHON", tmp_path / "none")
    experiment, skipped = grid_of(folder, "--seeds", "0", "1")
    assert skipped == [entry.name for entry in ELSEWHERE if entry not in WITH_STATIC_VECTORS]
    n_runs = 2 * len(OURS + PEERS) * 2

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
    text = unseen.page(experiment, results, skipped, [tmp_path / "runs"])
    assert f"{n_runs - 2} of {n_runs} runs are finished; mean ± standard deviation over seeds 0, 1" in text
    assert "because .peers does not exist: gensim LDA, topica LDA, " in text
    assert "AGNews, ETM, seed 1: it did not converge" in text
    mean, agnews, ng = text.split("\n## ")[1:4]
    assert mean.startswith("Mean over AGNews, 20NG") and agnews.startswith("AGNews") and ng.startswith("20NG")
    assert "Perplexity of the unigram model: " in agnews
    table = table_of(agnews)
    names = [entry.name for entry in (*OURS, *PEERS)]
    assert list(table) == [
        "*topicml*",
        *names[: len(OURS)],
        f"*{list(GROUPS)[1]}*",
        *names[len(OURS) :],
    ]
    assert set(table["ProdLDA"]) == {"system", *COLUMNS}
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


NMF, LDA = "scikit-learn NMF", "tomotopy LDA"


def test_merge_prefers_the_first_source_and_finished_runs(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "1", "--systems", NMF, LDA)
    here = made_up_results(("AGNews", LDA, 0, 0.1), ("AGNews", LDA, 1, "it failed"))
    first = write_csv(
        made_up_results(("AGNews", LDA, 0, 0.2), ("AGNews", LDA, 1, 0.3), ("AGNews", NMF, 0, "out of memory")),
        tmp_path / "first.csv",
    )
    second = write_csv(
        made_up_results(("AGNews", LDA, 1, 0.4), ("20NG", NMF, 1, 0.5), ("AGNews", "unknown", 0, 0.6)),
        tmp_path / "second.csv",
    )
    results = unseen.merged(experiment, here, [first, second])
    assert results.values("c_npmi") == {
        LDA: {("AGNews", 5, 0): 0.1, ("AGNews", 5, 1): 0.3},
        NMF: {("20NG", 5, 1): 0.5},
    }
    assert [(row["corpus"], row["model"], row["error"]) for row in results.failures] == [
        ("AGNews", NMF, "out of memory")
    ]


def test_merge_reads_folders_of_runs(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", NMF)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        elsewhere = run_experiment(experiment, tmp_path / "elsewhere", keep_arrays=False)
    nothing = unseen.finished_results(experiment, tmp_path / "here")
    assert unseen.merged(experiment, nothing, [tmp_path / "elsewhere"]).table.equals(elsewhere.table)


def test_merge_refuses_runs_of_another_grid_or_split(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", NMF)
    nothing = made_up_results()
    other_grid = write_csv(made_up_results(("AGNews", LDA, 0, 0.1)), tmp_path / "grid.csv")
    with pytest.raises(SystemExit, match="no run of this grid"):
        unseen.merged(experiment, nothing, [other_grid])
    results = made_up_results(("AGNews", NMF, 0, 0.1))
    rows = [{**row, "split": "0.2 held out, seed 1"} for row in results.table.to_pylist()]
    other_split = write_csv(Results(pa.Table.from_pylist(rows, schema=SCHEMA)), tmp_path / "split.csv")
    with pytest.raises(SystemExit, match="another split"):
        unseen.merged(experiment, nothing, [other_split])


def test_peers_with_an_encoder_stand_apart_without_rank_and_seconds(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", "ProdLDA", NMF, "BERTopic †")
    results = made_up_results(("AGNews", "BERTopic †", 0, 0.3), ("AGNews", NMF, 0, 0.2), ("AGNews", "ProdLDA", 0, 0.1))
    text = unseen.page(experiment, results, [], [tmp_path])
    table = table_of(text)
    groups = [f"*{group}*" for group in GROUPS]
    assert list(table) == [groups[0], "ProdLDA", groups[1], NMF, groups[2], "BERTopic †"]
    assert [table[name]["coherence"] for name in ("ProdLDA", NMF, "BERTopic †")] == ["0.100", "**0.200**", "0.300"]
    assert table["BERTopic †"]["seconds"] == "" and table[NMF]["seconds"] != ""


def test_versions_of_a_merged_csv_are_stated_and_told_apart(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "1", "--systems", "BERTopic †", NMF, "--finished")
    made = made_up_results(("AGNews", "BERTopic †", 0, 0.3), ("AGNews", "BERTopic †", 1, 0.4), ("AGNews", NMF, 0, 0.1))
    rows = [{**row, "version": f"bertopic 0.{row['seed']}, numba 1"} for row in made.table.to_pylist()]
    path = write_csv(Results(pa.Table.from_pylist(rows, schema=SCHEMA)), tmp_path / "peers.csv")
    results = unseen.merged(experiment, made_up_results(), [path])
    text = unseen.page(experiment, results, [], [tmp_path / "none", path])
    assert "- fits: bertopic 0.0/0.1, numba 1" in text
    shown = {name: row["coherence"] for name, row in table_of(text).items() if name.startswith("BERTopic")}
    assert shown == {f"BERTopic † (bertopic 0.{seed}, numba 1)": value for seed, value in ((0, "0.300"), (1, "0.400"))}


def test_the_mean_leaves_out_a_system_that_lacks_a_corpus(folder, tmp_path):
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", "ProdLDA", NMF)
    results = made_up_results(("AGNews", NMF, 0, 0.2), ("20NG", NMF, 0, 0.4), ("AGNews", "ProdLDA", 0, 0.1))
    part = unseen.page(experiment, results, [], [tmp_path]).split("\n## ")[1]
    assert part.startswith("Mean over AGNews, 20NG") and "Without all corpora: ProdLDA (20NG)." in part
    assert list(table_of(part)) == [NMF] and table_of(part)[NMF]["coherence"] == "0.300"


def test_the_frontier_fits_the_first_model_at_the_diversity_of_each_peer(folder, tmp_path, monkeypatch):
    experiment, _ = grid_of(folder, "--seeds", "0", "--systems", NMF, LDA, "--frontier")
    td25 = {("AGNews", NMF): 0.791, ("AGNews", LDA): 0.55, ("20NG", LDA): 0.4}
    results = made_up_results(*((*cell, 0, 0.1) for cell in td25))
    rows = [
        {**row, "measure": "topic_diversity", "value": td25[row["corpus"], row["model"]]}
        if row["measure"] == "fit_s"
        else row
        for row in results.table.to_pylist()
    ]
    results = Results(pa.Table.from_pylist(rows, schema=SCHEMA))
    runs = unseen.finished_runs(results)
    experiments = frontier.matched_experiments(experiment, runs)
    wanted = {(each.corpora[0].name, entry.name): entry for each in experiments for entry in each.models}
    assert {key: entry.parameters["ranking"] for key, entry in wanted.items()} == {
        ("AGNews", f"ProdLDA as diverse as {NMF}"): 0.79,
        ("AGNews", f"ProdLDA as diverse as {LDA}"): 0.55,
        ("20NG", f"ProdLDA as diverse as {LDA}"): 0.4,
    }
    assert all(entry.model_class() is topicml.ProdLDA for entry in wanted.values())
    scores = {(*key, 0): {"td25": 0.8, "coherence": 0.25} for key in wanted}
    matched = [
        {"corpus": corpus, "model": model, "n_topics": 5, "seed": seed, "scores": each}
        for (corpus, model, seed), each in scores.items()
    ]
    part = unseen.page(experiment, results, [], [tmp_path], matched).split("## At equal diversity")[1]
    assert f"| AGNews | {NMF} | 0.791 | 0.800 | 0.100 | 0.250 | +0.150 |" in part
    assert f"| AGNews | {LDA} | 0.550 | 0.800 (!) | 0.100 | 0.250 | +0.150 |" in part
    assert "| 20NG | tomotopy LDA |" in part and "| 20NG | scikit-learn NMF |" not in part


def test_the_frontier_is_a_part_of_the_command(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(unseen, "FOLDER", folder)
    monkeypatch.setattr(unseen.grid, "__defaults__", (folder,))
    command = ["--corpora", "AGNews", "--topics", "5", "--seeds", "0", "--systems", NMF, "--frontier"]
    files = ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "unseen.md")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setattr(sys, "argv", ["unseen.py", *command, *files])
        unseen.main()
    first = (tmp_path / "unseen.md").read_text()
    monkeypatch.setattr(sys, "argv", ["unseen.py", *command, *files, "--finished"])
    unseen.main()
    again = (tmp_path / "unseen.md").read_text()
    assert first.split("## At equal")[1] == again.split("## At equal")[1]
    (row,) = (line for line in first.split("## At equal")[1].splitlines() if line.startswith("| AGNews"))
    td25 = [float(cell.replace("(!)", "")) for cell in row.split("|")[3:5]]
    assert abs(td25[0] - td25[1]) <= 0.02 or "(!)" in row
