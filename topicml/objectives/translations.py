"""The term of translations: the topics of a document tell its words in other languages, too, and the reverse."""

from typing import Any

import numpy as np
from torch import Tensor

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings
from topicml.starting import Dictionary, Translations


class TranslationTerm(Settings):
    """Negative log-likelihood of documents and their words in other languages, each by the topics of the other.

    With x a document and y its words in other languages (`topicml.starting.Translations`)::

        -log p(y | theta), theta ~ q(. | x)   and   -log p(x | theta), theta ~ q(. | y)

    A document and its translation have one theta. Each language alone must tell it, so the bound of both is computed
    from each: the mixture-of-experts bound of variational autoencoders for several kinds of data. The bound of the model
    adds the likelihood of x by its own topics, and the KL.

    - Inputs: a corpus of several languages.
    - Cost: one pass of the encoder, and two of the decoder.
    - When to use: added to a model's losses by ``languages=True`` with `translations` or a `dictionary`.

    Parameters
    ----------
    translations : str, optional
        The field whose value documents and their translations share.
    dictionary : Dictionary, optional
        Pairs of words.
    strength : float
        Weight of the term. 1: that of the likelihood.

    References
    ----------
    Mimno et al., Polylingual topic models, EMNLP 2009 (one theta, topics of each language). Shi, Siddharth, Paige &
    Torr, Variational mixture-of-experts autoencoders for multi-modal deep generative models, NeurIPS 2019.

    Examples
    --------
    >>> import topicml
    >>> english = topicml.Corpus.from_tokens([["cat", "pet"], ["tax", "loan"]] * 8, fields={"id": range(16)})
    >>> german = topicml.Corpus.from_tokens([["katze", "tier"], ["steuer", "kredit"]] * 8, fields={"id": range(16)})
    >>> corpus = topicml.Corpus.multilingual({"en": english, "de": german})
    >>> model = topicml.ProdLDA(n_topics=2, languages=True, translations="id", max_epochs=1, random_state=0).fit(corpus)
    >>> len(model.topics(2, language="de"))
    2
    """

    reads_encoder: bool = False  # it only encodes documents

    def __init__(self, translations: str | None = None, dictionary: Any = None, *, strength: float = 1.0) -> None:
        self.translations = translations
        self.dictionary = dictionary
        self.strength = strength
        self._others: Translations | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Link documents and their translations; see `Objective.prepare`."""
        dictionary = None if self.dictionary is None else Dictionary(self.dictionary)
        self._others = Translations(documents, self.translations, dictionary)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._others is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        counts = self._others.counts(batch.rows.cpu().numpy())
        other = Batch.from_counts(counts, np.arange(len(batch))).to(batch.counts.device)
        has_words = (other.lengths > 0) & (batch.lengths > 0)
        of_other = _nats(other, posterior.theta, network, has_words)
        of_document = _nats(batch, network.encode_view(other).theta, network, has_words)
        parts = {"translations_words": float(of_other.detach()), "translations_back": float(of_document.detach())}
        return Loss(self.strength * (of_other + of_document), parts)


def _nats(batch: Batch, theta: Tensor, network: TopicNetwork, kept: Tensor) -> Tensor:
    """Mean over documents of the negative log-likelihood of the words of those that are kept."""
    return -(network.words(theta).log_prob(batch) * kept).sum() / len(batch)
