"""Messages name documents by their line of the file, their row of the sheet, or the name of their file."""

import json

import openpyxl
import pytest

from topicml import Corpus
from topicml.corpus.places import place_of, places_of
from topicml.errors import InputError, TopicWarning


def test_rows_of_a_csv_are_the_lines_in_which_they_begin(tmp_path):
    content = 'id,text\n1,rocket moon\n\n2,"two\nlines oven"\n3,\n4,moon oven\n'
    (tmp_path / "a.csv").write_text(content)
    with pytest.warns(TopicWarning, match=r"1 of 4 documents has no words left after preprocessing \(line 6\)"):
        corpus = Corpus.read(tmp_path / "a.csv")
    assert places_of(corpus, range(4)) == "lines 2, 4, 6, 7"
    assert places_of(corpus[[3, 1]], [0, 1]) == "lines 7, 4" and places_of(corpus, range(4), 2) == "lines 2, 4, …"
    (tmp_path / "sep.csv").write_text("sep=;\n" + content.replace(",", ";"))
    with pytest.warns(TopicWarning, match=r"\(line 7\)"):
        Corpus.read(tmp_path / "sep.csv")


def test_places_of_other_formats(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "rocket moon"}\n\n{"text": "oven moon"}\n')
    assert place_of(Corpus.read(tmp_path / "a.jsonl"), 1) == "line 3"
    (tmp_path / "a.txt").write_text("rocket moon\noven rocket\n")
    assert place_of(Corpus.read(tmp_path / "a.txt"), 1) == "line 2"
    (tmp_path / "texts").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "texts" / name).write_text("rocket moon")
    assert place_of(Corpus.read(tmp_path / "texts"), 1) == "file b.txt"
    book = openpyxl.Workbook()
    for row in (["text"], ["rocket moon"], [None], ["oven rocket"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert place_of(Corpus.read(tmp_path / "a.xlsx"), 1) == "row 4 of the sheet"


def test_without_a_file_rows_count_from_0_and_say_so(tmp_path):
    corpus = Corpus.from_texts(["rocket moon", "moon oven"])
    assert places_of(corpus, [0, 1]) == "rows 0, 1 counted from 0"
    assert place_of(None, 1_000) == "row 1,000 counted from 0"
    (tmp_path / "a.csv").write_text("text\nrocket moon\noven rocket\n")
    read = Corpus.read(tmp_path / "a.csv")
    assert not (read.fields.table.schema.metadata or {})
    read.save(tmp_path / "saved")
    assert place_of(Corpus.open(tmp_path / "saved"), 1) == "row 1 counted from 0"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", 'id,text\n1,"two\nlines"\n2,b,c\n', r"The row in line 4 of .* has 3 values"),
        ("a.csv", 'id,text\n1,a\n2,"b\n3,c\n', r"the row that begins in line 3"),
        ("a.jsonl", '{"text": "a"}\n\n[1]\n', r"Line 3 of .* is \[1\]"),
    ],
)
def test_errors_name_the_line_of_the_file(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        Corpus.read(tmp_path / name)


def test_json_of_check_has_rows_for_programs_and_places_for_people(tmp_path, capsys):
    from topicml.cli import main

    words = ["rocket", "moon", "orbit", "planet", "comet", "oven", "butter", "flour"]
    texts = [" ".join(words[(i + j) % 8] for j in range(4)) for i in range(40)] + [""] * 8
    (tmp_path / "a.csv").write_text("text\n" + "\n".join(f'"{text}"' for text in texts) + "\n")
    with pytest.raises(SystemExit):
        main(["check", str(tmp_path / "a.csv"), "--format", "json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    at = {finding["kind"]: (finding["rows"], finding["places"]) for finding in findings if finding["rows"]}
    assert at and all(places.startswith("line") for _, places in at.values())
    for rows, places in at.values():
        assert places.removeprefix("lines ").removeprefix("line ").split(", ")[0] == str(rows[0] + 2)
