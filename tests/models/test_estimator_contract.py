"""The contract of scikit-learn estimators, pipelines, and grid search."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from topicml import ProdLDA

FAST = {"n_topics": 3, "max_epochs": 2, "hidden": 16, "random_state": 0}


@parametrize_with_checks([ProdLDA(**FAST), ProdLDA(decoder="mixture", init="random", **FAST)])
@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_in_a_pipeline_with_a_count_vectorizer(planted):
    texts = [" ".join(tokens) for tokens in planted[0]]
    pipeline = make_pipeline(CountVectorizer(), ProdLDA(n_topics=4, random_state=0))
    theta = pipeline.fit_transform(texts)
    assert theta.shape == (600, 4)
    assert pipeline.get_feature_names_out().tolist() == [f"prodlda{k}" for k in range(4)]
    leading = theta.argmax(axis=1)
    assert sum(np.bincount(planted[1][leading == k]).max() for k in np.unique(leading)) / 600 > 0.95


def test_grid_search_selects_the_better_model(counts):
    search = GridSearchCV(ProdLDA(n_topics=4, hidden=32, random_state=0), {"max_epochs": [1, 40]}, cv=2)
    search.fit(counts)
    assert search.best_params_ == {"max_epochs": 40}
