"""`Preprocessor`: tokenize with spaCy, filter tokens, join phrases, select a vocabulary."""

import gc
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pyarrow as pa

from topicml.corpus.counts import document_frequency, word_frequency
from topicml.corpus.preprocessing.checking import check_settings
from topicml.corpus.preprocessing.compounds import LINKS, CompoundSplitter, split_compounds
from topicml.corpus.preprocessing.detection import Detected, other_language
from topicml.corpus.preprocessing.encoded import EncodedTexts
from topicml.corpus.preprocessing.languages import name_of
from topicml.corpus.preprocessing.phrases import PhraseTable, join_phrases, learn_phrases, phrase_settings
from topicml.corpus.preprocessing.pipelines import installed_name
from topicml.corpus.preprocessing.reading import check_texts, documents_of, read_texts, reader_of_process
from topicml.corpus.preprocessing.segmenting import resolved_segmenter, warn_of_characters
from topicml.corpus.preprocessing.selection import Limit, select_words
from topicml.corpus.preprocessing.words import TokenReader, WordRules
from topicml.corpus.tokens import offsets_of, renumbered
from topicml.errors import InputError, warn

if TYPE_CHECKING:
    from spacy.language import Language

FORMAT = 2  # 1: other rules for stop words and lemmas
_UNLEARNED = "{} are not learned yet: first call fit_tokens on a corpus (Corpus.from_texts does)."
_NOT_SETTINGS = ("kind", "format", "learned_phrases", "learned_compounds")
_NOT_SAVED = ("n_jobs", "progress")  # settings that do not change the result


