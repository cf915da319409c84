"""Errors and warnings of the command line name its options."""

import os
import subprocess
import sys

import pytest

import topicml
from topicml.cli.wording import in_options


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("n_topics must be at least 2; received 1.", "--topics must be at least 2; received 1."),
        ("n_topics=50 is more than the 9 documents. Use a smaller n_topics.",
         "--topics 50 is more than the 9 documents. Use a smaller --topics."),
        ("text_column='titel' is no column.", "--text-column titel is no column."),
        ("For the file text_column, label_column had no effect.",
         "For the file --text-column, --label-column had no effect."),
        ("Pass its encoding: encoding='latin-1' (--encoding latin-1), cp1252, …",
         "Pass its encoding: --encoding latin-1, cp1252, …"),
        ("Pass its encoding: encoding=… (--encoding).", "Pass its encoding: --encoding …."),
        ("Fit again with init='npmi', or more epochs (max_epochs)",
         "Fit again with --set init=npmi, or more epochs (--epochs)"),
        ("or omit it, or lemmatize=False.", "or omit it, or --preprocess lemmatize=false."),
        ("(stop_words=['...'])", "(--preprocess stop_words=['...'])"),
        ("pass overwrite=True", "pass --overwrite"),
        ("Fit with parents=8, or parents=[4, 12].", "Fit with --parents 8, or --parents 4,12."),
        ("Set `time` or `content`, not `topics` run.", "Set --time or --content, not `topics` run."),
        ("by='month' needs time=…", "--by month needs --time …"),
        ("no field 'a', which content='a' names", "no field 'a', which --content a names"),
        ("prevalence='~ age', response='C(x)'", "--prevalence ~ age, --response C(x)"),
        ("(translations=…), (dictionary=…)", "(--translations …), (--dictionary …)"),
        ("--set learning_rate=abc is not a number", "--set learning_rate=abc is not a number"),
        ("No column 'n_topics' in /data/n_topics/a_b=c.csv", "No column 'n_topics' in /data/n_topics/a_b=c.csv"),
        ("learning_rate must be more than 0 and less than 1", "learning_rate must be more than 0 and less than 1"),
    ],
)  # fmt: skip
def test_arguments_become_options(message, wanted):
    assert topicml.ProdLDA  # models are loaded
    assert in_options(message) == wanted


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "texts.txt"
    path.write_text("a rocket flies in orbit\nthe butter is sweet flour\n" * 6, "utf-8")
    return path


def fit(source, *options):
    command = [sys.executable, "-m", "topicml", "fit", str(source), "--epochs", "1", *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=400, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )


def test_warnings_of_a_fit_name_options_and_come_once(source):
    told = fit(source, "--topics", "40").stderr
    assert "--topics 40 is more than" in told and "n_topics" not in told
    warnings = [line for line in told.splitlines() if line.startswith("Warning")]
    assert len(warnings) == len(set(warnings))
    assert "--label-column had no effect" in fit(source, "--label-column", "tag").stderr


@pytest.mark.parametrize(("rate", "model"), [("1", "prodlda"), ("1e3", "tsctm")])
def test_a_learning_rate_of_one_or_more_is_refused_in_words(source, rate, model):
    found = fit(source, "--topics", "2", "--model", model, "--set", f"learning_rate={rate}")
    assert found.returncode == 2
    assert "learning_rate must be more than 0 and less than 1" in found.stderr and "Traceback" not in found.stderr


def test_an_error_of_a_fit_names_the_option(source):
    assert "--topics must be at least 2" in fit(source, "--topics", "1").stderr


@pytest.fixture(scope="module")
def run_with_empty_documents(topicml, write, small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    source = write(folder / "documents.csv")
    with open(source, "a", encoding="utf-8") as stream:
        stream.write("90,the and of,sport\n91,!!!,sport\n")
    fitted = topicml("fit", source, "--text-column", "body text", *small, "--out", folder / "run", "--no-report")
    assert fitted.code == 0, fitted.err
    return source, folder / "run", fitted


def test_documents_without_words_are_told_once_in_words_of_the_command_line(topicml, run_with_empty_documents):
    source, _, fitted = run_with_empty_documents
    assert fitted.err.count("have no words") == 1
    assert "2 of 92 documents have no words left after preprocessing" in fitted.err
    assert "corpus.empty" not in fitted.err
    checked = topicml("check", source, "--text-column", "body text")
    assert "have no words" not in checked.err and "documents (1.1%) has only stop words" in checked.out


@pytest.mark.parametrize("command", ["show", "docs"])
def test_commands_of_a_run_do_not_repeat_what_its_fit_told(topicml, run_with_empty_documents, command):
    _, folder, _ = run_with_empty_documents
    done = topicml(command, folder, "1")
    assert done.code == 0 and "Warning" not in done.err


def test_documents_that_changed_after_the_fit_are_told_again(topicml, run_with_empty_documents, tmp_path):
    source, folder, _ = run_with_empty_documents
    before = source.read_text("utf-8")
    try:
        source.write_text(before + "92,???,sport\n", "utf-8")
        assert "3 of 93 documents have no words" in topicml("show", folder, "1").err
    finally:
        source.write_text(before, "utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rename", "run", "first", "Name"), "'K': 'first' is not a whole number."),
        (("merge", "run", "0", "1.5"), "'1.5' is not a whole number."),
        (("fit", "lee", "--epochs", "many"), "'--epochs': 'many' is not a whole number."),
        (("docs", "run", "--n", "0"), "'0' is not at least 1."),
        (("docs", "run", "--diversity", "2"), "'2' is not at most 1."),
        (("transform", "run", "new.csv", "--min-confidence", "high"), "'high' is not a number."),
        (("topics", "run", "--format", "xml"), "'--format': 'xml' is not one of"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(topicml, arguments, message):
    outcome = topicml(*arguments)
    assert outcome.refused and message in " ".join(outcome.err.split())
