"""Corpora that are built in parts: the same bits as in one part, continued after a kill, refused with a reason."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topicml.corpus import Corpus, Preprocessor
from topicml.corpus.building import BuildObserver, build, build_corpus, processes
from topicml.corpus.building.processes import WorkerDiedError, in_order
from topicml.errors import InputError, TopicWarning

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")

WORDS = ["the", "of", "running", "cats", "market", "senate", "goals", *(f"name{i}" for i in range(80))]


def rows_of(n=300):
    rng = np.random.default_rng(0)
    return [
        {
            "id": i,
            "text": " ".join(rng.choice(WORDS, rng.integers(0, 15))),
            "score": None if i % 5 == 0 else i / 7,
            "day": f"2020-01-{i % 28 + 1:02d}",
            "zip": f"0{i}" if i > 200 else str(i),
            "kind": f"c{i % 4}",
        }
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    rows = rows_of()
    quoted = [",".join("" if value is None else f'"{value}"' for value in row.values()) for row in rows]
    (folder / "a.csv").write_text("\n".join([",".join(rows[0]), *quoted]) + "\n")
    changing = [{**row, **({"early": 1} if row["id"] < 150 else {"late": 2.5})} for row in rows]
    for row in changing[200:]:
        row["zip"] = row["id"]  # a number, after strings
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, changing)))
    (folder / "a.txt").write_text("\n".join(row["text"] for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet", row_group_size=70)
    return folder


@pytest.fixture(scope="module")
def built(folder):
    return build_corpus([folder / "a.csv"], folder / "built", "text", "kind", shard_rows=70, n_jobs=1)


def same(one, many):
    assert one.vocabulary == many.vocabulary
    assert one.fingerprint == many.fingerprint
    assert np.array_equal(one.tokens, many.tokens)
    assert np.array_equal(one.offsets, many.offsets)
    assert (one.counts != many.counts).nnz == 0
    assert one.fields.table.equals(many.fields.table)
    assert one.fields.label_name == many.fields.label_name
    assert one.preprocessor == many.preprocessor


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.txt"])
@pytest.mark.parametrize("shard_rows", [70, 1000])
def test_a_built_corpus_is_the_corpus_of_one_process_to_the_bit(folder, tmp_path, name, shard_rows):
    columns = () if name == "a.txt" else ("text", "kind")
    build_corpus([folder / name], tmp_path / "built", *columns, shard_rows=shard_rows, n_jobs=1)
    same(Corpus.read(folder / name, *columns), Corpus.open(tmp_path / "built"))


def test_several_processes_build_the_same_corpus(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_WORTH_STARTING", 0.0)
    for n_jobs in (1, 2):  # False: the processes need not open spaCy
        build_corpus([folder / "a.txt"], tmp_path / f"{n_jobs}", None, None, False, shard_rows=70, n_jobs=n_jobs)
    same(Corpus.open(tmp_path / "1"), Corpus.open(tmp_path / "2"))


def test_tokens_are_not_preprocessed(folder, tmp_path):
    build_corpus([folder / "a.txt"], tmp_path / "built", preprocessor=False, shard_rows=70, n_jobs=1)
    same(Corpus.read(folder / "a.txt", preprocessor=False), Corpus.open(tmp_path / "built"))


def test_lists_of_tokens_are_words(tmp_path):
    table = pa.table({"words": [["b", "a"], ["A"], [], None], "n": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "a.parquet")
    build_corpus([tmp_path / "a.parquet"], tmp_path / "built", shard_rows=2, n_jobs=1)
    same(Corpus.read(tmp_path / "a.parquet"), Corpus.open(tmp_path / "built"))


def test_several_files_are_one_corpus_in_their_order(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.csv").write_text("n,text\n" + "".join(f"{i},goals cats{i} market\n" for _ in range(4)))
    for sources in ([tmp_path / "*.csv"], [tmp_path], [tmp_path / f"{i}.csv" for i in range(3)]):
        build_corpus(sources, tmp_path / "built", "text", shard_rows=5, n_jobs=1, overwrite=True)
        assert Corpus.open(tmp_path / "built").fields["n"].tolist() == [0] * 4 + [1] * 4 + [2] * 4


class Stop(BuildObserver):
    """Stands for a kill after some shards of a pass."""

    def __init__(self, stage, after):
        self.stage, self.left = stage, after
        self.calls = []

    def on_progress(self, stage, n_docs, share, seconds):
        self.calls.append((stage, n_docs))
        self.left -= stage == self.stage
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("stage", "after"), [("reading", 1), ("reading", 3), ("writing", 1), ("writing", 5)])
def test_a_build_that_was_killed_continues_with_the_next_shard(folder, built, tmp_path, stage, after):
    arguments = ([folder / "a.csv"], tmp_path / "built", "text", "kind")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=70, n_jobs=1, observer=Stop(stage, after))
    assert not (tmp_path / "built").exists()
    rest = Stop("none", -1)
    build_corpus(*arguments, shard_rows=70, n_jobs=1, observer=rest)
    assert sum(each == stage for each, _ in rest.calls) == 5 - after
    same(Corpus.open(built), Corpus.open(tmp_path / "built"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built"]
    assert not (tmp_path / "built" / "building").exists()


def test_a_shard_that_a_kill_left_half_written_is_written_again(folder, built, tmp_path):
    arguments = ([folder / "a.csv"], tmp_path / "built", "text", "kind")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=70, n_jobs=1, observer=Stop("writing", 2))
    half = tmp_path / "built.partial" / "part-00002.new"
    half.mkdir()
    (half / "tokens.npy").write_bytes(b"half")
    build_corpus(*arguments, shard_rows=70, n_jobs=1)
    same(Corpus.open(built), Corpus.open(tmp_path / "built"))
    assert not list((tmp_path / "built").glob("*.new"))


def test_an_unfinished_corpus_of_other_settings_is_not_continued(folder, tmp_path):
    arguments = ([folder / "a.csv"], tmp_path / "built", "text")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=70, n_jobs=1, observer=Stop("reading", 1))
    with pytest.raises(InputError, match=r"other settings \(shard_rows\)"):
        build_corpus(*arguments, shard_rows=80, n_jobs=1)
    with pytest.raises(InputError, match="other sources"):
        build_corpus([folder / "a.jsonl"], tmp_path / "built", "text", shard_rows=70, n_jobs=1)
    build_corpus(*arguments, shard_rows=80, n_jobs=1, overwrite=True)


def test_a_call_that_failed_before_anything_was_counted_leaves_nothing_to_ask_about(folder, tmp_path):
    for source, column in (("a.csv", "texts"), ("a.csv", "title"), ("a.jsonl", "texts")):
        with pytest.raises(InputError, match="no column"):
            build_corpus([folder / source], tmp_path / "built", column, n_jobs=1)
    build_corpus([folder / "a.csv"], tmp_path / "built", "text", n_jobs=1)
    same(Corpus.read(folder / "a.csv", "text"), Corpus.open(tmp_path / "built"))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Three files of ten documents, each read alone."""
    monkeypatch.setattr(build, "_GROUP", 1)
    for name in "abc":
        (tmp_path / f"{name}.csv").write_text("n,text\n" + f"1,goals cats{name} market\n" * 10)
    return tmp_path


