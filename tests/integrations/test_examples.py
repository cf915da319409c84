import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("topicml.integrations.peers", "fitted"),
        ("topicml.integrations.octis.models", "OctisModel"),
    ],
)
def test_the_example_runs(module, name):
    if "octis" in module:
        pytest.importorskip("octis")
    documented = getattr(import_module(module), name)
    tests = doctest.DocTestFinder(recurse=False).find(documented, name, globs={})
    assert any(test.examples for test in tests)
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0
