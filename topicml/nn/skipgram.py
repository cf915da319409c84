"""Skip-gram with negative sampling as the likelihood of documents."""

from typing import Any, ClassVar

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import constraints
from torch.nn.functional import embedding, logsigmoid

from topicml.nn.batch import Batch
from topicml.nn.windows import draw_pairs


class SkipGram(TorchDistribution):
    """Words in the context of their document, and of a word beside them: skip-gram with negative sampling (SGNS).

    A word t that stands in context c scores ``s_t(c) = c . u_t + b_t``, and

    ``sgns(t, c) = log sigmoid(s_t(c)) + k sum_v noise_v log sigmoid(-s_v(c))``.

    The context is the document vector d alone in a share r of the cases (`alone`), and ``d + pivot`` in the others::

        log_prob(document) = n [ r mean_t sgns(t, d) + (1 - r) mean_(p, t) sgns(t, d + w_p) ]

    t runs over the document's n tokens, (p, t) over the pairs in its windows. So each token counts once, as it does in
    a multinomial, and the score is in nats a document. Both expectations of the first mean are exact; the second is
    estimated without bias from `n_pairs` drawn pairs a document, and `n_noise` noise words that all pairs share. A
    document without pairs has the first term alone.

    SGNS is the binary form of noise-contrastive estimation: at its optimum ``s_t(c) = log p(t | c) - log(k noise_t)``.
    Dropping the pivot in a share of cases is the dropout of lda2vec's authors, here integrated out.

    Parameters
    ----------
    documents : Tensor, (..., n_docs, dimension)
        Document vectors; leading dimensions are samples of the same documents.
    words : Tensor, (n_words, dimension)
        Word vectors u.
    pivots : Tensor, (n_words, dimension)
        Word vectors as pivots, w.
    bias : Tensor, (n_words,)
        b.
    noise : Tensor, (n_words,)
        Probabilities of noise words; sums to 1.
    negatives : int
        k, noise words a token.
    n_pairs, n_noise : int
        Pairs drawn a document, and noise words drawn for all of them.
    window : int
        Largest distance of pivot and target, in tokens.
    alone : float
        r.

    References
    ----------
    Mikolov et al. 2013, equation 4; Levy & Goldberg 2014; Moody 2016, section 2.
    """

    arg_constraints: ClassVar[dict] = {}
    support = constraints.nonnegative_integer

    def __init__(
        self,
        documents: Tensor,
        *,
        words: Tensor,
        pivots: Tensor,
        bias: Tensor,
        noise: Tensor,
        negatives: int,
        n_pairs: int,
        n_noise: int,
        window: int,
        alone: float,
    ) -> None:
        self.documents = documents
        self.words = words
        self.pivots = pivots
        self.bias = bias
        self.noise = noise
        self.negatives = negatives
        self.n_pairs = n_pairs
        self.n_noise = n_noise
        self.window = window
        self.alone = alone
        super().__init__(batch_shape=documents.shape[:-1], event_shape=words.shape[:1], validate_args=False)

    def expand(self, batch_shape: Any, _instance: object = None) -> "SkipGram":
        """The same words for a larger batch shape."""
        given = {name: value for name, value in vars(self).items() if name in _PARAMETERS}
        return SkipGram(self.documents.expand(*batch_shape, -1), **given)

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Score of each document in nats, (..., n_docs)."""
        precise = torch.promote_types(self.documents.dtype, torch.float32)  # for mixed precision
        samples = self.documents.to(precise).reshape(-1, *self.documents.shape[-2:])
        with torch.autocast(samples.device.type, enabled=False):
            beside = self._beside_pivots(samples, value)
            scores = torch.stack([self._alone(one, value) for one in samples])
            if beside is not None:
                scores = torch.where(beside[1], self.alone * scores + (1 - self.alone) * beside[0], scores)
        return (value.lengths * scores).reshape(self.batch_shape)

    def _alone(self, documents: Tensor, batch: Batch) -> Tensor:
        """mean_t sgns(t, d), exact: (n_docs,)."""
        scores = torch.addmm(self.bias, documents, self.words.T)  # (n_docs, n_words)
        observed = scores.reshape(-1)[batch.documents * scores.shape[1] + batch.word_ids]
        positive = batch.sum_by_document(batch.counts * logsigmoid(observed)) / batch.lengths.clamp_min(1e-12)
        return positive + self.negatives * (logsigmoid(-scores) @ self.noise)

    def _beside_pivots(self, samples: Tensor, batch: Batch) -> tuple[Tensor, Tensor] | None:
        """mean_(p, t) sgns(t, d + w_p), estimated: (n_samples, n_docs); and which documents hold pairs."""
        if self.alone >= 1 or not self.n_pairs:
            return None
        pairs = draw_pairs(batch, self.n_pairs, self.window)
        noise = torch.multinomial(self.noise, self.n_noise, replacement=True)
        contexts = samples.unsqueeze(2) + embedding(pairs.pivots, self.pivots)  # (n_samples, n_docs, n_pairs, dim)
        targets = embedding(pairs.targets, self.words)
        positive = logsigmoid((contexts * targets).sum(dim=-1) + self.bias[pairs.targets]).mean(dim=-1)
        against = contexts.reshape(-1, contexts.shape[-1])
        negative = logsigmoid(-torch.addmm(self.bias[noise], against, embedding(noise, self.words).T)).mean(dim=-1)
        negative = negative.reshape(contexts.shape[:-1]).mean(dim=-1)
        return positive + self.negatives * negative, pairs.known


_PARAMETERS = ("words", "pivots", "bias", "noise", "negatives", "n_pairs", "n_noise", "window", "alone")
