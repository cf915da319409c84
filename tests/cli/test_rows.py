"""``fit`` and ``transform`` give every column of the documents back, with their topics."""

import csv
import io
import json
import shutil
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import topicml as package
from topicml.runs.rows import COLUMNS
from topicml.runs.tables import original_columns, write_table


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
    topics = json.loads((run_folder / "topics.json").read_text("utf-8"))
    assert all(0 < float(row["confidence"]) <= 1 for row in rows)
    assert all(row["label"] == ", ".join(topics[int(row["topic"])][:4]) for row in rows)  # its number stands beside it


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


DATES = {
    "when": [datetime(2024, 5, 31, 10, 0, 5), None, datetime(2024, 6, 1)],
    "day": [date(2024, 5, 1), date(2024, 5, 2), None],
    "at": [time(10, 30), time(23, 59), None],
    "took": [timedelta(hours=30), timedelta(minutes=2), None],
}


@pytest.mark.parametrize("suffix", ["xlsx", "parquet", "csv", "jsonl"])
def test_dates_and_times_of_excel_come_back(tmp_path, suffix):
    book = openpyxl.Workbook()
    book.active.append(["text", *DATES])
    for i in range(3):
        book.active.append([f"rocket moon {i}", *(values[i] for values in DATES.values())])
    book.save(tmp_path / "in.xlsx")
    table = original_columns(package.Corpus.read(tmp_path / "in.xlsx"))
    assert {name: table[name].to_pylist() for name in DATES} == DATES
    write_table(tmp_path / f"out.{suffix}", table)
    for name, values in DATES.items():
        column = [row[name] for row in table_of(tmp_path / f"out.{suffix}")]
        if suffix == "parquet":
            assert column == values
        elif suffix == "xlsx":  # which has no dates without a time
            of_excel = [datetime.combine(v, time()) if type(v) is date else v for v in values]
            assert column == of_excel and original_columns(package.Corpus.read(tmp_path / "out.xlsx"))[name].equals(
                table[name]
            )
        else:  # as text, dates without a time of day
            assert column == [("" if suffix == "csv" else None) if value is None else str(value) for value in values]


def test_a_column_of_dates_and_times_of_excel_is_of_times(tmp_path):
    book = openpyxl.Workbook()
    for row in (["text", "when"], ["moon", date(2024, 5, 31)], ["oven", datetime(2024, 6, 1, 10)]):
        book.active.append(row)
    book.save(tmp_path / "in.xlsx")
    column = original_columns(package.Corpus.read(tmp_path / "in.xlsx"))["when"].to_pylist()
    assert column == [datetime(2024, 5, 31), datetime(2024, 6, 1, 10)]


def test_standard_output_and_standard_input(topicml, run_folder, typed):
    typed(b"rocket moon orbit\nbest pizza in Naples\n")
    outcome = topicml("transform", run_folder, "-", "--out", "-", "--theta")
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert [row["text"] for row in rows] == ["rocket moon orbit", "best pizza in Naples"]
    assert int(rows[0]["topic"]) >= 0 and rows[1]["topic"] == "-1" and rows[1]["theta_0"] == ""
    assert sum(float(rows[0][f"theta_{k}"]) for k in range(3)) == pytest.approx(1, abs=1e-5)
    typed(b"")
    refused = topicml("transform", run_folder, "-")
    assert refused.refused and "standard input: it is empty" in refused.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"text": "rocket moon orbit", "id": 3}\n', "JSON lines"),
        (b"id;text\n3;rocket moon, orbit\n4;oven butter\n", "a table (CSV)"),
        ("id\ttext\n3\trocket moon\n".encode("utf-16"), "a table (TSV)"),
    ],
)
def test_the_format_of_standard_input_is_recognised_and_told(topicml, run_folder, typed, content, told):
    typed(content)
    outcome = topicml("transform", run_folder, "-")
    assert next(csv.DictReader(io.StringIO(outcome.out)))["id"] == "3" and told in outcome.err
    typed(content.replace(b";", b","))
    lines = topicml("transform", run_folder, "-", "--stdin-format", "txt")
    assert "id" not in csv.DictReader(io.StringIO(lines.out)).fieldnames and "Standard input" not in lines.err


def test_messages_name_standard_input_and_no_temporary_file(topicml, run_folder, typed):
    refusals = [
        (("transform", run_folder, "-", "--text-column", "nothing"), b"id,text\n1,moon\n2,oven\n"),
        (("check", "-", "--label-column", "nothing"), b"id,text\n1,moon\n2,oven\n"),
        (("fit", "-", "--text-column", "nothing"), b"id,text\n1,moon\n2,oven\n"),
        (("docs", run_folder, "0", "--source", "-", "--text-column", "nothing"), b"id,text\n1,moon\n2,oven\n"),
        (("evaluate", run_folder, "--reference", "-", "--label-column", "nothing"), b"id,text\n1,moon\n2,oven\n"),
        (("transform", run_folder, "-", "--stdin-format", "jsonl"), b"no json"),
        (("transform", run_folder, "-", "--encoding", "utf-8"), b"caf\xe9\n"),
    ]
    for arguments, content in refusals:
        typed(content)
        outcome = topicml(*arguments)
        assert outcome.code == 2 and "standard input" in outcome.err and "topicml-stdin" not in outcome.err, outcome
    assert topicml("check", __file__, "--stdin-format", "csv").refused  # only for standard input


def test_a_fit_of_standard_input_keeps_its_documents(topicml, documents, small, typed, tmp_path):
    typed(documents.read_bytes())
    folder = tmp_path / "run"
    outcome = topicml("fit", "-", "--text-column", "body text", *small, "--no-report", "-q", "--out", folder)
    assert outcome.code == 0, outcome.err
    moved = folder.rename(tmp_path / "moved")
    assert (moved / "source" / "standard_input.csv").read_bytes() == documents.read_bytes()
    rows = table_of(moved / "documents.csv")
    assert len(rows) == 90 and {"id", "body text", "theme"} <= set(rows[0])
    assert topicml("docs", moved, "0").code == 0
    assert topicml("transform", moved, "--out", tmp_path / "again.csv").code == 0
    assert table_of(tmp_path / "again.csv") == rows


def test_a_source_in_the_folder_of_a_run_cannot_lead_out_of_it(topicml, run_folder, documents, tmp_path):
    folder = shutil.copytree(run_folder, tmp_path / "run")
    record = json.loads((folder / "run.json").read_text("utf-8"))
    shutil.copy(documents, tmp_path / "secret.csv")
    record["configuration"]["reading"]["source"] = "./../secret.csv"
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    refused = topicml("docs", folder, "0")
    assert refused.refused and "were not read" in refused.err


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


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "xlsx"])
def test_dates_of_years_that_python_does_not_know_are_written_as_text(topicml, run_folder, tmp_path, suffix):
    days = pa.array([-800_000, 6_700_000], pa.date32())
    pq.write_table(
        pa.table({"text": ["rocket moon orbit", "oven butter flour"], "day": days}), tmp_path / "new.parquet"
    )
    out = tmp_path / f"out.{suffix}"
    outcome = topicml("transform", run_folder, tmp_path / "new.parquet", "--out", out)
    assert outcome.code == 0, outcome.err
    if suffix != "xlsx":
        assert "-0221-09-04" in out.read_text() and "20313-12-" in out.read_text()