@dataclass
class Preprocessor:
    """Split raw text into words, in the same way for a corpus and for new text.

    First, characters are cleaned (HTML, invisible characters: see ``cleaning.clean``). Then spaCy splits the text into
    tokens. Each token becomes one word or is removed; the decision depends on the token alone (and on its tag, with a
    pipeline that tags), so words keep their order. White space, punctuation, symbols, emoji and emoticons are always
    removed. A hashtag keeps its word. A document that loses all its words becomes an empty list.

    Parameters
    ----------
    language : str
        Language code of spaCy (``en``, ``de``, ``fr``, ..., ``xx`` for any language), used without a `pipeline`. The
        tokenizer, stop words and lookup lemmas are part of spaCy and spacy-lookups-data: nothing is downloaded.
    pipeline : str, Language or None
        An installed spaCy pipeline by name (``en_core_web_sm``) or folder, for lemmas in context and parts of speech;
        far slower. A ``Language`` object works too; it is saved by the name of its package, if it has one.
    lowercase : bool
        Convert words to lower case. Default true, so that a word at the start of a sentence is the same word.
    lemmatize : bool or dict
        Replace words by their lemmas: with a pipeline, those of its lemmatizer; without, those of spaCy's lookup table
        (for the form, else for its lower case; in German also for the capitalised form). The entries of a dict (form to
        lemma) take precedence. ``lemmas.py`` corrects frequent words that spaCy's English table mistakes for
        inflections (number -> numb); ``lookup.py`` keeps Spanish, Italian and Portuguese nouns from becoming verbs.
        Default true, so that a topic lists a word once.
    stop_words : bool or collection of str
        True (default): remove spaCy's stop words of the language. A collection: remove these in addition. False:
        remove none. A token is a stop word if its form or its long form (``nt``: not) is, ignoring case; its lemma
        matters only for verbs such as ``do`` and ``say``, and for your own words (``stops.StopWords``): "mining" is
        not removed because its lemma may be "mine".
    keep : collection of str
        Words that are never stop words, for example ``("not", "call")``; forms or lemmas.
    pos : collection of str or None
        Universal parts of speech to keep (``("NOUN", "PROPN", "ADJ")``). It requires a `pipeline` that tags them.
    min_length : int
        Minimum number of characters of a word; a wide East Asian character counts twice. Default 2, because single
        letters have little meaning.
    numbers : bool
        Keep numbers: tokens that spaCy classifies as numbers (``12``, ``1,000.5``, ``ten``), and tokens with digits but
        no letters (``10:30``). ``mp3`` and ``x86`` are words. Default false.
    urls : bool
        Keep web and e-mail addresses. Default false. A bare name with dots (``asp.net``, ``java.util``) is a word.
    mentions : bool
        Keep ``@user``. Default false.
    markup : bool
        Keep HTML tags as text (the words in ``<div>``). Default false: reviews and tickets often contain ``<br />``.
    negations : bool
        Join a negation with the next word: "not good" becomes ``not_good``, "isn't a good idea" ``not_good idea``.
        Default false: "not" is a stop word, and "good" counts the same with and without it.
    phrases : bool or dict
        Join adjacent words that occur together far more often than by chance: ``new_york``. A dict sets ``scoring``
        (``npmi`` or ``default``), ``threshold`` (0.5; 10 for ``default``), ``min_count`` (10) and ``passes`` (1; 2 for
        phrases of up to four words): see `gensim.models.Phrases`. Default false.
    compounds : bool
        Split compounds of German, Dutch, Swedish, Danish or Norwegian texts: at hyphens (``HTTP-Server``), and into
        words of the texts that are more frequent ("Schriftdateien": ``schrift datei``; see
        ``compounds.CompoundSplitter``). Many compounds are otherwise too rare for the vocabulary. It needs texts
        without a `pipeline`. Default false.
    min_df : int, float or None
        Drop words in fewer documents: a count (int) or share (float). None (default): 5, because a topic needs several
        documents to be visible; 1 + documents / 100 for fewer than 400 documents.
    max_df : int, float or None
        Drop words in more documents. None (default): half of the documents, but at least 10.
    max_features : int, float or None
        Number (int) or share (float) of the most frequent words to keep. Default 20,000: rarer words take time and
        memory and never become top words of a topic. None: all.
    segmenter : {"jieba", "char"} or None
        How to split Chinese (``language="zh"``), which has no spaces: into words with jieba, or into characters. None
        (default): jieba if it is installed (``pip install 'topicml[chinese]'``), else characters, with a warning.
    n_jobs : int
        Number of processes (-1: one per core); the result is the same. Default 1: one core reads 25,000 titles in a
        second.
    progress : bool
        Show a progress bar on standard error.

    Attributes
    ----------
    compounds_ : dict of str to int or None
        The words that compounds are split into, and their learned frequencies.
    phrases_ : list of dict or None
        Learned phrases, one table per pass; a table maps pairs of words to scores.
    words_read_ : ndarray of int or None
        Number of words of each text that `fit_tokens` read, with those that the limits then left out.
    remaining_ : dict of str to int
        Set by `fit_tokens`: number of tokens in the texts (without white space), and after each step.

    Raises
    ------
    InputError
        If a setting is invalid.
    """

    language: str = "en"
    pipeline: "str | Language | None" = None
    lowercase: bool = field(default=True, kw_only=True)
    lemmatize: bool | Mapping[str, str] = field(default=True, kw_only=True)
    stop_words: bool | Collection[str] = field(default=True, kw_only=True)
    keep: Collection[str] = field(default=(), kw_only=True)
    pos: Collection[str] | None = field(default=None, kw_only=True)
    min_length: int = field(default=2, kw_only=True)
    numbers: bool = field(default=False, kw_only=True)
    urls: bool = field(default=False, kw_only=True)
    mentions: bool = field(default=False, kw_only=True)
    markup: bool = field(default=False, kw_only=True)
    negations: bool = field(default=False, kw_only=True)
    phrases: bool | Mapping[str, Any] = field(default=False, kw_only=True)
    compounds: bool = field(default=False, kw_only=True)
    min_df: Limit = field(default=None, kw_only=True)
    max_df: Limit = field(default=None, kw_only=True)
    max_features: Limit = field(default=20_000, kw_only=True)
    segmenter: str | None = field(default=None, kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)
    progress: bool = field(default=False, kw_only=True)
    compounds_: dict[str, int] | None = field(default=None, init=False, repr=False)
    phrases_: list[PhraseTable] | None = field(default=None, init=False, repr=False)
    remaining_: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    words_read_: np.ndarray | None = field(default=None, init=False, repr=False, compare=False)
    _reader: TokenReader | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_settings(vars(self))

    def fit_tokens(self, texts: Iterable[str]) -> tuple[list[list[str]], list[str]]:
        """Learn the phrases and the vocabulary of a corpus, and return its words.

        Parameters
        ----------
        texts : iterable of str
            One string per document; read once.

        Returns
        -------
        documents : list of list of str
            The words of each text that are in the vocabulary, in order; row i is text i.
        vocabulary : list of str
            Sorted.

        Raises
        ------
        InputError
            If a text is not a string, there are no texts, or no word is left (the message says after which step).
        """
        tokens, offsets, vocabulary = self.fit_encoded(texts)
        documents = documents_of(EncodedTexts(vocabulary, tokens, np.diff(offsets)))
        return cast(list[list[str]], documents), vocabulary

    def fit_encoded(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Learn the phrases and the vocabulary of a corpus, and return its words as ids.

        The same words as those of `fit_tokens`, without a list of strings for each text.

        Parameters
        ----------
        texts : iterable of str
            One string per document; a sequence is not copied.

        Returns
        -------
        tokens : ndarray of int32, (n_tokens,)
            The position in the vocabulary of each word of all texts, one text after the other.
        offsets : ndarray of int64, (n_texts + 1,)
            Text i has the tokens ``offsets[i]:offsets[i + 1]``.
        vocabulary : list of str
            Sorted.

        Raises
        ------
        InputError
            As `fit_tokens`.
        """
        settings = phrase_settings(self.phrases)
        texts = check_texts(texts)
        texts = texts if isinstance(texts, Sequence) else list(texts)
        encoded, remaining = self._encoded(texts, gaps=settings is not None)
        if not len(encoded.lengths):
            raise InputError("There are no texts: the corpus would be empty. Pass at least one.")
        self.compounds_, self.phrases_ = None, None
        if self.compounds:
            self.compounds_ = self._known_words(encoded)
            encoded = split_compounds(encoded, self._splitter())
            remaining["compounds"] = int((encoded.codes >= 0).sum())  # more than before
        if settings is not None:
            encoded = self._with_phrases(encoded, settings)
            remaining["phrases"] = len(encoded.codes)
        n_words = len(encoded.words)
        frequency = word_frequency(encoded.codes, n_words).tolist()
        in_documents = document_frequency(encoded.codes, offsets_of(encoded.lengths), n_words).tolist()
        vocabulary, after_limits = select_words(
            dict(zip(encoded.words, frequency, strict=True)),
            dict(zip(encoded.words, in_documents, strict=True)),
            len(encoded.lengths),
            *(self.min_df, self.max_df, self.max_features),
        )
        self.remaining_ = remaining | after_limits
        if not vocabulary:
            raise InputError(self._nothing_left(texts))
        self.check_language(texts)
        self.words_read_ = encoded.lengths
        index = {word: i for i, word in enumerate(vocabulary)}
        new = np.fromiter((index.get(word, -1) for word in encoded.words), dtype=np.int32, count=n_words)
        pa.system_memory_pool().release_unused()  # gives back what splitting no longer needs
        return *renumbered(encoded.codes, encoded.lengths, new, out=encoded.codes), vocabulary

    def _known_words(self, encoded: EncodedTexts) -> dict[str, int]:
        """Frequencies of the words that the limits keep, and of words in very many documents."""
        is_word, n_words = encoded.codes >= 0, len(encoded.words)
        codes = encoded.codes[is_word]
        offsets = np.concatenate([[0], np.cumsum(is_word)])[offsets_of(encoded.lengths)]
        frequency, in_documents = (
            dict(zip(encoded.words, numbers.tolist(), strict=True))
            for numbers in (word_frequency(codes, n_words), document_frequency(codes, offsets, n_words))
        )
        limits = (self.min_df, 1.0, self.max_features)
        known, _ = select_words(frequency, in_documents, len(encoded.lengths), *limits)
        return {word: frequency[word] for word in known}

    def _splitter(self) -> CompoundSplitter:
        if self.compounds_ is None:
            raise InputError(_UNLEARNED.format("Compounds"))
        assert self._reader is not None
        return CompoundSplitter(self.compounds_, self._reader.lemma, LINKS[self.language])

    def _with_phrases(self, encoded: EncodedTexts, settings: dict[str, Any]) -> EncodedTexts:
        """Learn the phrases of texts with gaps, and join them."""
        documents = documents_of(encoded)
        self.phrases_ = learn_phrases(documents, **settings)
        index: dict[str, int] = {}
        codes: list[int] = []
        lengths: list[int] = []
        for document in documents:
            words = [word for word in join_phrases(document, self.phrases_) if word is not None]
            codes.extend(index.setdefault(word, len(index)) for word in words)
            lengths.append(len(words))
        return EncodedTexts(list(index), np.array(codes, dtype=np.int32), np.array(lengths, dtype=np.int64))

    def tokens(self, texts: Iterable[str]) -> list[list[str]]:
        """Return all words of new texts, with the same rules and phrases; words outside the vocabulary too.

        Raises
        ------
        InputError
            If a text is not a string, or `phrases` or `compounds` is set but `fit_tokens` has not learned any.
        """
        if phrase_settings(self.phrases) is not None and self.phrases_ is None:
            raise InputError(_UNLEARNED.format("Phrases"))
        tables = self.phrases_ or []
        documents, _ = self._read(texts, gaps=bool(tables))
        return [[word for word in join_phrases(document, tables) if word is not None] for document in documents]

    def encoded(self, texts: Sequence[str]) -> tuple[EncodedTexts, dict[str, int]]:
        """Split texts into words as `tokens` does, for one part of a corpus that is built in parts.

        The pipeline stays open for the next call in this process, for this and for equal preprocessors.

        Parameters
        ----------
        texts : sequence of str
            One string per document.

        Returns
        -------
        encoded : EncodedTexts
            Word ids, which are of these texts alone. Phrases are not joined.
        remaining : dict of str to int
            Number of tokens in the texts, and after each rule.

        Raises
        ------
        InputError
            If a text is not a string.
        """
        return read_texts(texts, reader_of_process(self._rules()))

    def check_language(self, texts: Sequence[str]) -> None:
        """Warn if most texts are clearly in another language than the one that they are processed in."""
        if (detected := other_language(texts, self.language_code)) is not None:
            warn(self._wrong_language(detected), cause="language")

    def forget_words(self, *, beyond: int) -> None:
        """Free the memory of the words of earlier texts, which spaCy keeps, if they are more than `beyond`.

        For a server that reads texts of anybody: the next text opens the pipeline again, in about a second. A pipeline
        that is a ``Language`` object keeps its words.
        """
        if self._reader is not None and self._reader.n_words > beyond:
            self._reader = None
            gc.collect()  # a pipeline is part of a circle of references

    def to_config(self) -> dict[str, Any]:
        """Return settings and learned phrases as plain values for JSON, without `n_jobs` and `progress`.

        Raises
        ------
        InputError
            If `pipeline` is a ``Language`` object that no installed package contains.
        """
        settings = {name: getattr(self, name) for name in _settings() if name not in _NOT_SAVED}
        if self.pipeline is not None and not isinstance(self.pipeline, str):
            settings["pipeline"] = installed_name(self.pipeline)
        for name in ("stop_words", "keep", "pos"):
            if isinstance(settings[name], Collection):
                settings[name] = sorted(settings[name])
        settings["segmenter"] = resolved_segmenter(self.language, self.pipeline, self.segmenter)
        for name in ("lemmatize", "phrases"):
            if isinstance(settings[name], Mapping):
                settings[name] = dict(settings[name])
        settings = {name: value.item() if isinstance(value, np.generic) else value for name, value in settings.items()}
        learned: list[Any] | None = None
        if self.phrases_ is not None:
            learned = [[[*pair, score] for pair, score in table.items()] for table in self.phrases_]
        config = {"kind": "spacy", "format": FORMAT, **settings, "learned_phrases": learned}
        return config | {"learned_compounds": self.compounds_} if self.compounds else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Create a preprocessor from the result of `to_config`.

        Raises
        ------
        InputError
            If the configuration has a newer format, or is damaged.
        """
        if config.get("format", 0) > FORMAT:
            raise InputError(
                f"The preprocessor was saved by a newer topicml (format {config['format']}; this version reads up to "
                f"{FORMAT}). Upgrade topicml."
            )
        settings = {name: value for name, value in config.items() if name not in _NOT_SETTINGS}
        if config.get("format", 0) < FORMAT:
            if settings.get("language") == "zh" and settings.get("pipeline") is None:
                settings["segmenter"] = "char"  # format 1 had no other
            if settings.get("lemmatize") or settings.get("stop_words"):
                warn(
                    "The preprocessor was saved by an earlier topicml with other rules for stop words and lemmas, so "
                    "some words of new texts differ from those of the fit ('mining' was removed, 'casas' became "
                    "'casar'). To use the same rules for both, fit the model again."
                )
        settings["keep"] = tuple(settings.get("keep", ()))
        try:
            preprocessor = cls(**settings)
            if config["learned_phrases"] is not None:
                preprocessor.phrases_ = [
                    {(first, second): float(score) for first, second, score in table}
                    for table in config["learned_phrases"]
                ]
            if (known := config.get("learned_compounds")) is not None:
                preprocessor.compounds_ = {str(word): int(count) for word, count in known.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"The preprocessor's configuration is damaged: {error}.") from error
        return preprocessor

    def __getstate__(self) -> dict[str, Any]:
        """Exclude the open pipeline from copies and pickles; it is reopened at the next use."""
        return {**self.__dict__, "_reader": None}

    def _read(self, texts: Iterable[str], *, gaps: bool) -> tuple[list[list[str | None]], dict[str, int]]:
        encoded, remaining = self._encoded(texts, gaps=gaps)
        if self.compounds:
            encoded = split_compounds(encoded, self._splitter())
        return documents_of(encoded), remaining

    def _encoded(self, texts: Iterable[str], *, gaps: bool) -> tuple[EncodedTexts, dict[str, int]]:
        rules = self._rules()
        if self._reader is None or self._reader.rules != rules:
            warn_of_characters(rules.segmenter, chosen=self.segmenter is not None)
            self._reader = TokenReader(rules)
        return read_texts(texts, self._reader, n_jobs=self.n_jobs, progress=self.progress, gaps=gaps)

    def _rules(self) -> WordRules:
        check_settings(vars(self))
        return WordRules(
            language=self.language,
            pipeline=self.pipeline,
            lowercase=self.lowercase,
            lemmatize=self.lemmatize is not False,
            lemmas=tuple(self.lemmatize.items()) if isinstance(self.lemmatize, Mapping) else (),
            stop_words=self.stop_words is not False,
            extra_stop_words=() if isinstance(self.stop_words, bool) else tuple(self.stop_words),
            pos=None if self.pos is None else tuple(self.pos),
            min_length=self.min_length,
            numbers=self.numbers,
            urls=self.urls,
            mentions=self.mentions,
            markup=self.markup,
            keep=tuple(self.keep),
            negations=self.negations,
            segmenter=resolved_segmenter(self.language, self.pipeline, self.segmenter),
            compounds=self.compounds,
        )

    @property
    def language_code(self) -> str:
        """Code of the language of the tokenizer: that of the pipeline, once it is open."""
        return self.language if self._reader is None else self._reader.language

    def _wrong_language(self, detected: Detected) -> str:
        return (
            f"The texts seem to be in {detected.name}, but are processed as {name_of(self.language_code)}: "
            f"{detected.reason}. Stop words and lemmas are of the wrong language; pass language={detected.code!r}."
        )

    def _nothing_left(self, texts: Sequence[str]) -> str:
        n_texts = len(texts)
        steps = list(self.remaining_.items())
        after = ", ".join(f"{count:,} after {name}" for name, count in steps[1:])
        if steps[0][1] == 0:
            return f"No word is left after preprocessing: the {n_texts} texts are empty or contain only white space."
        last = next(name for name, count in steps if count == 0)
        setting = f" ({last}={getattr(self, last)!r})" if hasattr(self, last) else ""
        if (detected := other_language(texts, self.language_code)) is not None:
            return f"No word is left after preprocessing {n_texts} texts. {self._wrong_language(detected)}"
        return (
            f"No word is left after preprocessing {n_texts} texts; the step {last}{setting} removed the last ones. "
            f"Tokens: {steps[0][1]:,} in the texts, {after}. Loosen that step, or those before it."
        )


def _settings() -> list[str]:
    """Names of the constructor's parameters."""
    return [setting.name for setting in fields(Preprocessor) if setting.init]