def break_in_the_middle(file):
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:8], '1,"never closed', *lines[8:]]))


def test_a_file_that_was_repaired_is_counted_again_and_the_others_are_kept(files):
    right = (files / "b.csv").read_text()
    break_in_the_middle(files / "b.csv")
    arguments = ([files / "[abc].csv"], files / "built", "text")
    with pytest.raises(InputError, match=r"b\.csv"):
        build_corpus(*arguments, shard_rows=5, n_jobs=1)
    (files / "b.csv").write_text(right.replace("market", "senate"))
    rest = Stop("none", -1)
    build_corpus(*arguments, shard_rows=5, n_jobs=1, observer=rest)
    assert [each for each in rest.calls if each[0] == "reading"][-1] == ("reading", 20)  # documents of b and c
    build_corpus([files / "[abc].csv"], files / "fresh", "text", shard_rows=5, n_jobs=1)
    same(Corpus.open(files / "fresh"), Corpus.open(files / "built"))


def test_documents_of_a_file_that_changed_are_counted_again_with_a_warning(files):
    arguments = ([files / "[abc].csv"], files / "built", "text")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=5, n_jobs=1, observer=Stop("reading", 3))  # all of a, half of b
    (files / "b.csv").write_text("n,text\n2,senate\n")
    with pytest.warns(TopicWarning, match=r"Files have changed .* counted again: [^,]*b\.csv\.$"):
        build_corpus(*arguments, shard_rows=5, n_jobs=1)
    built = Corpus.open(files / "built")
    assert built.fields["n"].tolist() == [1] * 10 + [2] + [1] * 10
    assert "catsb" not in built.vocabulary


