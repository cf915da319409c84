"""Slices of time and levels of a category."""

import warnings
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml import Corpus
from topicml.corpus.grouping import Levels, described, grouping_from, groups_of
from topicml.corpus.slices import Slices
from topicml.errors import InputError, TopicWarning

CODES = {"year": "Y", "quarter": "Q", "month": "M", "week": "W-SUN", "day": "D"}
DAYS = (
    st.lists(st.dates(date(1990, 1, 1), date(1991, 6, 1)), min_size=2, max_size=20)
    .filter(lambda x: len({*x}) > 1)
    .map(sorted)
)


def corpus_with(values, field="when"):
    return Corpus.from_tokens([["word"]] * len(values), fields={field: values})


def quietly(make, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*arguments)


def slices_of(values, by=None):
    corpus = corpus_with(values)
    return quietly(Slices.of, "when", by, corpus, np.arange(len(values))), corpus


@pytest.mark.parametrize("by", ["quarter", "month", "week", "day"])
@given(days=DAYS)
@settings(max_examples=25, deadline=None)
def test_calendar_slices_are_those_of_pandas(by, days):
    periods = pd.PeriodIndex(pd.to_datetime(days), freq=CODES[by])
    if periods.min() == periods.max() or (days[-1] - days[0]).days > 480:
        return
    slices, corpus = slices_of([day.isoformat() for day in days], by)
    expected = pd.period_range(periods.min(), periods.max(), freq=CODES[by])
    np.testing.assert_array_equal(slices.codes(corpus), expected.get_indexer(periods))
    assert slices.n == len(expected)
    assert grouping_from(described(slices)) == slices


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("year", ("2019", "2020")),
        ("quarter", ("2019-Q4", "2020-Q1")),
        ("month", ("2019-12", "2020-01")),
        ("day", ("2019-12-31", "2020-01-01")),
    ],
)
def test_names_of_calendar_slices(by, names):
    assert slices_of(["2019-12-31", "2020-01-01"], by)[0].names == names


def test_a_week_has_the_name_of_its_monday():
    assert slices_of(["2024-05-31", "2024-06-03"], "week")[0].names == ("2024-05-27", "2024-06-03")


def test_whole_numbers_are_slices_each():
    slices, corpus = slices_of([2012, 2014, 2014])
    assert slices.names == ("2012", "2013", "2014")
    assert slices.codes(corpus).tolist() == [0, 2, 2]
    assert slices_of([2012, 2014], "year")[0].names == slices.names


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30, unique=True), st.integers(2, 9))
@settings(max_examples=25, deadline=None)
def test_equal_slices_are_those_of_a_histogram(values, n):
    width = (max(values) - min(values)) / n
    if width < 1e-3 * max(map(abs, values)):
        return
    slices, corpus = slices_of(values, n)
    away = np.abs((np.array(values) - min(values)) / width % 1 - 0.5) < 0.499  # ends of slices may round
    expected = np.histogram(np.array(values)[away], bins=n, range=(min(values), max(values)))[0]
    np.testing.assert_array_equal(np.bincount(slices.codes(corpus)[away], minlength=n), expected)
    assert slices.codes(corpus)[np.argmax(values)] == n - 1


def test_times_in_equal_slices():
    slices, corpus = slices_of([f"2024-01-{day:02}" for day in range(1, 32)], 3)
    assert slices.names == ("2024-01-01", "2024-01-11", "2024-01-21")
    assert np.bincount(slices.codes(corpus)).tolist() == [10, 10, 11]


def test_the_unit_by_default_has_enough_documents():
    days = [(date(2020, 1, 1) + timedelta(days=i)).isoformat() for i in range(400)]
    assert slices_of(days)[0].unit == "month"
    assert slices_of([0.5, 1.5, 9.5])[0].n == 10
    assert slices_of([0, 1000])[0].n == 10


def test_missing_times_and_empty_slices_are_told():
    corpus = corpus_with(["2020", None, "2023"])
    with pytest.warns(TopicWarning) as told:
        codes = Slices.of("when", "year", corpus, np.arange(3)).codes(corpus)
    messages = [str(each.message) for each in told]
    assert any(message.startswith("1 document has no time in 'when'") for message in messages)
    assert any("row 1 counted from 0" in message for message in messages)
    assert any("2 of 4 slices have no document (2021, 2022)" in message for message in messages)
    assert codes.tolist() == [0, -1, 3]


