import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from topicml.errors import InputError
from topicml.metrics import clustering

assignments = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=4, max_size=40)


@given(assignments.filter(lambda rows: len({label for _, label in rows}) > 1))
def test_agreement_equals_scikit_learns_and_purity_its_definition(rows):
    topics, labels = np.array(rows).T
    result = clustering(np.eye(5)[topics], [f"label {x}" for x in labels])
    assert result.nmi == pytest.approx(normalized_mutual_info_score(labels, topics))
    assert result.ari == pytest.approx(adjusted_rand_score(labels, topics))
    assert result.purity == pytest.approx(
        sum(np.bincount(labels[topics == k]).max() for k in np.unique(topics)) / len(rows)
    )
    same = clustering(topics, labels)
    assert (same.purity, same.nmi, same.ari) == (result.purity, result.nmi, result.ari)


def test_every_number_is_a_score_and_purity_has_values_per_topic():
    theta = np.eye(4)[[0, 0, 0, 2, 2, 3]]  # topic 1 leads no document
    result = clustering(theta, ["x", "x", "y", "y", "y", None])
    np.testing.assert_allclose(result.purity.per_topic, [2 / 3, np.nan, 1, np.nan])
    assert result.purity.mean == pytest.approx(4 / 5)
    assert result.purity.mean == pytest.approx(np.average([2 / 3, 1], weights=[3, 2]))
    for name in ("purity", "nmi", "ari", "ami"):
        value = getattr(result, name)
        assert (value.measure, value.protocol) == (name, result.protocol) and value is result.score(name)
    assert clustering([7, 7, 9], ["x", "x", "y"]).purity.per_topic.tolist() == [1, 1]


def test_documents_without_a_label_are_left_out_and_counted():
    result = clustering([0, 1, 0, 1, 1, 0], ["x", "y", "x", None, float("nan"), ""])
    assert (result.purity, result.nmi) == (1.0, pytest.approx(1.0))
    assert (result.protocol["documents"], result.protocol["unlabelled"]) == (3, 3)


@pytest.mark.parametrize("kind", [float, object, "datetime64[s]"])
def test_an_array_of_labels_is_read_as_a_list_of_them(kind):
    labels = np.array([0, 1, 0, 1, 1, 5], dtype="int64" if kind == "datetime64[s]" else kind).astype(kind)
    labels[3] = np.datetime64("NaT") if kind == "datetime64[s]" else np.nan
    has_words, topics = np.array([True] * 5 + [False]), np.eye(3)[[0, 2, 0, 2, 2, 1]]
    assert clustering(topics, labels, has_words=has_words) == clustering(topics, list(labels), has_words=has_words)
    assert clustering(topics, labels, has_words=has_words).protocol["labels"] == 2


def test_labels_may_be_anything_hashable():
    pandas = pytest.importorskip("pandas")
    result = clustering([0, 0, 1, 1, 2], [("a", 1), ("a", 1), 1, 1, "1"])
    assert (result.nmi, result.protocol["labels"]) == (pytest.approx(1.0), 3), "the number 1 is not the word '1'"
    missing = clustering([0, 1, 0, 1], ["x", "y", pandas.NA, np.datetime64("NaT")])
    assert missing.protocol["unlabelled"] == 2


@pytest.mark.parametrize(
    ("theta", "labels", "match"),
    [
        ([0, 1], ["x"], "2 documents in theta and 1 labels"),
        ([0, 1], ["x", "x"], "All labels are 'x'"),
        ([0, 1], [None, "x"], "Only 1 of 2"),
        ([[0.5, 0.5], [np.nan, 0.5]], ["x", "y"], "without NaN"),
        (["a", "b"], ["x", "y"], "must be numbers"),
    ],
)
def test_bad_labels_are_named(theta, labels, match):
    with pytest.raises(InputError, match=match):
        clustering(theta, labels)
