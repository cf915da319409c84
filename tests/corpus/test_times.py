"""Times of documents: what is a time, on which clock, and in which calendar unit."""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.corpus.times import calendar_units, times_of
from topicml.errors import InputError

BERLIN = ZoneInfo("Europe/Berlin")


def read(values):
    return times_of(Fields.of({"t": values}, len(values))["t"], "t")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2024-05-31", None, ""], ["2024-05-31", "NaT", "NaT"]),
        (["2024", "2024-05", "2024-5-3"], ["2024-01-01", "2024-05-01", "2024-05-03"]),
        (["20240531", "20240601", None], ["2024-05-31", "2024-06-01", "NaT"]),
        ([20240531, 20240601], ["2024-05-31", "2024-06-01"]),
        ([20240531.0, None], ["2024-05-31", "NaT"]),
        ([1704067200, 1704153600], ["2024-01-01", "2024-01-02"]),
        (["1704067200", "1704153600"], ["2024-01-01", "2024-01-02"]),
        ([1704067200000, 1704153600000], ["2024-01-01", "2024-01-02"]),
        ([1704067200000000000], ["2024-01-01"]),
        (["2024-01-01T00:00:00+01:00", "2024-07-01T00:00:00+02:00"], ["2024-01-01", "2024-07-01"]),
        (["2024-01-31 22:00:00-05:00", "2024-01-31T22:00Z"], ["2024-01-31T22:00", "2024-01-31T22:00"]),
        (["2024/05/31", "2024.06.01 10:00"], ["2024-05-31", "2024-06-01T10:00"]),
        ([datetime.date(2024, 5, 31), None], ["2024-05-31", "NaT"]),
        ([datetime.datetime(2024, 1, 1, tzinfo=BERLIN)] * 2, ["2024-01-01", "2024-01-01"]),
    ],
)
def test_what_is_a_time(values, expected):
    assert read(values).astype("datetime64[s]").tolist() == np.array(expected, dtype="datetime64[s]").tolist()


@pytest.mark.parametrize("values", [[1999, 2024], [0.5, 20240531.0], [3, 1704067200], [20241331, 20240531], [-1, 1e30]])
def test_other_numbers_stay_numbers(values):
    assert read(np.array(values, dtype=float)).tolist() == values


@pytest.mark.parametrize(
    "value", ["today", "now", "20240582", "31/05/2024", "2024-13-01", "May 2024", "12345", "2024-05-31 25:00", "NaT?"]
)
def test_what_is_no_time_is_named_with_its_row(value):
    with pytest.raises(
        InputError, match=r"'t' cannot be read as times: .* \(row 1 counted from 0\) is not a time.*2024-05-31"
    ):
        read(["2024-05-31", value])


def test_pandas_times_of_a_zone_are_on_its_clock():
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2024-01-01", periods=4, freq="MS", tz="Europe/Berlin")
    assert [str(day)[:10] for day in read(days)] == ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]


def test_times_with_a_zone_in_csv_are_on_its_clock(tmp_path):
    (tmp_path / "a.csv").write_text(
        "text,winter,mixed,none\n"
        "a cat,2024-01-01T00:00:00+01:00,2024-01-01 00:00:00+01:00,2024-01-01 10:00\n"
        "a dog,2024-02-01T00:00:00+01:00,2024-07-01 00:00:00+02:00,2024-07-01 10:00\n"
    )
    fields = Corpus.read(tmp_path / "a.csv", preprocessor=False).fields
    assert [str(day)[:16] for day in fields["winter"]] == ["2024-01-01T00:00", "2024-02-01T00:00"]
    assert [str(day)[:16] for day in fields["mixed"]] == ["2024-01-01T00:00", "2024-07-01T00:00"]
    assert [str(day)[:16] for day in fields["none"]] == ["2024-01-01T10:00", "2024-07-01T10:00"]


def test_weeks_begin_on_monday():
    days = np.arange("1969-12-01", "1970-02-01", dtype="datetime64[D]")
    weeks = calendar_units(days, "week")
    assert {day.astype("datetime64[D]").item().weekday() for day in weeks} == {0}
    assert ((days - weeks.astype("datetime64[D]")).astype(int) < 7).all()
    assert np.isnat(calendar_units(np.array(["NaT"], dtype="datetime64[s]"), "week")).all()


@pytest.mark.parametrize(
    ("unit", "start"),
    [("year", "2024-01-01"), ("quarter", "2024-04-01"), ("month", "2024-05-01"), ("day", "2024-05-31")],
)
def test_calendar_units(unit, start):
    times = np.array(["2024-05-31T22:30"], dtype="datetime64[s]")
    assert calendar_units(times, unit)[0] == np.datetime64(start, "s")


def test_vectors_are_no_times():
    with pytest.raises(InputError, match="holds vectors"):
        read(np.zeros((2, 2)))
