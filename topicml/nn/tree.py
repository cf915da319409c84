"""A tree over topics, learned with them: which topics are siblings, and what documents say at each level."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform
from torch import Tensor, nn

from topicml.nn.posterior import Posterior

_RATE = 0.02  # of the running means: they remember about 50 batches


class TopicTree(nn.Module):
    """A binary tree whose leaves are the topics; each cut of it is a level of parents.

    Two topics are near if they prefer the same words and occur in the same documents::

        similarity_kj = cosine(b_k, b_j) + correlation(z_k, z_j)

    where b_k are the centred log-weights of the words of topic k, and z the posterior means of the documents, as
    running means over batches. The tree joins the two nodes that are nearest by Ward's method, until one is left. Cut
    into P nodes, it gives each topic one of P parents; all cuts are nested.

    The share of a parent in a document is the sum of those of its children. What a document says at the level of
    parents is theta without the differences between siblings (`coarse`).

    Parameters
    ----------
    n_topics : int
        Number of leaves.
    levels : sequence of int
        Numbers of parents, ascending: the cuts that training reads.
    names : sequence of str or None, optional
        The name of the parent of each topic, None for topics that may have any. At the last level, topics of one name
        have the same parent, and topics of two names do not.

    References
    ----------
    Ward, Hierarchical grouping to optimize an objective function, JASA 1963. Wu et al., On the affinity, rationality,
    and diversity of hierarchical topic modeling, AAAI 2024 (TraCo), learn levels with words of their own instead.
    """

    merges: Tensor
    mass: Tensor
    covariance: Tensor
    rounds: Tensor

    def __init__(self, n_topics: int, levels: Sequence[int], names: Sequence[str | None] | None = None) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.names = (None,) * n_topics if names is None else tuple(names)
        # Pairs of nodes in the order in which they are joined; a node has the number of its first topic.
        self.register_buffer("merges", torch.zeros(n_topics - 1, 2, dtype=torch.int64))
        self.register_buffer("mass", torch.full((n_topics,), 1 / n_topics))
        self.register_buffer("covariance", torch.zeros(n_topics, n_topics))
        self.register_buffer("rounds", torch.zeros((), dtype=torch.int64))

    @property
    def is_grown(self) -> bool:
        """Whether the tree joins topics, that is, `grow` was called or a trained tree was loaded."""
        return bool(self.merges.any())

    @torch.no_grad()
    def count(self, posterior: Posterior) -> None:
        """Add a batch to the running means: of the shares of topics, and of the covariance of z over documents."""
        centred = posterior.loc.float() - posterior.loc.float().mean(dim=0)
        self.covariance.lerp_(centred.T @ centred / len(centred), _RATE)
        self.mass.lerp_(posterior.theta_mean.float().mean(dim=0), _RATE)

    @torch.no_grad()
    def grow(self, topics: Tensor) -> None:
        """Join the topics again, by their words now and the documents of the running means.

        Parameters
        ----------
        topics : Tensor, (n_topics, n_words)
            Word distributions.
        """
        log = topics.double().clamp_min(1e-300).log()
        words = nn.functional.normalize(log - log.mean(dim=1, keepdim=True), dim=1)
        scale = self.covariance.diagonal().double().clamp_min(1e-30).rsqrt()
        similarity = words @ words.T + scale[:, None] * self.covariance.double() * scale
        distance = (2 * (2 - similarity)).clamp_min(0).sqrt().fill_diagonal_(0).cpu().numpy()
        distance = (distance + distance.T) / 2
        if any(self.names):
            merges = named_merges(distance, self.names, self.levels[-1])
        else:
            merges = merges_of(linkage(squareform(distance, checks=False), "ward"))
        self.merges.copy_(torch.as_tensor(merges))

    def cut(self, n_nodes: int) -> Tensor:
        """Cut the tree into nodes.

        Parameters
        ----------
        n_nodes : int
            From 1 to the number of topics.

        Returns
        -------
        Tensor, int64, (n_topics,)
            The node of each topic. Nodes are numbered in the order of their first topics.
        """
        first = list(range(len(self.mass)))  # the first topic of the node of each topic
        for one, other in self.merges[: len(first) - n_nodes].tolist():
            first = [one if each == other else each for each in first]
        _, nodes = np.unique(first, return_inverse=True)
        return torch.as_tensor(nodes, device=self.mass.device)

    def names_of(self, n_nodes: int) -> tuple[str | None, ...]:
        """The name of each node of a cut: that of its topics, if all topics of this name are in the node.

        Parameters
        ----------
        n_nodes : int
            As in `cut`.

        Returns
        -------
        tuple of str or None
            None for nodes without a name, and for those that join a parent at the last level with another one.
        """
        nodes, parents = self.cut(n_nodes).cpu().numpy(), self.cut(self.levels[-1]).cpu().numpy()
        found: list[str | None] = [None] * n_nodes
        for name in dict.fromkeys(filter(None, self.names)):
            topics = [k for k, each in enumerate(self.names) if each == name]
            members = nodes == nodes[topics[0]]
            if members[topics].all() and (parents[members] == parents[topics[0]]).all():
                found[nodes[topics[0]]] = name
        return tuple(found)

    def coarse(self, theta: Tensor, n_nodes: int) -> Tensor:
        """Topic proportions without the differences between siblings.

        Each topic gets the part of its parent's share that it has on average over documents::

            coarse(theta)_k = sum_{j of the same parent} theta_j * mass_k / sum_{j of the same parent} mass_j

        Parameters
        ----------
        theta : Tensor, (..., n_topics)
            Topic proportions.
        n_nodes : int
            Number of parents.

        Returns
        -------
        Tensor, (..., n_topics)
            With the same share of each parent as `theta`.
        """
        nodes = self.cut(n_nodes)
        same = (nodes[:, None] == nodes).to(theta.dtype)
        mass = self.mass.to(theta.dtype)
        return (theta @ same) * (mass / (same @ mass).clamp_min(1e-12))

    def check(self) -> None:
        """Raise `ValueError` unless the merges join all topics: those of a file may be anything."""
        nodes = set(range(len(self.mass)))
        for one, other in self.merges.tolist():
            if not one < other or not {one, other} <= nodes:
                raise ValueError(
                    f"its tree joins the topics {one} and {other}, which it does not have, or joined before"
                )
            nodes.remove(other)


def merges_of(steps: np.ndarray) -> np.ndarray:
    """The pairs of nodes that a linkage joins, each named by its first leaf.

    Parameters
    ----------
    steps : ndarray, (n - 1, 4)
        As `scipy.cluster.hierarchy.linkage` returns it.

    Returns
    -------
    ndarray of int, (n - 1, 2)
        The smaller number first; the joined node keeps it.
    """
    first = list(range(len(steps) + 1))
    merges = []
    for one, other in steps[:, :2].astype(int).tolist():
        pair = sorted((first[one], first[other]))
        merges.append(pair)
        first.append(pair[0])
    return np.array(merges, dtype=np.int64)


def named_merges(distance: np.ndarray, names: Sequence[str | None], n_parents: int) -> np.ndarray:
    """The pairs of nodes that Ward's method joins if some topics have parents with names.

    First the topics of each name are joined. Then, until `n_parents` nodes are left, the nearest two nodes that do not
    have two names; then the nearest ones.

    Parameters
    ----------
    distance : ndarray, (n, n)
        Distances of topics.
    names : sequence of str or None
        The name of the parent of each topic.
    n_parents : int
        At least the number of different names.

    Returns
    -------
    ndarray of int, (n - 1, 2)
        As `merges_of`.

    References
    ----------
    Lance & Williams, A general theory of classificatory sorting strategies, 1967: the distances of a joined node.
    """
    numbers = {name: i for i, name in enumerate(dict.fromkeys(filter(None, names)))}
    group = np.array([numbers.get(name, -1) if name else -1 for name in names])
    size = np.ones(len(group))
    squared = distance.astype(np.float64) ** 2
    np.fill_diagonal(squared, np.inf)
    merges = []
    for n_nodes in range(len(group), 1, -1):
        named = group >= 0
        both = named[:, None] & named
        same = both & (group[:, None] == group) & np.isfinite(squared)
        allowed = same if same.any() else ~both if n_nodes > n_parents else np.full_like(both, True)
        one, other = sorted(divmod(int(np.where(allowed, squared, np.inf).argmin()), len(group)))
        merges.append((one, other))
        total = size[one] + size[other] + size
        joined = (size[one] + size) * squared[one] + (size[other] + size) * squared[other] - size * squared[one, other]
        squared[one] = squared[:, one] = joined / total
        squared[other] = squared[:, other] = squared[one, one] = np.inf
        size[one] += size[other]
        group[one], group[other] = max(group[one], group[other]), -1
    return np.array(merges, dtype=np.int64)
