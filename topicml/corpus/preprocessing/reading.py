"""Tokenize many texts: in chunks, in parallel processes, with a progress bar."""

import warnings
from array import array
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from topicml.corpus.preprocessing.encoded import EncodedTexts, Removal
from topicml.corpus.preprocessing.words import TokenReader, WordRules
from topicml.errors import InputError

_CHUNK_TEXTS = 5_000
_CHUNK_CHARACTERS = 1_000_000
_CHUNK_OF_PIPELINE = 250_000  # characters: half a minute of work for a tagger
# Starting processes takes some seconds; without a tagger one process reads this many chunks in that time.
_CHUNKS_WORTH_STARTING = 40


def read_texts(
    texts: Iterable[str], reader: TokenReader, *, n_jobs: int = 1, progress: bool = False, gaps: bool = False
) -> tuple[EncodedTexts, dict[str, int]]:
    """Tokenize texts, and count the tokens that remain after each rule.

    Parameters
    ----------
    texts : iterable of str
        The texts, read once, in chunks.
    reader : TokenReader
        Tokenizes a chunk.
    n_jobs : int
        Number of processes (-1: one per core). The result does not depend on it. A few texts are always read in the
        current process.
    progress : bool
        Show a progress bar on standard error.
    gaps : bool
        Encode removed tokens other than white space as -1, so that words on their two sides do not become adjacent.

    Returns
    -------
    encoded : EncodedTexts
        Its codes are non-negative, except for gaps.
    remaining : dict of str to int
        Number of tokens in the texts without white space ("texts"), and after each rule.

    Raises
    ------
    InputError
        If a text is not a string.
    """
    index: dict[str, int] = {}
    codes, lengths = array("i"), array("q")  # they grow in place: lists of arrays would be joined in a second copy
    removed, n_tokens = np.zeros(len(Removal), np.int64), 0
    with _bar(len(texts) if isinstance(texts, Sized) else None, progress) as advance:
        for chunk in _encoded_chunks(_chunks(texts, reader), reader, n_jobs):
            new_codes = np.array([index.setdefault(word, len(index)) for word in chunk.words], np.int32)
            reasons = -1 - chunk.codes[chunk.codes < 0]
            removed += np.bincount(reasons, minlength=len(Removal))
            n_tokens += len(chunk.codes)
            merged = chunk.codes
            merged[merged >= 0] = new_codes[merged[merged >= 0]]
            keep = merged != -1 - Removal.SPACES if gaps else merged >= 0
            offsets = np.concatenate([[0], np.cumsum(chunk.lengths)])
            n_kept = np.concatenate([[0], np.cumsum(keep)])
            codes.frombytes(np.maximum(merged[keep], -1).astype(np.int32, copy=False).tobytes())
            lengths.frombytes(np.diff(n_kept[offsets]).astype(np.int64, copy=False).tobytes())
            advance(len(chunk.lengths))
    remaining = {"texts": int(n_tokens - removed[Removal.SPACES])}
    after = n_tokens - np.cumsum(removed)
    steps = [step for step in Removal if step is not Removal.SPACES]
    if not reader.rules.negations:
        steps.remove(Removal.NEGATIONS)
    remaining |= {step.name.lower(): int(after[step]) for step in steps}
    return EncodedTexts(list(index), np.frombuffer(codes, np.int32), np.frombuffer(lengths, np.int64)), remaining


def documents_of(encoded: EncodedTexts) -> list[list[str | None]]:
    """Decode texts into lists of words, with None for a gap."""
    words = np.array([*encoded.words, None], dtype=object)  # code -1 selects the last entry, None
    tokens = words[encoded.codes].tolist()
    ends = np.cumsum(encoded.lengths).tolist()
    return [tokens[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def check_text(text: object, row: int) -> str:
    """Check that a text is a string, and convert a subclass such as `numpy.str_` to `str`.

    Parameters
    ----------
    text : object
        The text.
    row : int
        Its position, for the message.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If `text` is not a string (None, NaN, bytes, a list).
    """
    if not isinstance(text, str):
        raise InputError(
            f"Text {row} (counting from 0) is {text!r}, a {type(text).__name__}, not a string. "
            "Replace a missing text by '' (frame[column].fillna('')); for lists of tokens use Corpus.from_tokens."
        )
    return text if type(text) is str else str(text)


def check_texts(texts: Iterable[str]) -> Iterable[str]:
    """Raise `InputError` if `texts` is a single string or not iterable; otherwise return it."""
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InputError(
            f"texts is {'one string' if isinstance(texts, str | bytes) else f'a {type(texts).__name__}'}; "
            "pass a list with one string per document."
        )
    return texts


def _chunks(texts: Iterable[str], reader: TokenReader) -> Iterator[list[str]]:
    most = _CHUNK_CHARACTERS if reader.rules.pipeline is None else _CHUNK_OF_PIPELINE
    chunk: list[str] = []
    characters = 0
    for row, text in enumerate(check_texts(texts)):
        chunk.append(check_text(text, row))
        characters += len(text)
        if len(chunk) == _CHUNK_TEXTS or characters >= most:
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
            return parallel(delayed(_read_in_worker)(reader.rules, chunk) for chunk in chunks)
    else:
        reader.n_process = n_jobs  # joblib cannot send a Language object to its workers, so spaCy starts processes
    return map(reader.read, chunks)


def _read_in_worker(rules: WordRules, texts: list[str]) -> EncodedTexts:
    """Read a chunk in a worker process, which reuses its pipeline for the next chunk."""
    return reader_of_process(rules).read(texts)


@lru_cache(maxsize=1)
def reader_of_process(rules: WordRules) -> TokenReader:
    """The reader with these rules, which this process keeps for the next texts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the parent process warns once
        return TokenReader(rules)


@contextmanager
def _bar(total: int | None, show: bool) -> Iterator[Callable[[int], None]]:
    """Context manager: show a progress bar on standard error; yield a function that advances it."""
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
