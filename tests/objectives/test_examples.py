"""The examples in the docstrings of contrasts, views, poolings and bounds."""

import doctest
import warnings

import pytest

from topicml.errors import TopicWarning
from topicml.objectives import BOUNDS, CONTRASTS
from topicml.objectives.pooling import AttentionPooling, FSPool, Reduce, SlicedWasserstein
from topicml.objectives.views import VIEWS

TABLES = {**CONTRASTS, **VIEWS, **BOUNDS}
CLASSES = [*TABLES.values(), Reduce, AttentionPooling, FSPool, SlicedWasserstein]


def example_of(kind):
    return doctest.DocTestParser().get_doctest(kind.__doc__, {}, kind.__name__, None, None)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_example_gives_what_it_shows(kind):
    report = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopicWarning)  # the corpora are tiny
        result = doctest.DocTestRunner(verbose=False).run(example_of(kind), out=report.append)
    assert result.attempted
    assert not result.failed, "".join(report)


@pytest.mark.parametrize("name", TABLES)
def test_the_example_uses_the_class_or_its_name(name):
    code = "".join(step.source for step in example_of(TABLES[name]).examples)
    assert TABLES[name].__name__ in code or f'"{name}"' in code
