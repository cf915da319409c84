import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.experiment import CorpusEntry, Experiment, ModelEntry, Results, run_experiment, worker
from topicml.experiment.records import Records

HERE = Path(__file__).resolve().parent
MEASURES = ["npmi_doc", "topic_diversity", "nmi"]
TIMINGS = {"fit_s", "fit_cpu_s", "peak_mb"}

BENCHMARK = """
import sys
from topicml.experiment import read_config, run_experiment
run_experiment(read_config(sys.argv[1]), sys.argv[2], jobs=2)
"""


def untimed(results):
    return [row for row in results.table.to_pylist() if row["measure"] not in TIMINGS]


def config(folder, log, corpus, pause):
    """Two models x two K x two seeds, of which one fails with one of the models."""
    if not (folder / "tiny").exists():
        corpus.save(folder / "tiny")
    text = f"""
corpora = ["tiny"]
held_out_share = 0
topics = [2, 3]
seeds = 2
measures = {json.dumps(MEASURES)}
[models.frequent]
adapter = "adapters:frequent"
path = {json.dumps(str(HERE))}
parameters = {{pause = {pause}, log = {json.dumps(str(log))}}}
[models.failing]
adapter = "adapters:failing"
path = {json.dumps(str(HERE))}
"""
    path = folder / "grid.toml"
    path.write_text(text)
    return path


