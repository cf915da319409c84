"""pyLDAvis accepts the inputs, and its visualization agrees with the model."""

import json

import numpy as np
import pytest
from gensim.models import LsiModel
from sklearn.decomposition import NMF

from topicml.errors import InputError
from topicml.integrations.gensim import bow, dictionary
from topicml.integrations.pyldavis import inputs, prepare, principal_coordinates

from .conftest import WORDS

pytest.importorskip("pyLDAvis", reason="pyLDAvis is not installed")


def test_inputs_are_of_the_model_and_the_corpus(planted, model):
    result = inputs(model, planted)
    np.testing.assert_allclose(result["topic_term_dists"], model.components_, atol=1e-9)
    np.testing.assert_allclose(result["doc_topic_dists"], model.transform(planted), atol=1e-6)
    assert result["doc_lengths"].tolist() == planted.lengths.tolist()
    assert result["vocab"] == WORDS
    assert result["term_frequency"].sum() == planted.n_tokens


def test_the_picture_keeps_the_topics_numbers_and_shares(planted, model):
    picture = prepare(model, planted)
    shares = model.transform(planted).T @ planted.lengths
    assert picture.topic_coordinates.index.tolist() == [0, 1, 2]
    np.testing.assert_allclose(picture.topic_coordinates["Freq"], 100 * shares / shares.sum(), rtol=1e-5)
    for k, words in enumerate(model.topics(5)):
        rows = picture.topic_info[picture.topic_info["Category"] == f"Topic{k}"]
        assert rows.sort_values("logprob", ascending=False)["Term"].tolist()[:5] == words


def test_topics_with_zeros_give_json_that_browsers_read(planted):
    factors = NMF(3, init="nndsvda", max_iter=500).fit(planted.counts.astype(float))
    assert (factors.components_ == 0).any()
    json.loads(prepare(factors, planted).to_json(), parse_constant=pytest.fail)


@pytest.mark.parametrize("n_topics", [2, 3, 12])
def test_coordinates_equal_those_of_pyldavis(n_topics):
    """Up to the sign of an axis, for matrices where pyLDAvis's coordinates are real."""
    from pyLDAvis._prepare import js_PCoA

    rows = np.random.default_rng(n_topics).dirichlet(np.full(40, 0.2), n_topics)
    ours, theirs = principal_coordinates(rows), js_PCoA(rows)
    assert ours.shape == (n_topics, 2)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6)


def test_a_model_without_distributions_is_refused(planted):
    lsi = LsiModel(bow(planted), num_topics=3, id2word=dictionary(planted))
    with pytest.raises(InputError, match="LsiModel gives no distributions"):
        inputs(lsi, planted)
