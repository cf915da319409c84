"""``topicml fit --time``, ``--by`` and ``--content``."""

import csv
import json

import pytest

import topicml as package


@pytest.fixture(scope="module")
def dated(documents, tmp_path_factory):
    """The documents, with a month and a side."""
    path = tmp_path_factory.mktemp("dated") / "dated.csv"
    with open(documents, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for number, row in enumerate(rows):
        row |= {"when": f"2024-{1 + number // 30:02}-{1 + number % 28:02}", "side": "left" if number % 2 else "right"}
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--time", "when", "--by", "month"), ("2024-01", "2024-02", "2024-03")),
        (("--time", "when", "--by", "2"), ("2024-01-01", "2024-02-13T12:00:00")),
        (("--content", "side"), ("left", "right")),
    ],
)
def test_topics_differ_by_a_column(topicml, dated, small, tmp_path, options, names):
    out = tmp_path / "run"
    result = topicml(
        "fit", dated, *small, "--epochs", "2", "--text-column", "body text", *options, "--no-report", "--out", out
    )
    assert result.code == 0, result.err
    model = package.load(out)
    assert model.groups_.names == names
    assert f"{names[0]} to {names[-1]}: topicml topics DIR --at {names[0]} prints them" in result.err
    shown = topicml("topics", out, "--at", names[-1], "-n", "4", "--format", "json")
    assert json.loads(shown.out) == model.topics_at(names[-1], 4)
    parameters = json.loads((out / "run.json").read_text())["configuration"]["parameters"]
    assert parameters[options[0][2:]] == options[1]


def test_the_report_has_words_by_slice(topicml, dated, small, tmp_path):
    pytest.importorskip("jinja2")
    from topicml.explore import TopicView
    from topicml.report.courses import words_by_slice

    out = tmp_path / "run"
    topicml(
        "fit",
        dated,
        *small,
        "--epochs",
        "2",
        "--text-column",
        "body text",
        "--time",
        "when",
        "--by",
        "month",
        "--out",
        out,
    )
    view = TopicView.of(package.load(out))
    found = words_by_slice(view, "when", 3)
    assert [name for name, _ in found] == ["2024-01", "2024-02", "2024-03"]
    assert found[2][1][1] == ", ".join(view.model.topics_at("2024-03", 3)[1])
    assert words_by_slice(view, "theme") == []
    merged = view.merge([1, 2])
    assert [words[1] for _, words in words_by_slice(merged, "when", 3)] == [
        ", ".join(merged.topics_at(name, 3)[1]) for name, _ in found
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--time", "when", "--by", "decade"), "by must be one of year"),
        (("--by", "month"), "there is none: set --time date"),
        (("--time", "wen"), "Did you mean 'when'"),
        (("--time", "side"), "is not a time"),
        (("--time", "when", "--content", "side"), "by --time when and by --content side in one model: leave one out"),
        (("--time", "when", "--set", "time=when"), "the same parameter"),
    ],
)
def test_options_that_cannot_be_used(topicml, dated, small, options, message):
    result = topicml("fit", dated, *small, "--text-column", "body text", *options)
    assert result.refused
    assert message in " ".join(result.err.split())


def test_words_of_a_group_that_cannot_be_shown(topicml, dated, small, tmp_path):
    out = tmp_path / "run"
    options = ("--epochs", "1", "--text-column", "body text", "--no-report", "--out", out)
    topicml("fit", dated, *small, *options, "--content", "side")
    absent = topicml("topics", out, "--at", "middle")
    assert absent.refused and "no group 'middle' of 'side'; its groups are left, right" in absent.err
    both = topicml("topics", out, "--at", "left", "--cut", "2")
    assert both.refused and "--at and --cut" in both.err
    topicml("fit", dated, *small, *options, "--overwrite")
    plain = topicml("topics", out, "--at", "left")
    assert plain.refused and "--time … or --content …" in plain.err
