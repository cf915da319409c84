"""Corpora that workers build: the same folder as that of one process, whatever is killed, fails or continues."""

import json
import os
import shutil
import signal
import threading
import time
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topicml.cluster import build_corpus as build_by_cluster
from topicml.cluster import building as cluster_building
from topicml.cluster.failures import named_failures
from topicml.corpus import Corpus, Preprocessor
from topicml.corpus.building import BuildObserver, build, build_corpus, counting, groups
from topicml.errors import InputError, MissingExtraError

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

WORDS = ["running", "cats", "market", "senate", "goals", *(f"name{i}" for i in range(80))]
N_DOCS, N_FILES = 350, 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    rows = [
        {"id": i, "text": " ".join(rng.choice(WORDS, rng.integers(0, 15))), "kind": f"c{i % 4}"} for i in range(N_DOCS)
    ]
    for number in range(N_FILES):
        some = rows[number * 70 : number * 70 + 70]
        lines = [",".join(map(str, row.values())) for row in some]
        (folder / f"{number}.csv").write_text("\n".join(["id,text,kind", *lines]) + "\n")
        (folder / f"{number}.txt").write_text("\n".join(row["text"] for row in some))
        changing = [{**row, **({"early": 1} if row["id"] < 150 else {"late": 2.5})} for row in some]
        (folder / f"{number}.jsonl").write_text("\n".join(map(json.dumps, changing)))
        pq.write_table(pa.Table.from_pylist(some), folder / f"{number}.parquet")
    return folder


@pytest.fixture(autouse=True)
def small_groups(folder, monkeypatch):
    """Two files of text, or one of Parquet, in a group."""
    monkeypatch.setattr(build, "_GROUP", 2.5 * (folder / "0.csv").stat().st_size)


@pytest.fixture(scope="module")
def built(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "_GROUP", 2.5 * (folder / "0.csv").stat().st_size)
        return build_corpus([folder / "*.csv"], folder / "built", "text", "kind", shard_rows=50, n_jobs=1)


def files_of(corpus):
    """The content of all files, without the signature, which has the time of the files."""
    found = {str(path.relative_to(corpus)): path.read_bytes() for path in sorted(corpus.rglob("*")) if path.is_file()}
    header = json.loads(found.pop("corpus.json"))
    header.pop("signature")
    return found | {"corpus.json": header}


def backwards(function, items):
    """Workers that are this process, and finish in another order."""
    return ((item, function(*item)) for item in reversed(items))


def failing(at):
    """Workers that fail from a number of pieces of work on."""
    calls = []

    def workers(function, items):
        for item in items:
            calls.append(function.__name__)
            if len(calls) > at:
                raise KeyboardInterrupt
            yield item, function(*item)

    return workers


def only_of(*texts):
    """Splits no other texts than these."""
    split = counting._split

    def checked(values, splitting):
        assert values.to_pylist() == list(texts)
        return split(values, splitting)

    return checked


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "txt"])
def test_workers_write_the_files_of_one_process(folder, tmp_path, suffix):
    columns = () if suffix == "txt" else ("text", "kind")
    arguments = [folder / f"*.{suffix}"]
    build_corpus(arguments, tmp_path / "one", *columns, shard_rows=50, n_jobs=1)
    build_corpus(arguments, tmp_path / "many", *columns, shard_rows=50, workers=backwards)
    one, many = files_of(tmp_path / "one"), files_of(tmp_path / "many")
    assert len(one) > 30
    assert one == many
    joined = Corpus.open(tmp_path / "many")
    assert joined.n_docs == N_DOCS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "one"]


def test_a_corpus_does_not_depend_on_how_files_are_read_together(folder, built, monkeypatch, tmp_path):
    monkeypatch.setattr(build, "_GROUP", 1)
    build_corpus([folder / "*.csv"], tmp_path / "alone", "text", "kind", shard_rows=50, n_jobs=1)
    assert len(list((tmp_path / "alone").glob("part-*"))) == 2 * N_FILES
    assert len(list(built.glob("part-*"))) == 3 + 3 + 2
    assert Corpus.open(tmp_path / "alone").fingerprint == Corpus.open(built).fingerprint


@pytest.mark.parametrize("at", [0, 1, 3, 5, 10])
def test_what_workers_began_another_way_continues(folder, built, tmp_path, at):
    arguments = ([folder / "*.csv"], tmp_path / "built", "text", "kind")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=50, workers=failing(at))
    seen = []

    class Observer(BuildObserver):
        def on_progress(self, stage, n_docs, share, seconds):
            seen.append((stage, n_docs, share))

    build_corpus(*arguments, shard_rows=50, n_jobs=1, observer=Observer())
    assert files_of(tmp_path / "built") == files_of(built)
    n_counted = max((n for stage, n, _ in seen if stage == "reading"), default=0)
    assert n_counted == N_DOCS - 140 * at if at < 3 else not n_counted
    assert seen[-1][2] == 1


