"""``fit`` and ``transform`` give every column of the documents back, with their topics."""

import csv
import io
import json
import sys
from datetime import UTC, date, datetime

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from topicml.runs.rows import COLUMNS
from topicml.runs.tables import write_table


def table_of(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".xlsx":
        names, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        return [dict(zip(names, row, strict=True)) for row in rows]
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    """A table with ids, dates and names that the fit knows nothing of."""
    path = tmp_path_factory.mktemp("tickets") / "tickets.csv"
    rows = [
        ("007", "2024-05-31", "rocket moon orbit planet", "=1+1"),
        ("008", "2024-06-01", "best pizza in Naples", 'say "hi"'),
        ("009", "", "", "two\nlines"),
        ("010", "2024-06-03", "goal match referee zzzz qqqq yyyy vvvv", "ü"),
    ]
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("ticket id", "day", "message", "remark"), *rows])
    return path


def test_fit_writes_every_column_with_its_topic(run_folder, documents):
    rows, source = table_of(run_folder / "documents.csv"), table_of(documents)
    assert list(rows[0]) == ["id", "body text", "theme", *COLUMNS]
    assert [{name: row[name] for name in source[0]} for row in rows] == source
    theta = pq.read_table(run_folder / "doc_topics.parquet").to_pandas().filter(like="theta_").to_numpy()
    np.testing.assert_array_equal([int(row["topic"]) for row in rows], theta.argmax(axis=1))
    assert all(0 < float(row["confidence"]) <= 1 and row["label"].startswith(f"{row['topic']}: ") for row in rows)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".jsonl", ".xlsx"])
def test_transform_keeps_every_column_in_every_format(topicml, run_folder, tickets, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    outcome = topicml("transform", run_folder, tickets, "--text-column", "message", "--out", out)
    assert outcome.code == 0, outcome.err
    rows = table_of(out)
    assert list(rows[0]) == ["ticket id", "day", "message", "remark", *COLUMNS]
    assert [row["ticket id"] for row in rows] == ["007", "008", "009", "010"]
    assert [row["remark"] for row in rows] == ["=1+1", 'say "hi"', "two\nlines", "ü"]
    assert str(rows[0]["day"]).startswith("2024-05-31") and rows[2]["day"] in (None, "")
    topics = [int(row["topic"]) for row in rows]
    assert topics[0] >= 0 and topics[3] >= 0 and topics[1:3] == [-1, -1]
    assert [row["note"] or "" for row in rows] == ["", "no known word", "no words", "only 3 of 7 words are known"]
    assert rows[1]["label"] in (None, "") and rows[1]["confidence"] in (None, "")
    assert "2 without known words" in outcome.err


def test_a_formula_in_a_text_is_text_in_excel(topicml, run_folder, tickets, tmp_path):
    topicml("transform", run_folder, tickets, "--text-column", "message", "--out", tmp_path / "out.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx").active["D2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_dates_stay_dates_in_excel(tmp_path):
    zoned = datetime(2024, 5, 31, 10, tzinfo=UTC)
    table = pa.table({"at": [datetime(2024, 5, 31, 10)], "zone": [zoned], "old": [date(1815, 6, 18)]})
    write_table(tmp_path / "a.xlsx", table)
    row = [cell.value for cell in list(openpyxl.load_workbook(tmp_path / "a.xlsx").active.rows)[1]]
    assert row[0] == datetime(2024, 5, 31, 10)
    assert row[1].startswith("2024-05-31 10:00") and row[2] == "1815-06-18"


def test_standard_output_and_standard_input(topicml, run_folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"rocket moon orbit\nbest pizza in Naples\n")))
    outcome = topicml("transform", run_folder, "-", "--out", "-", "--theta")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [row["text"] for row in rows] == ["rocket moon orbit", "best pizza in Naples"]
    assert int(rows[0]["topic"]) >= 0 and rows[1]["topic"] == "-1" and rows[1]["theta_0"] == ""
    assert sum(float(rows[0][f"theta_{k}"]) for k in range(3)) == pytest.approx(1, abs=1e-5)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text": "rocket moon orbit", "id": 3}\n')))
    outcome = topicml("transform", run_folder, "-", "--stdin-format", "jsonl")
    assert next(csv.DictReader(io.StringIO(outcome.out)))["id"] == "3"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe")))
    refused = topicml("transform", run_folder, "-")
    assert refused.refused and "standard input" in refused.err