def test_a_benchmark_that_was_killed_goes_on_and_repeats_nothing(tmp_path, corpus):
    from topicml.experiment import read_config

    log = tmp_path / "log"
    grid = config(tmp_path, log, corpus, pause=0.3)
    process = subprocess.Popen([sys.executable, "-c", BENCHMARK, str(grid), str(tmp_path / "killed")])
    records = Records(tmp_path / "killed")
    deadline = time.monotonic() + 60
    while len(list(records.folder.glob("[!.]*.json"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # Arrays come before the record: those without one are of a run that is not finished, and is done again.
    arrays = [path for path in records.folder.glob("[!.]*.npz") if path.with_suffix(".json").exists()]
    before = {path.name: path.stat().st_mtime_ns for path in arrays}
    assert 1 <= len(before) < 6
    time.sleep(1)  # what was under way ends by itself, and writes nothing
    finished = len(records.all())

    experiment = read_config(grid)
    done = []
    resumed = run_experiment(experiment, records.folder, jobs=2, on_run=lambda run, record: done.append(record["id"]))

    assert len(done) == 8 - finished
    assert {path.name: path.stat().st_mtime_ns for path in records.folder.glob("[!.]*.npz")}.items() >= before.items()
    # At most the two that were under way when it was killed may have ended twice: their results were never written.
    ended = Counter(log.read_text().split("\n")[:-1])
    assert set(ended) == {f"{k} {seed}" for k in (2, 3) for seed in range(2)} and sum(ended.values()) <= 4 + 2
    whole = run_experiment(experiment, tmp_path / "whole", jobs=2)
    assert untimed(resumed) == untimed(whole)
    assert len(resumed.failures) == 2

    again = []
    repeated = run_experiment(experiment, records.folder, on_run=lambda run, record: again.append(run))
    assert again == [] and repeated.table.equals(resumed.table)
    assert not list(records.folder.glob(".inputs")) and not list(records.folder.glob(".*.*.*"))


def test_a_failed_run_is_recorded_with_its_error_and_tried_again_only_on_request(tmp_path, entry, adapter):
    experiment = Experiment([entry], [adapter("failing")], topics=[2], seeds=[0, 1, 2], measures=["npmi_doc"])
    results = run_experiment(experiment, tmp_path)
    assert list(results.machines) == [worker.machine()]
    (failure,) = results.failures
    assert failure["seed"] == 1 and "ValueError: the solver did not converge" in failure["error"]
    assert set(results.values("npmi_doc")["failing"]) == {("tiny", 2, 0), ("tiny", 2, 2)}
    done = []
    run_experiment(experiment, tmp_path, on_run=lambda run, record: done.append(run.seed))
    assert done == []
    run_experiment(experiment, tmp_path, retry_failed=True, on_run=lambda run, record: done.append(run.seed))
    assert done == [1]


def test_a_new_measure_is_taken_without_a_new_fit(tmp_path, entry, adapter):
    log = tmp_path / "log"
    grid = {"corpora": [entry], "models": [adapter("frequent", log=str(log))], "topics": [2], "seeds": [0]}
    run_experiment(Experiment(**grid, measures=["npmi_doc"]), tmp_path)
    more = run_experiment(Experiment(**grid, measures=["purity", "npmi_doc"]), tmp_path)
    assert log.read_text() == "2 0\n"
    assert more.measures == ["purity", "npmi_doc", "fit_s", "fit_cpu_s", "peak_mb"]
    run_experiment(Experiment(**grid, measures=["purity"]), tmp_path, keep_arrays=False)
    assert log.read_text() == "2 0\n"
    run_experiment(Experiment(**grid, measures=["nmi"]), tmp_path)  # theta is no longer there
    assert log.read_text() == "2 0\n" * 2


def test_changed_labels_change_scores_but_not_fits(tmp_path, corpus, adapter):
    from sklearn.metrics import normalized_mutual_info_score

    log = tmp_path / "log"
    other = Corpus.from_tokens(list(corpus), corpus.vocabulary, fields={"label": np.roll(corpus.fields["label"], 1)})
    for each in (corpus, other):
        experiment = Experiment(
            [CorpusEntry("tiny", each, held_out_share=0)],
            [adapter("frequent", log=str(log))],
            [2],
            seeds=[0],
            measures=["nmi"],
        )
        (found,) = run_experiment(experiment, tmp_path).values("nmi")["frequent"].values()
        theta = np.load(next(tmp_path.glob("[!.]*.npz")))["theta"]
        assert found == pytest.approx(normalized_mutual_info_score(each.fields["label"], theta.argmax(axis=1)))
    assert log.read_text() == "2 0\n"


def test_memory_and_time_are_those_of_the_runs_own_process(tmp_path, entry, adapter):
    models = [adapter("greedy"), adapter("frequent", pause=0.5)]
    experiment = Experiment([entry], models, [2], seeds=[0], measures=["npmi_doc"])
    results = run_experiment(experiment, tmp_path)
    cost = {each: {s: v["tiny", 2, 0] for s, v in results.values(each).items()} for each in TIMINGS}
    assert cost["peak_mb"]["greedy"] - cost["peak_mb"]["frequent"] == pytest.approx(200, abs=20)
    assert cost["fit_cpu_s"]["greedy"] >= 0.29 and cost["fit_s"]["greedy"] >= 0.29
    assert cost["fit_s"]["frequent"] >= 0.5 > 0.4 > cost["fit_cpu_s"]["frequent"]


def test_the_worker_needs_numpy_and_scipy_alone(tmp_path, entry, adapter):
    out = tmp_path / "modules"
    experiment = Experiment([entry], [adapter("imports_nothing", out=str(out))], [2], seeds=[0], measures=["npmi_doc"])
    assert not run_experiment(experiment, tmp_path / "runs").failures
    modules = {name.split(".")[0] for name in out.read_text().split()}
    assert {"numpy", "scipy"} <= modules
    assert not modules & {"topicml", "torch", "pyarrow", "sklearn", "gensim"}


def test_wrong_output_and_too_long_a_run_are_failures(tmp_path, entry, adapter):
    models = [adapter("of_wrong_shape"), adapter("endless"), adapter("absent")]
    experiment = Experiment([entry], models, [2], seeds=[0], measures=["npmi_doc"])
    results = run_experiment(experiment, tmp_path, jobs=3, timeout=5)
    errors = {row["model"]: row["error"] for row in results.failures}
    assert errors["of_wrong_shape"] == "theta has 119 rows; the corpus has 120 documents"
    assert errors["endless"] == "took longer than 5 s and was ended"
    assert "AttributeError" in errors["absent"] and "absent" in errors["absent"]


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_models_of_topicml_run_with_settings_and_equal_a_fit_by_hand(tmp_path, entry, corpus):
    from topicml.models import ProdLDA

    experiment = Experiment(
        [entry],
        [ModelEntry("P", model="ProdLDA", parameters={"max_epochs": 2})],
        [3],
        seeds=[4],
        settings={"none": {}, "set": {"contrast": {"name": "set", "set_size": 2}}},
        measures=["npmi_doc", "kl_uniform"],
    )
    results = run_experiment(experiment, tmp_path)
    assert not results.failures and results.systems == ["P, none", "P, set"]
    record = next(r for r in Records(tmp_path).all() if r["settings"] == "none")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the runner's process: sums in another order part two fits by what Adam makes of it
    by_hand = ProdLDA(3, max_epochs=2, random_state=4).fit(corpus)
    torch.set_num_threads(threads)
    assert record["topics"] == by_hand.topics(25)
    fit = Records(tmp_path).outcome(record["id"])
    np.testing.assert_allclose(fit.theta, by_hand.transform(corpus), atol=1e-5)
    assert record["identity"]["documents"]["corpus"] == corpus.fingerprint and "torch" in record["cost"]["versions"]


def test_what_a_corpus_or_model_lacks_is_left_out_and_said(tmp_path, corpus, adapter):
    counts = CorpusEntry("counts", Corpus.from_counts(corpus.counts, corpus.vocabulary), held_out_share=0)
    experiment = Experiment(
        [counts], [adapter("frequent")], [2], [0], measures=["c_v", "npmi_doc", "nmi", "kl_uniform"]
    )
    with pytest.warns(TopicWarning, match="c_v of frequent on counts: the corpus has no word order; nmi .* no labels"):
        results = run_experiment(experiment, tmp_path)
    assert [each for each in results.measures if each not in TIMINGS] == ["npmi_doc"]


def test_two_benchmarks_do_not_share_a_folder_at_once(tmp_path, entry, adapter):
    experiment = Experiment([entry], [adapter("frequent")], [2], [0], measures=["npmi_doc"])
    with Records(tmp_path).lock(), pytest.raises(InputError, match="Another experiment uses"):
        run_experiment(experiment, tmp_path)


def test_results_come_back_from_parquet_csv_and_the_folder_of_runs(tmp_path, entry, adapter):
    experiment = Experiment([entry], [adapter("frequent"), adapter("failing")], [2], [0, 1], measures=MEASURES)
    results = run_experiment(experiment, tmp_path / "runs")
    results.write(tmp_path)
    expected = sorted(map(str, results.table.to_pylist()))
    sources = [tmp_path / "results.parquet", tmp_path / "results.csv", tmp_path / "runs"]
    for source in sources:
        assert sorted(map(str, Results.read(source).table.to_pylist())) == expected
    assert sorted(map(str, Results.read(*sources).table.to_pylist())) == expected


def test_sources_that_are_none_or_disagree_are_refused(tmp_path, entry, adapter):
    with pytest.raises(InputError, match="There are no results"):
        Results.read(tmp_path / "nowhere.parquet")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"other\.csv does not have the results"):
        Results.read(tmp_path / "other.csv")
    for number in (0, 1):
        model = adapter("frequent", name="same", pause=0.01 * number)
        run_experiment(Experiment([entry], [model], [2], [0], measures=["npmi_doc"]), tmp_path / str(number))
    with pytest.raises(
        InputError, match=r"disagree about tiny, same, default, 2, 0, npmi_doc \(version: not recorded\)"
    ):
        Results.read(tmp_path / "0", tmp_path / "1")


def test_only_what_topicml_wrote_is_removed_from_a_folder_of_runs(tmp_path):
    from topicml.experiment.records import Records

    mine = [".bash_history.2024.gz", ".vimrc.bak.old", ".gitlab-ci.prod.yml", ".lock"]
    for name in mine:
        (tmp_path / name).write_text("precious")
    for name in (".inputs", ".a.b.c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("precious")
    code = (
        "import os, signal, sys\nfrom topicml.experiment.records import Records\n"
        "with Records(sys.argv[1]).lock() as inputs:\n"
        "    (inputs / 'corpus').mkdir()\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert any(path.name.startswith(".inputs.topicml-") for path in tmp_path.iterdir())
    with Records(tmp_path).lock() as inputs:
        assert not list(inputs.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*mine, ".inputs", ".a.b.c"])
    assert all((tmp_path / name).read_text() == "precious" for name in mine)
