"""Skip-gram with negative sampling as a likelihood of documents."""

import torch
from torch import Tensor
from torch.nn.functional import embedding, logsigmoid

from topicml.nn.batch import Batch
from topicml.nn.likelihood import DocumentLikelihood
from topicml.nn.windows import draw_pairs


class SkipGram(DocumentLikelihood):
    """Skip-gram with negative sampling (SGNS): words in the context of their document and of a nearby word.

    The score of a word t in a context c is ``s_t(c) = c . u_t + b_t``, and

    ``sgns(t, c) = log sigmoid(s_t(c)) + k sum_v noise_v log sigmoid(-s_v(c))``.

    The context is the document vector d with probability r (`alone`), and ``d + pivot`` otherwise::

        log_prob(document) = n [ r mean_t sgns(t, d) + (1 - r) mean_(p, t) sgns(t, d + w_p) ]

    t runs over the n tokens of the document, (p, t) over the pairs in its windows. Each token counts once, as in a
    multinomial, so the score is in nats per document. The first mean is exact. The second is estimated without bias
    from `n_pairs` random pairs per document and `n_noise` noise words shared by all pairs. For a document without
    pairs, the first term is the whole score.

    SGNS is the binary form of noise-contrastive estimation: at its optimum ``s_t(c) = log p(t | c) - log(k noise_t)``.
    The authors of lda2vec drop the pivot at random; here that expectation is computed exactly.

    Parameters
    ----------
    documents : Tensor, (..., n_docs, dimension)
        Document vectors; leading dimensions are samples of the same documents.
    words : Tensor, (n_words, dimension)
        Word vectors u.
    pivots : Tensor, (n_words, dimension)
        Word vectors as pivots, w.
    bias : Tensor, (n_words,)
        Word biases b.
    noise : Tensor, (n_words,)
        Probabilities of the noise words; they sum to 1.
    negatives : int
        k, the number of noise words per token.
    n_pairs, n_noise : int
        Random pairs per document, and random noise words shared by all pairs.
    window : int
        Largest distance between pivot and target, in tokens.
    alone : float
        r, the probability of a context without a pivot.

    References
    ----------
    Mikolov et al. 2013, equation 4; Levy & Goldberg 2014; Moody 2016, section 2.
    """

    per_document = "documents"

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
        super().__init__(words.shape[:1])

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the score of each document in nats, (..., n_docs)."""
        dtype = torch.promote_types(self.documents.dtype, torch.float32)  # half precision is too coarse for scores
        samples = self.documents.to(dtype).reshape(-1, *self.documents.shape[-2:])
        with torch.autocast(samples.device.type, enabled=False):
            with_pivots = self._with_pivots(samples, value)
            scores = torch.stack([self._without_pivots(sample, value) for sample in samples])
            if with_pivots is not None:
                pair_scores, has_pairs = with_pivots
                scores = torch.where(has_pairs, self.alone * scores + (1 - self.alone) * pair_scores, scores)
        return (value.lengths * scores).reshape(self.batch_shape)

    def _without_pivots(self, documents: Tensor, batch: Batch) -> Tensor:
        """mean_t sgns(t, d), exact: (n_docs,)."""
        scores = torch.addmm(self.bias, documents, self.words.T)  # (n_docs, n_words)
        observed = scores.reshape(-1)[batch.documents * scores.shape[1] + batch.word_ids]
        positive = batch.sum_by_document(batch.counts * logsigmoid(observed)) / batch.lengths.clamp_min(1e-12)
        return positive + self.negatives * (logsigmoid(-scores) @ self.noise)

    def _with_pivots(self, samples: Tensor, batch: Batch) -> tuple[Tensor, Tensor] | None:
        """Estimates of mean_(p, t) sgns(t, d + w_p), (n_samples, n_docs), and which documents have pairs, (n_docs,)."""
        if self.alone >= 1 or not self.n_pairs:
            return None
        pairs = draw_pairs(batch, self.n_pairs, self.window)
        noise = torch.multinomial(self.noise, self.n_noise, replacement=True)
        contexts = samples.unsqueeze(2) + embedding(pairs.pivots, self.pivots)  # (n_samples, n_docs, n_pairs, dim)
        targets = embedding(pairs.targets, self.words)
        positive = logsigmoid((contexts * targets).sum(dim=-1) + self.bias[pairs.targets]).mean(dim=-1)
        flat = contexts.reshape(-1, contexts.shape[-1])
        negative = logsigmoid(-torch.addmm(self.bias[noise], flat, embedding(noise, self.words).T)).mean(dim=-1)
        negative = negative.reshape(contexts.shape[:-1]).mean(dim=-1)
        return positive + self.negatives * negative, pairs.exists
