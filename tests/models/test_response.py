"""Models with a response: prediction, its term, saving, and the same bits without it."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import clone

import topicml
from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.inference import infer_theta
from topicml.nn import Batch
from topicml.objectives import ResponseTerm

pytestmark = pytest.mark.filterwarnings("ignore::topicml.errors.TopicWarning")
FAST = {"max_epochs": 15, "hidden": 16, "random_state": 0, "device": "cpu", "batch_size": 50}


@pytest.fixture(scope="module")
def corpus(planted):
    """Four topics; the kind is one of the first word, and the number follows from the topic."""
    tokens, topics = planted
    kinds = np.where(topics < 2, "low", "high").astype(object)
    kinds[:5] = None
    numbers = 10.0 + 3 * topics
    return Corpus.from_tokens(tokens, fields={"kind": kinds.tolist(), "number": numbers.tolist()})


@pytest.fixture(scope="module")
def fitted(corpus):
    return topicml.ProdLDA(4, response="kind", **FAST).fit(corpus[:400])


@pytest.mark.parametrize("name", ["ProdLDA", "ETM"])
@pytest.mark.parametrize("response", ["kind", "number"])
def test_unseen_documents_are_predicted(name, response, corpus):
    model = getattr(topicml, name)(4, response=response, **FAST).fit(corpus[:400])
    assert model.score_response(corpus[400:]) > (0.95 if response == "kind" else 0.7)
    assert {"response", "weight_response", "weight_model"} <= set(model.history_[0])
    assert model.history_[-1]["response"] < 0.5 * model.history_[0]["response"]


def test_scores_are_accuracy_and_r2(fitted, corpus):
    predicted = fitted.predict_response(corpus)
    wanted = corpus.fields["kind"]
    assert fitted.score_response(corpus) == pytest.approx(np.mean(predicted[5:] == wanted[5:]))
    assert set(predicted) == {"low", "high"} and len(predicted) == 600
    model = topicml.ProdLDA(4, response="number", **FAST).fit(corpus)
    numbers, found = corpus.fields["number"], model.predict_response(corpus)
    r2 = 1 - ((numbers - found) ** 2).sum() / ((numbers - numbers.mean()) ** 2).sum()
    assert model.score_response(corpus) == pytest.approx(r2)


def test_predictions_are_linear_in_theta_of_the_encoder(fitted, corpus):
    theta = infer_theta(fitted.network_, corpus.counts, np.arange(600), evidence=False)
    linear = fitted.response_
    outputs = theta @ linear.weights.T + linear.bias
    levels = np.array(linear.response.levels)
    np.testing.assert_array_equal(fitted.predict_response(corpus), levels[outputs.argmax(axis=1)])


@pytest.mark.parametrize("response", ["kind", "number"])
def test_the_term_equals_its_formula(response, fitted, corpus):
    term = ResponseTerm(response)
    term.prepare(documents_to_fit(clone(fitted), corpus, None), fitted.network_, batch_size=50)
    with torch.no_grad():
        term.head.weight.copy_(torch.randn(term.head.weight.shape))
        batch = Batch.from_counts(corpus.counts, np.arange(40))
        posterior = fitted.network_.encode(batch)
        loss = float(term(batch, posterior, fitted.network_).value)
        outputs = (10 * posterior.theta_mean @ term.head.weight.T).double().numpy()
    values = corpus.fields[response]
    if response == "kind":
        log_p = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        wanted = np.mean([-log_p[i, ("high", "low").index(values[i])] for i in range(5, 40)])
    else:
        wanted = np.mean((outputs[:, 0] - (values[:40] - values.mean()) / values.std()) ** 2) / 2
    assert loss == pytest.approx(wanted, rel=1e-4)


def test_without_a_response_fits_have_the_same_bits(corpus):
    short = {**FAST, "max_epochs": 2}
    plain = topicml.ProdLDA(4, **short).fit(corpus)
    for other in ({"response_strength": 3.0}, {"response": "kind", "response_strength": 0}):
        model = topicml.ProdLDA(4, **other, **short).fit(corpus)
        np.testing.assert_array_equal(plain.components_, model.components_)
        assert model.response_ is None
        with pytest.raises(InputError, match="without a response"):
            model.predict_response(corpus)


def test_saved_loaded_and_damaged(fitted, corpus, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = topicml.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_response(corpus), fitted.predict_response(corpus))
    assert loaded.score_response(corpus) == fitted.score_response(corpus)
    header = json.loads((tmp_path / "model" / "model.json").read_text("utf-8"))
    for change in ({"weights": [[0.0]]}, {"bias": [None, 1.0]}, {"levels": ["one"]}):
        changed = {**header, "response": {**header["response"], **change}}
        (tmp_path / "model" / "model.json").write_text(json.dumps(changed), "utf-8")
        with pytest.raises(InputError, match="damaged"):
            topicml.load(tmp_path / "model")


def test_a_stream_keeps_its_levels(corpus):
    model = topicml.ProdLDA(4, response="kind", **FAST)
    for part in (corpus[:200], corpus[200:400]) * 3:
        model.partial_fit(part)
    assert model.score_response(corpus[400:]) > 0.8
    assert model.response_.response.levels == ("high", "low")


def test_with_a_contrast_seeds_and_a_background(corpus):
    options = {"seeds": {"apples": ["apple1"]}, "against": "kind=low", "salient": 1, "contrast": "set"}
    model = topicml.ProdLDA(4, response="number", **options, **{**FAST, "max_epochs": 1}).fit(corpus)
    assert {"weight_response", "weight_contrast", "seeds", "salient"} <= set(model.history_[0])


def test_the_field_and_the_balance_belong_to_the_identity(corpus):
    def of(documents, **parameters):
        model = topicml.ProdLDA(4, response="kind", **parameters, **FAST)
        return model_identity(model, documents_to_fit(model, documents, None))

    changed = corpus.replaced(fields=Fields.of({"kind": ["low", "high"] * 300}, 600))
    assert of(corpus) == of(corpus) != of(changed)
    assert of(corpus) != of(corpus, balance="sum") != of(corpus, response_strength=2.0)


@pytest.mark.parametrize("response, message", [("rating", "no field 'rating'"), ("", "not the name of a field")])
def test_what_cannot_be_predicted_is_refused(response, message, corpus):
    with pytest.raises(InputError, match=message):
        topicml.ProdLDA(4, response=response, **FAST).fit(corpus)


def test_documents_without_known_values_have_no_score(fitted, corpus):
    with pytest.raises(InputError, match="No document has a known value"):
        fitted.score_response(corpus[:5])
