"""Inference over many documents shows a progress bar; over few it does not."""

import warnings
from contextlib import contextmanager

import numpy as np
import pytest

import topicml
from topicml.models import inference
from topicml.training.progress import documents_bar


@pytest.fixture(scope="module")
def model():
    corpus = topicml.Corpus.from_tokens([["moon", "rocket"], ["oven", "sugar"]] * 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one epoch gives poor topics
        return topicml.ProdLDA(n_topics=2, max_epochs=1, hidden=8, random_state=0).fit(corpus)


@pytest.mark.parametrize(("n_docs", "verbose"), [(600, True), (599, False)])
def test_transform_reports_its_documents_to_the_bar(model, monkeypatch, n_docs, verbose):
    seen = []

    @contextmanager
    def bar(what, n_documents, *, verbose):
        seen.append((n_documents, verbose))
        yield seen.append

    monkeypatch.setattr(inference, "_LONG", 600)
    monkeypatch.setattr(inference, "documents_bar", bar)
    counts = np.tile([1, 0, 0, 1], (n_docs, 1))
    model.set_params(verbose=True).transform(counts)
    assert seen[0] == (n_docs, verbose)
    assert sum(seen[1:]) == n_docs


def test_the_bar_is_on_standard_error_and_only_if_requested(capsys, monkeypatch):
    for verbose in (False, None):
        with documents_bar("Topics", 5, verbose=verbose) as done:
            done(5)
        assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes rich draw as at a terminal
    with documents_bar("Topics", 5, verbose=True) as done:
        done(5)
    out, err = capsys.readouterr()
    assert not out and "Topics" in err and "5/5" in err
