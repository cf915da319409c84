"""The term of seeds: words hold their topics, and documents with these words hold together."""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings
from topicml.starting import Seeds

_SAMPLE = 10_000  # documents that show how often words are used


@dataclass(frozen=True)
class _Tables:
    """What is known of each word before training.

    Attributes
    ----------
    place : Tensor, int64, (n_words,)
        Row of the word in `topics`; 0 for a word that is no seed.
    topics : Tensor, (1 + n_seed_words, n_topics)
        Log of 1 for the topics that a seed belongs to, of 0 for the others.
    pairs : Tensor, int64, (n_pairs, 2)
        The seeds of all topics: columns of `words`, and topics.
    words : Tensor, int64, (n_seed_words,)
        Ids of the seeds.
    weights : Tensor, (n_words, n_seeded + 1)
        Log-probability of the word in the seeded topics at the start; and the share of a seeded topic in the sum of a
        seeded and a free topic, by their mean probabilities of the word.
    average : Tensor, (n_seeded,)
        Mean log-probability over the words of all documents.
    """

    place: Tensor
    topics: Tensor
    pairs: Tensor
    words: Tensor
    weights: Tensor
    average: Tensor

    def to(self, device: torch.device) -> "_Tables":
        return _Tables(*(getattr(self, each.name).to(device) for each in fields(self)))


