"""With many documents, the posterior of each starts narrower."""

import math

import pytest

import topicml
from topicml.corpus import Corpus
from topicml.models.parts.logistic_normal import MANY_DOCUMENTS
from topicml.nn.encoder import EPS


def network_of(name, corpus, **options):
    """The network of a model before training."""
    options = {"n_topics": 4, "few_topics": 4, "max_epochs": 1, "learning_rate": 1e-9, "random_state": 0} | options
    return getattr(topicml, name)(**options).fit(corpus).network_


@pytest.mark.parametrize("name", ["ProdLDA", "ETM", "ECRTM", "LDA2Vec"])
@pytest.mark.parametrize(("more", "excess"), [(0, 2), (1, 1)])
def test_half_as_many_topics_are_few(name, more, excess, planted, monkeypatch):
    corpus = Corpus.from_tokens(planted[0])
    monkeypatch.setattr("topicml.models.parts.logistic_normal.MANY_DOCUMENTS", corpus.n_docs + more)
    encoder = network_of(name, corpus, validation_fraction=0).encoder
    assert encoder.loc_norm.eps == encoder.log_variance_norm.eps == EPS / excess**3
    assert encoder.log_variance_norm.bias.mean().item() == pytest.approx(-2 * math.log(excess), abs=1e-5)


def test_validation_documents_do_not_count(planted, monkeypatch):
    corpus = Corpus.from_tokens(planted[0])
    monkeypatch.setattr("topicml.models.parts.logistic_normal.MANY_DOCUMENTS", corpus.n_docs)
    assert network_of("ProdLDA", corpus, validation_fraction=0.2).encoder.loc_norm.eps == EPS


def test_documents_are_many_where_measured():
    assert MANY_DOCUMENTS == 30_000
