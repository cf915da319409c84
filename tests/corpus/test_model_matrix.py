import json
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from topicml import Corpus
from topicml.corpus.formulas import fields_of, parsed
from topicml.corpus.model_matrix import ModelMatrix
from topicml.errors import InputError, MissingExtraError, TopicWarning

pytest.importorskip("formulaic")

N = 40


def corpus_of(**fields):
    n_docs = len(next(iter(fields.values())))
    return Corpus.from_tokens([["word", "other"]] * n_docs, fields=fields)


@pytest.fixture(scope="module")
def corpus():
    return corpus_of(
        party=[["left", "centre", "right"][i % 3] for i in range(N)],
        day=list(range(N)),
        age=[20.0 + i % 7 for i in range(N)],
        **{"two words": [i % 2 for i in range(N)]},
    )


def matrix_of(formula, corpus):
    return ModelMatrix.of(formula, corpus, np.arange(corpus.n_docs))


def dense(matrix, corpus):
    return matrix.matrix(corpus)[0].toarray()


def test_columns_are_those_of_treatment_coding(corpus):
    matrix = matrix_of("~ party * age", corpus)
    party, age = np.array(corpus.fields["party"]), np.asarray(corpus.fields["age"])
    left, right = (party == "left").astype(float), (party == "right").astype(float)  # compared with centre
    expected = np.stack([left, right, age, left * age, right * age], axis=1)
    np.testing.assert_allclose(dense(matrix, corpus), expected, rtol=1e-6)
    np.testing.assert_allclose(matrix.means, expected.mean(axis=0))
    np.testing.assert_allclose(matrix.scales, expected.std(axis=0))


@pytest.mark.parametrize(
    "formula",
    [
        "~ party + s(day)",
        "~ s(day, df=4):party",
        "~ C(party, Treatment('right')) + poly(day, 2)",
        "~ scale(age) + log(day + 1) + {age**2} + `two words`",
        "~ cr(day, df=4)",
    ],
)
def test_levels_and_knots_are_those_of_the_fit_after_saving(corpus, formula):
    matrix = matrix_of(formula, corpus)
    again = ModelMatrix.from_dict(json.loads(json.dumps(matrix.to_dict())))
    rows = np.array([3, 7])  # alone, they would have other levels, means and knots
    np.testing.assert_allclose(dense(again, corpus[rows]), dense(matrix, corpus)[rows], rtol=1e-5, atol=1e-6)


def test_splines_continue_at_their_ends(corpus):
    matrix = matrix_of("~ s(day)", corpus)
    outside, ends = corpus_of(day=[-50, 500]), corpus_of(day=[0, N - 1])
    np.testing.assert_allclose(dense(matrix, outside), dense(matrix, ends), atol=1e-6)


def test_dates_and_text_of_numbers_are_numbers():
    dates = corpus_of(day=pd.date_range("2024-01-01", periods=8), year=[str(2000 + i) for i in range(8)])
    matrix = matrix_of("~ day", dates)
    np.testing.assert_allclose(np.diff(dense(matrix, dates)[:, 0]), 1)
    written = corpus_of(day=[f"2024-01-0{i}" for i in range(1, 9)])
    np.testing.assert_allclose(dense(matrix, written), dense(matrix, dates))
    assert matrix_of("~ day", written).columns == ("day",)
    value = matrix.with_value(dates, np.arange(8), "day", "2024-01-03")
    np.testing.assert_allclose(value, dense(matrix, dates)[2])
    assert matrix_of("~ year", dates).columns == ("year",)


def test_fields_of_a_formula():
    assert fields_of(parsed("~ a * b + s(`two words`, df=4) + C(c, Treatment('x')) + {d**2}")) == (
        *("a", "b", "two words", "c", "d"),
    )


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("~ partie", "no field 'partie'.*Did you mean 'party'"),
        ("~ 1", "no field besides the intercept"),
        ("party ~ age", "left side"),
        ("~ party | age", "left side or several parts"),
        ("~ party +", "cannot be read"),
        ("~ {__import__('os').system('true')}", "may not have"),
        ("~ np.log(age)", "may not have"),
        ("~ {(lambda: age)()}", "may not have"),
        ("~ {age ** 99999}", "powers are numbers up to"),
        ("~ s(party)", "needs numbers"),
        ("~ s(`two words`)", "at least four different numbers"),
        ("~ log(day)", "not finite"),
        (7, "text such as"),
    ],
)
def test_wrong_formulas_are_refused_in_words(corpus, formula, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        matrix_of(formula, corpus)


def test_a_message_of_the_parser_has_no_colours_of_a_terminal(corpus):
    with pytest.raises(InputError) as told:
        matrix_of("~ age +", corpus)
    assert "~ age +)" in str(told.value) and "\x1b" not in str(told.value) and "⧛" not in str(told.value)


def test_missing_values_are_refused_with_their_rows():
    corpus = corpus_of(x=[1.0, None, 3.0, float("nan"), 5.0], group=["a", "b", "a", "b", ""])
    with pytest.raises(InputError, match=r"Rows 1, 3, 4 \(of 5 documents\) have no value"):
        matrix_of("~ x + group", corpus)


def test_constant_columns_are_refused():
    with pytest.raises(InputError, match=r"'x' .* is constant \(2 in all documents\)"):
        matrix_of("~ x", corpus_of(x=[2, 2, 2, 2]))
    with pytest.raises(InputError, match=r"'group' .* is constant: its one level is 'a'"):
        matrix_of("~ group", corpus_of(group=["a", "a", "a", "a"]))


def test_names_of_documents_are_no_groups():
    with pytest.raises(InputError, match=r"makes 10 columns from 10 documents"):
        matrix_of("~ name + x", corpus_of(name=[f"name {i}" for i in range(10)], x=list(range(10))))
    with pytest.raises(InputError, match=r"makes 9 columns from 10 documents"):  # and the intercept
        matrix_of("~ name", corpus_of(name=[f"name {i}" for i in range(10)]))


def test_names_of_most_documents_are_warned_of():
    with pytest.warns(TopicWarning, match=r"Field 'name' of .* has 6 levels in 10 documents: no effect"):
        matrix_of("~ name", corpus_of(name=[f"name {min(i, 5)}" for i in range(10)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix_of("~ name", corpus_of(name=[f"name {i // 2}" for i in range(10)]))


def test_unknown_levels_and_missing_values_get_the_mean(corpus):
    matrix = matrix_of("~ party + age", corpus)
    new = corpus_of(party=["left", "green", None, "right"], age=[30.0, 30.0, 30.0, None])
    values, unknown = matrix.matrix(new)
    assert unknown.tolist() == [1, 2, 3]
    np.testing.assert_allclose(values.toarray()[1:], [matrix.means] * 3, rtol=1e-6)
    assert "Rows 1, 2, 3" in matrix.unknown_values(new, unknown)
    assert "party=green" in matrix.unknown_values(new, unknown)


def test_other_types_than_in_the_fit_are_refused(corpus):
    with pytest.raises(InputError, match="must have numbers"):
        matrix_of("~ age", corpus).matrix(corpus_of(age=["old", "young"]))


def test_without_a_corpus_the_fields_are_named():
    with pytest.raises(InputError, match=r"needs fields of the documents \(x\)"):
        ModelMatrix.of("~ x", None, np.arange(3))


def test_without_formulaic_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "formulaic", None)
    with pytest.raises(MissingExtraError, match=r"topicml\[covariates\]"):
        parsed("~ x")
