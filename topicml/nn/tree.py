"""A tree over topics, learned with them: which topics are siblings, and what documents say at each level."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from scipy.special import xlogy
from torch import Tensor, nn

from topicml.nn.batch import Batch
from topicml.nn.posterior import Posterior

_RATE = 0.02  # of the running means: they remember about 50 batches
_MOST_WORDS = 10_000  # that decide which nodes are joined, the most frequent ones


class TopicTree(nn.Module):
    """A binary tree whose leaves are the topics; each cut of it is a level of parents.

    The tree joins the two nodes whose words tell them apart the least, until one is left (the agglomerative information
    bottleneck). A join of i and j loses, of the information that a word has about its node::

        loss_ij = (n_i + n_j) JS(p(w | i), p(w | j))

    where n_i is the number of words of node i, and JS the Jensen-Shannon divergence with the weights n_i and n_j. The
    words of topic k are those of the documents, each counted by theta_k of its document: in training a running mean
    over batches, and at its end all training documents. So a cut into P nodes keeps what parents can say about the
    words of documents. All cuts are nested.

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
    n_words : int
        Number of words.

    References
    ----------
    Slonim & Tishby, Agglomerative information bottleneck, NIPS 1999. Wu et al., On the affinity, rationality, and
    diversity of hierarchical topic modeling, AAAI 2024 (TraCo), learn levels with words of their own instead.
    """

    merges: Tensor
    mass: Tensor
    words: Tensor
    rounds: Tensor

    def __init__(
        self, n_topics: int, levels: Sequence[int], names: Sequence[str | None] | None = None, *, n_words: int
    ) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.names = (None,) * n_topics if names is None else tuple(names)
        # Pairs of nodes in the order in which they are joined; a node has the number of its first topic.
        self.register_buffer("merges", torch.zeros(n_topics - 1, 2, dtype=torch.int64))
        self.register_buffer("mass", torch.full((n_topics,), 1 / n_topics))
        self.register_buffer("words", torch.zeros(n_topics, n_words))  # of each topic, in a document
        self.register_buffer("rounds", torch.zeros((), dtype=torch.int64))

    @property
    def is_grown(self) -> bool:
        """Whether the tree joins topics, that is, `grow` was called or a trained tree was loaded."""
        return bool(self.merges.any())

    @torch.no_grad()
    def grow_from(self, words: Tensor) -> None:
        """Join the topics by these words of each: those of the starting topics, or of all documents.

        Parameters
        ----------
        words : Tensor, (n_topics, n_words)
            In the mean of documents.
        """
        self.words.copy_(words)
        self.grow()

    @torch.no_grad()
    def count(self, batch: Batch, posterior: Posterior) -> None:
        """Add a batch to the running means: of the shares of topics, and of the words of each."""
        theta = posterior.theta_mean.float()
        words = theta.new_zeros(self.words.shape[1], theta.shape[1])
        words.index_add_(0, batch.word_ids, batch.counts.float()[:, None] * theta[batch.documents])
        self.words.lerp_(words.T / len(theta), _RATE)
        self.mass.lerp_(theta.mean(dim=0), _RATE)

    def grow(self) -> None:
        """Join the topics again, by the running mean of their words."""
        frequent = self.words.sum(dim=0).topk(min(_MOST_WORDS, self.words.shape[1])).indices
        words = self.words[:, frequent].double().cpu().numpy()
        self.merges.copy_(torch.as_tensor(merges_of(words, self.names, self.levels[-1])))

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

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        """Also of a tree of an earlier version, which knew no words of topics: it is joined, and stays as it is."""
        if state_dict.pop(f"{prefix}covariance", None) is not None:  # type: ignore[attr-defined]
            state_dict[f"{prefix}words"] = self.words  # type: ignore[index]
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def check(self) -> None:
        """Raise `ValueError` unless the merges join all topics: those of a file may be anything."""
        nodes = set(range(len(self.mass)))
        for one, other in self.merges.tolist():
            if not one < other or not {one, other} <= nodes:
                raise ValueError(
                    f"its tree joins the topics {one} and {other}, which it does not have, or joined before"
                )
            nodes.remove(other)


def merges_of(words: np.ndarray, names: Sequence[str | None], n_parents: int) -> np.ndarray:
    """The pairs of nodes to join, each the pair that loses the least information about words.

    If some topics have parents with names, the topics of each name are joined first. Then, until `n_parents` nodes are
    left, no two nodes with two names are joined.

    Parameters
    ----------
    words : ndarray, (n_topics, n_words)
        Numbers of the words of each topic.
    names : sequence of str or None
        The name of the parent of each topic.
    n_parents : int
        At least the number of different names.

    Returns
    -------
    ndarray of int, (n_topics - 1, 2)
        A node has the number of its first topic; the smaller number comes first.

    References
    ----------
    Slonim & Tishby, Agglomerative information bottleneck, NIPS 1999, equation 5.
    """
    numbers = {name: i for i, name in enumerate(dict.fromkeys(filter(None, names)))}
    group = np.array([numbers.get(name, -1) if name else -1 for name in names])
    words = words.astype(np.float64)
    content = _content(words)
    loss = np.full((len(words), len(words)), np.inf)
    for i in range(len(words) - 1):
        loss[i, i + 1 :] = loss[i + 1 :, i] = content[i] + content[i + 1 :] - _content(words[i] + words[i + 1 :])
    merges = []
    for n_nodes in range(len(group), 1, -1):
        named = group >= 0
        both = named[:, None] & named
        same = both & (group[:, None] == group) & np.isfinite(loss)
        allowed = same if same.any() else ~both if n_nodes > n_parents else np.full_like(both, True)
        one, other = sorted(divmod(int(np.where(allowed, loss, np.inf).argmin()), len(group)))
        merges.append((one, other))
        words[one] += words[other]
        content[one] = _content(words[one])
        loss[other] = loss[:, other] = np.inf
        left = np.flatnonzero(np.isfinite(loss[one]))
        loss[one, left] = loss[left, one] = content[one] + content[left] - _content(words[one] + words[left])
        group[one], group[other] = max(group[one], group[other]), -1
    return np.array(merges, dtype=np.int64)


def _content(words: np.ndarray) -> np.ndarray:
    """Minus the entropy of the words of nodes (..., n_words), times their number."""
    total = words.sum(axis=-1)
    content: np.ndarray = xlogy(words, words).sum(axis=-1) - xlogy(total, total)
    return content
