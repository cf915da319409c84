"""The topics of a model before training, and the rows that it validates on."""

import numpy as np
import pytest

from topicml import ECRTM, ETM, TSCTM, Corpus, DocNADE, LDA2Vec, ProdLDA
from topicml.errors import InputError
from topicml.models import WordRanking, starting_topics

LEE = Corpus.read("lee")
SMALL = {"n_topics": 4, "random_state": 3, "max_epochs": 1, "hidden": 16}


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
@pytest.mark.parametrize("kind", [ProdLDA, ETM, ECRTM, LDA2Vec, TSCTM, DocNADE])
def test_they_are_those_of_a_fit_that_learns_nothing(kind):
    model = kind(**SMALL, learning_rate=1e-12, ranking=WordRanking(documents=0))
    topics = starting_topics(model, LEE, 12)
    assert topics == starting_topics(kind(**SMALL), LEE, 12), "no document has a topic before training"
    assert topics == model.fit(LEE).topics(12)
    assert topics == starting_topics(model, LEE, 12), "a fitted model has the same start"


def test_the_model_is_not_changed_and_the_input_is_checked():
    model = ProdLDA(**SMALL)
    starting_topics(model, LEE)
    assert not hasattr(model, "network_")
    with pytest.raises(InputError, match="at most 4, the number of words; received 5"):
        starting_topics(model, np.ones((20, 4)), 5)
    with pytest.raises(InputError, match="n_topics"):
        starting_topics(ProdLDA(n_topics=0), LEE)


@pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
def test_validation_rows_are_those_of_the_seed():
    fit = {fraction: ProdLDA(**SMALL, validation_fraction=fraction).fit(LEE) for fraction in (0, 0.1)}
    rows = fit[0.1].validation_rows_
    assert len(rows) == len(np.unique(rows)) == 30 and len(fit[0].validation_rows_) == 0
    np.testing.assert_array_equal(ProdLDA(**SMALL, validation_fraction=0.1).fit(LEE).validation_rows_, rows)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_network_that_does_not_fit_into_memory_is_told_with_its_sizes(monkeypatch, error):
    def network(*_, **__):
        raise error

    model = ProdLDA(n_topics=2, hidden=8, max_epochs=1)
    monkeypatch.setattr(model.story_class, "network", network)
    with pytest.raises(InputError, match=r"does not fit into memory, with \d+ words and n_topics=2, hidden=8"):
        model.fit(np.eye(6, dtype=np.int64) + 1)


@pytest.mark.parametrize("X", [{"rocket", "moon"}, b"rocket", {"rocket": 1}.keys()])
def test_sets_and_bytes_are_no_documents(X):
    with pytest.raises(InputError, match=f"X is a {type(X).__name__}"):
        ProdLDA(n_topics=2, max_epochs=1).fit(X)
