"""``topicml fit --language-column``: topics of several languages, side by side."""

import csv
import json
import re

import numpy as np
import pytest

from topicml.experiment import experiment_from

KITCHEN = ("The onion soup boils in the kitchen oven.", "Die Zwiebelsuppe kocht im Ofen der Küche.")
SPACE = ("A comet orbits beyond the planet and the moon.", "Ein Komet kreist jenseits von Planet und Mond.")


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory):
    """Two subjects in two languages; half of the texts are translated."""
    path = tmp_path_factory.mktemp("bilingual") / "texts.csv"
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "lang", "key"])
        for row in range(40):
            for number, lang in enumerate(("en", "de")):
                if row < 20 or row % 2 == number:
                    writer.writerow([(KITCHEN, SPACE)[row // 2 % 2][number], lang, row])
    return path


@pytest.fixture(scope="module")
def run(topicml, bilingual, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    options = (
        "--language-column",
        "lang",
        "--translations",
        "key",
        "--topics",
        2,
        "--epochs",
        3,
        "--text-column",
        "text",
    )
    result = topicml("fit", bilingual, *options, "--out", out)
    assert result.code == 0, result.err
    assert result.out.splitlines()[0].split() == ["topic", "language", "words"]
    return out


def test_in_a_terminal_languages_are_side_by_side(monkeypatch, capsys):
    from topicml.cli import printing

    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    printing.languages_table({"en": [["game"], ["soup"]], "de": [["spiel"], ["suppe"]]}, [1])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert ["topic", "en", "de"] in lines and ["1", "soup", "suppe"] in lines and len(lines) == 3


def test_a_column_that_has_no_languages_is_told(topicml, bilingual):
    for column, message in (
        ("key", "'key' should have the language of each document"),
        ("nosuch", "no field 'nosuch'"),
    ):
        result = topicml("fit", bilingual, "--text-column", "text", "--language-column", column, "--topics", "2")
        assert result.refused and message in result.err and "by_language" not in result.err


def test_topics_are_printed_in_both_languages(topicml, run):
    lines = topicml("topics", run).out.splitlines()
    assert lines[0].split() == ["topic", "language", "words"]
    assert [line.split()[:2] for line in lines[1:]] == [["0", "en"], ["0", "de"], ["1", "en"], ["1", "de"]]
    words = json.loads(topicml("topics", run, "--json").out)
    assert set(words) == {"en", "de"} and len(words["de"]) == 2
    shown = topicml("show", run, 0)
    assert shown.code == 0 and "rank  en" in shown.out
    assert set(json.loads(topicml("show", run, 0, "--format", "json").out)["languages"]) == {"en", "de"}


def test_the_run_has_scores_of_each_language_and_its_settings(run):
    scores = json.loads((run / "scores.json").read_text())
    assert {"npmi_doc_en", "npmi_doc_de"} <= set(scores)
    configuration = json.loads((run / "run.json").read_text())["configuration"]
    assert configuration["reading"]["language_column"] == "lang"
    assert configuration["parameters"]["languages"] is True and configuration["parameters"]["translations"] == "key"


def test_documents_are_read_again_and_new_ones_are_labelled(topicml, run, tmp_path):
    pytest.importorskip("py3langid")
    new = tmp_path / "new.csv"
    new.write_text("text\n" + "\n".join([*KITCHEN, *SPACE]) + "\n", "utf-8")
    result = topicml("transform", run, new, "--out", tmp_path / "labelled.csv")
    assert result.code == 0, result.err
    with open(tmp_path / "labelled.csv", encoding="utf-8", newline="") as stream:
        topics = [row["topic"] for row in csv.DictReader(stream)]
    assert topics[0] == topics[1] and topics[2] == topics[3]


def test_new_documents_are_read_in_the_language_of_their_column(topicml, run, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text(f"text,lang\n{KITCHEN[0]},en\n{KITCHEN[1]},fr\n", "utf-8")
    result = topicml("transform", run, new, "--out", tmp_path / "labelled.csv")
    assert result.refused and "no language 'fr'" in result.err and "en, de" in result.err


def test_a_dictionary_is_kept_as_its_words(topicml, bilingual, tmp_path):
    words = tmp_path / "words.csv"
    words.write_text("en,de\ncomet,Komet\nplanet,Planet\n", "utf-8")
    options = ("--language-column", "lang", "--dictionary", words, "--topics", 2, "--epochs", 1, "--no-report")
    result = topicml("fit", bilingual, *options, "--out", tmp_path / "run")
    assert result.code == 0, result.err
    parameters = json.loads((tmp_path / "run" / "run.json").read_text())["configuration"]["parameters"]
    assert parameters["dictionary"] == [["en:comet", "de:Komet"], ["en:planet", "de:Planet"]]
    config = {
        "corpora": ["lee"],
        "models": ["ProdLDA"],
        "settings": {"two": {"languages": True, "dictionary": "words.csv"}},
    }
    given = experiment_from(config, tmp_path).settings["two"]["dictionary"]
    assert np.array(given).tolist() == parameters["dictionary"]


@pytest.mark.parametrize(
    "options, message",
    [
        (("--translations", "key"), "pass --language-column"),
        (("--dictionary", "words.csv"), "pass --language-column"),
        (("--language-column", "lang", "--language", "de"), "leave out --language"),
        (("--language-column", "lang", "--set", "languages=true"), "set the same parameter"),
        (("--language-column", "speech"), "no field 'speech' with the languages"),
        (("--language-column", "lang", "--dictionary", "absent.csv"), "cannot be read"),
    ],
)
def test_options_that_cannot_be(topicml, bilingual, options, message):
    result = topicml("fit", bilingual, *options)
    assert result.refused and message in result.err


def test_why_there_is_no_score_is_told_by_language(topicml, tmp_path):
    source = tmp_path / "texts.csv"
    rows = [f"{(KITCHEN, SPACE)[i // 2 % 2][i % 2]},{('en', 'de')[i % 2]},{i // 2}" for i in range(240)]
    source.write_text("\n".join(["text,lang,key", *rows]), "utf-8")
    options = ("--language-column", "lang", "--translations", "key", "--topics", "2", "--epochs", "1")
    result = topicml("fit", source, *options, "--set", "validation_fraction=0.25")
    assert result.code == 0, result.err
    told = re.search(r"([\d]+) documents were held out of training, and (\d+) of the rarest language: 50", result.out)
    assert told and int(told[2]) < 50 and int(told[1]) >= 50
    assert "validation_fraction=0.42" in result.out  # 50 of the 120 documents of a language
