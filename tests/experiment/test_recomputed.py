"""What topicml's tables say of real results, recomputed from their raw values by pandas, scipy and others."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from topicml.experiment import Results, overall_table, paired_table, ranks_table, summary_table
from topicml.experiment.tables import DIGITS, ranking_of

pd = pytest.importorskip("pandas", reason="pandas reads the raw results")
multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is an oracle")
posthocs = pytest.importorskip("scikit_posthocs", reason="scikit-posthocs is an oracle")

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
TESTED = ("c_npmi", "npmi_doc", "topic_diversity", "nmi")
BLOCK = ["corpus", "n_topics", "seed"]


@pytest.fixture(scope="module", params=["ablation", "field"])
def found(request):
    """Results as topicml reads them, and the same file as pandas does."""
    path = RESULTS / f"{request.param}.csv"
    if not path.exists():
        pytest.skip(f"benchmarks/results/{path.name} is not there: that benchmark has not been run to its end")
    raw = pd.read_csv(path, keep_default_na=False, na_values={"value": [""]})
    default = raw["settings"] == "default"
    raw["system"] = raw["model"].where(default, raw["model"] + ", " + raw["settings"])
    return Results.read(path), raw


def wide(raw, measure):
    """A row a corpus, number of topics and seed; a column a system, in the file's order."""
    of = raw[(raw["measure"] == measure) & raw["value"].notna()]
    return of.pivot(index=BLOCK, columns="system", values="value")[list(dict.fromkeys(of["system"]))]


def over_data_sets(raw, measure):
    """Means over the seeds that all systems have, a row a corpus and number of topics; equal ones are equal.

    Systems with less than half as many rows as another are not compared.
    """
    table = wide(raw, measure)
    n_rows = (table.groupby(level=BLOCK[:2]).count() > 0).sum()
    return table.loc[:, n_rows >= n_rows.max() / 2].dropna().groupby(level=BLOCK[:2], sort=False).mean().round(11)


def cells(table):
    return {row[0].text: dict(zip(table.head, (cell.text for cell in row), strict=True)) for row in table.rows}


def column(table, measure):
    return next(head for head in table.head if head.split(" ")[0] == measure)


def test_means_and_standard_deviations(found):
    results, raw = found
    assert results.systems == list(dict.fromkeys(raw["system"]))
    for corpus in results.corpora:
        for n_topics in results.topics:
            table = summary_table(results, corpus, n_topics, results.measures)
            shown = cells(table)
            here = raw[(raw["corpus"] == corpus) & (raw["n_topics"] == n_topics) & raw["value"].notna()]
            for (measure, system), values in here.groupby(["measure", "system"])["value"]:
                digits = DIGITS.get(measure, 3)
                spread = f" ± {values.std():.{digits}f}" if len(values) > 1 else ""
                assert shown[system][column(table, measure)] == f"{values.mean():.{digits}f}{spread}"


def test_means_over_all_data_sets(found):
    results, raw = found
    table = overall_table(results, TESTED)
    shown = cells(table)
    for measure in TESTED:
        means = over_data_sets(raw, measure)
        for system, values in means.items():
            assert shown[system][column(table, measure)].split(" [")[0] == f"{values.mean():.3f}"
        assert shown["corpora x K"][column(table, measure)] == str(len(means))


def test_bootstrap_intervals_are_near_those_of_scipy(found):
    results, raw = found
    table = overall_table(results, ["nmi"])
    values = over_data_sets(raw, "nmi").iloc[:, 0]
    if len(values) < 2:
        pytest.skip("one corpus and K has no interval")
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=7).confidence_interval
    low, high = map(float, re.findall(r"-?\d\.\d+", cells(table)[values.name][column(table, "nmi")])[1:])
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * (theirs.high - theirs.low) + 5e-4)


