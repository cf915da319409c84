"""Check a corpus before a fit: find problems that make topics worse, and the options that help."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from topicml.corpus.data import CorpusData
from topicml.corpus.language_mix import MIN_LETTERS, language_mix
from topicml.corpus.preprocessing.cleaning import clean
from topicml.corpus.preprocessing.detection import other_language
from topicml.corpus.preprocessing.languages import name_of
from topicml.corpus.preprocessing.selection import document_limits
from topicml.corpus.repetition import repeated_passages, repeated_pieces, repeated_texts

_PLACES = {"line": "have the line", "beginning": "begin with", "end": "end with"}
_SHOWN = 3  # pieces of boilerplate of a kind
_EXAMPLE = 60  # characters of an example in a message
_SAMPLE = 20_000  # texts that are searched for shared lines and passages
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+|(?<!\w)@\w+", re.IGNORECASE)
_DAMAGE = re.compile("\ufffd|[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac\u201a-\u2122]")


@dataclass(frozen=True)
class Finding:
    """A property of a corpus that affects its topics.

    Attributes
    ----------
    kind : str
        A short name, such as "language" or "duplicates".
    important : bool
        Whether the topics will be worse; other findings are for information.
    message : str
        One or two sentences.
    advice : str
        What to do, with options of the Python interface; empty if there is nothing to do.
    share : float or None
        The share of documents or words that the finding concerns.
    rows : list of int
        Up to ten rows of such documents.
    """

    kind: str
    important: bool
    message: str
    advice: str = ""
    share: float | None = None
    rows: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


def inspect(corpus: CorpusData) -> list[Finding]:
    """Find problems of a corpus that make its topics worse.

    Checks languages, duplicates, lines and passages that many documents share, characters of a wrong encoding,
    documents and words that preprocessing removes (with the reason), and whether documents are too few or too short.

    Parameters
    ----------
    corpus : Corpus
        The corpus. Texts are checked if it was read from raw texts, so that it has a field "text" and a preprocessor.

    Returns
    -------
    list of Finding
        The important ones first; empty if no problem was found.
    """
    texts = _texts(corpus)
    is_raw = texts is not None and corpus.preprocessor is not None
    findings = [*_languages(corpus, texts), *_damaged(texts)] if texts is not None and is_raw else []
    findings += [*_sizes(corpus), *_repeated(corpus, texts)]
    if texts is not None and is_raw:
        findings += _lost_documents(corpus, texts)
    findings += _lost_words(corpus)
    return sorted(findings, key=lambda finding: not finding.important)


def _texts(corpus: CorpusData) -> list[str] | None:
    if "text" not in corpus.fields:
        return None
    values = corpus.fields.table.column("text").to_pylist()
    return [value if isinstance(value, str) else "" for value in values]


def _sizes(corpus: CorpusData) -> Iterator[Finding]:
    lengths = corpus.lengths[corpus.lengths > 0]
    n_docs = len(lengths)
    if not n_docs:
        return
    if n_docs < 100:
        yield Finding(
            "few documents",
            True,
            f"Only {n_docs} {'document has' if n_docs == 1 else 'documents have'} words. With fewer than 100 "
            "documents, topics depend much on chance.",
            "Use few topics, and compare several seeds.",
        )
    median = float(np.median(lengths))
    if median < 3:
        yield Finding(
            "short documents",
            True,
            f"Half of the documents have at most {int(median)} words of the vocabulary: too few to find their topics.",
            f"Join texts that belong together,{_rarer_words(corpus)} and use a model for short texts (TSCTM, or "
            "contrast='set').",
            float((lengths <= median).mean()),
        )
    elif median < 10:
        yield Finding(
            "short documents",
            False,
            f"The documents are short: half of them have at most {int(median)} words of the vocabulary.",
            "contrast='set' and TSCTM are for such documents.",
        )
    elif median > 1000:
        yield Finding(
            "long documents",
            False,
            f"The documents are long: half of them have {int(median):,} words or more, of several topics each.",
            "Split them into paragraphs or pages for more detailed topics.",
        )


def _repeated(corpus: CorpusData, texts: list[str] | None) -> Iterator[Finding]:
    repeats = repeated_texts(corpus, texts)
    share = len(repeats) / corpus.n_docs
    if len(repeats) >= max(2, 0.01 * corpus.n_docs):
        yield Finding(
            "duplicates",
            share >= 0.05,
            f"{len(repeats):,} of {corpus.n_docs:,} documents ({share:.0%}) repeat an earlier one.",
            "Remove them (in pandas: frame.drop_duplicates('text')), or words lead topics because they were copied.",
            share,
            repeats[:10].tolist(),
        )
    keep = np.setdiff1d(np.arange(corpus.n_docs), repeats)
    keep = keep[:: max(1, len(keep) // _SAMPLE)]
    pieces = [] if texts is None else repeated_pieces([texts[row] for row in keep.tolist()])
    for piece in pieces[:_SHOWN]:
        yield Finding(
            "boilerplate",
            True,
            f"{piece.count:,} of {len(keep):,} documents checked {_PLACES[piece.place]} {piece.text[:_EXAMPLE]!r}.",
            "Remove it from the texts (headers, greetings, signatures, disclaimers), or its words become a topic.",
            piece.count / len(keep),
        )
    told = " ".join(piece.text.lower() for piece in pieces)
    passages = [each for each in repeated_passages(corpus, keep) if not _is_told(each[0], told)]
    for passage, count in passages[:_SHOWN]:
        yield Finding(
            "boilerplate",
            True,
            f"{count:,} of {len(keep):,} documents checked have the words {' '.join(passage)!r} in this order.",
            "Remove the sentence from the texts, or its words become a topic.",
            count / len(keep),
        )


def _is_told(passage: list[str], told: str) -> bool:
    """Whether at least half of the words of a passage, which may be lemmas, are in text that was told already."""
    return 2 * sum(word[:4] in told for word in passage) >= len(passage)


def _languages(corpus: CorpusData, texts: Sequence[str]) -> Iterator[Finding]:
    code = getattr(corpus.preprocessor, "language_code", None)
    if code is None:
        return
    if (detected := other_language(texts, code)) is not None:
        yield Finding(
            "language",
            True,
            f"The texts seem to be in {detected.name}, but are processed as {name_of(code)}: {detected.reason}.",
            f"Pass language={detected.code!r}.",
        )
        return
    mix = language_mix(texts)
    if mix is None:
        yield Finding(
            "languages",
            False,
            "It was not checked whether the texts are in several languages.",
            "For this check: pip install 'topicml[languages]'.",
        )
        return
    others = {other: share for other, share in mix.shares.items() if other != code and share >= 0.03}
    if others and code != "xx":
        named = ", ".join(f"{name_of(other)} ({share:.0%})" for other, share in others.items())
        of_which = f"of the {mix.checked:,} texts checked, those with at least {MIN_LETTERS} letters"
        first = next(iter(others))
        yield Finding(
            "languages",
            sum(others.values()) >= 0.1,
            f"Some texts are in other languages than {name_of(code)}: {named} ({of_which}).",
            "Topics will be languages instead of subjects: fit each language separately, leave the others out, or name "
            "the column with the language of each text (topicml fit --language-column, Corpus.by_language).",
            sum(others.values()),
            mix.rows[first][:10],
        )


def _damaged(texts: Sequence[str]) -> Iterator[Finding]:
    rows = [row for row, text in enumerate(texts) if not text.isascii() and _DAMAGE.search(text)]
    if len(rows) >= max(2, 0.005 * len(texts)):
        example = _DAMAGE.search(texts[rows[0]])
        shown = "" if example is None else texts[rows[0]][max(0, example.start() - 10) : example.end() + 10]
        yield Finding(
            "encoding",
            True,
            f"{len(rows):,} texts have characters of a wrong encoding, as in {shown!r}.",
            "Read the file with the encoding that it was written with (encoding='cp1252' or another).",
            len(rows) / len(texts),
            rows[:10],
        )


_CAUSES: dict[str, tuple[str, str]] = {
    "blank": ("are blank", "Leave them out, or check the column of texts."),
    "addresses": ("are only addresses and mentions", "urls=True and mentions=True keep these as words."),
    "symbols": ("are only symbols, emoji or numbers", "numbers=True keeps numbers; no option keeps emoji."),
    "stop words": ("have only stop words or single letters", "keep=[...] keeps some of them."),
    "rare words": ("have only words that occur in too few documents", ""),
}
_SINGULAR = {"are": "is", "have": "has"}


def _lower_min_df(corpus: CorpusData) -> str:
    """The argument that keeps words of fewer documents than now; empty if every word is kept, however rare."""
    preprocessor = corpus.preprocessor
    limits = getattr(preprocessor, "min_df", None), getattr(preprocessor, "max_df", None)
    least, _ = document_limits(corpus.n_docs, *limits)
    return "min_df=2 (or 1)" if least > 2 else "min_df=1" if least > 1 else ""


def _rarer_words(corpus: CorpusData) -> str:
    lower = _lower_min_df(corpus)
    return f" keep more words ({lower})," if lower else ""


def _joined_or_kept(corpus: CorpusData) -> str:
    """What helps against rare words: a lower limit, and lemmas if there are none yet."""
    lower = _lower_min_df(corpus)
    parts = [f"{lower} keeps more words"] * bool(lower)
    if getattr(corpus.preprocessor, "lemmatize", None) is False:
        parts.append("lemmatize=True joins inflections")
    return f"{'; '.join(parts)}." if parts else ""


def _why_removed(corpus: CorpusData) -> tuple[str, str]:
    """Why all words of a document are outside the vocabulary, and what keeps them."""
    if lower := _lower_min_df(corpus):
        return _CAUSES["rare words"][0], f"{lower} keeps more words."
    return "have only words that max_df or max_features removes", "max_df=1.0 and max_features=None keep them."


def _lost_documents(corpus: CorpusData, texts: Sequence[str]) -> Iterator[Finding]:
    rows = corpus.empty.tolist()
    if not rows:
        return
    causes: dict[str, list[int]] = {cause: [] for cause in _CAUSES}
    words = _all_words(corpus.preprocessor, [texts[row] for row in rows])
    for row, has_words in zip(rows, words, strict=True):
        causes[_cause(texts[row], has_words)].append(row)
    for cause, found in causes.items():
        if found:
            what, advice = _why_removed(corpus) if cause == "rare words" else _CAUSES[cause]
            verb, rest = what.split(" ", 1)
            verb, they = (_SINGULAR[verb], "it has") if len(found) == 1 else (verb, "they have")
            share = len(found) / corpus.n_docs
            yield Finding(
                f"no words: {cause}",
                share >= 0.05,
                f"{len(found):,} of {corpus.n_docs:,} documents ({share:.1%}) {verb} {rest}, so {they} no topic.",
                advice,
                share,
                found[:10],
            )


def _cause(text: str, has_words: bool) -> str:
    text = clean(text)
    if not text.strip():
        return "blank"
    without = _ADDRESS.sub(" ", text)
    if not without.strip():
        return "addresses"
    if not any(map(str.isalpha, without)):
        return "addresses" if any(map(str.isalpha, text)) else "symbols"
    return "rare words" if has_words else "stop words"


def _all_words(preprocessor: Any, texts: list[str]) -> list[bool]:
    """Whether each text has words, in the vocabulary or not."""
    tokens: Callable[[list[str]], list[list[str]]] = preprocessor.tokens
    return [
        bool(document) for start in range(0, len(texts), 2_000) for document in tokens(texts[start : start + 2_000])
    ]


# Steps of `Preprocessor.remaining_` that may remove more than expected: the largest usual share, and what to do.
_STEPS: dict[str, tuple[float, str, str]] = {
    "numbers": (0.15, "are numbers", "numbers=True keeps them."),
    "urls": (0.1, "are web and e-mail addresses", "urls=True keeps them."),
    "mentions": (0.1, "are mentions (@user)", "mentions=True keeps them."),
    "min_df": (0.15, "are in too few documents", ""),
    "max_df": (0.1, "are in more than half of the documents", "max_df=1.0 keeps them."),
    "max_features": (0.02, "are not among the most frequent words", "max_features=None keeps them."),
}


def _lost_words(corpus: CorpusData) -> Iterator[Finding]:
    remaining: dict[str, int] = getattr(corpus.preprocessor, "remaining_", None) or {}
    total = remaining.get("texts", 0)
    if not total:
        return
    before = total
    removed: Counter[str] = Counter()
    for step, count in remaining.items():
        removed[step], before = before - count, count
    for step, (usual, what, advice) in _STEPS.items():
        share = removed[step] / total
        if share > usual:
            if step == "min_df":
                advice = _joined_or_kept(corpus)
            yield Finding(
                f"words: {step}",
                share > 2 * usual,
                f"{share:.0%} of {total:,} tokens {what}, and are removed.",
                advice,
                share,
            )
