"""Threads and forks of one process: fits, scores and transforms give what they give one after the other."""

import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV

import topicml
from topicml.nn.process import ProcessSetting

NAMED = [topicml.ProdLDA, topicml.ETM, topicml.ECRTM, topicml.TSCTM, topicml.LDA2Vec, topicml.DocNADE]
FAST = {"n_topics": 4, "hidden": 16, "max_epochs": 3, "random_state": 0}

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")


@pytest.fixture(scope="module")
def corpus(planted):
    return topicml.Corpus.from_tokens(planted[0])


def in_threads(function, n=6):
    with ThreadPoolExecutor(3) as threads:
        return [each.result() for each in [threads.submit(function) for _ in range(n)]]


@pytest.mark.parametrize("model", NAMED)
def test_fits_in_threads_have_the_bits_of_a_fit_alone(model, corpus):
    alone = model(**FAST).fit(corpus)
    for fitted in in_threads(lambda: model(**FAST).fit(corpus)):
        assert_array_equal(fitted.components_, alone.components_)
        assert fitted.history_[-1]["loss"] == alone.history_[-1]["loss"]


def test_fits_with_other_seeds_and_contrasts_in_threads_do_not_mix(corpus):
    def fit(seed):
        contrast = "set" if seed % 2 else None
        return topicml.ProdLDA(**FAST | {"random_state": seed}, contrast=contrast).fit(corpus).components_

    alone = [fit(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for one, other in zip(alone, threads.map(fit, range(4)), strict=True):
            assert_array_equal(one, other)


def test_partial_fits_in_threads_have_the_bits_of_one_alone(corpus):
    def fit():
        return topicml.ProdLDA(**FAST).partial_fit(corpus).partial_fit(corpus).components_

    alone = fit()
    for components in in_threads(fit):
        assert_array_equal(components, alone)


def test_scores_in_threads_are_those_alone_also_while_a_model_is_fitted(corpus):
    model = topicml.ProdLDA(**FAST).fit(corpus)
    score = model.score(corpus)

    def fit_or_score(i):
        if i % 4 == 0:
            topicml.ProdLDA(**FAST).fit(corpus)
        return model.score(corpus)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(fit_or_score, range(12))) == {score}


def test_a_grid_search_in_threads_gives_the_numbers_of_one_without(corpus):
    def scores(n_jobs):
        search = GridSearchCV(
            topicml.ProdLDA(**FAST), {"n_topics": [2, 3, 4]}, cv=2, n_jobs=n_jobs, error_score="raise"
        )
        return search.fit(corpus).cv_results_["mean_test_score"]

    with joblib.parallel_backend("threading"):
        in_two = scores(2)
    assert_array_equal(in_two, scores(None))


def test_the_random_numbers_of_the_caller_do_not_change_in_threads(corpus):
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    in_threads(lambda: topicml.ProdLDA(**FAST).fit(corpus).score(corpus))
    assert torch.equal(torch.rand(3), wanted)


def test_loading_does_not_change_the_random_numbers_of_the_caller(corpus, tmp_path):
    topicml.ProdLDA(**FAST).fit(corpus).save(tmp_path / "model")
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    topicml.load(tmp_path / "model")
    assert torch.equal(torch.rand(3), wanted)


def test_a_callback_may_wait_for_another_thread_that_fits(corpus):
    finished = threading.Event()

    def fit_another():
        topicml.ProdLDA(**FAST).fit(corpus)
        finished.set()

    other = threading.Thread(target=fit_another, daemon=True)

    def wait(record):
        if not other.ident:
            other.start()
        assert finished.wait(60)

    topicml.ProdLDA(**FAST).fit(corpus, callbacks=[wait])


def test_the_filters_of_warnings_are_the_same_after_fits_in_threads(corpus):
    with warnings.catch_warnings():
        before = list(warnings.filters)
        in_threads(lambda: topicml.ProdLDA(**FAST).fit(corpus))
        assert warnings.filters == before


def test_a_setting_of_the_process_ends_with_its_last_block():
    values = ["before"]
    setting = ProcessSetting(lambda: values[-1], values.append, "needed")
    inside, leave = threading.Event(), threading.Event()

    def other():
        with setting.block():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with setting.block():
        thread.start()
        assert inside.wait(10)
    assert values == ["before", "needed"]  # the other thread is still in its block
    leave.set()
    thread.join()
    assert values == ["before", "needed", "before"]


FORK = """
import multiprocessing, sys, warnings
warnings.simplefilter("ignore")
import numpy as np, torch, topicml
if __name__ == "__main__":
    rng = np.random.default_rng(0)
    corpus = topicml.Corpus.from_counts(rng.poisson(0.5, size=(400, 30)), [f"word{i}" for i in range(30)])
    threads = torch.get_num_threads()
    def fit(model=topicml.ProdLDA):
        return model(n_topics=4, hidden=64, max_epochs=3, random_state=0).fit(corpus)
    models = [fit(getattr(topicml, name)) for name in sys.argv[1:]]
    def use(model):
        assert torch.get_num_threads() == 1
        return model.transform(corpus).shape, model.score(corpus), len(fit(type(model)).components_)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        told = pool.map_async(use, models).get(120)
    assert torch.get_num_threads() == threads
    for model, (shape, score, n_topics) in zip(models, told, strict=True):
        assert (shape, n_topics) == ((400, 4), 4) and abs(score - model.score(corpus)) < 1e-3
    print("done")
"""


def run(script, *arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_forks_after_a_fit_do_not_hang():
    found = run(FORK, *[model.__name__ for model in NAMED])
    assert (found.returncode, found.stdout) == (0, "done\n"), found.stderr[-2000:]


@pytest.fixture
def double_precision():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def everything_of(model, corpus, folder):
    fitted = model(**FAST).fit(corpus)
    fitted.save(folder)
    numbers = np.array([fitted.score(corpus), fitted.perplexity(corpus)])
    loaded = topicml.load(folder).transform(corpus)
    partial = model(**FAST).partial_fit(corpus).partial_fit(corpus).components_
    return [fitted.components_, fitted.transform(corpus), numbers, loaded, partial]


@pytest.mark.parametrize("model", NAMED)
def test_torchs_default_dtype_does_not_matter(model, corpus, tmp_path, request):
    single = everything_of(model, corpus, tmp_path / "single")
    request.getfixturevalue("double_precision")
    for one, other in zip(single, everything_of(model, corpus, tmp_path / "double"), strict=True):
        assert_array_equal(one, other)
    assert torch.get_default_dtype() == torch.float64
