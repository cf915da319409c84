"""Models with a response: prediction, its term, saving, and the same bits without it."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

import topicml
from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.corpus.response import given_response
from topicml.errors import InputError, TopicWarning
from topicml.models.documents import documents_to_fit
from topicml.models.identity import model_identity
from topicml.models.inference import infer_theta
from topicml.models.response import with_response
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


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, lambda y: np.array(y)[:, None]])
def test_y_has_the_values_of_the_response(kind, corpus):
    """Bit for bit what a field does, for documents that have no fields, and in place of one."""
    short = {**FAST, "max_epochs": 2}
    by_field = topicml.ProdLDA(4, response="number", **short).fit(corpus)
    numbers = corpus.fields["number"].tolist()
    model = topicml.ProdLDA(4, response="number", **short).fit(
        corpus.replaced(fields=Fields.of({}, 600)), kind(numbers)
    )
    np.testing.assert_array_equal(model.components_, by_field.components_)
    assert model.response_.response == by_field.response_.response
    other = topicml.ProdLDA(4, response="number", **short).fit(corpus, y=kind([-n for n in numbers]))
    assert other.response_.response.mean == -by_field.response_.response.mean
    assert other.score_response(corpus) < 0 < other.score_response(corpus, [-n for n in numbers])


def test_y_is_in_cross_validation_pipelines_and_streams(planted, corpus):
    counts, labels = corpus.counts, np.where(planted[1] < 2, "low", "high")
    model = topicml.ProdLDA(4, response="y", **FAST)
    scores = cross_val_score(model, counts, labels, cv=2, scoring=lambda fitted, X, y: fitted.score_response(X, y))
    assert scores.min() > 0.9
    fitted = make_pipeline(model, "passthrough").fit(counts, labels)[0]
    assert (fitted.predict_response(counts) == labels).mean() > 0.9
    for rows in (slice(400), slice(400, 600)) * 2:
        model.partial_fit(counts[rows], labels[rows])
    assert model.score_response(counts, labels) > 0.8
    assert model.response_.response.levels == ("high", "low")
    with pytest.raises(InputError, match="reads the field 'y'"):
        clone(model).partial_fit(corpus, labels, grow=True)


def test_without_a_response_y_is_ignored(corpus, planted):
    short = {**FAST, "max_epochs": 2}
    plain = topicml.ProdLDA(4, **short).fit(corpus)
    model = topicml.ProdLDA(4, **short).fit(corpus, y=[None, "a"])
    np.testing.assert_array_equal(plain.components_, model.components_)
    assert model.response_ is None


def test_y_belongs_to_the_identity(corpus):
    def of(y):
        model = topicml.ProdLDA(4, response="kind", **FAST)
        return model_identity(model, with_response(documents_to_fit(model, corpus, None), ResponseTerm("kind"), y))

    assert of(["a", "b"] * 300) == of(["a", "b"] * 300) != of(["b", "a"] * 300) != of(None)


@pytest.mark.parametrize(
    "y, message",
    [
        (["a"] * 5, "y has 5 values for 600 documents"),
        ([1.0, np.nan] * 300, r"no value, or an infinite one, for 300 documents \(first: row 1\)"),
        ([np.inf, 1.0] * 300, "an infinite one"),
        (["a", None] * 300, "no value"),
        (["a", 1] * 300, "several kinds: numbers, text"),
        ([True, 1] * 300, "several kinds: numbers, true and false"),
        ([b"a"] * 600, "of the type bytes"),
        (np.ones((600, 2)), r"1d array, got an array of shape \(600, 2\)"),
        ("a", "1d array"),
        (["a"] * 600, "1 different values"),
    ],
)
def test_a_y_that_is_no_response_is_refused(y, message, corpus, fitted):
    with pytest.raises(InputError, match=message):
        topicml.ProdLDA(4, response="kind", **FAST).fit(corpus, y=y)
    if "different" not in message:
        with pytest.raises(InputError, match=message):
            fitted.score_response(corpus, y)


def test_numbers_of_classes_in_y_are_told(corpus):
    model = topicml.ProdLDA(4, response="y", **{**FAST, "max_epochs": 1})
    with pytest.warns(TopicWarning, match=r"whole numbers 0 to 2.*response='C\(y\)'"):
        model.fit(corpus, [0, 1, 2] * 200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", TopicWarning)
        for y in ([0.0, 1.0, 2.0] * 200, [1, 2, 3] * 200, [True, False] * 300):
            given_response("y", y, 600)
        levels = model.set_params(response="C(y)").fit(corpus, [0, 1, 2] * 200)
    assert levels.response_.response.levels == ("0", "1", "2")
    assert levels.score_response(corpus, [0, 1, 2] * 200) == np.mean(
        levels.predict_response(corpus) == ["0", "1", "2"] * 200
    )


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
