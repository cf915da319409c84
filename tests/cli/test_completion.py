"""Help that fits and has examples; completion in bash, zsh and fish, asked for as the shells ask."""

import os
import subprocess
import sys

import pytest


def ask(**environment: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", "from topicml.cli import main; main()"],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in process.stderr
    return process.stdout


def in_bash(line: str) -> list[str]:
    words = line.split(" ")
    environment = {"_TOPICML_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return ask(**environment).split()


def test_bash_completes_commands():
    assert set(in_bash("topicml s")) >= {"show", "search", "serve"}
    assert in_bash("topicml doc") == ["docs", "doctor"]


def test_bash_completes_options_and_their_values():
    assert set(in_bash("topicml show run 3 --n")) >= {"--n", "--n-documents", "--neighbours", "--no-documents"}
    assert in_bash("topicml show run 3 --format ") == ["table", "json"]
    assert "--topics" in in_bash("topicml fit lee --to")


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "topicml trans"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "topicml trans", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)
def test_zsh_and_fish_complete_commands(shell, asked):
    assert "transform" in ask(_TOPICML_COMPLETE=f"complete_{shell}", **asked)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_shown(shell):
    process = subprocess.run(
        [sys.executable, "-c", "from topicml.cli import main; main()", "--show-completion", shell],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0 and f"complete_{shell}" in process.stdout and "topicml" in process.stdout


def test_completion_loads_no_model_code():
    """What makes it quick: neither torch nor spaCy nor pandas is imported to complete a command."""
    process = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from topicml.cli import main; main()"],
        env={**os.environ, "_TOPICML_COMPLETE": "complete_bash", "COMP_WORDS": "topicml s", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in process.stderr.splitlines()}
    assert "typer" in loaded and not loaded & {"torch", "spacy", "pandas", "numpy", "sklearn"}


@pytest.mark.parametrize("command", ["topics", "show", "search", "docs", "doctor", "transform", "report", "serve"])
def test_help_fits_a_terminal_and_has_two_examples(topicml, command):
    lines = topicml(command, "--help").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.strip().startswith(f"topicml {command}") for line in lines) >= 2
