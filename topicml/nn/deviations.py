"""Topics that differ by group of documents: over time, or by the levels of a category."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


class GroupDeviations(nn.Module):
    """Deviations of the words of topics, and of the shares of topics, in each group of documents.

    ::

        log-weights of topic k in group g:  beta_k + c_g + W a_gk
        prior mean of z in group g:         loc + s_g            (slices of time only)

    c_g is what all topics of the group share; W are fixed word vectors of unit length, so that similar words move
    together and a slice needs few numbers. Each of the sequences c, a and s over groups has the prior

    - of slices: a Gaussian random walk whose steps have the standard deviation `deviation`, times N(0, 1) at each
      slice, which keeps topics near their mean over time;
    - of levels: N(0, deviation^2), independently.

    All start at 0, as if there were no groups. A document of group -1 has no deviation. The encoder reads only words,
    so its mean is moved by a learned share of s_g, as in `topicml.nn.prior.CovariatePrior`.

    Parameters
    ----------
    vectors : Tensor, (n_words, dimension)
        W.
    n_groups, n_topics : int
        Numbers of groups and topics.
    deviation : float
        Standard deviation of the change of a log-weight from a slice to the next, or of a level from all documents.
    ordered : bool
        Whether groups are slices of time.

    References
    ----------
    Bamler & Mandt, Dynamic word embeddings, ICML 2017 (the prior of slices); Dieng, Ruiz & Blei, The dynamic embedded
    topic model, 2019; Eisenstein, Ahmed & Xing, Sparse additive generative models of text, ICML 2011, and Card, Tan &
    Smith, Neural models for documents with metadata, ACL 2018 (levels).
    """

    CONSTANTS: ClassVar = ("deviation",)

    vectors: Tensor
    present: Tensor

    def __init__(self, vectors: Tensor, *, n_groups: int, n_topics: int, deviation: float, ordered: bool) -> None:
        super().__init__()
        self.deviation = deviation
        self.ordered = ordered
        n_words, dimension = vectors.shape
        self.register_buffer("vectors", torch.as_tensor(vectors, dtype=torch.float32))
        self.register_buffer("present", torch.zeros(n_groups, n_words))  # documents of the group with the word
        self.common = nn.Parameter(torch.zeros(n_groups, n_words))
        self.topics = nn.Parameter(torch.zeros(n_groups, n_topics, dimension))
        if ordered:
            self.shares = nn.Parameter(torch.zeros(n_groups, n_topics))
            self.share_of_posterior = nn.Parameter(torch.full((n_topics,), -1.0))  # before the sigmoid

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.common)

    def features(self, theta: Tensor, groups: Tensor) -> Tensor:
        """Return F so that ``F @ rows()`` has the deviations of the logits of a product of experts.

        Parameters
        ----------
        theta : Tensor, (..., n_docs, n_topics)
            Topic proportions.
        groups : Tensor, int64, (n_docs,)
            Groups of the documents.

        Returns
        -------
        Tensor, (..., n_docs, dimension + n_groups)
        """
        is_known = (groups >= 0).to(theta.dtype)[:, None]
        moved = torch.einsum("...dk,dkr->...dr", theta, self.topics[groups.clamp_min(0)]) * is_known
        of_group = nn.functional.one_hot(groups.clamp_min(0), self.n_groups).to(theta.dtype) * is_known
        return torch.cat([moved, of_group.expand(*theta.shape[:-1], -1)], dim=-1)

    def rows(self) -> Tensor:
        """Log-weights of words that `features` weighs: (dimension + n_groups, n_words)."""
        return torch.cat([self.vectors.T, self.common])

    def of(self, group: int) -> Tensor:
        """Deviations of the log-weights of a group: (n_topics, n_words)."""
        return self.of_topics(group) + self.common[group]

    def of_topics(self, group: int) -> Tensor:
        """Those of each topic, without what all topics of the group share: (n_topics, n_words)."""
        return self.topics[group] @ self.vectors.T

    def prior_mean(self, groups: Tensor) -> Tensor:
        """How the prior means of documents of these groups differ: (n_docs, n_topics)."""
        return self.shares[groups.clamp_min(0)] * (groups >= 0)[:, None]

    def of_posterior(self, groups: Tensor) -> Tensor:
        """How the posterior means that the words give are moved: (n_docs, n_topics)."""
        return torch.sigmoid(self.share_of_posterior) * self.prior_mean(groups)

    def penalty(self) -> Tensor:
        """Minus the logarithm of the prior density of all deviations, up to a constant."""
        values = [self.common, self.topics.flatten(1), *([self.shares] if self.ordered else [])]
        if not self.ordered:
            return sum(each.square().sum() for each in values) / (2 * self.deviation**2)  # type: ignore[return-value]
        return sum(walk_energy(each, self.deviation) for each in values)  # type: ignore[return-value]

    @torch.no_grad()
    def grow(self, n_groups: int) -> list[RemovableHandle]:
        """Add later slices that start where the last one is, and fix the earlier ones as the prior of the new.

        Parameters
        ----------
        n_groups : int
            New number of slices.

        Returns
        -------
        list of RemovableHandle
            Earlier slices are fixed until these are removed.
        """
        n_fixed, n_new = self.n_groups, n_groups - self.n_groups
        handles = []
        for name in ("common", "topics", "shares"):
            value = getattr(self, name)
            setattr(self, name, nn.Parameter(torch.cat([value, value[-1:].expand(n_new, *value.shape[1:])])))
            handles.append(getattr(self, name).register_hook(lambda gradient: _without(gradient, n_fixed)))
        self.present = torch.cat([self.present, self.present.new_zeros(n_new, self.present.shape[1])])
        return handles


def _without(gradient: Tensor, n_fixed: int) -> Tensor:
    """The gradient with 0 for the first slices."""
    gradient = gradient.clone()
    gradient[:n_fixed] = 0
    return gradient


def walk_energy(values: Tensor, deviation: float) -> Tensor:
    """Minus the log-density, up to a constant, of a Gaussian walk times N(0, 1) at each step.

    ``(1 / 2) x' P x``, where the precision P is tridiagonal: 1 plus the number of neighbours divided by deviation^2 on
    the diagonal, and -1 / deviation^2 beside it.

    Parameters
    ----------
    values : Tensor, (n_steps, n)
        n independent sequences.
    deviation : float
        Standard deviation of a step of the walk.

    Returns
    -------
    Tensor
        A scalar.
    """
    return values.diff(dim=0).square().sum() / (2 * deviation**2) + values.square().sum() / 2