@pytest.mark.parametrize("measure", TESTED)
def test_paired_tests(found, measure):
    results, raw = found
    values = wide(raw, measure)
    baseline = values.columns[0]
    pairs = [(other, baseline) for other in values.columns[1:]]
    for table, chosen in (
        (paired_table(results, measure, baseline), pairs),
        (paired_table(results, measure), list(combinations(values.columns, 2))),
    ):
        tests = [values[list(pair)].dropna() for pair in chosen]
        kept = [(pair, both) for pair, both in zip(chosen, tests, strict=True) if len(both) > 1]
        p = [1.0 if (b[x] == b[y]).all() else stats.wilcoxon((b[x] - b[y]).round(11)).pvalue for (x, y), b in kept]
        adjusted = multitest.multipletests(p, method="holm")[1]
        assert len(table.rows) == len(kept)
        for row, ((first, second), both), expected in zip(table.rows, kept, adjusted, strict=True):
            texts = [cell.text for cell in row]
            assert texts[:3] == [first, second, str(len(both))]
            assert float(texts[3]) == pytest.approx((both[first] - both[second]).mean(), abs=5.1e-5)
            assert float(texts[5]) == pytest.approx(expected, rel=0.05, abs=1e-12)  # two digits are shown
            assert row[5].strong == (expected < 0.05)


@pytest.mark.parametrize("measure", TESTED)
def test_ranks_friedman_and_nemenyi(found, measure):
    results, raw = found
    values = over_data_sets(raw, measure)
    if min(values.shape) < 2:
        pytest.skip(f"{measure} has one data set that all systems were run on, or none")
    ranking = ranking_of(results, measure)
    ranks = values.rank(axis=1, ascending=False).mean()
    assert dict(zip(ranking.systems, ranking.ranks, strict=True)) == pytest.approx(ranks.to_dict())
    friedman = stats.friedmanchisquare(*values.to_numpy().T)
    assert (ranking.statistic, ranking.p) == pytest.approx((friedman.statistic, friedman.pvalue))
    nemenyi = posthocs.posthoc_nemenyi_friedman(values.to_numpy())
    order = [values.columns.get_loc(system) for system in ranking.systems]
    np.testing.assert_allclose(ranking.nemenyi, nemenyi.to_numpy()[np.ix_(order, order)], atol=1e-9)
    differ = np.abs(ranking.ranks[:, None] - ranking.ranks[None, :]) > ranking.critical_difference
    np.testing.assert_array_equal(differ, ranking.nemenyi < 0.05)
    table = cells(ranks_table(results, [measure]))
    assert {system: table[system][measure] for system in ranks.index} == {s: f"{r:.2f}" for s, r in ranks.items()}
    assert table["p (Friedman)"][measure] == f"{friedman.pvalue:.2g}"
    assert table["blocks"][measure] == str(len(values))


def test_the_page_of_the_ablation(found):
    """Changes and p in ablation.md itself."""
    results, raw = found
    if "ProdLDA, set, Pareto" not in results.systems:
        pytest.skip("these are other results")
    lines = (
        (RESULTS / "ablation.md").read_text("utf-8").split("## Change by contrast")[1].split("\n## ")[0].splitlines()
    )
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("| ")]
    head, *rows = rows
    assert len(rows) == 12
    for model, settings, *shown in rows:
        for measure in ("td25", "nmi", "purity"):
            values = wide(raw, {"td25": "topic_diversity"}.get(measure, measure))
            change = values[f"{model}, {settings}"] - values[f"{model}, none"]
            told = re.fullmatch(r"(\S+) \[(\S+), (\S+)\] p=(\S+)", shown[head.index(measure) - 2])
            mean, low, high, p = map(float, told.groups())
            assert mean == pytest.approx(change.mean(), abs=5.1e-5)
            assert p == pytest.approx(stats.wilcoxon(change).pvalue, rel=0.05)
            theirs = stats.bootstrap((change,), np.mean, method="percentile", n_resamples=20_000, rng=7)
            interval = theirs.confidence_interval
            assert (low, high) == pytest.approx(tuple(interval), abs=0.1 * (interval.high - interval.low) + 5.1e-5)
