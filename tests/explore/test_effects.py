"""Effects of fields on the shares of topics."""

import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import topicml
from topicml import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError
from topicml.explore import Effects, TopicView, effects
from topicml.explore.effects import _Sums

pytest.importorskip("formulaic")

WORDS = [f"{topic}{i}" for topic in ("apple", "boat") for i in range(8)]
N = 200


@pytest.fixture(scope="module")
def corpus():
    """Documents of two topics: four in five of group b are of the second; x has no effect."""
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=N)
    topic = np.where(rng.random(N) < 0.8, group, 1 - group)
    documents = [[WORDS[8 * k + i] for i in rng.integers(8, size=8)] for k in topic]
    fields = {"group": np.where(group == 1, "b", "a").tolist(), "x": rng.normal(size=N).tolist()}
    return Corpus.from_tokens(documents, fields={**fields, "twice": [2 * x for x in fields["x"]]})


def with_fields(corpus, **fields):
    return corpus.replaced(fields=Fields.of(fields, corpus.n_docs))


@pytest.fixture(scope="module")
def model(corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return topicml.ProdLDA(
            2, hidden=8, max_epochs=15, batch_size=32, learning_rate=0.02, random_state=0, prevalence="~ group + x"
        ).fit(corpus)


@pytest.fixture(scope="module")
def found(model, corpus) -> Effects:
    return effects(model, corpus, draws=60)


@pytest.fixture(scope="module")
def boat(model):
    return int(np.argmax(model.network_.topic_word()[:, model.vocabulary_.index("boat0")].detach()))


def test_a_planted_effect_has_its_sign_and_intervals_without_zero(found, boat):
    row = found.contrast("group", "b", "a", [boat]).iloc[0]
    assert 0 < row.low < row.estimate < row.high
    assert 0 < row.low_bootstrap < row.estimate < row.high_bootstrap
    assert row.p < 0.05


def test_a_field_without_effect_has_intervals_with_zero(found, boat):
    table = found.table([boat]).set_index("term")
    assert table.low["x"] < 0 < table.high["x"]
    assert table.low_bootstrap["x"] < 0 < table.high_bootstrap["x"]


def test_an_interval_holds_a_further_draw_with_its_level(found):
    """Of 199 draws, 5 of the 200 places of a further one are below the fifth, and 5 above the fifth from the end."""
    low, high = found._interval(np.arange(1.0, 200.0)[:, None])
    assert low == pytest.approx(5) and high == pytest.approx(195)


def test_effects_of_all_topics_add_up_to_zero_and_intercepts_to_one(found):
    np.testing.assert_allclose(found.estimate.sum(axis=1), [1, 0, 0], atol=1e-6)


def test_a_contrast_of_levels_is_the_term_of_treatment_coding(found, boat):
    term = found.table([boat]).set_index("term").loc["group[T.b]"]
    contrast = found.contrast("group", "b", "a", [boat]).iloc[0]
    for name in ("estimate", "low", "high", "low_bootstrap", "high_bootstrap", "p"):
        assert contrast[name] == pytest.approx(term[name])


def test_marginal_shares_differ_by_the_contrast(found, boat):
    shares = found.marginal("group", topics=[boat]).set_index("group").estimate
    assert shares["b"] - shares["a"] == pytest.approx(found.contrast("group", "b", "a", [boat]).estimate[0])
    assert len(found.marginal("x", topics=[boat])) == 30


def test_with_a_posterior_of_no_width_it_is_ordinary_regression(monkeypatch, model, corpus):
    """Compared with statsmodels, which has the same estimate and standard errors."""
    api = pytest.importorskip("statsmodels.api")
    z = np.random.default_rng(1).normal(size=(N, 2))
    monkeypatch.setattr(
        sys.modules["topicml.explore.effects"],  # the function has its name
        "_posteriors",
        lambda view, rows: iter([(0, z[:120], 0 * z[:120]), (120, z[120:], 0 * z[120:])]),
    )
    found = effects(model, corpus, draws=2000)
    theta = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    design = pd.DataFrame({"intercept": 1.0, "b": np.array(corpus.fields["group"]) == "b", "x": corpus.fields["x"]})
    expected = api.OLS(theta[:, 0], design.astype(float)).fit()
    table = found.table([0])
    np.testing.assert_allclose(table.estimate, expected.params, rtol=1e-4)
    np.testing.assert_allclose(table.std_error, expected.bse, rtol=0.08)
    robust = api.OLS(theta[:, 0], design.astype(float)).fit(cov_type="HC0").bse
    np.testing.assert_allclose(found.bootstrap[:, :, 0].std(axis=0), robust, rtol=0.1)


def test_sums_do_not_depend_on_the_chunks():
    rng = np.random.default_rng(0)
    x, theta, weights = rng.normal(size=(50, 3)), rng.random((2, 50, 4)), rng.poisson(1.0, (2, 50))
    results = []
    for size in (50, 7):
        sums = _Sums(3, 4, 2)
        for start in range(0, 50, size):
            part = slice(start, start + size)
            for draw in range(2):
                sums.add(draw, x[part], theta[draw, part], weights[draw, part])
        results.append(sums.solved(np.random.default_rng(1)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other)


def test_another_formula_and_a_model_without_one(model, corpus, boat):
    table = effects(model, corpus, formula="~ group", draws=10).table([boat])
    assert table.term.tolist() == ["Intercept", "group[T.b]"]


def test_merged_topics_have_the_sum_of_their_effects(model, corpus, found):
    view = TopicView.of(model, corpus).merge([0, 1])
    np.testing.assert_allclose(effects(view, draws=5).estimate[:, 0], [1, 0, 0], atol=1e-6)


def test_the_same_seed_gives_the_same_numbers(model, corpus):
    first, second, other = (effects(model, corpus, draws=5, seed=seed).composition for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_plot_has_a_line_with_intervals_for_each_topic(found):
    pytest.importorskip("plotly")
    figure = found.plot("group")
    assert len(figure.data) == 2
    assert all(len(trace.error_y.array) == 2 and min(trace.error_y.array) > 0 for trace in figure.data)
    assert "group" in figure.layout.title.text


def test_dates_are_dates_in_the_plot(model, corpus):
    days = np.datetime64("2024-01-01") + np.arange(N)
    dated = with_fields(corpus, group=corpus.fields["group"], x=corpus.fields["x"], day=days)
    found = effects(model, dated, formula="~ day", draws=5)
    assert str(found.plot("day").data[0].x[0]).startswith("2024-01-01")
    change = found.contrast("day", "2024-01-11", "2024-01-01").estimate
    np.testing.assert_allclose(change, 10 * found.estimate[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formula": "~ x + twice"}, "depend on each other"),
        ({"formula": "~ y"}, "no field 'y'"),
        ({"draws": 1}, "draws"),
        ({"level": 95}, "level"),
    ],
)
def test_wrong_arguments_are_refused_in_words(model, corpus, arguments, message):
    with pytest.raises(InputError, match=message):
        effects(model, corpus, **arguments)


def test_wrong_values_are_refused_in_words(found):
    with pytest.raises(InputError, match=r"no level 'c'; its levels: a, b"):
        found.contrast("group", "c", "a")
    with pytest.raises(InputError, match="'y' is not in the formula"):
        found.marginal("y")
    with pytest.raises(InputError, match="has numbers or dates"):
        found.contrast("x", "high", "low")


def test_documents_without_values_are_refused(model, corpus):
    group = [None, *corpus.fields["group"][1:]]
    with warnings.catch_warnings(), pytest.raises(InputError, match=r"Row 0 .* has no value"):
        warnings.simplefilter("ignore")
        effects(model, with_fields(corpus, group=group, x=corpus.fields["x"]))


def test_too_few_documents_with_words_are_refused(model, corpus):
    two = corpus[np.flatnonzero(np.array(corpus.fields["group"]) == "a")[:2]]
    with pytest.raises(InputError, match=r"3 columns with the intercept, and too few .* words of the model: 2\."):
        effects(model, two)
    unknown = Corpus.from_tokens([["pear"], ["plum"], ["fig"]], fields={"group": ["a", "b", "a"], "x": [1.0, 2.0, 4.0]})
    for formula in (None, "~ x"):
        with warnings.catch_warnings(), pytest.raises(InputError, match="No document has words of the model"):
            warnings.simplefilter("ignore")
            effects(model, unknown, formula=formula)


def test_documents_without_fields_are_refused(model, corpus):
    with warnings.catch_warnings(), pytest.raises(InputError, match="effects needs fields"):
        warnings.simplefilter("ignore")
        effects(model, corpus.counts)
