"""Changes over time: a planted burst and a slow trend are found and stand first; chance is not a change."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.explore import TopicView, topic_changes, topics_over_time
from topicml.explore.changes import stretches
from topicml.explore.groups import calendar_unit, counts_over_time, wilson


def view_of_shares(shares, n_docs, times, seed=0):
    """A view whose documents of period t have leading topics drawn from shares[t], at the dates times[t]."""
    rng = np.random.default_rng(seed)
    n_topics = shares.shape[1]
    leading = np.concatenate([rng.choice(n_topics, n_docs, p=row) for row in shares])
    theta = np.full((len(leading), n_topics), 0.1 / n_topics)
    theta[np.arange(len(leading)), leading] += 0.9
    words = [f"w{k}" for k in range(n_topics)]
    corpus = Corpus.from_tokens([[words[k]] for k in leading], words, {"date": np.repeat(times, n_docs)})
    model = SimpleNamespace(components_=np.eye(n_topics), vocabulary_=tuple(words), transform=lambda X: theta)
    return TopicView.of(model, corpus)


MONTHS = np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]")


def planted(burst=0.21, n_docs=120, seed=0):
    """Eight large topics and a small one, of share .02, that has a burst in one month of 24."""
    shares = np.full((24, 9), 0.98 / 8)
    shares[:, 8] = 0.02
    shares[15] = np.append(np.full(8, (1 - burst) / 8), burst)
    return view_of_shares(shares, n_docs, MONTHS, seed)


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_burst_of_a_small_topic_stands_first(seed):
    first = topic_changes(planted(seed=seed), "date", by="month").iloc[0]
    assert first["topic"] == 8 and first["certain"] > 0
    peak = np.datetime64("2024-04-01")
    assert peak in (first["after"].to_datetime64(), first["before"].to_datetime64())
    assert abs(first["change"]) == pytest.approx(0.19, abs=0.1)


def test_the_plot_draws_what_changed_most_and_not_what_is_largest():
    pytest.importorskip("plotly")
    from topicml.explore import plot_topics_over_time

    figure = plot_topics_over_time(planted(), "date", by="month", resamples=20)
    assert "8" in {trace.name.split(":")[0] for trace in figure.data} and len(figure.data) == 7


def test_a_slow_trend_is_found_where_no_single_period_is_certain():
    trend = np.linspace(0.05, 0.25, 24)
    shares = np.column_stack([trend, *[(1 - trend) / 4] * 4])
    table = topic_changes(view_of_shares(shares, 100, MONTHS), "date", by="month")
    first = table.iloc[0]
    assert (
        first["topic"] == 0 and first["change"] > 0.1 and first["certain"] > 0 and first["before_end"] > first["before"]
    )


def test_chance_alone_is_not_a_change():
    even = np.full((24, 10), 0.1)
    certain = [
        topic_changes(view_of_shares(even, 40, MONTHS, seed), "date", by="month")["certain"] for seed in range(20)
    ]
    assert sum((each > 0).any() for each in certain) <= 1


def test_the_largest_change_is_that_of_all_pairs_of_stretches():
    view = planted(n_docs=10)
    table = topic_changes(view, "date", by="quarter").set_index("topic")
    times, counts = counts_over_time(view, "date", by="quarter")
    runs = list(zip(*stretches(len(times)), strict=True))
    assert len(times) == 8 and {(0, 1), (0, 2), (5, 8), (2, 8), (7, 8)} <= set(runs)
    n_pairs = sum(one[1] <= other[0] for one in runs for other in runs)
    level = 1 - 0.05 / (n_pairs * 9)
    for k in range(9):
        ends = []
        for one, other in combinations(sorted(runs), 2):
            if one[1] <= other[0]:
                led = np.array([counts[slice(*run), k].sum() for run in (one, other)])
                n = np.array([counts[slice(*run)].sum() for run in (one, other)])
                low, high = wilson(led, n, level=level)
                low_end, high_end = newcombe(led, n, low, high)
                ends.append(max(low_end, -high_end))
        assert table.loc[k, "certain"] == pytest.approx(max(ends), abs=1e-12)


def newcombe(led, n, low, high):
    """Newcombe's interval of the second share minus the first."""
    (p, q), d = led / n, np.diff(led / n)[0]
    return d - np.hypot(q - low[1], high[0] - p), d + np.hypot(high[1] - q, p - low[0])


@pytest.mark.parametrize(("led", "n"), [((2, 21), (100, 100)), ((30, 5), (200, 60))])
def test_the_interval_is_newcombes(led, n):
    expected = confint_proportions_2indep(led[1], n[1], led[0], n[0], method="newcomb", compare="diff")
    ends = newcombe(np.array(led), np.array(n), *wilson(led, n))
    assert ends == pytest.approx(expected, abs=1e-9)


def test_one_period_has_no_changes_and_counts_are_those_led():
    view = view_of_shares(np.full((1, 3), 1 / 3), 30, MONTHS[:1])
    assert topic_changes(view, "date", by="month").empty
    times, counts = counts_over_time(view, "date", by="month")
    assert len(times) == 1 and counts.sum() == 30 and counts[0].tolist() == view.leading_counts().tolist()


@pytest.mark.parametrize(
    ("dates", "n_docs", "unit"),
    [
        (np.arange("2008-01-01", "2009-01-01", dtype="datetime64[D]"), 5, "month"),
        (np.arange("2020-01", "2023-01", dtype="datetime64[M]"), 30, "month"),
        (np.arange("2020-01", "2023-01", dtype="datetime64[M]"), 2, "year"),
        (np.arange("1990", "2000", dtype="datetime64[Y]"), 50, "year"),
        (np.arange("2024-03-01", "2024-03-29", dtype="datetime64[D]"), 30, "day"),
        (np.arange("1800", "1900", dtype="datetime64[Y]"), 50, None),
        (np.arange(2000, 2010), 50, None),
    ],
)
def test_a_calendar_unit_suits_the_span_and_the_number_of_documents(dates, n_docs, unit):
    dates = dates.astype("datetime64[D]") if dates.dtype.kind == "M" else dates
    assert calendar_unit(view_of_shares(np.full((len(dates), 2), 0.5), n_docs, dates), "date") == unit


def test_quarters_begin_in_january_april_july_and_october():
    table = topics_over_time(planted(), "date", by="quarter", interval="wilson")
    assert sorted(set(table["time"].dt.month)) == [1, 4, 7, 10]
    assert table["documents"].unique().tolist() == [360]


def test_refuses_with_a_reason():
    with pytest.raises(InputError, match="level must be between 0 and 1"):
        topic_changes(planted(), "date", level=1)
    with pytest.raises(InputError, match="year, quarter, month"):
        topic_changes(planted(), "date", by="decade")
