import re
from html.parser import HTMLParser

import numpy as np
import pyarrow.csv as pacsv
import pytest

from topicml.errors import InputError
from topicml.experiment import (
    Results,
    holm,
    html,
    latex,
    markdown,
    overall_table,
    paired_table,
    plot_critical_difference,
    plot_over_topics,
    plot_pareto,
    report,
    summary_table,
)
from topicml.experiment.plots import pareto_front
from topicml.experiment.table import Cell, Table
from topicml.experiment.tables import ranking_of

SHIFT = {"A": 0.0, "B_2": 0.1, "C": 0.3}


@pytest.fixture(scope="module")
def results():
    """Three models, three corpora, two K, four seeds; C is the most coherent and least diverse; B_2 failed once."""
    rng = np.random.default_rng(1)
    records = []
    for corpus in ("x", "y", "z"):
        for k in (10, 20):
            for seed in range(4):
                for model, shift in SHIFT.items():
                    names = {"corpus": corpus, "model": model, "settings": "default", "n_topics": k, "seed": seed}
                    names["id"] = "-".join(map(str, names.values()))
                    if (model, corpus, k, seed) == ("B_2", "z", 20, 3):
                        records.append({**names, "error": "Traceback\nValueError: it | failed"})
                        continue
                    scores = {"c_npmi": shift + rng.normal(0, 0.02), "topic_diversity": 1 - shift + rng.normal(0, 0.02)}
                    cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0}
                    records.append({**names, "scores": {m: {"mean": v} for m, v in scores.items()}, "cost": cost})
    return Results.from_records(records)


def test_means_and_deviations_of_a_corpus(results):
    table = summary_table(results, "x", 10, ["c_npmi", "topic_diversity"])
    assert table.head == ("model", "c_npmi ↑", "topic_diversity ↑")
    for row in table.rows:
        values = list(results.values("c_npmi", corpus="x", n_topics=10)[row[0].text].values())
        assert row[1].text == f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
        assert row[1].strong == (row[0].text == "C") and row[2].strong == (row[0].text == "A")


def test_tests_pair_the_runs_that_both_have_and_correct_over_the_table(results):
    from scipy.stats import wilcoxon

    table = paired_table(results, "c_npmi")
    values = results.values("c_npmi")
    pairs = [(row[0].text, row[1].text) for row in table.rows]
    assert sorted(map(sorted, pairs)) == [["A", "B_2"], ["A", "C"], ["B_2", "C"]]
    raw = []
    for first, second in pairs:
        shared = [block for block in values[first] if block in values[second]]
        raw.append(wilcoxon([values[first][b] for b in shared], [values[second][b] for b in shared]).pvalue)
    assert [row[5].text for row in table.rows] == [f"{p:.2g}" for p in holm(raw)]
    assert {frozenset(pair): row[2].text for pair, row in zip(pairs, table.rows, strict=True)} == {
        frozenset(("A", "B_2")): "23", frozenset(("A", "C")): "24", frozenset(("B_2", "C")): "23"
    }  # fmt: skip
    against = paired_table(results, "c_npmi", baseline="A")
    assert [(row[0].text, row[1].text) for row in against.rows] == [("B_2", "A"), ("C", "A")]
    assert against.rows[1][3].text.startswith("+0.29")


def test_ranks_are_over_corpora_and_k(results):
    found = ranking_of(results, "c_npmi")
    assert found.systems == ("C", "B_2", "A") and found.n_blocks == 6
    assert found.ranks.tolist() == [1, 2, 3]


@pytest.mark.parametrize("format", ["markdown", "latex", "html"])
def test_a_report_holds_every_part(results, format):
    text = report(results, format=format, baseline="A")
    for part in ("Paired tests of c", "Average ranks", "Runs that failed", "critical difference"):
        assert part in text
    assert "nan" not in text


def test_markdown_rows_have_as_many_fields_as_the_head(results):
    for block in report(results).split("\n\n"):
        if block.startswith("|"):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.strip().splitlines()}
            assert len(widths) == 1


def test_letters_that_mean_something_are_escaped():
    table = Table("A & B", ("a", "b_c"), ((Cell("50 % <x>"), Cell("p|q ± 1", True)),), "")
    assert "| 50 % <x> | **p\\|q ± 1** |" in markdown(table)
    assert r"50 \% <x> & \textbf{p|q $\pm$ 1} \\" in latex(table) and r"b\_c" in latex(table)
    seen = []
    parser = HTMLParser()
    parser.handle_data = seen.append
    parser.feed(html(table))
    assert [each for each in seen if each.strip()] == ["A & B.", "a", "b_c", "50 % <x>", "p|q ± 1"]


def test_unknown_measures_baselines_and_formats_come_with_the_nearest(results):
    with pytest.raises(InputError, match=r"have no measure 'c_nmpi'. Did you mean c_npmi"):
        report(results, measures=["c_nmpi"])
    with pytest.raises(InputError, match=r"There is no baseline 'B2'. Did you mean B_2"):
        report(results, baseline="B2")
    with pytest.raises(InputError, match=r"There is no format 'mardown'. Did you mean markdown"):
        report(results, format="mardown")


def test_the_pareto_front_is_what_nothing_beats():
    points = np.array([[1, 3], [2, 2], [3, 1], [1, 1], [2, 2], [1, 2.9]])
    assert pareto_front(points) == [0, 1, 2, 4]


