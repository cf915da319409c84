"""``topicml contrast``: two files, a test, and a run that other commands open."""

import csv
import json
import random

import pytest

THEMES = ("space", "kitchen", "sport")
OPTIONS = ("--topics", "4", "--salient", "1", "--epochs", "8", "--set", "hidden=16", "--set", "batch_size=32")


@pytest.fixture(scope="module")
def files(tmp_path_factory, themes):
    """June: space and kitchen; July: sport, too. Each with a column of its own, and one that both have."""
    folder = tmp_path_factory.mktemp("months")
    draw = random.Random(0)
    for month, n_themes in (("june", 2), ("july", 3)):
        with open(folder / f"{month}.csv", "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("text", "number", month))
            for i in range(90):
                words = themes[THEMES[i % n_themes]].split()
                writer.writerow((" ".join(draw.choices(words, k=15)), i, "x"))
    return folder / "june.csv", folder / "july.csv"


@pytest.fixture(scope="module")
def run(files, topicml, tmp_path_factory):
    out = tmp_path_factory.mktemp("contrast") / "run"
    return out, topicml("contrast", *files, *OPTIONS, "--no-report", "--out", out)


def test_what_is_new_is_printed(run, themes):
    out, result = run
    assert result.code == 0, result.err
    assert "What july has, and june has not" in result.out
    assert "1 of 1 salient topics is new: p at most 0.05" in result.out
    table = next(line for line in result.out.splitlines() if "  new  " in line)
    assert table.split()[0] == "3" and {*table.split()[-10:]} <= {*themes["sport"].split()}
    assert "Words in a larger share of the documents of july" in result.out
    last = result.out.splitlines()[-5:]
    assert all(line.startswith("- line ") and "topic 3" in line for line in last)
    assert f"Written to {out}" in result.err


def test_the_run_has_the_result_and_opens_with_other_commands(run, topicml, files, themes):
    out, _ = run
    facts = json.loads((out / "contrast.json").read_text("utf-8"))
    assert facts["new"] == [3] and (facts["background"], facts["other"]) == ("june", "july")
    assert facts["documents"] == {"background": 90, "other": 90} and sum(facts["unseen"].values()) == 90
    assert all(0 <= each["document"] < 90 for each in facts["least_like_background"])
    with open(files[1], encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    assert all(texts[each["document"]] == each["text"] for each in facts["least_like_background"])
    with open(out / "contrast_words.csv", encoding="utf-8", newline="") as stream:
        words = list(csv.DictReader(stream))
    assert {row["word"] for row in words[:5]} <= {*themes["sport"].split()} and len(words) > 20
    with open(out / "documents.csv", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["corpus"] for row in rows] == ["june"] * 90 + ["july"] * 90 and rows[95]["number"] == "5"
    assert "topic" in topicml("topics", out).out and topicml("show", out, "3").code == 0
    assert topicml("docs", out, "3").code == 0


def test_the_test_of_a_run_can_be_repeated(run, topicml):
    from topicml import open_run
    from topicml.explore import contrast

    opened = open_run(run[0])
    found = contrast(opened.model, opened.corpus)
    facts = json.loads((run[0] / "contrast.json").read_text("utf-8"))
    assert found.new == facts["new"]
    assert found.topics().p.tolist() == [each["p"] for each in facts["topics"]]


def test_json_for_programs(files, topicml):
    result = topicml("contrast", *files, *OPTIONS, "--format", "json", "--level", "0.01", "--draws", "499", "-q")
    facts = json.loads(result.out)
    assert facts["level"] == 0.01 and facts["least_p"] == 0.004 and facts["new"] == [3]
    assert "words in the vocabulary" not in result.err


def test_the_number_of_topics_follows_from_the_size(files, topicml):
    result = topicml("contrast", *files, *OPTIONS[2:], "--format", "json", "--documents", "2", "--seed", "3")
    facts = json.loads(result.out)
    assert len(facts["topics"]) > 3 and len(facts["least_like_background"]) == 2
    assert "usual number" in result.err


def test_lists_of_tokens_and_the_same_file_twice(tmp_path, topicml, files):
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        words = (("sun", "rain"), ("goal", "match"), ("sun", "goal"))
        lines = [" ".join(words[i % 3] * 3) for i in range(24)]
        (folder / "corpus.tsv").write_text("".join(f"{line}\ttrain\n" for line in lines))
        (folder / "vocabulary.txt").write_text("sun\nrain\ngoal\nmatch\n")
    few = ("--topics", "3", "--salient", "1", "--epochs", "1", "--set", "hidden=16")
    result = topicml("contrast", tmp_path / "a", tmp_path / "b", *few)
    assert result.code == 0, result.err
    assert "have the same documents" in result.err and "None of 1 salient topics is new" in result.out
    assert "none of which is new" in result.out and "least like" not in result.out
    assert "1 epoch (" in result.err
    mixed = topicml("contrast", tmp_path / "a", files[0], *few)
    assert mixed.refused and "a has tokens, and june has texts" in mixed.err


@pytest.mark.parametrize(
    "content, options, message",
    [
        ("text\n", (), "no "),
        ("text\n" + "xylophone quartz\n" * 9, (), "no common word"),
        (None, ("--set", "against=a=b"), "--set against: this command sets it"),
        (None, ("--held-out", "1"), "--held-out takes a share"),
        (None, ("--level", "0"), "--level takes a probability"),
        (None, ("--topics", "2", "--salient", "2"), "--salient 2 leaves no common topic"),
        (None, ("--text-column", "nothing"), "nothing"),
    ],
)
def test_what_cannot_be_compared_is_refused(content, options, message, files, topicml, tmp_path):
    other = files[1]
    if content is not None:
        other = tmp_path / "other.csv"
        other.write_text(content)
    result = topicml("contrast", files[0], other, "--out", tmp_path / "run", "--salient", "1", *options)
    assert result.refused and message in result.err
    assert not (tmp_path / "run").exists() and not (tmp_path / "run.partial").exists()
