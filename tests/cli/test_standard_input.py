"""Every command that reads documents reads standard input, and takes the same options to read it."""

import pytest
import typer

from topicml.cli import app


def commands_that_read_documents():
    """Each command of the program with a parameter SOURCE."""
    commands = typer.main.get_command(app._program()).commands
    return {
        name: {option for each in command.params for option in each.opts}
        for name, command in commands.items()
        if any((each.metavar or "").strip("[]") == "SOURCE" for each in command.params)  # SOURCE... are only files
    }


READ = {  # by command: the arguments of a call that gives it a source
    "fit": ("{source}",),
    "check": ("{source}",),
    "encode": ("{source}", "--encoder", "minilm", "--out", "{out}.npy"),
    "transform": ("{run}", "{source}"),
    "report": ("{run}", "{source}", "-o", "{out}.html"),
    "evaluate": ("{run}", "--reference", "{source}"),
    "show": ("{run}", "0", "--source", "{source}"),
    "search": ("{run}", "moon", "--documents", "--source", "{source}"),
    "docs": ("{run}", "--source", "{source}"),
    "split": ("{run}", "0", "--source", "{source}"),
    "effects": ("{run}", "--formula", "~ theme", "--source", "{source}"),
    "calibrate": ("{run}", "--label-column", "theme", "--source", "{source}"),
    "serve": ("{run}", "--port", "0", "--source", "{source}"),
    "sweep": ("{source}", "--out", "{out}"),
    "tune": ("{source}", "--search", "alpha=0.1:1", "--out", "{out}"),
}
OTHERS_THAN_OF_THE_FIT = ("transform", "report", "show", "search", "docs", "split", "effects", "calibrate", "serve")


def test_the_calls_are_of_all_commands_that_read_documents():
    # The run of these tests has no time, which drift tells before it reads documents: see test_drift.
    assert set(commands_that_read_documents()) == {*READ, "drift"}


@pytest.mark.parametrize("command", READ)
def test_every_command_that_reads_documents_takes_the_format_of_standard_input(
    topicml, run_folder, typed, tmp_path, command
):
    options = {"--stdin-format"} if command == "serve" else {"--stdin-format", "--delimiter", "--sheet", "--encoding"}
    assert options <= commands_that_read_documents()[command]

    def call(source):
        places = {"run": run_folder, "out": tmp_path / "out", "source": source}
        return topicml(command, *(each.format(**places) for each in READ[command]), "--stdin-format", "jsonl")

    if command != "serve":  # it shows the topics without documents, and goes on
        typed(b"no json\n")
        outcome = call("-")  # recognised, it would be text
        assert outcome.refused and "Line 1 of standard input is not JSON" in outcome.err
    refused = call(__file__)
    assert refused.refused and "--stdin-format is for standard input" in refused.err
    if command in OTHERS_THAN_OF_THE_FIT:
        alone = [each for each in READ[command] if each not in ("{source}", "--source")]
        places = {"run": run_folder, "out": tmp_path / "out"}
        refused = topicml(command, *(each.format(**places) for each in alone), "--stdin-format", "jsonl")
        assert refused.refused and "SOURCE" in refused.err.upper() and "--stdin-format" in refused.err


def test_many_files_have_no_format_of_standard_input(topicml, run_folder, tmp_path):
    for given in ((tmp_path / "*.csv",), (tmp_path, "--cluster", "local")):
        outcome = topicml("transform", run_folder, *given, "--out", tmp_path / "out", "--stdin-format", "csv")
        assert outcome.refused and "--stdin-format is for standard input" in outcome.err


def test_split_by_words_reads_no_documents(topicml, run_folder):
    for given in (("--source", "lee"), ("--delimiter", ";"), ("--stdin-format", "csv")):
        outcome = topicml("split", run_folder, 0, "--words", "moon", *given)
        assert outcome.refused and "--source" in outcome.err
