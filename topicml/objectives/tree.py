"""The term of a tree of topics: parents describe the documents, too."""

from typing import Any

import torch

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss
from topicml.settings import Settings

_ROUNDS = 10  # times that training grows the tree again, at equal distances
_LAST = 8  # of these, after which the tree stays


class TreeTerm(Settings):
    """How badly the parents of the topics describe the documents, in nats per document.

    ``-(1 / n_levels) sum_l log p(words | coarse_l(theta))``: the words of a document by its decoder, with theta from
    which the differences between siblings are removed (`topicml.nn.tree.TopicTree.coarse`). It teaches the encoder to
    find the right parent, and siblings to share the words that they have in common. In turn, the tree joins the topics
    again after each tenth of training, by what they have become; for the last two tenths it stays as it is. The trained
    model joins them once more, by all training documents.

    - Inputs: any documents; a network with a tree.
    - Cost: one evaluation of the decoder for each level of parents.
    - When to use: added to a model's losses by its setting ``parents``.
    - Relations: TraCo has levels with words of their own, and joins them by the distances of their vectors.

    Parameters
    ----------
    strength : float
        Weight of the term, at least 0. With 0, the tree is the same function of the topics, and does not change them.
    """

    reads_encoder: bool = False

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Join the starting topics; see `Objective.prepare`. A trained tree stays as it is."""
        tree: Any = network.tree
        if not tree.is_grown:
            with torch.no_grad():
                tree.grow_from(network.topic_word() / len(tree.mass))

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        tree: Any = network.tree
        tree.count(batch, posterior)
        if int(tree.rounds) < (due := min(int(progress * _ROUNDS), _LAST)):
            tree.grow()
            tree.rounds.fill_(due)
        if not self.strength:
            return Loss(network.prior_loc.sum() * 0)
        theta = posterior.theta
        value = theta.new_zeros(())
        for n_nodes in tree.levels:
            words = network.words_of_view(tree.coarse(theta, n_nodes))
            value = value - words.log_prob(batch).sum() / (len(batch) * len(tree.levels))
        return Loss(self.strength * value)
