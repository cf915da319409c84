"""Several languages: documents of different languages have the same topics."""

from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.parts.base import BaseStory
from topicml.nn.network import TopicNetwork
from topicml.nn.word_translation import WordTranslation
from topicml.objectives.objective import Objective
from topicml.objectives.translations import TranslationTerm
from topicml.starting import Translations, dictionary_from, warn_of_languages_alone

WORD_PAIRS, PAIR_WEIGHTS = "word_pairs", "pair_weights"
"""The starting values that are the dictionary of a model of several languages (`topicml.nn.word_translation`)."""


class WithLanguages(BaseStory):
    """A story whose documents may be in several languages.

    Parameters
    ----------
    languages : bool
        The documents are a corpus of several languages (`Corpus.multilingual`, `Corpus.by_language`): all have one
        theta, and the words of each language are drawn among the words of that language.
    translations : str, optional
        The field whose value documents and their translations share. They get the same topics.
    dictionary : Dictionary, path, or pairs of words, optional
        Words that mean the same in two languages (`topicml.starting.Dictionary`), such as a CSV file with the columns
        en and de. It connects languages where documents have no translation.
    translation_strength : float
        Weight of `topicml.objectives.translations.TranslationTerm`. With 0, translations only decide how topics start
        and which words translate each other.
    """

    languages: bool = False
    translations: str | None = None
    dictionary: Any = None
    translation_strength: float = 1.0

    def __post_init__(self) -> None:
        self.dictionary = dictionary_from(self.dictionary)  # a file is read once
        super().__post_init__()

    def check(self) -> None:
        """Raise `InputError` if a setting is out of range."""
        super().check()
        require(isinstance(self.languages, bool), "languages", self.languages, "True or False")
        if not self.languages and (self.translations is not None or self.dictionary is not None):
            raise InputError("translations and dictionary are for a corpus of several languages: pass languages=True.")
        require(self.translation_strength >= 0, "translation_strength", self.translation_strength, "at least 0")

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that decide the fit; also that of translations."""
        return super().fields.union(() if self.translations is None else [self.translations])

    def check_documents(self, documents: Documents) -> None:
        """Warn if nothing connects the languages of the documents; see `BaseStory.check_documents`."""
        if self.languages:
            warn_of_languages_alone(documents, self.translations, self.dictionary)
        super().check_documents(documents)

    def components(self) -> dict[str, Objective]:
        """Return new losses of components; if languages are connected, also that of translations."""
        losses = super().components()
        if self._is_connected and self.translation_strength:
            strength = self.translation_strength
            losses["translations"] = TranslationTerm(self.translations, self.dictionary, strength=strength)
        return losses

    @property
    def _is_connected(self) -> bool:
        """Whether languages are connected by translations or a dictionary."""
        return self.languages and (self.translations is not None or self.dictionary is not None)

    def translations_of(self, documents: Documents) -> Translations | None:
        """Return the words of training documents in other languages; None if nothing connects languages."""
        return Translations(documents, self.translations, self.dictionary) if self._is_connected else None

    def network_of(self, **values: np.ndarray) -> TopicNetwork:
        """Make the network that starts from these values; see `BaseStory.network_of`.

        Parameters
        ----------
        **values : ndarray
            Starting values. With a dictionary, also ``word_pairs`` and ``pair_weights``.

        Returns
        -------
        TopicNetwork
        """
        pairs = [values.pop(name) for name in (WORD_PAIRS, PAIR_WEIGHTS) if name in values]
        network = super().network_of(**values)
        if pairs:
            network.translation = WordTranslation(*pairs)
        return network
