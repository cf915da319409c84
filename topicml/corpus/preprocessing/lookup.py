"""Lemmas from the lookup tables of spaCy, corrected where these tables take nouns for verbs."""

import re
from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING

from topicml.corpus.preprocessing.lemmas import LOOKUP_CORRECTIONS
from topicml.corpus.preprocessing.letters import lower
from topicml.corpus.preprocessing.pipelines import lookup_lemmatizer, lookup_tables

if TYPE_CHECKING:
    from spacy.language import Language

_NOUNS_ARE_CAPITALISED = ("de", "lb")
_INFINITIVE = {"es": ("ar", "er", "ir", "ír"), "pt": ("ar", "er", "ir", "or", "ôr")}
# Endings that only forms of verbs have. Nouns share the others (a, o, e, ado, ida, ... and their plurals) with verbs:
# in Portuguese also -ste (teste), -sse (classe), -aria (livraria), -eira and -ermos (termos).
_VERBAL_ENDING = {
    "es": re.compile("(?:aba|ía|iera|iese)[sn]?$|(?:mos|áis|éis|ando|iendo|an|en|ó|é|á|ás|án|ar|er|ir|[aei]rse)$"),
    "pt": re.compile("(?:avas?|[aei]ram|am|ou|[aeiáéí]rão|[áíê](?:va|ra|sse)mos|íamos|[aei]remos|[aei]ssem|[aei]rei)$"),
}
# Plural endings and those of the singular, the longest first. The Portuguese table has no entry for many singulars,
# so a singular need not be in it, except for the last ending.
_SINGULAR = {
    "es": (("ciones", "ción"), ("siones", "sión"), ("ones", "ón"), ("ces", "z"), ("es", ""), ("s", "")),
    "pt": (*(("ões", "ão"), ("ães", "ão"), ("ais", "al"), ("éis", "el"), ("óis", "ol"), ("ns", "m"), ("s", "")),),
}


class LookupLemmas:
    """Map forms to lemmas without context.

    The tables give one lemma for each form. For frequent nouns of Spanish, Italian and Portuguese, this is often a verb
    (casas: casar, amico: amicare). Therefore a form that can be a noun gets the lemma of the noun. Italian has a table
    of nouns and Spanish a list of nouns; in Portuguese, the ending of the form decides.

    Parameters
    ----------
    nlp : spacy.language.Language
        A pipeline of the language.
    lowercase : bool
        Whether words are converted to lower case. If so, forms are also looked up in another case.
    """

    def __init__(self, nlp: "Language", lowercase: bool) -> None:
        self.nlp, self.lowercase = nlp, lowercase
        self.language = nlp.lang or ""
        self._corrections = LOOKUP_CORRECTIONS.get(self.language, {})
        self._lemmatizer = lookup_lemmatizer(nlp)
        nominal = _NOMINAL.get(self.language)
        self._nominal: _Nominal | None = None
        self._known: Container[str] = ()
        if nominal is not None and self._lemmatizer is not None:
            self._nominal, self._known = nominal(), self._lemmatizer.lookups.get_table("lemma_lookup")

    def __call__(self, form: str) -> str:
        """Return the lemma of a form, or the form itself if the table does not have it."""
        for candidate in self.spellings(form):
            if (lemma := self._of(candidate)) != candidate:
                return lemma
        return form

    def spellings(self, form: str) -> Iterator[str]:
        """Yield the form, then, if case does not matter, its lower case and (in German) its capitalised spelling."""
        yield form
        if self.lowercase:
            small = lower(form, self.language)
            if small != form:
                yield small
            if self.language in _NOUNS_ARE_CAPITALISED and (capitalised := small[:1].upper() + small[1:]) != form:
                yield capitalised

    def _of(self, form: str) -> str:
        if form in self._corrections:
            return self._corrections[form]
        lemma = self._table(form)
        return lemma if self._nominal is None else self._nominal(form, lemma, self._known)

    def _table(self, form: str) -> str:
        """The entry of spaCy's table, or the form itself if there is none."""
        from spacy.tokens import Doc

        if self._lemmatizer is None:
            return form
        return self._lemmatizer.lookup_lemmatize(Doc(self.nlp.vocab, words=[form])[0])[0] or form


_Nominal = Callable[[str, str, Container[str]], str]


def _italian() -> _Nominal:
    tables = lookup_tables("it", ("lemma_lookup_noun", "lemma_lookup_adj"))
    nouns, adjectives = tables.get_table("lemma_lookup_noun"), tables.get_table("lemma_lookup_adj")

    def lemma_of(form: str, lemma: str, _: Container[str]) -> str:
        return nouns.get(form) or adjectives.get(form) or lemma

    return lemma_of


def _spanish() -> _Nominal:
    nouns = frozenset(lookup_tables("es", ("lemma_index",)).get_table("lemma_index")["noun"])

    def lemma_of(form: str, lemma: str, table: Container[str]) -> str:
        if (singular := _singular(form, "es", nouns)) is not None:
            return singular
        return form if form in nouns else _unless_verb(form, lemma, table, "es")

    return lemma_of


def _portuguese() -> _Nominal:
    def lemma_of(form: str, lemma: str, table: Container[str]) -> str:
        return _unless_verb(form, lemma, table, "pt")

    return lemma_of


def _unless_verb(form: str, lemma: str, table: Container[str], language: str) -> str:
    """The lemma; but the singular if the lemma is a verb (or has another gender) and the form may be a noun."""
    is_verb = lemma.endswith(_INFINITIVE[language])
    is_gerund = lemma[:-1] + "ndo" == form
    may_be_noun = not is_gerund and _VERBAL_ENDING[language].search(form) is None
    other_gender = language == "pt" and lemma.endswith("o") and form.removesuffix("s").endswith("a")
    if lemma == form or not ((is_verb and may_be_noun) or other_gender):
        return lemma
    return _singular(form, language, table) or form


def _singular(form: str, language: str, known: Container[str]) -> str | None:
    """The singular of a plural, if it is a known word."""
    for plural, singular in _SINGULAR[language]:
        stem = form.removesuffix(plural)
        if stem == form or len(stem) < 2 or len(stem + singular) < 3:
            continue
        if stem + singular in known or (language == "pt" and plural != "s" and len(stem) > 2):
            return stem + singular
    return None


_NOMINAL: dict[str, Callable[[], _Nominal]] = {"it": _italian, "es": _spanish, "pt": _portuguese}
