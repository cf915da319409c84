"""The examples in the docstrings of the room run, and print what they say."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["settings", "fit", "open"])
def test_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(f"topicml.runs.{name}"))
    assert result.attempted > 0 and result.failed == 0
