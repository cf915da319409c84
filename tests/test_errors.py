"""Warnings: one a cause and a call, at the line that called topicml."""

import ast
import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import topicml
from topicml.errors import TopicWarning, held_warnings

ROOT = Path(topicml.__file__).parent
NOISE = np.random.default_rng(0).poisson(0.5, size=(60, 40))
MANY = {"n_topics": 50, "max_epochs": 1, "random_state": 0}
TEXTS = ["a rocket flies in orbit", "the butter is sweet flour"] * 4


@pytest.fixture
def told():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield told


def line():
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def messages(told):
    return [str(each.message) for each in told if each.category is TopicWarning]


def where(told):
    return {(Path(each.filename).name, each.lineno) for each in told if each.category is TopicWarning}


def test_warnings_of_a_fit_name_the_line_that_called_it(told):
    topicml.ProdLDA(**MANY).fit(NOISE)
    assert messages(told) and where(told) == {("test_errors.py", line() - 1)}


@pytest.mark.parametrize("model", [topicml.ProdLDA, topicml.ETM, topicml.TSCTM])
def test_warnings_through_scikit_learn_name_the_line_that_called_it(told, model):
    model(**MANY).fit_transform(NOISE)
    make_pipeline(FunctionTransformer(), model(**MANY)).fit(NOISE)
    assert where(told) == {("test_errors.py", line() - 2), ("test_errors.py", line() - 1)}


def test_warnings_of_reading_and_transforming_name_the_line_that_called_it(told):
    corpus = topicml.Corpus.from_texts([*TEXTS, ""])
    model = topicml.ProdLDA(n_topics=2, max_epochs=1, random_state=0).fit(corpus)
    told.clear()
    model.transform(["rocket and zzz"])
    topicml.Corpus.from_texts([*TEXTS, ""])
    assert where(told) == {("test_errors.py", line() - 2), ("test_errors.py", line() - 1)}
    assert len(messages(told)) == 2


def test_a_grid_search_warns_once_of_a_cause(told):
    search = GridSearchCV(topicml.ProdLDA(**MANY), {"n_topics": [45, 50, 55], "dropout": [0.1, 0.2]}, cv=3)
    for _ in range(2):  # the second search is another call
        told.clear()
        search.fit(NOISE)
        found = [each for each in messages(told) if "some topics will be nearly the same" in each]
        assert len(found) == 1 and "other fits is not shown" in found[0]
        assert len(messages(told)) <= 3
        assert where(told) == {("test_errors.py", line() - 4)}


def test_each_call_warns_anew_but_once(told):
    model = topicml.ProdLDA(n_topics=2, max_epochs=1, random_state=0).fit(TEXTS)
    told.clear()
    for _ in range(3):
        model.transform(["rocket zzz"])
    assert len(messages(told)) == 3
    told.clear()
    topicml.explore.TopicView.of(model, [*TEXTS, "zzz"])
    assert len([each for each in messages(told) if "vocabulary" in each]) == 1


def test_a_callback_that_calls_topicml_is_a_call_of_its_own(told):
    model = topicml.ProdLDA(n_topics=2, max_epochs=1, random_state=0).fit(TEXTS)
    told.clear()

    def callback(record):
        model.transform(["rocket zzz"])

    topicml.ProdLDA(n_topics=2, max_epochs=2, random_state=0).fit(TEXTS, callbacks=[callback])
    assert len([each for each in told if "vocabulary" in str(each.message) and each.lineno == line() - 3]) == 2


def test_no_module_warns_past_this_function():
    """`warnings.warn` with a fixed stacklevel names a line of topicml or ``sys:1`` as soon as a caller is added."""
    past = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "warn" and getattr(node.value, "id", "") == "warnings":
                past.append(path.relative_to(ROOT).as_posix())
    assert past == ["errors.py"]


def test_warnings_are_in_words_that_a_newcomer_knows():
    jargon = re.compile(r"\b(prior|posterior|theta|beta|logits?|softmax|ELBO|KL)\b")
    found = []
    for path in ROOT.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "warn":
                texts = [each.value for each in ast.walk(call) if isinstance(each, ast.Constant)]
                found += [text for text in texts if isinstance(text, str) and jargon.search(text)]
    assert found == []


def test_held_warnings_are_given_to_whoever_tells_them_otherwise(told):
    with held_warnings("no words") as held:
        topicml.Corpus.from_texts([*TEXTS, ""])
    assert not messages(told) and [cause for _, cause in held] == ["no words"]
    with held_warnings("another") as held:
        topicml.Corpus.from_texts([*TEXTS, ""])
    assert not held and len(messages(told)) == 1 and where(told) == {("test_errors.py", line() - 1)}
