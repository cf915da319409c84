"""The tree over topics: cuts, coarse proportions, and which topics it joins."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.sparse import csr_matrix
from sklearn.metrics import mutual_info_score

from topicml.nn import Batch
from topicml.nn.posterior import Posterior
from topicml.nn.tree import TopicTree, merges_of


def tree_of(points, levels=()):
    """The tree of scipy's linkage: its pairs of nodes, each with the number of its first leaf."""
    tree, first = TopicTree(len(points), levels, n_words=3), list(range(len(points)))
    for step, (one, other) in enumerate(linkage(points, "ward")[:, :2].astype(int)):
        pair = sorted((first[one], first[other]))
        tree.merges[step] = torch.tensor(pair)
        first.append(pair[0])
    return tree


def words_of(*shares):
    """Words of topics with these shares of the second of two words."""
    return np.array([[1 - share, share] for share in shares])


def same_groups(one, other):
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_cuts_are_those_of_scipy_and_nested(n, seed):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    tree, steps = tree_of(points), linkage(points, "ward")
    tree.check()
    for k in range(1, n + 1):
        nodes = tree.cut(k).numpy()
        assert same_groups(nodes, cut_tree(steps, n_clusters=k).ravel())
        assert [nodes.tolist().index(node) for node in range(k)] == sorted({nodes.tolist().index(x) for x in nodes})
        if k > 1:  # one node fewer: exactly two are joined
            joined = {(a, b) for a, b in zip(tree.cut(k - 1).tolist(), nodes.tolist(), strict=True)}
            assert len(joined) == k and len({a for a, _ in joined}) == k - 1


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(0, 1000), st.data())
def test_coarse_theta_by_brute_force(n, seed, data):
    rng = np.random.default_rng(seed)
    k = data.draw(st.integers(1, n))
    tree = tree_of(rng.normal(size=(n, 2)))
    tree.mass.copy_(torch.as_tensor(rng.dirichlet(np.ones(n))))
    theta = rng.dirichlet(np.ones(n), size=4)
    nodes, mass = tree.cut(k).numpy(), tree.mass.double().numpy()
    want = np.zeros_like(theta)
    for topic in range(n):
        family = nodes == nodes[topic]
        want[:, topic] = theta[:, family].sum(axis=1) * mass[topic] / mass[family].sum()
    found = tree.coarse(torch.as_tensor(theta), k).numpy()
    np.testing.assert_allclose(found, want, rtol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for node in range(k):
        family = nodes == node
        np.testing.assert_allclose(found[:, family].sum(axis=1), theta[:, family].sum(axis=1))


def test_coarse_theta_at_all_topics_is_theta():
    tree = tree_of(np.arange(5.0)[:, None])
    theta = torch.rand(3, 5).softmax(dim=1)
    torch.testing.assert_close(tree.coarse(theta, 5), theta)


def test_topics_with_the_same_words_are_joined_first():
    tree = TopicTree(4, (2,), n_words=4)
    tree.grow_from(torch.tensor([[8.0, 8, 1, 1], [1, 1, 8, 8], [9, 7, 1, 1], [1, 1, 7, 9]]) / 18)
    assert tree.cut(2).tolist() == [0, 1, 0, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 7), st.integers(0, 1000))
