"""Map each token to a word, or to the rule that removes it."""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.corpus.preprocessing.cleaning import decoded, respelled
from topicml.corpus.preprocessing.encoded import EncodedTexts, Removal
from topicml.corpus.preprocessing.letters import lower
from topicml.corpus.preprocessing.lookup import LookupLemmas
from topicml.corpus.preprocessing.negation import join_negations, negations_of
from topicml.corpus.preprocessing.pipelines import assigned, open_pipeline
from topicml.corpus.preprocessing.stops import StopWords
from topicml.errors import InputError, warn

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from topicml.corpus.preprocessing.pieces import PieceReader

# Odd constants that combine a token's attributes, which are 64-bit hashes, into one key (golden ratio and Murmur's).
_MIX = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD], dtype=np.uint64)
_PIECE = 20_000  # characters per piece of text for a tagger; tags depend on adjacent words
_BATCH = 100_000  # characters per batch of a tagger; bounds its memory


@dataclass(frozen=True)
class WordRules:
    """The settings of `Preprocessor` that apply to single tokens."""

    language: str
    pipeline: "str | Language | None"
    lowercase: bool
    lemmatize: bool
    lemmas: tuple[tuple[str, str], ...]
    stop_words: bool
    extra_stop_words: tuple[str, ...]
    keep: tuple[str, ...]
    pos: tuple[str, ...] | None
    min_length: int
    numbers: bool
    urls: bool
    mentions: bool
    markup: bool
    negations: bool
    segmenter: str | None
    compounds: bool


