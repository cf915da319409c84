"""``topicml fit``: what it writes, prints and refuses."""

import csv
import json
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

import topicml as package
from topicml.cli.fit_display import how_to_hold_out_more
from topicml.runs import fit as run_fit


def test_writes_everything(run_folder, documents, themes):
    files = {path.name for path in run_folder.iterdir()}
    assert files == {
        "model",
        "topics.json",
        "topics.csv",
        "doc_topics.parquet",
        "documents.csv",
        "labels.csv",
        "scores.json",
        "run.json",
        "report.html",
    }
    assert not run_folder.with_name("run.partial").exists()

    topics = json.loads((run_folder / "topics.json").read_text())
    assert [len(words) for words in topics] == [25] * 3
    words = {word for theme in themes.values() for word in theme.split()}
    assert {word for topic in topics for word in topic} <= words

    with open(run_folder / "topics.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["word"] for row in rows if row["topic"] == "1"] == topics[1]
    probabilities = [float(row["probability"]) for row in rows if row["topic"] == "1"]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1.0001

    table = pq.read_table(run_folder / "doc_topics.parquet")
    assert table.column_names == ["row", "theta_0", "theta_1", "theta_2"]
    assert table["row"].to_pylist() == list(range(90))
    theta = np.column_stack([table[f"theta_{k}"] for k in range(3)])
    np.testing.assert_allclose(theta.sum(axis=1), 1, atol=1e-5)
    model = package.load(run_folder / "model")
    np.testing.assert_array_equal(model.transform(package.Corpus.read(documents, text_column="body text")), theta)


def test_record_tells_configuration_versions_data_and_timings(run_folder, documents):
    record = json.loads((run_folder / "run.json").read_text())
    corpus = package.Corpus.read(documents, text_column="body text")
    assert record["state"] == "finished"
    assert record["configuration"]["reading"]["source"] == str(documents)
    assert record["configuration"]["parameters"]["n_topics"] == 3
    assert record["data"]["fingerprint"] == corpus.fingerprint
    assert record["data"]["documents"] == 90
    assert set(record["seconds"]) == {"read", "fit", "score", "write"}
    assert {"topicml", "torch", "numpy", "spacy"} <= set(record["versions"])


def test_prints_topics_and_scores(topicml, documents, small):
    outcome = topicml("fit", documents, "--text-column", "body text", *small, "--words", "4")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["topic", "words"]
    assert [len(line.split()) for line in lines[1:4]] == [1 + 4] * 3
    assert "c_npmi" in outcome.out and "topic_diversity" in outcome.out and "purity" not in outcome.out
    assert "│" not in outcome.out and "\x1b" not in outcome.out, "boxes and colours are for terminals"


def test_scores_on_unseen_documents_are_explained_or_missing_with_the_reason(
    topicml, documents, small, write, tmp_path
):
    command = ("fit", documents, "--text-column", "body text", *small)
    few = topicml(*command).out
    assert "No score on unseen documents: 4 documents were held out of training, and 50 are needed." in few
    assert "Fit more documents: 100 with words at least" in few and "validation_fraction" not in few
    more = write(tmp_path / "more.csv", 110)
    shown = topicml("fit", more, "--text-column", "body text", *small, "--set", "validation_fraction=0.5").out
    assert "on 55 documents that were held out of training" in shown and "No score" not in shown
    assert re.search(r"c_npmi_held_out -?\d\.\d{3}: whether the first words", shown)
    assert re.search(r"document_coverage_held_out \d\.\d{3}: \d+% of these documents contain one of the 10", shown)


def test_the_share_to_hold_out_that_is_advised_is_enough():
    for n_docs in range(100, 1100):
        said = re.search(r"validation_fraction=([\d.]+)\.$", how_to_hold_out_more(n_docs))
        assert said and int(n_docs * float(said[1])) >= 50 and float(said[1]) <= 0.5, n_docs
    assert "validation_fraction" not in how_to_hold_out_more(99) + how_to_hold_out_more(0)


def test_labels_are_scored(run_folder):
    scores = json.loads((run_folder / "scores.json").read_text())
    assert scores["purity"]["mean"] == pytest.approx(1.0), "three themes of different words, three topics"
    assert scores["nmi"]["labels"] == 3
    assert len(scores["c_npmi"]["per_topic"]) == 3 and scores["c_npmi"]["window"] == 10


def test_quiet_prints_nothing(topicml, documents, small):
    outcome = topicml("fit", documents, "--text-column", "body text", *small, "--quiet")
    assert (outcome.code, outcome.out) == (0, "")


def test_same_seed_same_bits(topicml, documents, run_folder, tmp_path, small):
    again = tmp_path / "again"
    arguments = (documents, "--text-column", "body text", *small, "--out", again)
    assert topicml("fit", *arguments).code == 0
    for name in ("model/weights.safetensors", "topics.csv", "doc_topics.parquet"):
        assert (again / name).read_bytes() == (run_folder / name).read_bytes()
    assert topicml("fit", *arguments, "--overwrite", "--seed", "1").code == 0
    assert (again / "topics.csv").read_bytes() != (run_folder / "topics.csv").read_bytes()


def test_a_label_that_says_nothing_is_left_alone(topicml, tmp_path):
    source = tmp_path / "same.csv"
    source.write_text("text,label\n" + "rocket orbit moon,x\noven butter flour,x\n" * 20)
    outcome = topicml("fit", source, "--topics", "2", "--epochs", "1", "--words", "3")
    assert outcome.code == 0, outcome.err
    assert "purity" not in outcome.out


def test_tokenized_text_is_taken_as_it_is(topicml, tmp_path):
    source = tmp_path / "lines.txt"
    source.write_text("The Cats and-the the\nof OF 7 cats!\n" * 10, encoding="utf-8")
    outcome = topicml("fit", source, "--tokenized", "--topics", "2", "--epochs", "1", "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    words = set(json.loads((tmp_path / "run" / "model" / "vocabulary.json").read_text()))
    assert words == {"The", "Cats", "and-the", "the", "of", "OF", "7", "cats!"}


def test_preprocessing_options_reach_the_vocabulary(topicml, documents, tmp_path, small):
    stop = tmp_path / "stop.txt"
    stop.write_text("rocket\nbutter\ngoal\n", encoding="utf-8-sig")
    options = ("--max-features", "20", "--stop-words", stop, "--min-df", "2", "--max-df", "1.0")
    outcome = topicml("fit", documents, "--text-column", "body text", *small, *options, "--out", tmp_path / "run")
    assert outcome.code == 0, outcome.err
    words = json.loads((tmp_path / "run" / "model" / "vocabulary.json").read_text())
    assert len(words) == 20
    assert not {"rocket", "butter", "goal"} & set(words)


WRONG = {
    "no source": ([], "SOURCE"),
    "no such file": (["nowhere.csv"], "nowhere.csv"),
    "no such column": (["{documents}", "--text-column", "txt"], "'body text'"),
    "no such label column": (["{documents}", "--label-column", "them"], "'theme'"),
    "labels all the same": (["{folder}/same.csv", "--label-column", "label"], "label"),
    "empty file": (["{folder}/empty.csv"], "empty"),
    "not UTF-8": (["{folder}/latin.csv"], "encoding"),
    "ragged rows": (["{folder}/ragged.csv"], "3"),
    "one document": (["{folder}/one.csv"], "document"),
    "no words": (["{folder}/stop.csv"], "word"),
    "unknown format": (["{folder}/data.xyz"], ".xyz"),
    "unknown model": (["{documents}", "--model", "prodlad"], "There is no model 'prodlad'. Did you mean ProdLDA?"),
    "no topics": (["{documents}", "--topics", "0"], "topics"),
    "unknown hyper-parameter": (["{documents}", "--set", "hiden=3"], "hidden"),
    "malformed hyper-parameter": (["{documents}", "--set", "hidden"], "NAME=VALUE"),
    "hyper-parameter with its own option": (["{documents}", "--set", "n_topics=3"], "--topics"),
    "hyper-parameter out of range": (["{documents}", "--set", "decoder=mix"], "mixture"),
    "hyper-parameter of another kind": (["{documents}", "--set", "hidden=many"], "whole number"),
    "one document with words": (["{folder}/left.csv"], "row 1"),
    "unknown preprocessing option": (["{documents}", "--preprocess", "stem=true"], "stem"),
    "preprocessing of tokens": (["{documents}", "--tokenized", "--min-df", "3"], "tokenized"),
    "malformed count": (["{documents}", "--min-df", "some"], "some"),
    "unknown language": (["{documents}", "--language", "qq"], "qq"),
    "unknown device": (["{documents}", "--device", "abacus"], "abacus"),
    "unknown option": (["{documents}", "--topcis", "3"], "--topcis"),
}


@pytest.fixture(scope="module")
def wrong_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "empty.csv").write_bytes(b"")
    (folder / "latin.csv").write_bytes("text\ncafé olé\n".encode("latin-1"))
    (folder / "ragged.csv").write_text("text,label\na b c,x\nd e f,y,z\n")
    (folder / "one.csv").write_text("text\nrocket orbit moon\n")
    (folder / "left.csv").write_text("text\nthe of and\nrocket orbit moon\n")
    (folder / "stop.csv").write_text("text\nthe of and\nand the\n")
    (folder / "same.csv").write_text("text,label\n" + "rocket orbit moon,x\noven butter flour,x\n" * 20)
    (folder / "data.xyz").write_text("text\n")
    return folder


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused(topicml, documents, wrong_files, tmp_path, case):
    arguments, told = WRONG[case]
    filled = [each.format(documents=documents, folder=wrong_files) for each in arguments]
    outcome = topicml("fit", *filled, "--out", tmp_path / "run")
    assert outcome.refused, outcome
    assert told in outcome.err
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_debug_shows_where_an_error_comes_from(topicml):
    outcome = topicml("fit", "nowhere.csv", "--debug")
    assert outcome.code == 2
    assert "Traceback" in outcome.err


def test_existing_folder_is_kept(topicml, documents, run_folder, small):
    before = (run_folder / "run.json").read_bytes()
    outcome = topicml("fit", documents, *small, "--out", run_folder)
    assert outcome.refused and "--overwrite" in outcome.err
    assert (run_folder / "run.json").read_bytes() == before


def test_overwrite_replaces_only_what_topicml_wrote(topicml, documents, tmp_path, small):
    precious = tmp_path / "home" / "letters.txt"
    precious.parent.mkdir()
    precious.write_text("dear")
    outcome = topicml("fit", documents, *small, "--out", tmp_path / "home", "--overwrite")
    assert outcome.refused
    assert precious.read_text() == "dear"
    outcome = topicml("fit", documents, *small, "--out", precious, "--overwrite")
    assert outcome.refused and "is a file" in outcome.err and precious.read_text() == "dear"


def test_failure_keeps_the_old_output_and_the_way_on(topicml, documents, run_folder, tmp_path, monkeypatch, small):
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_fit, "write_theta", disk_full)
    arguments = ("fit", documents, "--text-column", "body text", *small, "--seed", "5", "--out", folder, "--overwrite")
    outcome = topicml(*arguments)
    assert outcome.code == 1
    assert "Traceback" not in outcome.err and "disk is full" in outcome.err and "--resume" in outcome.err
    assert (folder / "topics.csv").read_bytes() == (run_folder / "topics.csv").read_bytes()

    monkeypatch.undo()
    assert topicml("fit", "--resume", folder).code == 0
    assert json.loads((folder / "run.json").read_text())["configuration"]["parameters"]["random_state"] == 5
    assert (folder / "topics.csv").read_bytes() != (run_folder / "topics.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


class TestResume:
    @pytest.fixture
    def interrupted(self, topicml, tmp_path, monkeypatch, small, write):
        """A run that was interrupted between training and output; its source lies beside it."""
        source = write(tmp_path / "documents.csv")
        with monkeypatch.context() as patch:
            patch.setattr(run_fit, "write_topics", _interrupt)
            outcome = topicml("fit", source, "--text-column", "body text", *small, "--out", tmp_path / "run")
        assert outcome.code == 130
        assert "topicml fit --resume" in outcome.err and "Traceback" not in outcome.err
        assert not (tmp_path / "run").exists()
        return tmp_path / "run"

    def test_ends_with_the_bits_of_an_uninterrupted_run(self, topicml, interrupted, run_folder):
        assert topicml("fit", "--resume", interrupted).code == 0
        for name in ("model/weights.safetensors", "topics.csv", "doc_topics.parquet"):
            assert (interrupted / name).read_bytes() == (run_folder / name).read_bytes()
        assert not (interrupted / "checkpoint").exists() and not (interrupted / "lock").exists()

    def test_refuses_changed_data(self, topicml, interrupted, write):
        write(interrupted.with_name("documents.csv"), n_docs=91)
        outcome = topicml("fit", "--resume", interrupted)
        assert outcome.refused and "changed" in outcome.err and "91" in outcome.err
        write(interrupted.with_name("documents.csv"))
        assert topicml("fit", "--resume", interrupted).code == 0, "restored data can still go on"

    def test_refuses_other_options(self, topicml, interrupted):
        outcome = topicml("fit", "--resume", interrupted, "--topics", "4", "--text-column", "x")
        assert outcome.refused and "topics" in outcome.err and "text-column" in outcome.err

    def test_new_run_does_not_silently_discard_it(self, topicml, interrupted, documents, small):
        outcome = topicml("fit", documents, *small, "--out", interrupted)
        assert outcome.refused and "--resume" in outcome.err
        assert topicml("topics", interrupted).refused
        assert topicml("fit", documents, *small, "--out", interrupted, "--overwrite").code == 0

    def test_finished_run_says_so(self, topicml, run_folder):
        outcome = topicml("fit", "--resume", run_folder)
        assert outcome.code == 0 and "finished" in outcome.err

    def test_no_run(self, topicml, tmp_path):
        assert topicml("fit", "--resume", tmp_path / "nothing").refused
        (tmp_path / "other").mkdir()
        assert topicml("fit", "--resume", tmp_path / "other").refused


def _interrupt(*_):
    raise KeyboardInterrupt


def test_contrast_and_balance(topicml, documents, small, tmp_path):
    outcome = topicml(
        "fit", documents, "--text-column", "body text", *small, "--contrast", "set", "--out", tmp_path / "o"
    )
    assert outcome.code == 0 and "Shares of the encoder's step: model" in outcome.err
    model = package.load(tmp_path / "o" / "model")
    last, shown = model.history_[-1], " ".join(outcome.err.split())
    assert model.contrast == "set"
    for name in ("model", "contrast"):
        assert f"(weight {last[f'weight_{name}']:.3g}, gradient {last[f'norm_{name}']:.3g})" in shown
    assert f"cosine {last['cosine']:+.2f}, stationarity gap {last['stationarity']:.3g}" in shown

    sized = ["--contrast", "set", "--set-size", "3", "--balance", "sum"]
    outcome = topicml("fit", documents, "--text-column", "body text", *small, *sized, "--out", tmp_path / "p")
    assert outcome.code == 0
    model = package.load(tmp_path / "p" / "model")
    assert model.contrast.set_size == 3 and model.balance == "sum"


def test_diversity_sets_the_ranking(topicml, documents, small, tmp_path):
    fit = ["fit", documents, "--text-column", "body text", *small, "--out"]
    assert topicml(*fit, tmp_path / "o", "--diversity", "0.3").code == 0
    assert topicml(*fit, tmp_path / "p").code == 0
    ranked, default = (package.load(tmp_path / name / "model") for name in "op")
    assert ranked.ranking == 0.3
    assert (default.rank_words(0.3).components_ == ranked.components_).all()
    outcome = topicml(*fit, tmp_path / "r", "--diversity", "1")
    score = json.loads((tmp_path / "r" / "scores.json").read_text())["topic_diversity"]["mean"]
    assert ("--diversity 1.0 cannot be reached" in " ".join(outcome.out.split())) == (score < 0.98)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--diversity", "3"], "--diversity must be from 0 to 1; received 3"),
        (["--diversity=-0.1"], "--diversity must be from 0 to 1; received -0.1"),
        (["--diversity", "nan"], "--diversity must be from 0 to 1; received nan"),
        (["--diversity", "0.3", "--set", "ranking=0.5"], "--diversity and --set ranking set the same parameter"),
    ],
)
def test_a_wrong_diversity_is_refused(topicml, documents, small, options, message):
    outcome = topicml("fit", documents, "--text-column", "body text", *small, *options)
    assert outcome.code == 2 and message in " ".join(outcome.err.split())