class SeedTerm(Settings):
    """Negative log-prior of the topics of seeds and of the documents that hold them, in nats per document.

    The sum of two parts, times `strength`:

    - ``seeds_documents``: the mean over documents of
      ``sum_w log(1 + x_dw) (-log sum_{k of w} theta_dk) + e_d sum_k q_dk (-log theta_dk)``. The first sum is over the
      seeds w of the document, and the topics k that each belongs to. In the second, q is the distribution over seeded
      topics that the words of the document have by the starting topics beta (naive Bayes). e tells how far it is about
      these topics, so a document about something else stays free::

          e_d = p_d s_d max(1, length of d / full_length)
          p_d = m_d / (1 + m_d),   m_d = mean_k exp(sum_w log(1 + x_dw) (log beta_kw - average_k))

      average_k is the mean of log beta_kw over the words of all documents, so p compares the document with an average
      one. s is the mean over its words of a / (a + b): the mean probabilities of the word in seeded and in free topics.
    - ``seeds_topics``: the mean of ``-log p(topic | word)`` over the seeds of each topic, by the topics of the decoder.

    A part of the first is computed with theta of the document without its seeds: the other words must tell the topic,
    too. So documents that are about the subject but hold no seed join the topic.

    - Inputs: documents whose words have names.
    - Cost: one pass of the encoder, and the topics of the decoder.
    - When to use: added to a model's losses by its setting ``seeds``.
    - Relations: keyATM assigns occurrences of keywords to topics, too, by a sampler and without an encoder.

    Parameters
    ----------
    seeds : mapping of str to sequence of str, or Seeds
        The words of the first topics.
    strength : float
        Weight of the term, positive: how many words of a document an occurrence of a seed is worth.
    masked : float
        Share of the first part that is computed without seeds, in [0, 1].
    full_length : float
        Number of words, positive. A longer document is pulled in proportion to its length, as its likelihood grows with
        it: with the default strength, by up to half of its words.

    Raises
    ------
    InputError
        If `full_length` is not positive.

    References
    ----------
    Eshima, Imai & Sasaki, Keyword-assisted topic models, AJPS 2024. Meng et al., Text classification using label names
    only, EMNLP 2020 (masked words of labels).

    Examples
    --------
    >>> import topicml
    >>> corpus = topicml.Corpus.from_tokens([["cat", "dog", "pet"], ["tax", "bank", "loan"]] * 8)
    >>> model = topicml.ProdLDA(n_topics=2, seeds={"money": ["tax"]}, max_epochs=1, random_state=0).fit(corpus)
    >>> model.topic_names_
    ('money', None)
    """

    reads_encoder: bool = False  # it only encodes documents

    def __init__(self, seeds: Any, *, strength: float = 10.0, masked: float = 0.5, full_length: float = 20.0) -> None:
        require(full_length > 0, "full_length", full_length, "positive")
        self.seeds = seeds
        self.strength = strength
        self.masked = masked
        self.full_length = full_length
        self._tables: _Tables | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Find the seeds among the words, and keep the starting topics; see `Objective.prepare`.

        Later calls, as those of `partial_fit`, change nothing: the words are the same, and the topics trained.
        """
        if self._tables is not None:
            return
        with torch.no_grad():
            log_beta = network.topic_word().float().cpu().clamp_min(1e-30).log()  # (n_topics, n_words)
        ids = Seeds(self.seeds).ids(documents)
        words = torch.tensor(sorted({int(i) for each in ids for i in each}))
        place = torch.zeros(log_beta.shape[1], dtype=torch.long)
        place[words] = torch.arange(1, len(words) + 1)
        belongs = torch.zeros(len(words) + 1, len(log_beta))
        for topic, each in enumerate(ids):
            belongs[place[torch.as_tensor(each)], topic] = 1
        weights = log_beta[: len(ids)]
        seeded, free = (part.exp().sum(dim=0) / max(len(part), 1) for part in (weights, log_beta[len(ids) :]))
        table = torch.cat([weights, (seeded / (seeded + free))[None]]).T.contiguous()
        average = weights @ _use_of_words(documents)
        self._tables = _Tables(place, belongs.log(), belongs[1:].nonzero(), words, table, average)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._tables is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        if self._tables.place.device != batch.word_ids.device:
            self._tables = self._tables.to(batch.word_ids.device)
        tables = self._tables
        target, log_counts = self._target(batch, tables), torch.log1p(batch.counts)
        place = tables.place[batch.word_ids]
        is_seed = place > 0

        def of_documents(theta: Posterior, kept: Tensor) -> Tensor:
            """The first part by one estimate of theta, for the documents that are kept."""
            log_theta = theta.loc.log_softmax(dim=-1)
            documents = batch.documents[is_seed]
            held = (log_theta[documents] + tables.topics[place[is_seed]]).logsumexp(dim=-1)
            of_seeds = (log_counts[is_seed] * held * kept[documents]).sum()
            of_others = (target * log_theta[:, : target.shape[1]] * kept[:, None]).sum()
            return -(of_seeds + of_others) / len(batch)

        documents = torch.zeros((), device=batch.counts.device)
        if self.masked < 1:
            documents = documents + (1 - self.masked) * of_documents(posterior, torch.ones_like(batch.lengths))
        if self.masked > 0:
            rest = batch.with_counts(batch.counts.masked_fill(is_seed, 0))
            documents = documents + self.masked * of_documents(network.encode(rest), (rest.lengths > 0).float())
        log_beta = network.topic_word()[:, tables.words].float().clamp_min(1e-30).log()
        word, topic = tables.pairs.unbind(dim=1)
        topics = -log_beta.log_softmax(dim=0)[topic, word].mean()
        parts = {"seeds_documents": float(documents.detach()), "seeds_topics": float(topics.detach())}
        return Loss(self.strength * (documents + topics), parts)

    def _target(self, batch: Batch, tables: _Tables) -> Tensor:
        """Topics of the documents by the starting topics, times how far they are about these: (n_docs, n_seeded)."""
        log_counts = torch.log1p(batch.counts)
        sums = embedding_bag(
            batch.word_ids,
            tables.weights,
            batch.offsets,
            mode="sum",
            per_sample_weights=log_counts,
            include_last_offset=True,
        )  # (n_docs, n_seeded + 1)
        total = batch.sum_by_document(log_counts)[:, None]
        odds = sums[:, :-1] - total * tables.average - math.log(len(tables.average))
        against_average = odds.logsumexp(dim=1, keepdim=True).sigmoid()
        share = sums[:, -1:] / total.clamp_min(1e-12)
        length = (batch.lengths[:, None] / self.full_length).clamp_min(1)
        return sums[:, :-1].softmax(dim=-1) * against_average * share * length


def _use_of_words(documents: Documents) -> Tensor:
    """Share of each word in the log-counts of documents at equal distances, (n_words,)."""
    n_docs, n_words = documents.counts.shape
    counts = documents.counts[np.linspace(0, n_docs - 1, min(n_docs, _SAMPLE)).astype(int)]
    use = np.bincount(counts.indices, np.log1p(counts.data), minlength=n_words)
    return torch.from_numpy(use / use.sum()).float()
