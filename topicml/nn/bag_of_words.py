"""Word likelihoods of topic models: Pyro distributions that read only the words that occur."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from topicml.nn.batch import Batch
from topicml.nn.deviations import GroupDeviations
from topicml.nn.likelihood import DocumentLikelihood
from topicml.nn.log_softmax import log_softmax_at_words


class _DenseLogSoftmaxAtWords(torch.autograd.Function):
    """sum_v x_dv * log_softmax(logits)_dv for ragged x, without a dense x or a dense log_softmax.

    The gradient with respect to the logits is ``x_d - n_d * softmax(logits_d)``. Each word has one entry per document,
    so entries are written without accumulation and the result does not depend on the number of threads.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, batch: Batch) -> Tensor:
        largest = logits.amax(dim=-1, keepdim=True)
        weights = torch.sub(logits, largest).exp_()  # softmax up to its total, reused by the gradient
        total = weights.sum(dim=-1)  # (n_docs,)
        normaliser = largest.squeeze(-1) + total.log()
        entries = batch.documents * logits.shape[-1] + batch.word_ids
        at_words = logits.reshape(-1)[entries]  # (n_entries,)
        ctx.save_for_backward(weights, total, entries)
        ctx.batch = batch
        return batch.sum_by_document(batch.counts * at_words) - batch.lengths * normaliser

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        weights, total, entries = ctx.saved_tensors
        batch = ctx.batch
        dense = weights * (-gradient * batch.lengths / total).unsqueeze(-1)
        dense.view(-1)[entries] += gradient[batch.documents] * batch.counts
        return dense, None


class BagOfWords(DocumentLikelihood):
    """Multinomial over the words of documents, with probabilities softmax(logits); its values are ragged batches.

    ``log_prob(batch)_d = sum_v x_dv log_softmax(logits_d)_v``. This is Pyro's ``Multinomial(logits=...)`` without the
    multinomial coefficient, which does not depend on the logits.

    Parameters
    ----------
    logits : Tensor, (..., n_docs, n_words)
        Unnormalised log-probabilities; leading dimensions are samples of the same documents.
    """

    per_document = "logits"

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape[-1:])

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the log-likelihood of each document in nats, (..., n_docs)."""
        logits = self.logits.to(
            torch.promote_types(self.logits.dtype, torch.float32)
        )  # half precision is too coarse for sums of words
        samples = logits.reshape(-1, *logits.shape[-2:])
        return torch.stack([_DenseLogSoftmaxAtWords.apply(sample, value) for sample in samples]).reshape(
            self.batch_shape
        )

    def word_log_prob(self) -> Tensor:
        """Return the log-probability of every word, dense: (..., n_docs, n_words)."""
        return self.logits.log_softmax(dim=-1)

    def sample(self, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """Draw documents with `lengths` (n_docs,) tokens: dense counts, (n_docs, n_words)."""
        probabilities = self.word_log_prob().exp()
        documents = [
            torch.multinomial(p, int(n), replacement=True) for p, n in zip(probabilities, lengths, strict=True)
        ]
        return torch.stack([torch.bincount(words, minlength=self.event_shape[0]) for words in documents])


class ProductOfWords(BagOfWords):
    """Multinomial over the words of documents, with probabilities softmax(theta @ beta + bias): a product of experts.

    Its `log_prob` never has an array of documents by words (`topicml.nn.log_softmax`).

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        Weights of the topics.
    beta : Tensor, (n_topics, n_words)
        Log-weights of the words of the topics.
    bias : Tensor, (n_words,)
        Log-weights of the words in all documents.
    """

    per_document = "theta"

    def __init__(self, theta: Tensor, beta: Tensor, bias: Tensor) -> None:
        self.theta = theta
        self.beta = beta
        self.bias = bias
        DocumentLikelihood.__init__(self, beta.shape[-1:])

    @property
    def logits(self) -> Tensor:  # type: ignore[override]
        """Unnormalised log-probabilities, dense: (..., n_docs, n_words)."""
        return self.theta @ self.beta + self.bias

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the log-likelihood of each document in nats, (..., n_docs)."""
        if self.theta.ndim == 2:
            return log_softmax_at_words(self.theta, self.beta, self.bias, value)
        samples = self.theta.reshape(-1, *self.theta.shape[-2:])
        scores = [log_softmax_at_words(theta, self.beta, self.bias, value) for theta in samples]
        return torch.stack(scores).reshape(self.batch_shape)