def test_views_are_columns(topicml, small, tmp_path, themes):
    rows = [(words, " ".join(reversed(words.split()))) for words in list(themes.values()) * 12]
    path = tmp_path / "views.csv"
    path.write_text("text,other\n" + "\n".join(",".join(row) for row in rows), encoding="utf-8")
    given = ["--text-column", "text", *small, "--contrast", "set", "--views"]
    assert topicml("fit", path, *given, "other").code == 0
    outcome = topicml("fit", path, *given, "others")
    assert outcome.code == 2 and "no such column of text; its columns: 'text', 'other'" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--contrast", "sets"], "--contrast sets is unknown. Choose one of set, neighbours"),
        (["--contrast", "set", "--balance", "paretto"], "pareto, sum"),
        (["--set-size", "3"], "--set-size is for --contrast set"),
        (["--balance", "sum"], "--balance sum weighs a contrast against the model's own loss: pass --contrast"),
        (["--views", "label"], "--views are for a contrast"),
        (["--set", "contrast=set"], "use --contrast"),
    ],
)
def test_wrong_contrasts_are_refused(topicml, documents, small, options, message):
    outcome = topicml("fit", documents, "--text-column", "body text", *small, *options)
    assert outcome.code == 2 and message in " ".join(outcome.err.split())


@pytest.mark.parametrize("option", [("--topics", 10**20), ("--topics", 2 * 10**9), ("--set", f"hidden={10**12}")])
def test_a_huge_number_is_refused_before_it_is_allocated(topicml, documents, tmp_path, option):
    outcome = topicml("fit", documents, "--out", tmp_path / "out", *option)
    assert outcome.refused and "at most 1,000,000" in outcome.err
    assert not list(tmp_path.glob("*out*"))


def test_set_with_a_parameter_that_has_its_own_option_names_both(topicml, documents):
    outcome = topicml("fit", documents, "--set", "n_topics=3")
    assert outcome.refused and "--set 'n_topics' has its own option: use --topics." in outcome.err
