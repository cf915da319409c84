"""Names of topics from phrases: their first words, as parts of what the documents say most often with them."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from topicml.runs.reading import FrozenPreprocessor

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus

_DOCUMENTS = 300  # of a topic that are read, those with most of it
_CHARACTERS = 10_000  # of each that are read
_LEAST = 3  # times that a phrase must occur, with different words around it
_SHARE = 0.2  # of the occurrences of a word that are in the phrase
_DEVIATIONS = 4.0  # above the number of times that two words stand side by side by chance
_LONGER = 0.6  # of the occurrences of a phrase that are in a longer one
_LONGEST = 4  # words of a phrase
_ROWS = 65_536  # of theta that are read at a time

Phrases = tuple[tuple[str, ...], ...]
"""The names of topics: phrases and words of each."""

_TOKEN = re.compile(r"\w+(?:[.'\u2019+#/_-]+\w+)*[+#]*")
_GAP = re.compile(r"[ \t]*\n?[ \t]*")


def topic_phrases(
    words: "Sequence[Sequence[str]]",
    corpus: "Corpus",
    theta: "np.ndarray",
    leading: "np.ndarray",
    preprocessor: Any,
) -> Phrases | None:
    """Replace words of topics by phrases that are frequent in the documents of the topic.

    For each word of a topic in turn: the pair of adjacent words that contains it most often, at least three times, in a
    fifth of its occurrences, and more often than chance brings them together, by four standard deviations. The pair
    grows while three fifths of its occurrences are in a longer phrase. A word without such a pair stays. Occurrences
    between the same two words count once, so that a text which many documents copy is no phrase. Phrases do not cross
    punctuation, and all their words are words that the preprocessor keeps. Both are written as the documents write them
    most often.

    Parameters
    ----------
    words : sequence of sequences of str
        The first words of each topic.
    corpus : Corpus
        The documents, with the field "text".
    theta : ndarray, (n_docs, n_topics)
        Topic proportions.
    leading : ndarray of int, (n_docs,)
        The leading topic of each document; -1 for none. Of each topic, up to 300 documents are read.
    preprocessor : object or None
        That of the model: it turns a word of the text into a word of the topics.

    Returns
    -------
    tuple of tuples of str, or None
        Phrases and words of each topic, in the order of its words. None if the documents have no texts.
    """
    import numpy as np

    if "text" not in corpus.fields:
        return None
    read, fields = FrozenPreprocessor(preprocessor), corpus.fields.only("text")
    shares, found = _shares(theta, leading), []
    for k, of_topic in enumerate(words):
        rows = np.flatnonzero(leading == k)
        rows = np.sort(rows[np.argsort(-shares[rows], kind="stable")][:_DOCUMENTS])
        texts = [str(text or "")[:_CHARACTERS] for text in fields.take(rows).column("text").to_pylist()]
        fields.release()
        found.append(_named(of_topic, _Uses.of([_tokens(text) for text in texts], read, {*of_topic})))
    return tuple(found)


def _shares(theta: "np.ndarray", leading: "np.ndarray") -> "np.ndarray":
    """The proportion of the leading topic of each document, from one pass over theta, which may be in a file."""
    import numpy as np

    from topicml.corpus.mapped import release

    shares = np.empty(len(leading), dtype=theta.dtype)
    for begin in range(0, len(leading), _ROWS):
        topics = leading[begin : begin + _ROWS]
        shares[begin : begin + _ROWS] = theta[np.arange(begin, begin + len(topics)), topics]
        release(theta)
    return shares


@dataclass(frozen=True)
class _Uses:
    """Where words and phrases occur, and how they are written.

    Attributes
    ----------
    around : dict of tuple of str to set
        The tokens before and after each occurrence of a phrase; a word is a phrase of one word.
    written : dict of tuple of str to Counter
        The forms of a phrase in the texts.
    n_tokens : int
        Number of all tokens.
    alone : dict of str to int
        Number of occurrences of each word.
    """

    around: dict[tuple[str, ...], set[tuple[str, str]]]
    written: dict[tuple[str, ...], Counter[str]]
    n_tokens: int
    alone: Mapping[str, int]

    @classmethod
    def of(cls, texts: Sequence[tuple[list[str], list[bool]]], read: FrozenPreprocessor, words: Set[str]) -> "_Uses":
        """Read the tokens of texts, and whether each is joined to the one before; phrases with one of `words` alone."""
        counts = Counter(token for tokens, _ in texts for token in tokens)
        forms = [form for form, n in counts.items() if n >= _LEAST]
        word_of = {form: each[0] for form, each in zip(forms, read.tokens(forms), strict=True) if len(each) == 1}
        around: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
        written: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for tokens, joined in texts:
            padded = ["", *tokens, ""]
            for start in range(len(tokens)):
                phrase: tuple[str, ...] = ()
                for end in range(start, min(start + _LONGEST, len(tokens))):
                    word = word_of.get(tokens[end])
                    if word is None or word in phrase or (phrase and not joined[end]):
                        break
                    phrase = (*phrase, word)
                    if words.isdisjoint(phrase):
                        continue
                    around[phrase].add((padded[start], padded[end + 2]))
                    written[phrase][" ".join(tokens[start : end + 1])] += 1
        alone: Counter[str] = Counter()
        for form, word in word_of.items():
            alone[word] += counts[form]
        return cls(around, written, counts.total(), alone)

    def is_chance(self, pair: tuple[str, ...]) -> bool:
        """Whether two words stand side by side hardly more often than words in a random order."""
        one, other = pair
        expected = self.alone[one] * self.alone[other] / max(1, self.n_tokens)
        return self.written[pair].total() <= expected + _DEVIATIONS * expected**0.5


def _tokens(text: str) -> tuple[list[str], list[bool]]:
    """The tokens of a text, and whether nothing but a blank or the end of a line is before each."""
    tokens, joined, end = [], [], 0
    for token in _TOKEN.finditer(text):
        tokens.append(token.group())
        joined.append(_GAP.fullmatch(text, end, token.start()) is not None)
        end = token.end()
    return tokens, joined


def _named(words: Sequence[str], uses: _Uses) -> tuple[str, ...]:
    """Phrases and words, each word of the topic in one of them."""
    counts = {
        phrase: len(around) for phrase, around in uses.around.items() if len(around) >= _LEAST or len(phrase) == 1
    }
    extended: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)  # by a part that is one word shorter
    for phrase in counts:
        if len(phrase) > 2 or (len(phrase) == 2 and not uses.is_chance(phrase)):
            for part in {phrase[:-1], phrase[1:]}:
                extended[part].append(phrase)
    used: set[str] = set()
    names = []
    for word in words:
        if word in used:
            continue
        phrase, least = (word,), _SHARE
        while longer := [
            each for each in extended[phrase] if counts[each] >= least * counts[phrase] and used.isdisjoint(each)
        ]:
            phrase = min(longer, key=lambda each: (-counts[each], each))
            least = _LONGER
        used.update(phrase)
        names.append(_as_written(phrase, uses.written[phrase]))
    return tuple(names)


def _as_written(phrase: tuple[str, ...], forms: Counter[str]) -> str:
    """A phrase in its most frequent form; a single word keeps its letters, and gets only their case."""
    usual = sorted(forms.items(), key=lambda form: (-form[1], form[0]))
    if len(phrase) == 1:
        usual = [form for form in usual if form[0].lower() == phrase[0].lower()]
    return usual[0][0] if usual else phrase[0]