class MixtureOfWords(BagOfWords):
    """Multinomial over the words of documents, with probabilities theta @ beta: the likelihood of LDA.

    It reads only the columns of beta of the words that occur.

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        Topic proportions, on the simplex.
    beta : Tensor, (n_topics, n_words)
        Word distributions of the topics; rows sum to 1.
    """

    per_document = "theta"

    def __init__(self, theta: Tensor, beta: Tensor) -> None:
        self.theta = theta
        self.beta = beta
        DocumentLikelihood.__init__(self, beta.shape[-1:])

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the log-likelihood of each document in nats, (..., n_docs)."""
        topics = torch.nn.functional.embedding(value.word_ids, self.beta.T)  # (n_entries, n_topics)
        samples = self.theta.reshape(-1, *self.theta.shape[-2:])
        scores = []
        for theta in samples:
            probability = (torch.nn.functional.embedding(value.documents, theta) * topics).sum(dim=-1)
            scores.append(value.sum_by_document(value.counts * probability.clamp_min(1e-20).log()))
        return torch.stack(scores).reshape(self.batch_shape)

    def word_log_prob(self) -> Tensor:
        """Return the log-probability of every word, dense: (..., n_docs, n_words)."""
        return (self.theta @ self.beta).clamp_min(1e-20).log()


class MixtureByGroup(BagOfWords):
    """Words of mixtures of topics that differ by group of documents: ``theta_d @ softmax(log_topics + deviation_g)``.

    The documents of each group are computed together, so that memory grows with the number of groups in a batch, and
    not with its number of documents.

    Parameters
    ----------
    theta : Tensor, (..., n_docs, n_topics)
        Topic proportions.
    groups : Tensor, int64, (n_docs,)
        Groups of the documents; -1: no deviation.
    log_topics : Tensor, (n_topics, n_words)
        Log-weights of the topics without deviation.
    deviations : GroupDeviations
        Added to them.
    """

    per_document = "theta"

    def __init__(self, theta: Tensor, groups: Tensor, log_topics: Tensor, deviations: GroupDeviations) -> None:
        self.theta = theta
        self.groups = groups
        self.log_topics = log_topics
        self.deviations = deviations
        DocumentLikelihood.__init__(self, log_topics.shape[-1:])

    def log_prob(self, value: Batch) -> Tensor:  # type: ignore[override]
        """Return the log-likelihood of each document in nats, (..., n_docs)."""
        return self._joined(lambda words, rows: words.log_prob(value.of_documents(rows)), dim=-1)

    def word_log_prob(self) -> Tensor:
        """Return the log-probability of every word, dense: (..., n_docs, n_words)."""
        return self._joined(lambda words, _: words.word_log_prob(), dim=-2)

    def _joined(self, values: Callable[[MixtureOfWords, Tensor], Tensor], dim: int) -> Tensor:
        """The values of the documents of each group, in the order of the documents."""
        parts, positions = [], []
        for group in self.groups.unique().tolist():
            rows = (self.groups == group).nonzero().squeeze(1)
            log_topics = self.log_topics if group < 0 else self.log_topics + self.deviations.of(group)
            parts.append(values(MixtureOfWords(self.theta[..., rows, :], log_topics.softmax(dim=-1)), rows))
            positions.append(rows)
        return torch.cat(parts, dim=dim).index_select(dim, torch.cat(positions).argsort())
