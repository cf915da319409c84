"""The term of translations: a document and its words in other languages have the same topics."""

from dataclasses import replace
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
    """Hold the topics of documents and of their words in other languages together, in nats per document.

    With x a document, y its translations, and y' its words in the other languages, those of y or else by the dictionary
    (`topicml.starting.Translations`), the sum of two parts:

    - ``translations_words``: ``-log p(y | theta), theta ~ q(. | x)``. A document and its translation have one theta,
      and each alone must tell it: with the bound of the model, it is the mixture-of-experts bound of both.
    - ``translations_agree``: ``agreement (KL(q(. | x), q(. | y')) + KL(q(. | y'), q(. | x))) / 2``.

    - Inputs: a corpus of several languages.
    - Cost: one pass of the encoder, and one of the decoder.
    - When to use: added to a model's losses by its settings ``translations`` and ``dictionary``.
    - Relations: `topicml.objectives.views.LabelMates` of the same field, in a contrast, pulls thetas of translations
      together, too, and those of other documents apart.

    Parameters
    ----------
    translations : str, optional
        The field whose value documents and their translations share.
    dictionary : Dictionary, optional
        Pairs of words.
    strength : float
        Weight of the term.
    agreement : float
        Weight of the second part.

    References
    ----------
    Mimno et al., Polylingual topic models, EMNLP 2009 (one theta, topics of each language). Shi, Siddharth, Paige &
    Torr, Variational mixture-of-experts autoencoders for multi-modal deep generative models, NeurIPS 2019. Suzuki,
    Nakayama & Matsuo, Joint multimodal learning with deep generative models, 2016 (KL between posteriors).

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

    def __init__(
        self,
        translations: str | None = None,
        dictionary: Any = None,
        *,
        strength: float = 1.0,
        agreement: float = 1.0,
    ) -> None:
        self.translations = translations
        self.dictionary = dictionary
        self.strength = strength
        self.agreement = agreement
        self._others: Translations | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Link documents and their translations; see `Objective.prepare`."""
        dictionary = None if self.dictionary is None else Dictionary(self.dictionary)
        self._others = Translations(documents, self.translations, dictionary)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._others is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        rows, order = batch.rows.cpu().numpy(), np.arange(len(batch))
        device = batch.counts.device
        translated = Batch.from_counts(self._others.of_translations(rows), order).to(device)
        other = Batch.from_counts(self._others.in_other_languages(rows), order).to(device)
        other = replace(other, rows=batch.rows, covariates=batch.covariates)  # of the same documents
        words = -network.words(posterior.theta).log_prob(translated).sum() / len(batch)
        has_both = ((other.lengths > 0) & (batch.lengths > 0)).to(words.dtype)
        agree = (divergence(posterior, network.encode_view(other)) * has_both).sum() / len(batch)
        parts = {"translations_words": float(words.detach()), "translations_agree": float(agree.detach())}
        return Loss(self.strength * (words + self.agreement * agree), parts)


def divergence(one: Posterior, other: Posterior) -> Tensor:
    """Mean of both Kullback-Leibler divergences between normal posteriors of documents: (n_docs,)."""
    square, a, b = (one.loc - other.loc) ** 2, one.scale**2, other.scale**2
    return ((a + square) / b + (b + square) / a - 2).sum(dim=-1) / 4
