"""Excel workbooks: sheets, types, and files that are none."""

import datetime
import sys

import pytest

from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError, TopicWarning

openpyxl = pytest.importorskip("openpyxl")

ROWS = [
    ("id", "text", "date", "team", None, "ref"),
    (1, "a cat", datetime.datetime(2024, 5, 1), "x", None, 12),
    (None, None, None, None, None, None),
    (2, "a dog", datetime.datetime(2024, 6, 1), None, None, "12a"),
    (3, None, None, "#N/A", None, None),
]


def write(path, sheets):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_the_first_row_names_columns_and_rows_without_values_are_skipped(tmp_path):
    path = write(tmp_path / "a.xlsx", {"empty": [], "data": ROWS})
    with pytest.warns(TopicWarning, match=r"1 of 3 documents has no words \(row 5 of the sheet\)"):
        corpus = Corpus.read(path, preprocessor=False, label_column="team")
    assert list(corpus.fields) == ["id", "text", "date", "team", "ref"]
    assert corpus.fields["text"].tolist() == ["a cat", "a dog", ""]
    assert corpus.fields["id"].tolist() == [1, 2, 3]
    assert str(corpus.fields["date"][1])[:10] == "2024-06-01"
    assert corpus.fields.labels.tolist() == ["x", None, None]  # an error value is no label
    assert corpus.fields["ref"].tolist() == ["12", "12a", None]


def test_of_several_sheets_the_first_is_read_and_told(tmp_path):
    path = write(tmp_path / "a.xlsx", {"May": [["text"], ["a cat"]], "June": [["text"], ["a dog"]]})
    with pytest.warns(TopicWarning, match="has several sheets; 'May' was read, not 'June'"):
        assert list(Corpus.read(path, preprocessor=False)) == [["a", "cat"]]
    for sheet in ("June", 2, "2"):
        assert list(Corpus.read(path, preprocessor=False, sheet=sheet)) == [["a", "dog"]]
    for sheet in ("Juni", 3, 0, -1, "x"):
        with pytest.raises(InputError, match=f"has no sheet {sheet!r}.*Its sheets: 'May', 'June'"):
            Corpus.read(path, sheet=sheet)


def test_a_workbook_without_values_or_no_workbook_is_an_error_in_words(tmp_path):
    with pytest.raises(InputError, match="has no values"):
        Corpus.read(write(tmp_path / "a.xlsx", {"one": [], "two": [[None, ""]]}))
    (tmp_path / "b.xlsx").write_text("id,text\n")
    with pytest.raises(InputError, match=r"b\.xlsx is no Excel workbook"):
        Corpus.read(tmp_path / "b.xlsx")


def test_without_openpyxl_the_message_names_the_extra(tmp_path, monkeypatch):
    path = write(tmp_path / "a.xlsx", {"May": [["text"], ["a cat"]]})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'topicml\[excel\]'"):
        Corpus.read(path)
