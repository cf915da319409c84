import doctest
import importlib

import pytest

from topicml.pareto import Balance, FixedWeights, MinNorm, NashMTL, Weighting, balance_from


@pytest.mark.parametrize("documented", [Balance, balance_from, FixedWeights, MinNorm, NashMTL, Weighting])
def test_the_example_runs(documented):
    if documented is NashMTL:
        try:
            importlib.import_module("torchjd.aggregation").NashMTL(n_tasks=2)
        except ImportError as error:
            pytest.skip(f"needs pip install 'topicml[pareto]': {error}")
    tests = doctest.DocTestFinder(recurse=False).find(documented, documented.__name__, globs={})
    examples = [test for test in tests if test.examples]
    assert examples, f"{documented.__name__} has no example"
    for test in examples:
        results = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
        assert results.failed == 0
