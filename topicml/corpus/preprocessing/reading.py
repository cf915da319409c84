"""Reading many texts: in chunks, in several processes, with a progress bar."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from topicml.corpus.preprocessing.words import EncodedTexts, Removal, TokenReader, WordRules
from topicml.errors import InputError

_CHUNK_TEXTS = 2_000
_CHUNK_CHARACTERS = 250_000
# Starting processes costs some seconds; without a tagger one process reads this many chunks in that time.
_CHUNKS_WORTH_STARTING = 40


def read_texts(
    texts: Iterable[str], reader: TokenReader, *, n_jobs: int = 1, progress: bool = False, gaps: bool = False
) -> tuple[EncodedTexts, dict[str, int]]:
    """Read texts; return their words and how many tokens remain after each rule.

    Parameters
    ----------
    texts : iterable of str
        Read once, in chunks.
    n_jobs : int
        Processes (-1: one a core). The result does not depend on it. Few texts are read in this process anyway.
    gaps : bool
        Keep code -1 where tokens (not white space) were removed, so that words which were no neighbours stay apart.

    Returns
    -------
    tuple of EncodedTexts, dict
        Codes are >= 0 (or -1 with `gaps`).
    """
    index: dict[str, int] = {}
    codes, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    removed, n_tokens = np.zeros(len(Removal), np.int64), 0
    with _bar(len(texts) if isinstance(texts, Sized) else None, progress) as advance:
        for chunk in _encoded_chunks(_chunks(texts), reader, n_jobs):
            known = np.array([index.setdefault(word, len(index)) for word in chunk.words], np.int32)
            reasons = -1 - chunk.codes[chunk.codes < 0]
            removed += np.bincount(reasons, minlength=len(Removal))
            n_tokens += len(chunk.codes)
            merged = chunk.codes
            merged[merged >= 0] = known[merged[merged >= 0]]
            keep = merged != -1 - Removal.SPACES if gaps else merged >= 0
            offsets = np.concatenate([[0], np.cumsum(chunk.lengths)])
            kept = np.concatenate([[0], np.cumsum(keep)])
            codes.append(np.maximum(merged[keep], -1))
            lengths.append(np.diff(kept[offsets]))
            advance(len(chunk.lengths))
    remaining = {"texts": int(n_tokens - removed[Removal.SPACES])}
    after = n_tokens - np.cumsum(removed)
    remaining |= {step.name.lower(): int(after[step]) for step in Removal if step is not Removal.SPACES}
    return EncodedTexts(list(index), np.concatenate(codes), np.concatenate(lengths)), remaining


def documents_of(encoded: EncodedTexts) -> list[list[str | None]]:
    """Return the texts as lists of words; a gap is None."""
    words = np.array([*encoded.words, None], dtype=object)  # code -1 is the last: None
    tokens = words[encoded.codes].tolist()
    ends = np.cumsum(encoded.lengths).tolist()
    return [tokens[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def check_text(text: object, row: int) -> str:
    """Return a text as a plain string, or say what it is instead.

    Raises
    ------
    InputError
        If `text` is not a string (None, NaN, bytes, a list).
    """
    if not isinstance(text, str):
        raise InputError(
            f"Text {row} (counting from 0) is {text!r}, a {type(text).__name__}, not a string. "
            "Give a missing text as '' (frame[column].fillna('')); for lists of tokens use Corpus.from_tokens."
        )
    return text if type(text) is str else str(text)


def check_texts(texts: Iterable[str]) -> Iterable[str]:
    """Refuse one string where many are meant, and what cannot be iterated."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InputError(
            f"texts is {'one string' if isinstance(texts, str | bytes) else f'a {type(texts).__name__}'}; "
            "give a list with one string a document."
        )
    return texts


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    characters = 0
    for row, text in enumerate(check_texts(texts)):
        chunk.append(check_text(text, row))
        characters += len(text)
        if len(chunk) == _CHUNK_TEXTS or characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _encoded_chunks(chunks: Iterator[list[str]], reader: TokenReader, n_jobs: int) -> Iterator[EncodedTexts]:
    from joblib import Parallel, delayed, effective_n_jobs

    n_jobs = effective_n_jobs(n_jobs)
    if isinstance(reader.rules.pipeline, str | None) and n_jobs > 1:
        first = list(islice(chunks, 2 if reader.rules.pipeline else _CHUNKS_WORTH_STARTING))
        rest = next(chunks, None)
        chunks = chain(first, [] if rest is None else [rest], chunks)
        if rest is not None or (reader.rules.pipeline and len(first) > 1):
            parallel = Parallel(n_jobs=n_jobs, return_as="generator", pre_dispatch="2*n_jobs")
            return parallel(delayed(_read_elsewhere)(reader.rules, chunk) for chunk in chunks)
    else:
        reader.n_process = n_jobs  # a Language object exists in this process only: spaCy starts its own
    return map(reader.read, chunks)


def _read_elsewhere(rules: WordRules, texts: list[str]) -> EncodedTexts:
    """Read a chunk in a worker process, which keeps its pipeline for the next chunk."""
    return _reader_of_process(rules).read(texts)


@lru_cache(maxsize=1)
def _reader_of_process(rules: WordRules) -> TokenReader:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said once, by the parent
        return TokenReader(rules)


@contextmanager
def _bar(total: int | None, show: bool) -> Iterator[Callable[[int], None]]:
    """Show how many documents are read; the bar goes to standard error."""
    if not show:
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("Preprocessing"), *columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda n: bar.advance(task, n)
