"""Evidence of the words of a document for its topics, by naive Bayes."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from topicml.nn.batch import Batch
from topicml.nn.word_blocks import Blocks


class WordEvidence(nn.Module):
    """Log-likelihood of the words of a document, given the documents that each topic leads.

    ::

        evidence[d, k] = w[d] sum_v count[d, v] log p(v | k),   p(v | k) = (N[k, v] + prior) / sum_u (N[k, u] + prior)
        w[d]           = min(1, max_words / length of document d)

    N[k, v] is the number of training documents that contain word v and that topic k leads. The encoder has the same
    weights for all documents, so its estimate for one document is not the best one. Added to its mean, the evidence
    corrects it. Naive Bayes overstates what many words say, because they depend on each other: of a longer document,
    they count together as `max_words` words. A word without training documents says nothing.

    Parameters
    ----------
    documents_led : ndarray, (n_topics, n_words)
        N.
    max_words : float
        Number of words that a document counts as, at most.
    prior : float
        Documents that are added for each word and topic.
    blocks : sequence of slice, optional
        Blocks of words, such as those of languages: p(v | k) is that among the words of the block.

    References
    ----------
    Nigam, McCallum, Thrun & Mitchell, Text classification from labeled and unlabeled documents using EM, 2000.
    """

    log_words: Tensor

    def __init__(
        self, documents_led: np.ndarray, *, max_words: float, prior: float = 1.0, blocks: Blocks | None = None
    ) -> None:
        super().__init__()
        self.max_words = max_words
        counts = np.asarray(documents_led, dtype=np.float64) + prior
        parts = [counts[:, block] for block in blocks or [slice(None)]]
        shares = np.concatenate([part / part.sum(axis=1, keepdims=True) for part in parts], axis=1)
        log_words = np.log(shares).T.astype(np.float32)
        log_words[np.asarray(documents_led).sum(axis=0) == 0] = 0
        # The counts are saved, not the logarithms.
        self.register_buffer("log_words", torch.from_numpy(np.ascontiguousarray(log_words)), persistent=False)

    def forward(self, batch: Batch) -> Tensor:
        """Compute the evidence for each topic.

        Parameters
        ----------
        batch : Batch
            The documents.

        Returns
        -------
        Tensor, (n_docs, n_topics)
            0 for documents without words.
        """
        total = functional.embedding_bag(
            batch.word_ids,
            self.log_words,
            batch.offsets,
            mode="sum",
            per_sample_weights=batch.counts,
            include_last_offset=True,
        )
        return total * self.weight(batch)[:, None]

    def weight(self, batch: Batch) -> Tensor:
        """Weight of one word of each document, (n_docs,): 1 up to `max_words` words."""
        return self.max_words / batch.lengths.clamp(min=self.max_words)