def test_times_outside_have_the_nearest_slice_with_a_warning():
    slices, _ = slices_of(["2020", "2021"], "year")
    with pytest.warns(TopicWarning, match=r"2 documents are before 2020 or after 2021"):
        assert slices.codes(corpus_with(["2019", "2023", "2021"])).tolist() == [0, 1, 1]
    with pytest.warns(TopicWarning, match=r"1 document is before 2020 or after 2021"):
        slices.codes(corpus_with(["2019", "2021"]))
    assert slices.positions(corpus_with(["2019", "2023"]))[0].tolist() == [-1, 3]
    assert slices.until(3).names[-1] == "2023"


@pytest.mark.parametrize(
    ("values", "by", "message"),
    [
        (["2020-01-01", "2020-01-02"], "year", "All documents are of one slice"),
        (["2020-01-01", "tomorrow"], None, r"'tomorrow' \(row 1 counted from 0\) is not a time"),
        ([1.5, 2.5], "month", "needs times"),
        (["1000-01-01", "2020-01-02"], "day", "at most 500"),
        ([None, None], None, "no value"),
    ],
)
def test_times_that_cannot_be_used(values, by, message):
    with pytest.raises(InputError, match=message):
        slices_of(values, by)


def test_years_are_the_same_as_numbers_and_as_times():
    for values, others in (([2012, 2014], ["2012", "2014"]), (["2012", "2014"], [2012, 2014])):
        slices, _ = slices_of(values, "year")
        assert slices.names == ("2012", "2013", "2014")
        assert slices.codes(corpus_with(others)).tolist() == [0, 2]


def test_numbers_in_place_of_times():
    slices, _ = slices_of(["2020-03", "2021-04"], "month")
    with pytest.raises(InputError, match="has numbers, and that of the fit had times"):
        slices.codes(corpus_with([1.5, 2.5]))


def test_levels():
    corpus = corpus_with(["b", "a", "", None, "b"], "kind")
    levels = Levels.of("kind", corpus, np.arange(5))
    assert levels.names == ("a", "b")
    with pytest.warns(TopicWarning, match=r"^2 documents have no known level .*rows 2, 3 counted from 0"):
        assert levels.codes(corpus).tolist() == [1, 0, -1, -1, 1]
    with pytest.warns(TopicWarning, match=r"^1 document has no known level .*did not see: c"):
        assert levels.codes(corpus_with(["c", "a"], "kind")).tolist() == [-1, 0]
    assert grouping_from(described(levels)) == levels


def test_numbers_can_be_levels():
    assert Levels.of("kind", corpus_with([1, 2, 1], "kind"), np.arange(3)).names == ("1", "2")


@pytest.mark.parametrize("values", [["a", "a"], [str(i) for i in range(51)]])
def test_too_few_or_too_many_levels(values):
    with pytest.raises(InputError, match="2 to 50"):
        Levels.of("kind", corpus_with(values, "kind"), np.arange(len(values)))


@pytest.mark.parametrize("make", [lambda *a: Slices.of("whem", None, *a), lambda *a: Levels.of("whem", *a)])
def test_unknown_fields(make):
    with pytest.raises(InputError, match=r"no field 'whem'.*Did you mean 'when'"):
        make(corpus_with(["a"]), np.arange(1))
    with pytest.raises(InputError, match="fit on a Corpus"):
        make(None, np.arange(1))


def test_documents_without_the_field_have_no_group():
    levels = Levels("kind", ("a", "b"))
    for corpus in (None, corpus_with([1, 2])):
        with pytest.warns(TopicWarning, match="do not have the field 'kind'"):
            assert groups_of(levels, corpus, 2).tolist() == [-1, -1]


@pytest.mark.parametrize(
    "content",
    [None, {}, {"field": "a"}, {"field": "a", "unit": "era", "first": 0, "width": 1, "n": 2}]
    + [{"field": "a", "unit": "year", "first": f, "width": w, "n": n} for f, w, n in ((0, 0, 2), (0, 1, 10**9))],
)
def test_damaged_groupings(content):
    with pytest.raises(ValueError, match="its groups are"):
        grouping_from(content)