def test_each_join_loses_the_least_information(n, seed):
    """By the mutual information of scikit-learn, of all pairs of nodes."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 20, size=(n, 5)) + np.eye(n, 5, dtype=int)
    left = dict(enumerate(words))
    for one, other in merges_of(words, [None] * n, 1).tolist():
        kept = {}
        for i, j in ((i, j) for i in left for j in left if i < j):
            rows = [left[k] for k in left if k not in (i, j)] + [left[i] + left[j]]
            kept[i, j] = mutual_info_score(None, None, contingency=np.array(rows))
        assert kept[one, other] == pytest.approx(max(kept.values()), abs=1e-9)
        left[one] = left[one] + left.pop(other)


def test_the_most_frequent_words_decide(monkeypatch):
    monkeypatch.setattr("topicml.nn.tree._MOST_WORDS", 2)
    tree = TopicTree(3, (2,), n_words=4)
    tree.grow_from(torch.tensor([[9.0, 1, 0.9, 0], [8, 2, 0, 0.9], [2, 8, 0.9, 0]]))
    assert tree.merges[0].tolist() == [0, 1]
    monkeypatch.undo()
    tree.grow_from(torch.tensor([[9.0, 1, 90, 0], [8, 2, 0, 90], [2, 8, 90, 0]]))
    assert tree.merges[0].tolist() == [0, 2]


def test_running_means_of_shares_and_words():
    tree, rng = TopicTree(3, (2,), n_words=5), np.random.default_rng(0)
    counts = csr_matrix(rng.poisson(1.0, size=(7, 5)).astype(float))
    posterior = Posterior(torch.as_tensor(rng.normal(size=(7, 3))), torch.ones(7, 3))
    theta = posterior.theta_mean.numpy()
    tree.count(Batch.from_counts(counts, np.arange(7)), posterior)
    np.testing.assert_allclose(tree.mass, 0.98 / 3 + 0.02 * theta.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(tree.words, 0.02 * theta.T @ counts.toarray() / 7, rtol=1e-5)


@pytest.mark.parametrize(
    "merges", [[[0, 1], [1, 2]], [[0, 0], [1, 2]], [[1, 0], [0, 2]], [[0, 5], [0, 1]], [[-1, 1], [0, 2]]]
)
def test_impossible_merges_are_found(merges):
    tree = TopicTree(3, (2,), n_words=4)
    tree.merges.copy_(torch.tensor(merges))
    with pytest.raises(ValueError, match="tree joins"):
        tree.check()


def test_a_new_tree_is_not_grown():
    assert not TopicTree(3, (2,), n_words=4).is_grown


def test_one_name_changes_no_join():
    words = np.random.default_rng(0).dirichlet(np.ones(6), size=8)
    np.testing.assert_array_equal(merges_of(words, ["only", *[None] * 7], 1), merges_of(words, [None] * 8, 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=12), st.integers(0, 1000))
def test_topics_of_a_name_have_one_parent(names, seed):
    rng = np.random.default_rng(seed)
    n_names = len({*names} - {None})
    n_parents = int(rng.integers(max(1, n_names), len(names))) if n_names < len(names) else n_names
    tree = TopicTree(len(names), (n_parents,), names, n_words=6)
    tree.grow_from(torch.as_tensor(rng.dirichlet(np.ones(6), size=len(names))))
    tree.check()
    named = [name for name in names if name]
    if len(named) - n_names <= len(names) - n_parents:  # enough merges to join the topics of all names
        of_name = {name: {*tree.cut(n_parents)[[each == name for each in names]].tolist()} for name in named}
        assert all(len(nodes) == 1 for nodes in of_name.values())
        assert len({min(nodes) for nodes in of_name.values()}) == n_names
        found = tree.names_of(n_parents)
        assert sorted(filter(None, found)) == sorted({*named})


def test_free_topics_join_the_nearest_parent_and_parents_join_last():
    names = ["a", "a", "b", None, None, None]  # a: far from each other, with b between them
    tree = TopicTree(6, (3,), names, n_words=2)
    tree.grow_from(torch.as_tensor(words_of(0.1, 0.8, 0.2, 0.9, 0.95, 0.46)))
    assert tree.cut(3).tolist() == [0, 0, 1, 2, 2, 0]
    assert tree.names_of(3) == ("a", "b", None)
    assert tree.names_of(2)[0] is None or tree.names_of(2)[1] is None
    assert tree.names_of(1) == (None,)


def test_a_tree_with_names_grows_by_them():
    tree = TopicTree(4, (2,), ["a", "a", None, None], n_words=4)
    tree.grow_from(torch.tensor([[8.0, 8, 1, 1], [1, 1, 8, 8], [9, 7, 1, 1], [1, 1, 7, 9]]) / 18)
    assert tree.merges[0].tolist() == [0, 1]
