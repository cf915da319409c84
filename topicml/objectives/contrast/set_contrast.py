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
    """InfoNCE of sets of documents: identify the views of a set of documents among those of other sets.

    Each of several shuffles splits the batch into sets of
    `set_size` documents. The vector of a set pools the topic vectors of its documents: a_s from the documents, p_s from
    their views. The negatives are the views of the other sets of the shuffle and, with `negative_pooling`, a hard
    negative n_s from another pooling of the set itself:

    ``-mean_s log(e(a_s, p_s) / (sum_t e(a_s, p_t) + beta e(a_s, n_s)))``, ``e(x, y) = exp(cos(x, y) / temperature)``.

    - Inputs: any documents; batches of two sets or more.
    - Cost: one more pass of the encoder per view; the sets themselves are cheap.
    - When to use: for short or noisy documents. Two documents often share a word by chance; what two sets share is more
      often a topic.
    - Relations: with sets of one document and one shuffle it is `InfoNCE`.

    Parameters
    ----------
    set_size : int
        Documents per set, at least 1.
    shuffles : int
        Number of shuffles of the batch, at least 1.
    pooling : str
        Pooling of anchors: a name in `topicml.objectives.pooling.POOLINGS`. The parameters of a learned pooling train
        with the network. ``min`` for anchors and positives is the paper's positive pair: it keeps only topics that all
        documents of the set share.
    positive_pooling : str, optional
        Pooling of positives; by default that of anchors, with the same parameters.
    negative_pooling : str, optional
        Pooling of the hard negative. ``max`` is the paper's hard negative (with ``min`` for the positives): it keeps
        the topics of any document of the set. It pools the negatives that the view makes (``tfidf``), or the positives
        if the view makes no negatives. All poolings must give vectors of the same size.
    beta : float
        Weight of the hard negative; positive.
    others : bool
        Whether the other sets are negatives. False needs a `negative_pooling`.
    view : str or View
        Makes the positives. Views that keep most of the document suit short texts; ``halves`` suits long ones.
    vector : str
        The topic vector, see `Contrast`. The mean of ``theta`` is the topic distribution of the whole set.
    temperature : float
        Divides the cosines; positive.

    Raises
    ------
    InputError
        If an argument is out of range or unknown; in `prepare`, if a batch is too small for two sets.

    References
    ----------
    Nguyen, Wu, Dong, Nguyen, Ng & Luu, Topic modeling as multi-objective contrastive optimization, ICLR 2024.

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> contrast = topicml.SetContrast(set_size=2, pooling="max", temperature=0.2)
    >>> model = topicml.ProdLDA(n_topics=2, contrast=contrast, max_epochs=1, random_state=0).fit(corpus)
    >>> "contrast" in model.history_[0]
    True
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
            raise InputError("others=False leaves no negatives. Pass a negative_pooling, such as 'max'.")
        self.pools = nn.ModuleDict()

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Create the poolings, and check that a batch is large enough; see `Contrast.prepare`."""
        super().prepare(documents, network, batch_size=batch_size)
        n_docs, min_docs = min(batch_size, len(documents.training_rows)), self.set_size * self._min_sets
        if n_docs < min_docs:
            raise InputError(
                f"A batch of {n_docs} documents is too small for {self._min_sets} sets of {self.set_size}. "
                f"Pass a batch_size of {min_docs} or more, more documents, or a smaller set_size."
            )
        if not self.pools:
            self._make_pools(len(network.prior_loc))

    def forward(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        view = self._positive_view
        if self.negative_pooling is None or view is None or not view.gives_negatives:
            return super().forward(batch, posterior, network, progress)
        views, negative = view.with_negative(batch, posterior, network)
        *positives, negatives = [self._vector_of(network.encode_view(each)) for each in (*views, negative)]
        anchor = self._vector_of(posterior) if len(positives) == 1 else positives[0]
        return Loss(self.loss(anchor, positives[-1], batch, negatives))

    def loss(self, anchor: Tensor, positive: Tensor, batch: Batch, negative: Tensor | None = None) -> Tensor:
        """Compute the loss of topic vectors; 0 if there are too few documents to form the sets.

        Parameters
        ----------
        anchor, positive : Tensor, (n_docs, n_topics)
            Topic vectors of the documents and of their views.
        batch : Batch
            The documents.
        negative : Tensor, (n_docs, n_topics), optional
            Topic vectors of the documents' negatives; `positive` by default.

        Returns
        -------
        Tensor
            The loss, a scalar: the mean over sets and shuffles.
        """
        n_sets = len(anchor) // self.set_size
        if n_sets < self._min_sets:
            return (anchor.sum() + positive.sum()) * 0.0
        if not self.pools:
            self._make_pools(anchor.shape[-1])
        sets = self._draw_sets(len(anchor), n_sets, anchor.device)  # (shuffles, n_sets, set_size)
        anchors = unit(self.pools["anchor"](anchor[sets]))
        positives = unit(self._pool_of("positive")(positive[sets]))
        logits = dots(anchors, positives) / self.temperature  # (shuffles, n_sets, n_sets)
        positive_logits = logits.diagonal(dim1=-2, dim2=-1)
        denominator = [logits] if self.others else [positive_logits.unsqueeze(-1)]
        if self.negative_pooling is not None:
            members = (positive if negative is None else negative)[sets]
            negatives = unit(self.pools["negative"](members))
            hard_logits = (anchors * negatives).sum(dim=-1, keepdim=True) / self.temperature
            log_beta = torch.as_tensor(self.beta, dtype=hard_logits.dtype, device=hard_logits.device).log()
            denominator.append(hard_logits + log_beta)
        return (torch.cat(denominator, dim=-1).logsumexp(dim=-1) - positive_logits).mean()

    @property
    def _min_sets(self) -> int:
        """Smallest number of sets in a batch that has a loss."""
        return 2 if self.others else 1

    def _draw_sets(self, n_docs: int, n_sets: int, device: torch.device) -> Tensor:
        """Draw the documents of the sets of each shuffle: positions in the batch, (shuffles, n_sets, set_size)."""
        orders = torch.rand(self.shuffles, n_docs, device=device).argsort(dim=-1)
        return orders[:, : n_sets * self.set_size].reshape(self.shuffles, n_sets, self.set_size)

    def _pool_of(self, role: str) -> nn.Module:
        return self.pools[role] if role in self.pools else self.pools["anchor"]

    def _make_pools(self, n_topics: int) -> None:
        names = {"anchor": self.pooling, "positive": self.positive_pooling, "negative": self.negative_pooling}
        self.pools = nn.ModuleDict(
            {role: POOLINGS[name](n_topics, self.set_size) for role, name in names.items() if name is not None}
        )