def test_plots_show_the_numbers_and_say_them(results):
    pytest.importorskip("plotly", reason="plots need the extra plots")
    figure = plot_critical_difference(results, "c_npmi")
    assert [(trace.name, trace.x[0]) for trace in figure.data if trace.name] == [("C", 1), ("B_2", 2), ("A", 3)]
    assert "Ranks: C 1.00, B_2 2.00, A 3.00" in figure.layout.meta["description"]
    assert figure.layout.xaxis.title.text == "average rank (1 is best)"
    figure = plot_pareto(results, n_topics=10)
    point = next(trace for trace in figure.data if trace.name == "C")
    assert point.y[0] == pytest.approx(np.mean(list(results.values("c_npmi", n_topics=10)["C"].values())))
    assert "topic_diversity" in figure.layout.xaxis.title.text and "c_npmi" in figure.layout.yaxis.title.text
    figure = plot_over_topics(results, "c_npmi", corpus="y")
    assert [list(trace.x) for trace in figure.data] == [[10, 20]] * 3
    assert len({trace.line.color for trace in figure.data}) == len({trace.line.dash for trace in figure.data}) == 3


def of_cells(cells):
    """Results of the cells {(corpus, model, K): c_npmi}, one seed each, all as diverse."""
    cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0}
    records = []
    for (corpus, model, k), value in cells.items():
        names = {"corpus": corpus, "model": model, "settings": "default", "n_topics": k, "seed": 0}
        scores = {"c_npmi": {"mean": value}, "topic_diversity": {"mean": 0.9}}
        records.append({**names, "id": f"{corpus}{model}{k}", "scores": scores, "cost": cost})
    return Results.from_records(records)


def test_what_was_hardly_run_does_not_decide_on_what_others_are_compared():
    cells = {(c, m, 10): 0.1 for c in "xyz" for m in "AB"} | {("x", "hardly", 10): 0.9}
    blocks, systems, _ = of_cells(cells).matrix("c_npmi", over_seeds=True)
    assert (systems, blocks) == (["A", "B"], [("x", 10), ("y", 10), ("z", 10)])
    table = overall_table(of_cells(cells), ["c_npmi"])
    assert [[cell.text for cell in row] for row in table.rows if row[0].text == "hardly"] == [["hardly", "-"]]
    cells[("y", "hardly", 10)] = 0.9
    assert of_cells(cells).matrix("c_npmi")[:2] == ([("x", 10, 0), ("y", 10, 0)], ["A", "B", "hardly"])


def test_plots_compare_on_what_all_were_run_on():
    pytest.importorskip("plotly", reason="plots need the extra plots")
    results = of_cells(
        {("x", "A", 10): 0.1, ("x", "A", 20): 0.2, ("y", "A", 20): 0.8, ("x", "B", 10): 0.3, ("x", "B", 20): 0.5}
    )
    lines = {trace.name: list(trace.y) for trace in plot_over_topics(results, "c_npmi").data}
    assert lines == {"A": [0.1, 0.2], "B": [0.3, 0.5]}
    points = {trace.name: trace.y[0] for trace in plot_pareto(results).data if trace.mode == "markers"}
    assert points == pytest.approx({"A": 0.15, "B": 0.4})
    apart = of_cells({("x", "A", 10): 0.1, ("y", "B", 10): 0.2})
    with pytest.raises(InputError, match="No corpus, number of topics and seed has both"):
        plot_pareto(apart)


def test_fourteen_systems_are_told_apart_without_colour():
    pytest.importorskip("plotly", reason="plots need the extra plots")
    results = of_cells({(c, f"model {i}", 10): i / 20 for c in "xy" for i in range(14)})
    for figure in (
        plot_pareto(results),
        plot_over_topics(results, "c_npmi"),
        plot_critical_difference(results, "c_npmi"),
    ):
        symbols = [trace.marker.symbol for trace in figure.data if trace.marker.symbol is not None]
        assert len(symbols) == len(set(symbols)) == 14


def test_costs_of_several_machines_are_not_compared(tmp_path):
    def record(seed, machine):
        names = {"corpus": "x", "model": "A", "settings": "default", "n_topics": 10, "seed": seed, "id": str(seed)}
        cost = {"fit_s": 1.0, "fit_cpu_s": 1.0, "peak_mb": 100.0} | ({"machine": machine} if machine else {})
        return {**names, "scores": {"nmi": {"mean": 0.5}}, "cost": cost}

    one = Results.from_records([record(0, "P, 2 cores"), record(1, "P, 2 cores")])
    assert "fit_s" in report(one) and "Machines" not in report(one)
    several = Results.from_records([record(0, "P, 2 cores"), record(1, "P, 2 cores"), record(2, None)])
    assert several.machines == {"P, 2 cores": 2, "not recorded": 1}
    assert "fit_s" not in report(several) and "| P, 2 cores | 2 |" in report(several)
    assert "fit_s" in report(several, measures=["fit_s"])
    assert "fit_s" not in several._repr_html_()
    several.write(tmp_path)
    assert Results.read(tmp_path / "results.csv").machines == several.machines


def test_results_from_before_machines_and_versions_were_recorded_can_be_read(results, tmp_path):
    results.write(tmp_path)
    old = pacsv.read_csv(tmp_path / "results.csv").drop_columns(["machine", "version"])
    pacsv.write_csv(old, tmp_path / "old.csv")
    read = Results.read(tmp_path / "old.csv")
    assert read.machines == {"not recorded": 71}
    assert read.versions == {("A", "not recorded"): 24, ("B_2", "not recorded"): 24, ("C", "not recorded"): 24}
    assert read.systems == results.systems and "## Versions" not in report(read)
