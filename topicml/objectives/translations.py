"""The term of translations: the topics of a document tell the words of its translations, too."""

import numpy as np

from topicml.corpus.documents import Documents
from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork
from topicml.nn.posterior import Posterior
from topicml.objectives.objective import Loss, not_prepared
from topicml.settings import Settings
from topicml.starting import Translations


class TranslationTerm(Settings):
    """Negative log-likelihood of the translations of documents, in nats per document.

    With y the translations of a document x in other languages: ``-log p(y | theta), theta ~ q(. | x)``. A document and its
    translation have one theta, and each alone must tell it. Together with the bound of the model, each gives a bound of
    both: the mixture-of-experts bound of variational autoencoders for several kinds of data.

    - Inputs: a corpus of several languages, with a field that translations share.
    - Cost: one pass of the decoder, of documents with translations.
    - When to use: added to a model's losses by its setting ``translations``.
    - Relations: `topicml.objectives.views.LabelMates` of the same field, in a contrast, pulls thetas of translations
      together without their words.

    Parameters
    ----------
    translations : str
        The field whose value documents and their translations share.
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

    reads_encoder: bool = False  # it does not encode

    def __init__(self, translations: str, *, strength: float = 1.0) -> None:
        self.translations = translations
        self.strength = strength
        self._others: Translations | None = None

    def prepare(self, documents: Documents, network: TopicNetwork, *, batch_size: int) -> None:
        """Link documents and their translations; see `Objective.prepare`."""
        self._others = Translations(documents, self.translations)

    def __call__(self, batch: Batch, posterior: Posterior, network: TopicNetwork, progress: float = 1.0) -> Loss:
        """Compute the loss of a batch; see `Objective.__call__`."""
        if self._others is None:
            raise not_prepared(self, "documents, network, batch_size=...")
        counts = self._others.of_translations(batch.rows.cpu().numpy())
        other = Batch.from_counts(counts, np.arange(len(batch))).to(batch.counts.device)
        return Loss(-self.strength * network.words(posterior.theta).log_prob(other).sum() / len(batch))