def test_workers_continue_what_one_process_began(folder, built, tmp_path):
    class Stop(BuildObserver):
        def on_progress(self, stage, n_docs, share, seconds):
            if n_docs == 50 + 50 + 40 + 50:
                raise KeyboardInterrupt

    arguments = ([folder / "*.csv"], tmp_path / "built", "text", "kind")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=50, n_jobs=1, observer=Stop())
    seen = []

    class Observer(BuildObserver):
        def on_progress(self, stage, n_docs, share, seconds):
            seen.append((stage, n_docs, round(share, 1)))

    build_corpus(*arguments, shard_rows=50, workers=lambda *call: reversed(list(backwards(*call))), observer=Observer())
    assert files_of(tmp_path / "built") == files_of(built)
    reading = [each[1:] for each in seen if each[0] == "reading"]
    assert reading == [(0, 0.4), (90, 0.8), (160, 1.0)]  # the documents of this call


def test_the_column_of_texts_stays_that_of_the_first_shard(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_GROUP", 1)
    long = "market senate goals running cats"
    (tmp_path / "0.csv").write_text("a,b\n" + f"{long},x\n" * 4)
    (tmp_path / "1.csv").write_text("a,b\n" + f"goals,{long} {long}\n" * 4)
    build_corpus([tmp_path / "*.csv"], tmp_path / "whole", n_jobs=1)
    with pytest.raises(KeyboardInterrupt):
        build_corpus([tmp_path / "*.csv"], tmp_path / "built", workers=failing(1))
    build_corpus([tmp_path / "*.csv"], tmp_path / "built", n_jobs=1)
    assert files_of(tmp_path / "built") == files_of(tmp_path / "whole")
    assert Corpus.open(tmp_path / "built").n_tokens == 24


def build_all_but_the_first_file(tmp_path):
    """A build that was killed when workers had counted two of three files."""

    def workers(function, items):
        yield from backwards(function, items[1:])
        raise KeyboardInterrupt

    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("n,text\n" + f"1,goals cats{name} market\n" * 4)
    with pytest.raises(KeyboardInterrupt):
        build_corpus([tmp_path / "*.csv"], tmp_path / "built", workers=workers)
    assert len(list((tmp_path / "built.partial" / "building").glob("counted-*"))) == 4  # with marks


@pytest.mark.parametrize("options", [{"n_jobs": 1}, {"workers": backwards}])
def test_the_others_are_kept_if_the_first_file_has_changed(tmp_path, monkeypatch, options):
    monkeypatch.setattr(build, "_GROUP", 1)
    build_all_but_the_first_file(tmp_path)
    (tmp_path / "a.csv").write_text("n,text\n2,senate goals\n")
    monkeypatch.setattr(counting, "_split", only_of("senate goals"))
    build_corpus([tmp_path / "*.csv"], tmp_path / "built", **options)
    assert Corpus.open(tmp_path / "built").fields["n"].tolist() == [2] + [1] * 8


@pytest.mark.parametrize("options", [{"n_jobs": 1}, {"workers": backwards}])
def test_a_first_file_that_now_has_another_column_of_texts_is_refused(tmp_path, monkeypatch, options):
    monkeypatch.setattr(build, "_GROUP", 1)
    build_all_but_the_first_file(tmp_path)
    (tmp_path / "a.csv").write_text("n,text\nsenate goals market cats,1\n")
    for _ in range(2):
        with pytest.raises(InputError, match=r"now has other ones .* Remove .*built\.partial, and build again"):
            build_corpus([tmp_path / "*.csv"], tmp_path / "built", **options)


@pytest.mark.parametrize("options", [{"n_jobs": 1}, {"workers": backwards}])
def test_files_with_other_columns_in_another_group_are_refused(tmp_path, monkeypatch, options):
    monkeypatch.setattr(build, "_GROUP", 1)
    (tmp_path / "a.csv").write_text("text,n\ngoals,1\n")
    (tmp_path / "b.csv").write_text("n,text\n1,goals\n")
    (tmp_path / "c.csv").write_text("text,m\ngoals,1\n")
    with pytest.raises(InputError, match=r"c\.csv has the columns text, m, but .*a\.csv has text, n"):
        build_corpus([tmp_path / "*.csv"], tmp_path / "built", **options)
    build_corpus([tmp_path / "[ab].csv"], tmp_path / "ab", **options)
    assert Corpus.open(tmp_path / "ab").fields["n"].tolist() == [1, 1]


@pytest.mark.parametrize("options", [{"n_jobs": 1}, {"workers": backwards}])
def test_files_without_documents_are_an_error(tmp_path, options):
    (tmp_path / "a.csv").write_text("text,n\n")
    with pytest.raises(InputError, match=r"There are no documents in .*a\.csv"):
        build_corpus([tmp_path / "a.csv"], tmp_path / "built", **options)


@pytest.mark.parametrize("options", [{"n_jobs": 1}, {"workers": backwards}])
def test_lists_of_tokens_are_not_preprocessed_by_workers(tmp_path, options):
    table = pa.table({"words": [["b", "a"], ["A"], [], None], "n": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "a.parquet")
    build_corpus([tmp_path / "a.parquet"], tmp_path / "built", shard_rows=2, **options)
    built = Corpus.open(tmp_path / "built")
    assert list(built.vocabulary) == ["A", "a", "b"]
    assert built.preprocessor is None


def test_groups_of_files_follow_the_size_of_their_text(folder):
    from topicml.corpus.sources.batches import Files

    def sizes(suffix, n_bytes):
        return [len(each.paths) for each in Files.of([folder / f"*.{suffix}"]).groups(n_bytes)]

    all_text = sum((folder / f"{i}.txt").stat().st_size for i in range(N_FILES))
    assert sizes("txt", all_text) == [5]
    assert sizes("txt", all_text - 1) == [4, 1]
    assert sizes("txt", 1) == [1] * 5
    packed = sum((folder / f"{i}.parquet").stat().st_size for i in range(N_FILES))
    assert sizes("parquet", 4 * packed) == [5]
    assert sizes("parquet", 4 * packed - 1) == [4, 1]


def test_another_vocabulary_in_a_folder_of_the_same_name_is_used(tmp_path):
    for words, name in ((["b", "c"], "first"), (["a", "c"], "second")):
        (tmp_path / "a.txt").write_text("\n".join(words))
        build_corpus([tmp_path / "a.txt"], tmp_path / "built", preprocessor=False, n_jobs=1, overwrite=True)
        found = Corpus.open(tmp_path / "built")
        assert [found.vocabulary[i] for i in found.tokens] == words, name


def test_of_two_processes_that_write_a_folder_the_first_counts(tmp_path):
    with counting.appearing(tmp_path / "part") as slow:
        (slow / "who").write_text("slow")
        with counting.appearing(tmp_path / "part") as quick:
            (quick / "who").write_text("quick")
    assert (tmp_path / "part" / "who").read_text() == "quick"
    assert [path.name for path in tmp_path.iterdir()] == ["part"]
    with pytest.raises(FileNotFoundError), counting.appearing(tmp_path / "gone" / "part"):
        pass


def test_two_threads_of_a_worker_take_turns_with_the_pipeline(tmp_path):
    inside, most = 0, 0

    class Slow:
        def encoded(self, texts):
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            time.sleep(0.1)
            inside -= 1
            return Preprocessor().encoded(texts)

    table = pa.table({"text": pa.array(["goals cats"], pa.large_string())})
    splitting = counting.Splitting("text", preprocessor=Slow())
    threads = [
        threading.Thread(target=counting.count_shard, args=(tmp_path / str(i), table, splitting)) for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and len(list(tmp_path.iterdir())) == 3


def test_a_worker_without_the_folder_says_so(folder, tmp_path):
    from topicml.corpus.sources.batches import Files

    group = groups.FileGroup(0, Files.of([folder / "0.csv"]), folder / "0.csv", 50, tmp_path / "gone")
    with pytest.raises(InputError, match=r"gone is not there.* all workers see under the same path"):
        groups.count_group(group, counting.Splitting("text"))
    assert not (tmp_path / "gone").exists()


def test_a_cluster_without_dask_names_the_extra(folder, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"topicml\[cluster\]"):
        build_by_cluster([folder / "*.csv"], tmp_path / "built")


def test_workers_that_do_not_start_are_told_with_what_a_script_needs(folder, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")

    def fails(*args, **options):
        raise RuntimeError("Nanny failed to start.")

    monkeypatch.setattr(distributed, "LocalCluster", fails)
    with pytest.raises(InputError, match=r'did not start .*Nanny.* below `if __name__ == "__main__":`'):
        build_by_cluster([folder / "*.csv"], tmp_path / "built")


def test_an_address_that_does_not_answer_is_an_error_in_time_and_begins_nothing(folder, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    begin = time.perf_counter()
    with pytest.raises(InputError, match=r"tcp://127\.0\.0\.1:9 did not answer within 1 seconds"):
        build_by_cluster([folder / "*.csv"], tmp_path / "built", cluster="tcp://127.0.0.1:9", timeout=1)
    assert time.perf_counter() - begin < 20
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="timeout"):
        build_by_cluster([folder / "*.csv"], tmp_path / "built", timeout=0)


def test_a_source_that_is_not_there_is_said_before_a_cluster_is_sought(tmp_path):
    with pytest.raises(InputError, match="There is no file or folder"):
        build_by_cluster([tmp_path / "missing.csv"], tmp_path / "built", cluster="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("preprocessor", "begin"),
    [
        (None, cluster_building.import_without_torch),
        (False, None),
        (Preprocessor(min_df=2), cluster_building.import_without_torch),
        (SimpleNamespace(pipeline="en_core_web_sm"), None),
    ],
)
def test_workers_import_spacy_without_torch_where_no_pipeline_needs_it(
    folder, tmp_path, monkeypatch, preprocessor, begin
):
    asked = []

    def workers(*arguments):
        asked.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster_building, "workers", workers)
    with pytest.raises(KeyboardInterrupt):
        build_by_cluster([folder / "*.csv"], tmp_path / "out", preprocessor=preprocessor, n_workers=3, timeout=7)
    assert asked == [("local", 3, 7, folder / "0.csv", begin)]


def test_workers_of_this_machine_write_the_files_of_one_process(folder, built, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    begun = []
    run = distributed.Client.run
    monkeypatch.setattr(distributed.Client, "run", lambda self, f, *a, **k: begun.append(f) or run(self, f, *a, **k))
    columns = ("text", "kind")
    path = build_by_cluster([folder / "*.csv"], tmp_path / "built", *columns, shard_rows=50, n_workers=1)
    assert path == tmp_path / "built"
    assert files_of(path) == files_of(built)
    assert cluster_building.import_without_torch in begun


def test_workers_that_are_killed_in_either_pass_cost_nothing(folder, built, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    killed, begun = {}, []
    run = distributed.Client.run
    monkeypatch.setattr(distributed.Client, "run", lambda self, f, *a, **k: begun.append(f) or run(self, f, *a, **k))
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):

        class Killing(BuildObserver):
            def on_progress(self, stage, n_docs, share, seconds):
                if stage not in killed:
                    pids = list(client.run(os.getpid).values())
                    killed[stage] = os.kill(pids[0], signal.SIGKILL)

        build_by_cluster(
            [folder / "*.csv"],
            tmp_path / "built",
            "text",
            "kind",
            shard_rows=50,
            cluster=cluster.scheduler_address,
            observer=Killing(),
        )
    assert list(killed) == ["reading", "writing"]
    assert cluster_building.import_without_torch not in begun  # others may need torch in these workers
    assert files_of(tmp_path / "built") == files_of(built)


def test_a_file_that_fails_is_tried_once_more_and_named_and_the_rest_is_kept(folder, built, tmp_path):
    pytest.importorskip("distributed", reason="Dask is not installed: topicml[cluster]")
    for number in range(N_FILES):
        shutil.copy(folder / f"{number}.parquet", tmp_path)
    damaged = tmp_path / "3.parquet"
    whole = damaged.read_bytes()
    status = damaged.stat()
    damaged.write_bytes(whole[:8] + bytes(len(whole) - 8))
    os.utime(damaged, ns=(status.st_atime_ns, status.st_mtime_ns))
    arguments = ([tmp_path / "*.parquet"], tmp_path / "built", "text", "kind")
    with pytest.raises(InputError, match=r"1 of \d pieces of work failed twice: .*3\.parquet.*the same call continues"):
        build_by_cluster(*arguments, shard_rows=50, n_workers=1)
    damaged.write_bytes(whole)
    os.utime(damaged, ns=(status.st_atime_ns, status.st_mtime_ns))
    seen = []

    class Observer(BuildObserver):
        def on_progress(self, stage, n_docs, share, seconds):
            seen.append((stage, n_docs))

    build_corpus(*arguments, shard_rows=50, n_jobs=1, observer=Observer())
    assert [n for stage, n in seen if stage == "reading"][-1] < N_DOCS / 2
    assert Corpus.open(tmp_path / "built").fingerprint == Corpus.open(built).fingerprint


def test_of_many_failures_five_are_named():
    failed = {f"{number}.csv": OSError("gone") for number in range(7)}
    assert named_failures(failed).endswith("4.csv: gone; and 2 more")
    assert named_failures({"b": OSError("x"), "a": OSError("y")}) == "a: y; b: x"
