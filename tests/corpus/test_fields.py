"""Fields of documents that come in several parts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml.corpus.fields import Fields

N = 12
TEXTS = [f"text {i}" for i in range(N)]
KINDS = pa.chunked_array(
    [pa.array(["a", "b", "a", "b", "b"]).dictionary_encode(), pa.array(["c"] * 7).dictionary_encode()]
)


def fields():
    """Columns whose parts do not end at the same rows."""
    texts = pa.chunked_array([pa.array(TEXTS[:3]), pa.array(TEXTS[3:])])
    columns = {"text": texts, "kind": KINDS, "number": pa.chunked_array([pa.array(range(N))])}
    return Fields(pa.table(columns, metadata={"label": "kind"}))


@given(st.lists(st.integers(0, N - 1)))
@pytest.mark.parametrize("ascending", [True, False])
def test_selected_rows_are_those_that_arrow_selects(ascending, rows):
    rows = np.array(sorted(rows) if ascending else rows, dtype=np.int64)
    taken, expected = fields().take(rows).table, fields().table.take(pa.array(rows))
    assert taken.to_pydict() == expected.to_pydict()
    assert taken.schema.equals(expected.schema, check_metadata=True)
