"""Contrast of sets of documents."""

import torch
from torch import Tensor, nn

from topicml.checks import check_choice, require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.contrast.base import Contrast
from topicml.objectives.contrast.logits import dots, unit
from topicml.objectives.objective import Loss
from topicml.objectives.pooling import POOLINGS, check_same_size
from topicml.objectives.views import View


class SetContrast(Contrast):
    """Sets of documents against sets of their views: what a set has in common is topics, and not single words.

    The batch is cut into sets of `set_size` documents, anew for each of several shuffles. A set's vector pools its
    documents' topic vectors; the same documents' views, pooled, are its positive, the other sets of the shuffle its
    negatives, and, if asked for, so are its own documents' negatives (or positives) under another pooling:

    ``-mean_s log(e(a_s, p_s) / (sum_t e(a_s, p_t) + beta e(a_s, n_s)))``, ``e(x, y) = exp(cos(x, y) / temperature)``.

    Needs nothing but the view, and batches of two sets or more. Costs one more pass of the encoder a view; sets cost
    next to nothing. Use it where documents are short or noisy: single pairs of documents share words by chance, sets
    do so less. With sets of one document and one shuffle it is `InfoNCE`.

    Parameters
    ----------
    set_size : int
        Documents a set.
    shuffles : int
        How many times the batch is cut.
    pooling, positive_pooling : str
        Pooling of anchors, and of positives (the anchors', where None): a name of
        `topicml.objectives.pooling.POOLINGS`. A learned pooling learns with the network. ``min`` on both sides is the
        paper's positive pair: only a topic that all documents of the set share can be recognised.
    negative_pooling : str, optional
        Pooling of the hard negative, such as ``max`` against ``min``: a topic that one document of the set brings. It
        pools the documents that the view makes as negatives (``tfidf``), or the positives where it makes none.
    beta : float
        Weight of the hard negative.
    others : bool
        Whether the other sets are negatives.
    view : str or View
        What makes positives. A view that keeps most of the document serves short texts; halves of a document serve
        long ones.
    vector : str
        Topic vectors: see `Contrast`. Means are proportions of the set as a whole in ``theta``.
    temperature : float
        Divides the cosines.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if a batch does not hold two sets.

    References
    ----------
    Nguyen, Wu, Dong, Nguyen, Ng & Luu, Topic modeling as multi-objective contrastive optimization, ICLR 2024.
    """

    def __init__(
        self,
        *,
        set_size: int = 4,
        shuffles: int = 4,
        pooling: str = "mean",
        positive_pooling: str | None = None,
        negative_pooling: str | None = None,
        beta: float = 1.0,
        others: bool = True,
        view: str | View = "word_dropout",
        vector: str = "theta",
        temperature: float = 0.5,
    ) -> None:
        super().__init__(view=view, vector=vector, temperature=temperature)
        self.set_size = set_size
        self.shuffles = shuffles
        self.pooling = pooling
        self.positive_pooling = positive_pooling
        self.negative_pooling = negative_pooling
        self.beta = beta
        self.others = others
        for name in ("pooling", "positive_pooling", "negative_pooling"):
            if getattr(self, name) is not None:
                check_choice(getattr(self, name), POOLINGS, name)
        check_same_size(pooling=pooling, positive_pooling=positive_pooling, negative_pooling=negative_pooling)
        require(set_size >= 1, "set_size", set_size, "at least 1")
        require(shuffles >= 1, "shuffles", shuffles, "at least 1")
        require(beta > 0, "beta", beta, "positive")
        if not others and negative_pooling is None:
            raise InputError("others=False leaves no negatives: give a negative_pooling, such as 'max'.")
        self.pools = nn.ModuleDict()

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Make the poolings; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        together, needed = min(batch_size, len(documents.training_rows)), self.set_size * (2 if self.others else 1)
        if together < needed:
            raise InputError(
                f"A batch of {together} documents does not hold {needed // self.set_size} sets of {self.set_size}. "
                f"Give a batch_size of {needed} or more, more documents, or a smaller set_size."
            )
        if not self.pools:
            self._make_pools(len(network.prior_loc))

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """The loss, a scalar: a mean over sets."""
        maker = self._make_view
        if self.negative_pooling is None or maker is None or not maker.gives_negatives:
            return super().forward(batch, posterior, network, progress)
        views, negative = maker.with_negative(batch, posterior, network)
        *positives, last = [self._vector_of(network.encode_view(view)) for view in (*views, negative)]
        anchor = self._vector_of(posterior) if len(positives) == 1 else positives[0]
        return Loss(self.loss(anchor, positives[-1], batch, last))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch, negative: Tensor | None = None) -> Tensor:
        """The loss of topic vectors (n_docs, n_topics); 0 where they are too few for a set."""
        n_sets = len(anchor) // self.set_size
        if n_sets < (2 if self.others else 1):
            return (anchor.sum() + positive.sum()) * 0.0
        if not self.pools:
            self._make_pools(anchor.shape[-1])
        sets = self._draw_sets(len(anchor), n_sets, anchor.device)  # (shuffles, n_sets, set_size)
        anchors = unit(self.pools["anchor"](anchor[sets]))
        positives = unit(self._pool_of("positive")(positive[sets]))
        logits = dots(anchors, positives) / self.temperature  # (shuffles, n_sets, n_sets)
        own = logits.diagonal(dim1=-2, dim2=-1)
        rivals = [logits] if self.others else [own.unsqueeze(-1)]
        if self.negative_pooling is not None:
            members = (positive if negative is None else negative)[sets]
            negatives = unit(self.pools["negative"](members))
            hard = (anchors * negatives).sum(dim=-1, keepdim=True) / self.temperature
            rivals.append(hard + torch.as_tensor(self.beta, dtype=hard.dtype, device=hard.device).log())
        return (torch.cat(rivals, dim=-1).logsumexp(dim=-1) - own).mean()

    def _draw_sets(self, n_docs: int, n_sets: int, device: torch.device) -> Tensor:
        """Members of the sets of every shuffle, (shuffles, n_sets, set_size)."""
        orders = torch.rand(self.shuffles, n_docs, device=device).argsort(dim=-1)
        return orders[:, : n_sets * self.set_size].reshape(self.shuffles, n_sets, self.set_size)

    def _pool_of(self, side: str) -> nn.Module:
        return self.pools[side] if side in self.pools else self.pools["anchor"]

    def _make_pools(self, n_topics: int) -> None:
        names = {"anchor": self.pooling, "positive": self.positive_pooling, "negative": self.negative_pooling}
        self.pools = nn.ModuleDict(
            {side: POOLINGS[name](n_topics, self.set_size) for side, name in names.items() if name is not None}
        )
