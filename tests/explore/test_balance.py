import sys

import pytest

from topicml.errors import InputError, MissingExtraError
from topicml.explore import plot_balance


def history(losses=("model", "contrast"), epochs=4):
    records = []
    for epoch in range(1, epochs + 1):
        record = {"epoch": epoch, "loss": 80.0 / epoch, "stationarity": 1 / epoch, "skipped": 0.0}
        for i, loss in enumerate(losses):
            record |= {f"weight_{loss}": 0.1 * epoch + i, f"norm_{loss}": 10.0**i / epoch}
        pairs = [(a, b) for i, b in enumerate(losses) for a in losses[:i]]
        for i, (a, b) in enumerate(pairs):
            record["cosine" if len(pairs) == 1 else f"cosine_{a}_{b}"] = 0.1 * epoch - 0.2 * i
        records.append(record)
    return records


def panel(figure, row, column):
    """Name -> (epochs, values) of the lines of a panel."""
    axis = figure.get_subplot(row, column).yaxis
    anchor = axis.plotly_name.replace("axis", "")
    return {t.name: (list(t.x), list(t.y)) for t in figure.data if (t.yaxis or "y") == anchor}


@pytest.fixture(autouse=True)
def plotly():
    pytest.importorskip("plotly", reason="needs pip install 'topicml[plots]'")


def test_the_lines_are_the_history():
    records = history()
    figure = plot_balance(records)
    epochs = [1, 2, 3, 4]

    def column(key):
        return epochs, [record[key] for record in records]

    assert panel(figure, 1, 1) == {"model": column("weight_model"), "contrast": column("weight_contrast")}
    assert panel(figure, 1, 2) == {"model and contrast": column("cosine")}
    assert panel(figure, 2, 1) == {"model": column("norm_model"), "contrast": column("norm_contrast")}
    assert panel(figure, 2, 2) == {"shortest combination": column("stationarity")}


def test_three_losses_have_a_cosine_for_each_pair():
    figure = plot_balance(history(("model", "contrast", "word_order")))
    assert set(panel(figure, 1, 2)) == {"model and contrast", "model and word_order", "contrast and word_order"}


def test_an_epoch_of_skipped_steps_leaves_a_gap_and_is_in_the_title():
    records = history()
    records[1] = {"epoch": 2, "skipped": 5}
    figure = plot_balance(records)
    assert panel(figure, 1, 1)["model"][1][1] is None
    assert "(skipped steps: 5)" in figure.layout.title.text


def test_axes_are_named_with_their_units_and_lines_differ_without_colour():
    figure = plot_balance(history(("model", "contrast", "third")))
    for row in (1, 2):
        for column in (1, 2):
            axes = figure.get_subplot(row, column)
            assert axes.xaxis.title.text == "epoch"
            assert "(" in axes.yaxis.title.text
    assert figure.get_subplot(2, 1).yaxis.type == "log"
    weights = [t for t in figure.data if (t.yaxis or "y") == "y"]
    assert len({t.line.dash for t in weights}) == len({t.marker.symbol for t in weights}) == 3
    of_model = {t.line.color for t in figure.data if t.name == "model"}
    assert len(of_model) == 1  # a loss looks the same in every panel


def test_the_description_has_the_values_of_the_lines():
    described = plot_balance(history()).layout.meta["description"]
    assert "over 4 epochs" in described
    assert "Weights: model from 0.1 to 0.4; contrast from 1.1 to 1.4." in described
    assert "Stationarity gap: shortest combination from 1 to 0.25." in described


@pytest.mark.parametrize("records", [[], [{"epoch": 1, "loss": 2.0}]])
def test_a_history_without_weights_is_refused(records):
    with pytest.raises(InputError, match=r"no balance to plot.*contrast"):
        plot_balance(records)


def test_without_plotly_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'topicml\[plots\]'"):
        plot_balance(history())
