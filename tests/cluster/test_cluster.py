"""Labelling many files: every row once, finished files skipped, failures named, workers killed without a loss."""

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topicml
from topicml.cluster import Labelling, files, label_file, label_files, label_table, labelling
from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.explore import TopicView

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

THEMES = ("rocket orbit moon astronaut launch", "oven butter flour sugar onion", "goal match team player coach")


def texts_of(n, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(THEMES[i % 3].split(), 8)) if i % 11 else "" for i in range(n)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "model"
    model = topicml.ProdLDA(n_topics=3, max_epochs=2, hidden=8, random_state=0, device="cpu")
    model.fit(Corpus.from_texts([text for text in texts_of(66) if text])).save(folder)
    return folder


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for i in range(6):
        table = pa.table({"id": range(40 * i, 40 * i + 40), "text": texts_of(40, i)})
        pq.write_table(table, folder / f"{i}.parquet", row_group_size=15)
    return folder


@pytest.fixture(scope="module")
def labelled(run, sources, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "themes"
    assert label_files([sources], out, Labelling(str(run), theta=True)) == 240
    return out


def tables(folder):
    return {path.name: pq.read_table(path) for path in sorted(folder.iterdir())}


def test_each_document_is_labelled_once_as_by_the_view(run, sources, labelled):
    found = tables(labelled)
    assert list(found) == [f"{i}.parquet" for i in range(6)]
    whole = pa.concat_tables(found.values())
    assert whole.column("id").to_pylist() == list(range(240))
    view = TopicView.of(topicml.load(run))
    texts = [text for i in range(6) for text in texts_of(40, i)]
    expected = view.label_rows(texts)
    assert whole.column("topic").to_pylist() == expected["topic"].tolist()
    assert whole.column("note").to_pylist() == expected["note"].tolist()
    assert "theta_2" in whole.column_names


def test_a_predicted_response_is_a_column_of_every_file(tmp_path):
    corpus = Corpus.from_texts(texts_of(66), fields={"theme": [i % 3 for i in range(66)], "even": ["no", "yes"] * 33})
    options = {"n_topics": 3, "max_epochs": 2, "hidden": 8, "random_state": 0, "device": "cpu"}
    model = topicml.ProdLDA(response="C(theme)", prevalence="~ even", **options).fit(corpus)
    model.save(tmp_path / "model")
    table = pa.table({"even": ["no", "yes"] * 33, "text": texts_of(66)})
    labelled = label_table(TopicView.of(model), table, Labelling(str(tmp_path / "model"), theta=True))
    has_words = corpus.lengths > 0
    expected = [
        value if known else None for value, known in zip(model.predict_response(corpus), has_words, strict=True)
    ]
    assert labelled.column("predicted_theme").to_pylist() == expected
    theta = np.array(labelled.column("theta_1").to_pylist(), dtype=float)
    np.testing.assert_array_equal(theta[has_words], model.transform(corpus)[has_words, 1])
    empty = label_table(TopicView.of(model), table.slice(0, 0), Labelling(str(tmp_path / "model")))
    assert empty.schema.field("predicted_theme").type == labelled.schema.field("predicted_theme").type


def test_finished_files_are_skipped_and_a_half_written_one_is_not(run, sources, tmp_path, monkeypatch):
    done = []

    def stop(path, *_):
        done.append(path.name)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        label_files([sources], tmp_path / "out", Labelling(str(run)), on_file=stop)
    assert done == ["0.parquet", "1.parquet"]
    assert label_files([sources], tmp_path / "out", Labelling(str(run))) == 160
    assert label_files([sources], tmp_path / "out", Labelling(str(run))) == 0


def test_other_settings_and_changed_sources_are_labelled_again(run, tmp_path):
    pq.write_table(pa.table({"text": texts_of(9)}), tmp_path / "a.parquet")
    arguments = ([tmp_path / "a.parquet"], tmp_path / "out")
    assert label_files(*arguments, Labelling(str(run))) == 9
    assert label_files(*arguments, Labelling(str(run), min_confidence=0.9)) == 9
    pq.write_table(pa.table({"text": texts_of(10)}), tmp_path / "a.parquet")
    assert label_files(*arguments, Labelling(str(run), min_confidence=0.9)) == 10


def test_a_file_that_fails_is_tried_once_more_and_named(run, sources, tmp_path, monkeypatch):
    tries = []

    def failing(source, *rest):
        tries.append(source.name)
        if source.name == "1.parquet" or (source.name == "2.parquet" and tries.count("2.parquet") == 1):
            raise OSError("the disk is gone")
        return label_file(source, *rest)

    monkeypatch.setattr(files, "label_file", failing)
    with pytest.raises(InputError, match=r"1 of 6 files failed twice: .*1\.parquet: the disk is gone"):
        label_files([sources], tmp_path / "out", Labelling(str(run)))
    assert tries.count("1.parquet") == 2 and tries.count("2.parquet") == 2 and tries.count("3.parquet") == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{i}.parquet" for i in (0, 2, 3, 4, 5)]


def test_files_of_somebody_else_are_not_replaced(run, tmp_path):
    for folder in ("data", "out"):
        (tmp_path / folder).mkdir()
        pq.write_table(pa.table({"text": ["rocket"]}), tmp_path / folder / "a.parquet")
    with pytest.raises(InputError, match="topicml did not write it"):
        label_files([tmp_path / "data"], tmp_path / "out", Labelling(str(run)))
    with pytest.raises(InputError, match="would be written over it"):
        label_files([tmp_path / "data"], tmp_path / "data", Labelling(str(run)))


def test_two_files_of_one_name_are_refused(run, tmp_path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        pq.write_table(pa.table({"text": ["rocket"]}), tmp_path / folder / "a.parquet")
    with pytest.raises(InputError, match="would both be written to"):
        label_files([tmp_path / "*" / "a.parquet"], tmp_path / "out", Labelling(str(run)))


def test_other_formats_are_labelled_too(run, tmp_path):
    (tmp_path / "a.csv").write_text("n,text\n1,rocket moon orbit\n2,\n")
    (tmp_path / "b.txt").write_text("oven butter flour\n\ngoal match\n")
    assert label_files([tmp_path / "a.csv"], tmp_path / "out", Labelling(str(run))) == 2
    assert label_files([tmp_path / "b.txt"], tmp_path / "out", Labelling(str(run))) == 3
    assert pq.read_table(tmp_path / "out" / "a.parquet").column("n").to_pylist() == [1, 2]


def test_a_table_without_rows_or_known_words_is_labelled(run):
    view, how = TopicView.of(topicml.load(run)), Labelling(str(run))
    assert label_table(view, pa.table({"text": pa.array([], pa.string())}), how).num_rows == 0
    assert label_table(view, pa.table({"text": ["zzz", None]}), how).column("topic").to_pylist() == [-1, -1]


def test_a_cluster_without_dask_names_the_extra(run, sources, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"topicml\[cluster\]"):
        label_files([sources], tmp_path / "out", Labelling(str(run)), cluster="local")


def test_an_address_that_does_not_answer_is_an_error_in_time(run, sources, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    begin = time.perf_counter()
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9 did not answer within 1 seconds"):
        label_files([sources], tmp_path / "out", Labelling(str(run)), cluster="tcp://127.0.0.1:9", timeout=1)
    assert time.perf_counter() - begin < 20


@pytest.mark.parametrize(
    ("versions", "there", "message"),
    [
        ({"a": "0.0"}, {"a": True}, "The worker a has topicml 0.0"),
        ({"a": ModuleNotFoundError("No module named 'topicml'")}, {"a": True}, "The worker a cannot import topicml"),
        ({"a": topicml.__version__}, {"a": False}, "The worker a cannot read"),
    ],
)
def test_a_worker_without_the_package_or_the_run_is_named(versions, there, message):
    from topicml.cluster.dask import _check_workers

    class Client:
        def run(self, function, *_, on_error):
            return versions if function is eval else there

    with pytest.raises(InputError, match=message):
        _check_workers(Client(), Path("/run"))


def test_workers_of_this_machine_write_what_one_process_writes(run, sources, labelled, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    how = Labelling(str(run), theta=True)
    assert label_files([sources], tmp_path / "out", how, cluster="local", n_workers=1) == 240
    first, second = tables(labelled), tables(tmp_path / "out")
    assert list(first) == list(second)
    assert all(first[name].equals(second[name]) for name in first)


def test_a_worker_that_is_killed_costs_no_row_and_doubles_none(run, sources, labelled, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        with distributed.Client(cluster, set_as_default=False) as client:
            pids = list(client.run(os.getpid).values())
        killed = []

        def kill(*_):
            if not killed:
                killed.append(os.kill(pids[0], signal.SIGKILL))

        how = Labelling(str(run), theta=True)
        n = label_files([sources], tmp_path / "out", how, cluster=cluster.scheduler_address, on_file=kill)
    assert killed and n == 240
    first, second = tables(labelled), tables(tmp_path / "out")
    assert list(first) == list(second)
    assert all(first[name].equals(second[name]) for name in first)


def test_a_process_opens_the_model_once(run, sources, tmp_path, monkeypatch):
    labelling._view.cache_clear()
    opened = []
    monkeypatch.setattr(labelling, "open_run", lambda *a, **k: opened.append(1) or topicml.open_run(*a, **k))
    threads = [
        threading.Thread(
            target=label_file, args=(sources / f"{i}.parquet", tmp_path / f"{i}.parquet", Labelling(str(run)), "digest")
        )
        for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened == [1]
    assert len(list(tmp_path.iterdir())) == 3