def test_what_is_finished_of_files_that_are_not_sources_now_is_not_lost(files):
    arguments = (files / "built", "text")
    with pytest.raises(KeyboardInterrupt):
        build_corpus([files / "[abc].csv"], *arguments, n_jobs=1, observer=Stop("reading", 2))
    (files / "b.csv").rename(files / "b.old")  # may come back
    with pytest.raises(InputError, match="unfinished corpus of other sources"):
        build_corpus([files / "[ac].csv"], *arguments, n_jobs=1)
    rest = Stop("none", -1)
    build_corpus([files / "[ac].csv"], *arguments, n_jobs=1, observer=rest, overwrite=True)
    assert [each for each in rest.calls if each[0] == "reading"] == [("reading", 10)]  # a was kept
    assert Corpus.open(files / "built").n_docs == 20


def test_all_files_are_kept_when_others_come_after_them(files):
    arguments = (files / "built", "text")
    with pytest.raises(KeyboardInterrupt):
        build_corpus([files / "[ab].csv"], *arguments, n_jobs=1, observer=Stop("reading", 2))
    rest = Stop("none", -1)
    build_corpus([files / "[abc].csv"], *arguments, n_jobs=1, observer=rest)
    assert [each for each in rest.calls if each[0] == "reading"] == [("reading", 10)]


def test_limits_that_leave_no_word_are_loosened_without_another_first_pass(folder, tmp_path):
    arguments = ([folder / "a.csv"], tmp_path / "built", "text", None)
    with pytest.raises(InputError, match="No word is left"):
        build_corpus(*arguments, Preprocessor(min_df=301), n_jobs=1)
    rest = Stop("none", -1)
    build_corpus(*arguments, Preprocessor(min_df=2, max_df=0.9, max_features=20), n_jobs=1, observer=rest)
    assert {stage for stage, _ in rest.calls} == {"writing"}
    whole = Corpus.read(folder / "a.csv", "text", preprocessor=Preprocessor(min_df=2, max_df=0.9, max_features=20))
    same(whole, Corpus.open(tmp_path / "built"))


def test_after_the_first_pass_other_limits_and_changed_files_are_not_continued(files):
    arguments = ([files / "[abc].csv"], files / "built", "text", None)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, n_jobs=1, observer=Stop("writing", 1))
    with pytest.raises(InputError, match=r"other settings \(min_df\)"):
        build_corpus(*arguments, Preprocessor(min_df=4), n_jobs=1)
    (files / "c.csv").write_text("n,text\n2,senate\n")
    with pytest.raises(InputError, match="sources that have changed since"):
        build_corpus(*arguments, n_jobs=1)
    build_corpus(*arguments, n_jobs=1, overwrite=True)
    assert Corpus.open(files / "built").n_docs == 21


def test_what_another_version_has_finished_is_not_lost(folder, tmp_path):
    arguments = ([folder / "a.csv"], tmp_path / "built", "text")
    with pytest.raises(KeyboardInterrupt):
        build_corpus(*arguments, shard_rows=70, n_jobs=1, observer=Stop("reading", 1))
    file = tmp_path / "built.partial" / "building" / "identity.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 2, "sources": [["a.csv", 1, 1]]}))
    with pytest.raises(InputError, match="another version of topicml"):
        build_corpus(*arguments, shard_rows=70, n_jobs=1)
    build_corpus(*arguments, shard_rows=70, n_jobs=1, overwrite=True)


def test_a_folder_of_somebody_else_is_not_removed(folder, tmp_path):
    (tmp_path / "built.partial" / "building").mkdir(parents=True)
    (tmp_path / "built.partial" / "building" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is not an unfinished corpus"):
        build_corpus([folder / "a.txt"], tmp_path / "built", n_jobs=1, overwrite=True)
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="is not a corpus"):
        build_corpus([folder / "a.txt"], tmp_path / "other", n_jobs=1, overwrite=True)


