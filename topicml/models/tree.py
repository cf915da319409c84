"""The tree of a fitted model: any number of topics from one fit, and the words and shares of each."""

from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn.utils.validation import check_is_fitted

from topicml.errors import InputError
from topicml.models.ranking import WordRanking
from topicml.nn.network import TopicNetwork
from topicml.nn.tree import TopicTree


class TreeOfTopics:
    """Mixin of `topicml.models.TopicModel`: `parents_`, `cut` and `cut_theta`."""

    network_: TopicNetwork

    @property
    def parents_(self) -> np.ndarray | None:
        """The parent of each topic, (n_topics,), at the level above the topics; None for a model without `parents`.

        Parents are numbered in the order of their first topics. `cut` gives those of the other levels.
        """
        check_is_fitted(self, "network_")
        tree = self.network_.tree
        return None if tree is None else self.cut(tree.levels[-1])

    @property
    def parent_names_(self) -> tuple[str | None, ...] | None:
        """The names of the parents of `parents_`, as seeds gave them; None for each parent without a name.

        Seeds of ``sport/football`` and ``sport/tennis`` name the parent ``sport``. None for a model without `parents`.
        """
        check_is_fitted(self, "network_")
        tree = self.network_.tree
        return None if tree is None else tree.names_of(tree.levels[-1])

    def cut_names(self, n_topics: int) -> tuple[str | None, ...]:
        """The names that seeds gave to the nodes of a cut.

        Parameters
        ----------
        n_topics : int
            As in `cut`.

        Returns
        -------
        tuple of str or None
            By the number of the node; None for nodes without a name, also if a smaller cut joins a parent with others.

        Raises
        ------
        InputError
            As `cut`.
        """
        return self._tree().names_of(self._checked_cut(n_topics))

    def cut(self, n_topics: int) -> np.ndarray:
        """Cut the learned tree into a smaller number of topics.

        Parameters
        ----------
        n_topics : int
            From 1 to the number of topics of the model. The numbers of `parents` are cuts that training improved.

        Returns
        -------
        ndarray of int, (n_topics of the model,)
            For each topic, the number of its node in the cut. A smaller cut joins nodes of a larger one.

        Raises
        ------
        InputError
            If the model has no tree, or fewer topics.
        """
        nodes: np.ndarray = self._tree().cut(self._checked_cut(n_topics)).cpu().numpy()
        return nodes

    def cut_theta(self, theta: Any, n_topics: int) -> np.ndarray:
        """Add up topic proportions within the nodes of a cut.

        Parameters
        ----------
        theta : array, (..., n_topics of the model)
            Topic proportions, such as `transform` returns.
        n_topics : int
            As in `cut`.

        Returns
        -------
        ndarray, (..., n_topics)
            Proportions of the nodes; they add up to those of the topics.

        Raises
        ------
        InputError
            As `cut`; or if `theta` has another number of columns.
        """
        nodes, theta = self.cut(n_topics), np.asarray(theta)
        if theta.ndim < 1 or theta.shape[-1] != len(nodes):
            raise InputError(f"theta has the shape {theta.shape}; its last length must be {len(nodes)}, the topics.")
        return theta @ (nodes[:, None] == np.arange(n_topics)).astype(theta.dtype)

    def _tree(self) -> TopicTree:
        check_is_fitted(self, "network_")
        if self.network_.tree is None:
            raise InputError("The model was fitted without a tree. Fit with parents=8, or another number of parents.")
        return self.network_.tree

    def _checked_cut(self, n_topics: Any) -> int:
        largest = len(self._tree().mass)
        is_number = isinstance(n_topics, int | np.integer) and not isinstance(n_topics, bool)
        if not is_number or not 1 <= n_topics <= largest:
            raise InputError(f"A cut has from 1 to {largest} topics, the number of the model; received {n_topics!r}.")
        return int(n_topics)


def words_of_cut(
    topics: np.ndarray, nodes: np.ndarray, ranking: WordRanking, vectors: np.ndarray | None, led: np.ndarray | None
) -> np.ndarray:
    """Rank the words of the nodes of a cut: broad words, which most children of a node have.

    A node has the mean log-weights of its topics, and the documents that they lead; `ranking` weighs these as those of
    a topic. Each word is then weighted by the part of the children that have it::

        spread(w) = exp(entropy of p(child | w)) / number of children

    where p(child | w) are the shares of the children in the documents with the word. A word of one child alone tells
    that child; in its parent it comes behind the words that several children have. At last, words of one node rise
    above words of several: by an exclusivity of at least `cut_exclusivity` of the ranking, and as far as it asks for.

    Parameters
    ----------
    topics : ndarray, (n_topics, n_words)
        Word distributions of the decoder.
    nodes : ndarray of int, (n_topics,)
        The node of each topic.
    ranking : WordRanking
        The ranking of the model.
    vectors, led
        As in `WordRanking.__call__`. Without `led`, the shares of the children are those of their word distributions.

    Returns
    -------
    ndarray, float64, (n_nodes, n_words)
        Rows sum to 1.
    """
    member = (nodes == np.arange(nodes.max() + 1)[:, None]).astype(np.float64)  # (n_nodes, n_topics)
    log = np.log(np.maximum(topics, 1e-300))
    mean = np.exp(member @ (log - log.mean(axis=1, keepdims=True)) / member.sum(axis=1, keepdims=True))
    led_by_node = None if led is None else member @ led
    plain = WordRanking(**{**ranking.settings(), "diversity": None, "exclusivity": 0.0})
    words = plain(mean / mean.sum(axis=1, keepdims=True), vectors, led_by_node)
    weights = topics if led is None else led + ranking.documents_prior * led.sum(axis=0) / len(led)
    weights = np.maximum(weights, 1e-12).astype(np.float64)
    total = member @ weights
    entropy = np.log(total) - member @ xlogy(weights, weights) / total
    words *= np.exp(entropy) / member.sum(axis=1, keepdims=True)
    least = max(ranking.min_exclusivity, ranking.cut_exclusivity)
    limits: dict[str, Any] = {"min_exclusivity": least, "max_exclusivity": max(ranking.max_exclusivity, least)}
    exclusive = WordRanking(**{**ranking.settings(), **limits, "smoothing": 0.0, "documents": 0.0})
    return exclusive(words / words.sum(axis=1, keepdims=True))
