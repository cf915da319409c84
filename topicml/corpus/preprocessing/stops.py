"""Stop words: which tokens are removed because their word says nothing about topics."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from topicml.corpus.preprocessing.letters import lower

if TYPE_CHECKING:
    from spacy.language import Language

# Verbs of spaCy's English stop words whose other inflections (going, said, took) have no meaning of their own either.
# The list has too few of their forms for the rule of `StopWords` to find them.
_ENGLISH_VERBS = ("get", "give", "go", "keep", "make", "put", "say", "see", "take")
_MIN_FORMS = 3
# Nouns in spaCy's lists that topics are about.
_CONTENT = {
    "it": "ansa casa citta città consiglio governo gruppo lavoro ministro mondo paese persone registrazione uomo vita",
    "pt": "conselho estado grupo sistema",
}
# Languages that elide function words before a vowel: l'amico, jusqu'à. Few of these forms are in spaCy's lists.
_ELIDE = ("ca", "fr", "it", "oc")


class StopWords:
    """Decide whether a token is a stop word.

    The form of the token decides, or its long form ("not" for "nt"), not its lemma: the lemma of many content words is
    a stop word (mining: mine, evening: even, wells: well, parts: part). The lemma decides only

    - if spaCy's list has at least three of its forms, so that all forms are meant (do, does, did, done: also "doing"),
      or if it is one of the English verbs ``get give go keep make put say see take``;
    - for the user's own stop words, because users see lemmas as the words of topics.

    In Catalan, French and Italian an elided word (``dell'``) is a stop word. Some nouns of spaCy's Italian and
    Portuguese lists (governo, lavoro, vita) are not.

    Parameters
    ----------
    nlp : spacy.language.Language
        A pipeline with a list of stop words.
    lemma_of : callable
        Returns the lemma of a form without context.
    extra : iterable of str
        The user's own stop words.
    keep : iterable of str
        Words that are never stop words.
    """

    def __init__(
        self, nlp: "Language", lemma_of: Callable[[str], str], extra: Iterable[str] = (), keep: Iterable[str] = ()
    ) -> None:
        self.nlp, self.language = nlp, nlp.lang or ""
        self._extra = frozenset(lower(word, self.language) for word in extra)
        self._keep = frozenset(lower(word, self.language) for word in keep)
        content = frozenset(_CONTENT.get(self.language, "").split())
        self._keep |= content - self._extra
        listed = {lower(word, self.language) for word in nlp.Defaults.stop_words}
        n_forms = Counter(lower(lemma_of(word), self.language) for word in listed)
        lemmas = {lemma for lemma, count in n_forms.items() if count >= _MIN_FORMS and lemma in listed}
        if self.language == "en":
            lemmas |= listed.intersection(_ENGLISH_VERBS)
        self._lemmas = frozenset(lemmas)

    def contain(self, forms: Iterable[str], lemmas: Iterable[str]) -> bool:
        """Whether a token is a stop word.

        Parameters
        ----------
        forms : iterable of str
            The form and the long form of the token.
        lemmas : iterable of str
            Their lemmas.

        Returns
        -------
        bool
        """
        small = {form: lower(form, self.language) for form in forms}
        lemmas = {lower(lemma, self.language) for lemma in lemmas}
        if not self._keep.isdisjoint(small.values()) or not self._keep.isdisjoint(lemmas):
            return False
        if self.language in _ELIDE and any(form.endswith(("'", "\u2019")) for form in small.values()):
            return True
        if not self._extra.isdisjoint(small.values()) or not self._extra.isdisjoint(lemmas):
            return True
        listed = (self.nlp.vocab[each].is_stop for form, plain in small.items() for each in (form, plain))
        return any(listed) or not self._lemmas.isdisjoint(lemmas)