def test_too_small_a_disk_is_said_before_the_work(folder, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(build.shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(build, "count_shard", lambda *_: pytest.fail("work began"))
    with pytest.raises(InputError, match=r"needs about 0\.0[1-9] MB .* while it is built, and 0\.00 MB are free"):
        build_corpus([folder / "a.csv"], tmp_path / "built", n_jobs=1)


def test_files_with_other_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,n\ngoals,1\n")
    (tmp_path / "b.csv").write_text("text,m\ngoals,1\n")
    with pytest.raises(InputError, match=r"b\.csv has the columns text, m, but .*a\.csv has text, n"):
        build_corpus([tmp_path / "*.csv"], tmp_path / "built", n_jobs=1)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["missing.csv"], "There is no file or folder .*missing.csv"),
        (["*.tsv"], "no file matches it as a pattern"),
        (["a.csv", "a.csv"], "twice"),
        (["a.csv", "a.jsonl"], "different formats"),
        (["a.bin"], r"has the suffix '\.bin'"),
        (["empty"], "There is no table in the folder"),
        ([], "There is no source"),
        (["saved"], "saved is a saved corpus already"),
    ],
)
def test_sources_that_cannot_be_read_are_named(folder, tmp_path, sources, message):
    (folder / "a.bin").touch()
    (folder / "empty").mkdir(exist_ok=True)
    Corpus.from_tokens([["a"]]).save(folder / "saved", overwrite=True)
    with pytest.raises(InputError, match=message):
        build_corpus([folder / source for source in sources], tmp_path / "built", n_jobs=1)


def test_an_empty_name_is_not_the_current_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="A path is an empty string"):
        build_corpus([""], tmp_path / "built", n_jobs=1)


@pytest.mark.parametrize(("name", "unused"), [("a.csv", "sheet"), ("a.txt", "delimiter, sheet")])
def test_options_of_other_formats_are_told(folder, tmp_path, name, unused):
    with pytest.warns(TopicWarning, match=rf"{name}, and files of its format, {unused} had no effect"):
        build_corpus([folder / name], tmp_path / "built", "text", delimiter=",", sheet=2, n_jobs=1)


def test_phrases_are_refused_because_they_need_all_documents(folder, tmp_path):
    with pytest.raises(InputError, match="Phrases are learned from all documents at once"):
        build_corpus([folder / "a.csv"], tmp_path / "built", preprocessor=Preprocessor(phrases=True), n_jobs=1)


def test_no_word_left_says_which_step_removed_them(folder, tmp_path):
    with pytest.raises(InputError, match=r"No word is left.* 0 after min_df"):
        build_corpus([folder / "a.txt"], tmp_path / "built", preprocessor=Preprocessor(min_df=301), n_jobs=1)


def sleepy(number, seconds):
    time.sleep(seconds)
    return number * 2


def killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_of_processes_come_in_order_and_reading_does_not_run_ahead(monkeypatch):
    monkeypatch.setattr(processes, "_WORTH_STARTING", 0.0)
    n_read = 0

    def items():
        nonlocal n_read
        for number in range(8):
            n_read += 1
            yield number, 0.05 * (number % 2 == 0)

    ahead = []
    for n_done, (item, result) in enumerate(in_order(sleepy, items(), 2)):
        assert item[0] == n_done
        assert result == 2 * n_done
        ahead.append(n_read - n_done)
    assert max(ahead) <= 3


def test_a_process_that_is_killed_is_an_error_with_advice(monkeypatch):
    monkeypatch.setattr(processes, "_WORTH_STARTING", 0.0)
    with pytest.raises(WorkerDiedError, match=r"killed, or the memory was not enough.*the same command continues"):
        list(in_order(killed, [(Path("x"),)] * 3, 2))


def test_a_small_corpus_starts_no_processes(monkeypatch):
    import joblib.externals.loky as loky

    monkeypatch.setattr(loky, "ProcessPoolExecutor", lambda *_: pytest.fail("processes were started"))
    assert [result for _, result in in_order(sleepy, [(1, 0), (2, 0)], 2)] == [2, 4]
