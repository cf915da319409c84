import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from topicml.errors import InputError
from topicml.metrics import coverage

texts = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), min_size=2, max_size=8).filter(
    lambda rows: sum(map(len, rows)) > 0
)
TOPICS = [["a", "b"], ["b", "z"]]


@given(texts)
def test_coverage_equals_its_definition(rows):
    documents, tokens = coverage(TOPICS, rows, 2), coverage(TOPICS, rows, 2, of="tokens")
    words = coverage(TOPICS, rows, 2, of="words")
    all_tokens = [word for row in rows for word in row]
    sets = [*map(set, TOPICS), {"a", "b", "z"}]
    np.testing.assert_allclose(
        [*documents.per_topic, documents.mean], [np.mean([bool(s & set(row)) for row in rows if row]) for s in sets]
    )
    np.testing.assert_allclose([*tokens.per_topic, tokens.mean], [np.mean([w in s for w in all_tokens]) for s in sets])
    np.testing.assert_allclose([*words.per_topic, words.mean], [np.mean([w in all_tokens for w in s]) for s in sets])


def test_bad_input_is_named():
    with pytest.raises(InputError, match="of must be one of documents, tokens, words; received 'pages'"):
        coverage(TOPICS, [["a"], ["b"]], 2, of="pages")
    with pytest.raises(InputError, match="at least two documents; this has 1"):
        coverage(TOPICS, [["a"]], 2)