def test_min_confidence_makes_documents_unclear(topicml, run_folder, tmp_path):
    source, plain, strict = (tmp_path / name for name in ("source.csv", "a.csv", "b.csv"))
    mixed = ["rocket oven goal", "moon butter", "team garlic orbit", "flour onion match"]
    source.write_text("\n".join(["text", "rocket moon orbit planet", *mixed, "zzzz"]))
    assert topicml("transform", run_folder, source, "--out", plain).code == 0
    confidences = [float(row["confidence"] or "nan") for row in table_of(plain)]
    limit = sorted(confidences[:5])[2]
    outcome = topicml("transform", run_folder, source, "--out", strict, "--min-confidence", limit)
    n_unclear = sum(each < limit for each in confidences)
    assert n_unclear and f"1 without known words; {n_unclear} unclear" in outcome.err
    for before, after, sure in zip(table_of(plain), table_of(strict), confidences, strict=True):
        assert (after["label"] == "unclear") == (sure < limit) and after["confidence"] == before["confidence"]
        assert after["topic"] == ("-1" if sure < limit else before["topic"])
    assert topicml("transform", run_folder, source, "--out", tmp_path / "c.csv", "--min-confidence", "2").code == 2


def test_without_a_source_the_documents_of_the_fit_are_labelled_again(topicml, run_folder, tmp_path):
    assert topicml("transform", run_folder, "--out", tmp_path / "again.csv").code == 0
    assert (tmp_path / "again.csv").read_text() == (run_folder / "documents.csv").read_text()
    assert topicml("transform", run_folder / "model", "--out", tmp_path / "none.csv").refused


@pytest.mark.parametrize("name", ["documents.parquet", "none", "rows.xlsx"])
def test_the_file_of_documents_can_be_chosen(topicml, documents, small, tmp_path, name):
    outcome = topicml(
        *("fit", documents, "--text-column", "body text", *small, "--no-report", "-q"),
        *("--out", tmp_path / "run", "--documents", name),
    )
    assert outcome.code == 0, outcome.err
    written = {path.name for path in (tmp_path / "run").iterdir()}
    assert (name in written) == (name != "none") and "documents.csv" not in written
    if name != "none":
        assert set(COLUMNS) <= set(table_of(tmp_path / "run" / name)[0])


@pytest.mark.parametrize("name", ["documents.doc", "topics.csv", "../documents.csv", "labels.csv"])
def test_another_file_of_documents_is_refused_before_the_fit(topicml, documents, small, tmp_path, name):
    outcome = topicml("fit", documents, *small, "--out", tmp_path / "run", "--documents", name)
    assert outcome.refused and not list(tmp_path.iterdir())


def test_columns_of_lists_and_numbers_are_kept(topicml, run_folder, tmp_path):
    table = pa.table({"text": ["rocket moon orbit"], "tags": [["a", "b"]], "score": [0.1], "topic": ["old"]})
    pq.write_table(table, tmp_path / "new.parquet")
    outcome = topicml("transform", run_folder, tmp_path / "new.parquet", "--out", tmp_path / "out.csv")
    row = table_of(tmp_path / "out.csv")[0]
    assert (row["tags"], row["score"], row["topic"]) == ('["a", "b"]', "0.1", "old")
    assert int(row["topicml_topic"]) >= 0 and "begin with 'topicml_'" in outcome.err
