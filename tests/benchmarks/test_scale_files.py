"""The benchmark of many files: what it compares."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # the scripts import each other as siblings, as when they are run

import scale_files  # noqa: E402


def written(folder, ids, topics=None):
    """One document in each file."""
    folder.mkdir()
    topics = [0] * len(ids) if topics is None else topics
    for number, (each, topic) in enumerate(zip(ids, topics, strict=True)):
        pq.write_table(pa.table({"id": [each], "topicml_topic": [topic]}), folder / f"part-{number:02}.parquet")
    return folder


def test_equal_files_with_each_document_once_pass(tmp_path):
    one, two = (written(tmp_path / name, range(20)) for name in ("one", "two"))
    assert "each of the 20 documents once" in scale_files.compared(one, two, 20)


@pytest.mark.parametrize(
    ("ids", "topics", "message"),
    [
        (range(19), None, "has 19 files"),
        ([*range(19), 18], None, "missing, or there twice"),
        (range(20), [1, *[0] * 19], "differ"),
    ],
)
def test_missing_double_and_other_rows_fail(tmp_path, ids, topics, message):
    one = written(tmp_path / "one", range(20))
    two = written(tmp_path / "two", ids, topics)
    with pytest.raises(SystemExit, match=message):
        scale_files.compared(one, two, 20)
