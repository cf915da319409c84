"""The measures of trees, by brute force on words."""

import math
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from topicml import Corpus

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))  # as when the script is run

from structure_trees import distinct, hierarchy_quality, purity

DOCUMENTS = [list("abc"), list("abd"), list("ace"), list("bfg"), list("efg"), list("gha"), list("hcd")]
PARENTS = [list("abc"), list("efg")]
TOPICS = [list("abd"), list("cdh"), list("efh"), list("gah")]
PARENT = np.array([0, 0, 1, 1])


def npmi(one, other):
    n = len(DOCUMENTS)
    joint = sum(one in each and other in each for each in DOCUMENTS) / n + 1e-10
    alone = [sum(word in each for each in DOCUMENTS) / n for word in (one, other)]
    return math.log(joint / alone[0] / alone[1]) / -math.log(joint)


def test_measures_are_those_of_traco():
    found = hierarchy_quality(PARENTS, TOPICS, PARENT, Corpus.from_tokens(DOCUMENTS))
    pairs, child, other = [], [], []
    for p, k in product(range(2), range(4)):
        shared = {*PARENTS[p]} & {*TOPICS[k]}
        once = [word for word in PARENTS[p] + TOPICS[k] if word not in shared]
        (child if PARENT[k] == p else other).append(len(once) / 6)
        if PARENT[k] == p:
            for one, two in product(PARENTS[p], TOPICS[k]):
                if one in shared and two in shared:
                    pairs.append(-1.0)
                elif one not in shared and two not in shared:
                    pairs.append(npmi(one, two))
    assert found["pcc"] == pytest.approx(np.mean(pairs))
    assert found["pcc"] == pytest.approx(-0.6790334517639471)  # of topmost.eva.hierarchy_quality
    assert found["pcd"] == pytest.approx(np.mean(child))
    assert found["pncd"] == pytest.approx(np.mean(other))
    # All six words of the parents once; d twice in the first family, h twice in the second.
    assert found["sd"] == pytest.approx((1 + (4 / 6 + 4 / 6) / 2) / 2)


def test_words_that_siblings_share_are_not_distinct():
    assert distinct([["a", "b"], ["b", "c"]]) == 0.5
    assert distinct([["a", "b"]]) == 1


def test_purity():
    assert purity(np.array(["x", "x", "y", "y"]), np.array([0, 0, 0, 1])) == 0.75
