from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from topicml.errors import InputError
from topicml.metrics import jaccard, rbo, stability

WORDS = [f"w{i}" for i in range(12)]
runs = st.lists(
    st.lists(st.permutations(WORDS).map(lambda row: row[:5]), min_size=3, max_size=3), min_size=2, max_size=4
)


def similarity_of(one, other, similarity):
    return (rbo if similarity == "rbo" else jaccard)([one, other], 5).mean


@settings(max_examples=30)
@given(runs, st.sampled_from(["rbo", "jaccard"]))
def test_stability_is_the_best_of_all_matchings(sets, similarity):
    expected = []
    for i in range(len(sets)):
        for j in range(i + 1, len(sets)):
            values = [[similarity_of(one, other, similarity) for other in sets[j]] for one in sets[i]]
            expected.append(max(np.mean([values[k][p[k]] for k in range(3)]) for p in permutations(range(3))))
    score = stability(sets, 5, similarity=similarity)
    assert score.mean == pytest.approx(np.mean(expected))
    assert score.protocol["per_pair"] == pytest.approx(expected)
    assert 0 <= score.mean <= 1 + 1e-12


@given(runs, st.permutations(range(3)))
def test_the_order_of_topics_and_runs_does_not_matter(sets, order):
    once = stability(sets, 5).mean
    assert stability([[sets[0][i] for i in order], *sets[1:]], 5).mean == pytest.approx(once)
    assert stability(sets[::-1], 5).mean == pytest.approx(once)


def test_the_bounds_are_reached_and_topics_have_values():
    one, other = [["a", "b"], ["c", "d"]], [["c", "d"], ["x", "y"]]
    assert stability([one, one[::-1]], 2).mean == pytest.approx(1)
    assert stability([one, [["m", "n"], ["o", "p"]]], 2).mean == 0
    score = stability([one, other], 2)
    np.testing.assert_allclose(score.per_topic, [0, 1])
    assert score.mean == pytest.approx(0.5)
    assert stability([one, [["a", "b"]]], 2).mean == pytest.approx(0.5), "a topic without a match counts as 0"
    assert stability([{"topics": one}, {"topics": one}], 2).mean == pytest.approx(1)


@pytest.mark.parametrize(
    ("sets", "options", "match"),
    [
        ([], {}, "at least two runs; received 0"),
        ([[["a", "b"]]], {}, "at least two runs; received 1"),
        ([[["a", "b"]], []], {}, "There are no topics"),
        ([["a", "b"], ["c", "d"]], {}, "must be a list of words"),
        ([[["a", "b"]], [["a"]]], {}, "fewer than topn=2"),
        ([[["a", "b"]]] * 2, {"similarity": "cosine"}, "similarity must be one of rbo, jaccard; received 'cosine'"),
        ([[["a", "b"]]] * 2, {"weight": 2}, "weight must be between"),
    ],
)
def test_bad_runs_are_named(sets, options, match):
    with pytest.raises(InputError, match=match):
        stability(sets, 2, **options)