@dataclass
class TokenReader:
    """Tokenize texts with spaCy and apply rules to the tokens.

    The rules are evaluated once per distinct token and cached, which makes reading fast. Without a tagger, texts are
    also split once per distinct piece (`topicml.corpus.preprocessing.pieces`). Threads read one after the other.

    Parameters
    ----------
    rules : WordRules
        The rules.
    n_process : int
        Number of processes of a spaCy pipeline with components.

    Raises
    ------
    InputError
        If the pipeline cannot be opened, or does not tag the parts of speech that the rules need.
    """

    rules: WordRules
    n_process: int = 1
    _codes: dict[tuple[int, ...], int] = field(default_factory=dict, repr=False)
    _words: list[str] = field(default_factory=list, repr=False)
    _numbers: dict[str, int] = field(default_factory=dict, repr=False)  # of the words
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def __post_init__(self) -> None:
        from spacy.lang.tokenizer_exceptions import emoticons

        self.nlp = open_pipeline(
            self.rules.language, self.rules.pipeline, self.rules.segmenter, hyphens=self.rules.compounds
        )
        self.language = self.nlp.lang or ""
        self._emoticons = frozenset(emoticons)
        self._lemmas = dict(self.rules.lemmas)
        self._lookup: LookupLemmas | None = None
        if self.rules.lemmatize and "token.lemma" not in assigned(self.nlp):
            self._lookup = LookupLemmas(self.nlp, self.rules.lowercase)
        self._stop_words: StopWords | None = None
        if self.rules.stop_words:
            lemma_of = self._lookup if self._lookup is not None else str
            self._stop_words = StopWords(self.nlp, lemma_of, self.rules.extra_stop_words, self.rules.keep)
            _tell_several("stop_words", self.rules.extra_stop_words)
            _tell_several("keep", self.rules.keep)
        self._negations = negations_of(self.language) if self.rules.negations else frozenset()
        if self.rules.stop_words and not self.nlp.Defaults.stop_words and not self.rules.extra_stop_words:
            warn(
                f"spaCy has no stop words for language {self.nlp.lang!r}; pass your own (stop_words=['...']), or "
                "stop_words=False."
            )
        if self.rules.pos is not None and not {"token.pos", "token.tag"} & assigned(self.nlp):
            raise InputError(
                f"pos={self.rules.pos} needs a pipeline that tags parts of speech; {_name_of(self.nlp)} does not. "
                "Pass pipeline='en_core_web_sm' or another (python -m spacy download en_core_web_sm). A custom "
                "component must declare assigns=['token.pos']."
            )
        self._pieces = self._piece_reader()

    @property
    def n_words(self) -> int:
        """Number of different words, in the sense of spaCy, or pieces between white space that are in memory."""
        return max(len(self._codes), 0 if self._pieces is None else len(self._pieces))

    def read(self, texts: list[str]) -> EncodedTexts:
        """Return the tokens of the texts; each is encoded as a word or as the rule that removes it."""
        with self._lock:
            return self._read([decoded(text, markup=self.rules.markup) for text in texts])

    def _read(self, texts: list[str]) -> EncodedTexts:
        if self._pieces is None:
            codes, lengths = self._whole(texts)
        else:
            codes, lengths, doubtful = self._pieces.read(texts)
            if len(doubtful):
                parts = np.split(codes, np.cumsum(lengths)[:-1])
                for row in doubtful.tolist():
                    parts[row], lengths[row : row + 1] = self._whole([texts[row]])
                codes = np.concatenate(parts)
        is_word = codes >= 0
        occurs = np.zeros(len(self._words), dtype=bool)
        occurs[codes[is_word]] = True
        codes[is_word] = (np.cumsum(occurs) - 1)[codes[is_word]]  # numbers of the words of these texts alone
        encoded = EncodedTexts([self._words[i] for i in np.flatnonzero(occurs).tolist()], codes, lengths)
        return join_negations(encoded, self.language) if self.rules.negations else encoded

    def _piece_reader(self) -> "PieceReader | None":
        """A reader of pieces, if spaCy's own tokenizer is all of the pipeline and nobody else can change it."""
        from spacy.tokenizer import Tokenizer

        from topicml.corpus.preprocessing.pieces import PieceReader

        is_plain = type(self.nlp.tokenizer) is Tokenizer and not self.nlp.pipe_names
        if not is_plain or not isinstance(self.rules.pipeline, str | None):
            return None
        return PieceReader(self.nlp.tokenizer, self._code)

    def _whole(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Codes of all tokens of texts that spaCy reads whole, and the number of tokens of each text."""
        rows, lengths = self._rows([respelled(text) for text in texts])
        keys = (rows * _MIX[: rows.shape[1]]).sum(axis=1, dtype=np.uint64)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        codes = [self._code(*row) for row in rows[first].tolist()]
        return np.array(codes, dtype=np.int32)[inverse], lengths

    def _code(self, *attributes: int) -> int:
        """The code of a token: the number of its word, or of the rule that removes it as in `EncodedTexts`."""
        code = self._codes.get(attributes)
        if code is None:
            decision = self._decide(*attributes)
            if isinstance(decision, Removal):
                code = -1 - decision
            elif (code := self._numbers.get(decision)) is None:
                self._words.append(decision)
                code = self._numbers[decision] = len(self._words) - 1
            self._codes[attributes] = code
        return code

    def _rows(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the attributes of all tokens, (n_tokens, n_attributes) uint64, and the token count of each text."""
        from spacy.attrs import LEMMA, NORM, ORTH, POS

        docs: Iterable[Doc]
        if self.nlp.pipe_names:
            attributes = [ORTH, NORM, LEMMA, POS]
            pieces = [list(_pieces(text)) for text in texts]
            flat = [piece for text in pieces for piece in text]
            batch_size = min(256, 1 + _BATCH // (1 + max(map(len, flat))))
            docs = self.nlp.pipe(flat, batch_size=batch_size, n_process=self.n_process)
            ends = np.cumsum([len(text) for text in pieces])
        else:
            attributes = [ORTH, NORM]
            docs = map(self.nlp.tokenizer, texts)
            ends = np.arange(1, len(texts) + 1)
        arrays = [doc.to_array(attributes).reshape(-1, len(attributes)) for doc in docs]
        totals = np.concatenate([[0], np.cumsum([len(array) for array in arrays])])
        lengths = np.diff(totals[ends], prepend=0).astype(np.int64)
        return np.concatenate(arrays).astype(np.uint64, copy=False), lengths

    def _decide(self, orth: int, norm: int, lemma: int = 0, pos: int = 0) -> str | Removal:
        """Apply the rules to one token. Arguments are spaCy's ids of its attributes."""
        rules, strings = self.rules, self.nlp.vocab.strings
        form = strings[orth]
        form = form.lstrip("#") or form  # some languages' tokenizers do not split off the sign of a hashtag
        lexeme = self.nlp.vocab[form]
        if lexeme.is_space:
            return Removal.SPACES
        if form in self._emoticons or not any(map(str.isalnum, form)):
            return Removal.SYMBOLS
        if lexeme.like_email or (lexeme.like_url and ("/" in form or form.lower().startswith("www."))):
            return self._cased(form) if rules.urls else Removal.URLS
        if form.startswith("@"):
            return self._cased(form) if rules.mentions else Removal.MENTIONS
        number = lexeme.like_num or not any(map(str.isalpha, form))
        if number and not rules.numbers:
            return Removal.NUMBERS
        if rules.pos is not None and _pos_name(pos) not in rules.pos:
            return Removal.POS
        word = form if number else self._lemma(form, strings[lemma] if lemma else None)
        long_form = strings[norm]  # "not" for the second token of "dont", "going" for the first of "gonna"
        if self._negations and not self._negations.isdisjoint((self._small(form), self._small(long_form))):
            return Removal.NEGATIONS
        lemmas = (word, self._lemma(long_form, None))
        if self._stop_words is not None and self._stop_words.contain((form, long_form), lemmas):
            return Removal.STOP_WORDS
        if sum(map(_width, word)) < rules.min_length:
            return Removal.MIN_LENGTH
        return re.sub(r"\s+", "_", self._cased(word))

    def lemma(self, form: str) -> str:
        """Return the lemma of a form in the case of the words, as of a token that is not a number."""
        return self._cased(self._lemma(form, None))

    def _lemma(self, form: str, tagged: str | None) -> str:
        """Return the lemma from the user's dict, the tagger, or spaCy's lookup table."""
        if not self.rules.lemmatize:
            return form
        for candidate in (form, self._small(form)) if self.rules.lowercase else (form,):
            if candidate in self._lemmas:
                return self._lemmas[candidate]
        if tagged:
            return tagged
        return form if self._lookup is None else self._lookup(form)

    def _small(self, word: str) -> str:
        return lower(word, self.language)

    def _cased(self, word: str) -> str:
        return self._small(word) if self.rules.lowercase else word


def _pieces(text: str) -> Iterator[str]:
    """Split a long text at white space into pieces that fit into the memory of a tagger."""
    start = 0
    while len(text) - start > _PIECE:
        space = max(text.rfind(" ", start, start + _PIECE), text.rfind("\n", start, start + _PIECE))
        end = space + 1 if space > start else start + _PIECE
        yield text[start:end]
        start = end
    yield text[start:]


def _width(character: str) -> int:
    """Return 2 for wide East Asian characters, which are a syllable or a word each, else 1."""
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pos_name(pos: int) -> str:
    from spacy.parts_of_speech import NAMES

    return NAMES[pos]


def _tell_several(setting: str, words: Iterable[str]) -> None:
    """Warn of entries of several words: a text is split into words before they are looked up."""
    several = sorted(word for word in words if len(word.split()) > 1)
    if several:
        more = "" if len(several) == 1 else f" and {len(several) - 1:,} more entries"
        warn(
            f"{setting} has {several[0]!r}{more} of several words, which no word of a text equals. They have no "
            "effect: name each word alone."
        )


def _name_of(nlp: Any) -> str:
    """Name a pipeline and its components, for a message."""
    components = ", ".join(nlp.pipe_names)
    return f"the pipeline {nlp.lang}_{nlp.meta['name']} ({components or 'blank, without components'})"
