"""The tree over topics: cuts, coarse proportions, and which topics it joins."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cut_tree, linkage

from topicml.nn.posterior import Posterior
from topicml.nn.tree import TopicTree, merges_of, named_merges


def tree_of(points, levels=()):
    tree = TopicTree(len(points), levels)
    tree.merges.copy_(torch.as_tensor(merges_of(linkage(points, "ward"))))
    return tree


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
    tree = TopicTree(4, (2,))
    tree.grow(torch.tensor([[8.0, 8, 1, 1], [1, 1, 8, 8], [9, 7, 1, 1], [1, 1, 7, 9]]) / 18)
    assert tree.cut(2).tolist() == [0, 1, 0, 1]


def test_topics_of_the_same_documents_are_joined_first():
    """Equal words: the running covariance of z decides, and equals the covariance of numpy up to its rate."""
    tree = TopicTree(4, (2,))
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(500, 2))
    loc = np.repeat(pair, 2, axis=1)[:, [0, 2, 1, 3]] + 0.1 * rng.normal(size=(500, 4))
    posterior = Posterior(torch.as_tensor(loc), torch.ones(500, 4))
    tree.count(posterior)
    np.testing.assert_allclose(tree.covariance, 0.02 * np.cov(loc.T, bias=True), rtol=1e-4)
    np.testing.assert_allclose(tree.mass, 0.98 / 4 + 0.02 * posterior.theta_mean.mean(dim=0).numpy(), rtol=1e-5)
    tree.grow(torch.full((4, 6), 1 / 6))
    assert tree.cut(2).tolist() == [0, 1, 0, 1]


def test_similarity_is_the_sum_of_both():
    """Ward's linkage of the distances by a dense formula gives the same tree."""
    rng = np.random.default_rng(1)
    topics, loc = rng.dirichlet(np.ones(8), size=6), rng.normal(size=(50, 6))
    tree = TopicTree(6, (2,))
    tree.count(Posterior(torch.as_tensor(loc), torch.ones(50, 6)))
    tree.grow(torch.as_tensor(topics))
    log = np.log(topics) - np.log(topics).mean(axis=1, keepdims=True)
    unit = log / np.linalg.norm(log, axis=1, keepdims=True)
    similarity = unit @ unit.T + np.corrcoef(loc.T)
    squared = np.array([2 * (2 - similarity[i, j]) for i in range(6) for j in range(i + 1, 6)])
    assert tree.merges.tolist() == merges_of(linkage(np.sqrt(squared), "ward")).tolist()


@pytest.mark.parametrize(
    "merges", [[[0, 1], [1, 2]], [[0, 0], [1, 2]], [[1, 0], [0, 2]], [[0, 5], [0, 1]], [[-1, 1], [0, 2]]]
)
def test_impossible_merges_are_found(merges):
    tree = TopicTree(3, (2,))
    tree.merges.copy_(torch.tensor(merges))
    with pytest.raises(ValueError, match="tree joins"):
        tree.check()


def test_a_new_tree_is_not_grown():
    assert not TopicTree(3, (2,)).is_grown


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 1000))
def test_merges_without_names_are_those_of_ward(n, seed):
    points = np.random.default_rng(seed).normal(size=(n, 3))
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    wanted = merges_of(linkage(points, "ward"))
    np.testing.assert_array_equal(named_merges(distance, [None] * n, 1), wanted)
    np.testing.assert_array_equal(named_merges(distance, ["only", *[None] * (n - 1)], 1), wanted)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=12), st.integers(0, 1000))
def test_topics_of_a_name_have_one_parent(names, seed):
    rng = np.random.default_rng(seed)
    n_names = len({*names} - {None})
    n_parents = int(rng.integers(max(1, n_names), len(names))) if n_names < len(names) else n_names
    points = rng.normal(size=(len(names), 2))
    tree = TopicTree(len(names), (n_parents,), names)
    tree.merges.copy_(
        torch.as_tensor(named_merges(np.linalg.norm(points[:, None] - points, axis=-1), names, n_parents))
    )
    tree.check()
    named = [name for name in names if name]
    if len(named) - n_names <= len(names) - n_parents:  # enough merges to join the topics of all names
        of_name = {name: {*tree.cut(n_parents)[[each == name for each in names]].tolist()} for name in named}
        assert all(len(nodes) == 1 for nodes in of_name.values())
        assert len({min(nodes) for nodes in of_name.values()}) == n_names
        found = tree.names_of(n_parents)
        assert sorted(filter(None, found)) == sorted({*named})


def test_free_topics_join_the_nearest_parent_and_parents_join_last():
    points = np.array([[0.0], [10], [1], [11], [12], [5.2]])  # a: far from each other, with b between them
    names = ["a", "a", "b", None, None, None]
    tree = TopicTree(6, (3,), names)
    tree.merges.copy_(torch.as_tensor(named_merges(np.abs(points - points.T), names, 3)))
    assert tree.cut(3).tolist() == [0, 0, 1, 2, 2, 0]
    assert tree.names_of(3) == ("a", "b", None)
    assert tree.names_of(2)[0] is None or tree.names_of(2)[1] is None
    assert tree.names_of(1) == (None,)


def test_a_tree_with_names_grows_by_them():
    tree = TopicTree(4, (2,), ["a", "a", None, None])
    tree.grow(torch.tensor([[8.0, 8, 1, 1], [1, 1, 8, 8], [9, 7, 1, 1], [1, 1, 7, 9]]) / 18)
    assert tree.merges[0].tolist() == [0, 1]
