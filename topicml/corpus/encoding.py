"""Encode texts in batches: long texts in passages, with progress, into memory or into a file that a kill keeps."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from topicml.checks import require
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.npy_headers import reading
from topicml.errors import InputError
from topicml.files import atomic_file, claim
from topicml.paths import expanded

_FORMAT = "topicml embeddings"


class EncodingError(InputError):
    """An encoder failed, or returned something else than a vector per text.

    Attributes
    ----------
    vectors : ndarray or None
        Vectors of the first documents, which were encoded before; None if a file keeps them.
    """

    vectors: np.ndarray | None = None


def encode(
    texts: Sequence[str],
    encoder: Any,
    *,
    file: str | os.PathLike[str] | None = None,
    batch_size: int = 64,
    max_words: int | None = None,
    dtype: str = "float32",
    progress: bool = False,
) -> Embeddings:
    """Encode texts in batches.

    Parameters
    ----------
    texts : sequence of str
        One per document.
    encoder : object with ``encode(texts)``, or function
        Returns a vector per text, as the encoders of sentence-transformers, model2vec and FastEmbed do. Its attributes
        ``name``, ``max_words`` and ``outside_knowledge`` are read if it has them.
    file : path, optional
        A new ``.npy`` file for the vectors. What is encoded is in ``FILE.part`` at once; an encoding that was killed
        continues there when it is called again with the same texts and encoder. A finished file of the same texts and
        encoder is opened. By default the vectors are in memory.
    batch_size : int
        Texts per call of the encoder.
    max_words : int, optional
        Longer texts are cut into passages of at most so many words; their vector is the mean of the passages' vectors,
        weighted by length. By default the encoder's ``max_words``; without it texts are not cut.
    dtype : {"float32", "float16"}
        Type of the stored numbers.
    progress : bool
        Show a progress bar with documents per second and the time left on standard error.

    Returns
    -------
    Embeddings
        Memory-mapped if there is a `file`.

    Raises
    ------
    EncodingError
        If the encoder fails or returns a wrong number of vectors. What was encoded before is in ``FILE.part``, or in
        the attribute `vectors` of the error.
    InputError
        If `encoder` is not an encoder, an argument is out of range, or `file` has other embeddings.
    """
    require(batch_size >= 1, "batch_size", batch_size, "at least 1")
    require(dtype in ("float32", "float16"), "dtype", dtype, "float32 or float16")
    max_words = getattr(encoder, "max_words", None) if max_words is None else max_words
    require(max_words is None or max_words >= 1, "max_words", max_words, "at least 1")
    call, name = _function_of(encoder), name_of(encoder)
    outside = bool(getattr(encoder, "outside_knowledge", True))
    identity = {
        "format": _FORMAT,
        "encoder": name,
        "max_words": max_words,
        "dtype": dtype,
        "n_docs": len(texts),
        "texts": digest_of_texts(texts),
        "outside_knowledge": outside,
    }
    with _bar(len(texts), progress) as advance:
        if file is None:
            return _in_memory(texts, call, identity, batch_size, advance)
        return _in_file(texts, call, identity, batch_size, advance, expanded(file))


def digest_of_texts(texts: Sequence[str]) -> str:
    """SHA-256 (hexadecimal) of texts in their order."""
    sha = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        sha.update(len(encoded).to_bytes(8, "little") + encoded)
    return sha.hexdigest()


def name_of(encoder: Any) -> str:
    """The name of an encoder for people and for the identity of an encoding: its ``name``, or its class."""
    name = getattr(encoder, "name", None)
    if isinstance(name, str) and name:
        return name
    kind = encoder if callable(encoder) and hasattr(encoder, "__qualname__") else type(encoder)
    return f"{kind.__module__}.{kind.__qualname__}"


def description_of(file: Path) -> dict[str, Any] | None:
    """What `encode` wrote about a file of embeddings: encoder, texts and type; None for a file of others."""
    try:
        found = json.loads(_description(file).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("format") == _FORMAT else None


def _function_of(encoder: Any) -> Callable[[list[str]], Any]:
    encode_texts = getattr(encoder, "encode", None) or getattr(encoder, "embed", None)
    if encode_texts is None and callable(encoder) and not isinstance(encoder, type):
        encode_texts = encoder
    if encode_texts is None or isinstance(encoder, str | type):
        raise InputError(
            f"{encoder!r:.80} is not an encoder: it needs a method encode(texts), or must be a function of a list of "
            "texts, and return a vector per text."
        )
    function: Callable[[list[str]], Any] = encode_texts
    return function


def _in_memory(
    texts: Sequence[str], call: Callable, identity: dict[str, Any], batch_size: int, advance: Callable[[int], None]
) -> Embeddings:
    parts: list[np.ndarray] = []
    try:
        for part in _batches(texts, call, identity, batch_size, None):
            parts.append(part)
            advance(len(part))
    except EncodingError as error:
        error.vectors = np.concatenate(parts) if parts else None
        raise
    vectors = np.concatenate(parts) if parts else np.zeros((0, 1), dtype=identity["dtype"])
    return _checked(vectors, identity)


def _in_file(
    texts: Sequence[str],
    call: Callable,
    identity: dict[str, Any],
    batch_size: int,
    advance: Callable[[int], None],
    file: Path,
) -> Embeddings:
    if file.suffix != ".npy":
        raise InputError(f"Embeddings are written to a .npy file; received {file}.")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    with claim(part):
        known = description_of(file)
        if file.exists():
            if known != identity:
                raise InputError(f"{file} exists and has other embeddings. Choose another name, or remove it.")
            advance(len(texts))
            return _opened(file, identity)
        if known != identity or not part.exists():
            part.unlink(missing_ok=True)
            with atomic_file(_description(file)) as temporary:
                temporary.write_text(json.dumps(identity, indent=1), "utf-8")
        with _PartFile(part, len(texts), identity["dtype"]) as stream:
            advance(stream.n_rows)
            try:
                for rows in _batches(texts[stream.n_rows :], call, identity, batch_size, stream.size, stream.n_rows):
                    stream.append(rows)
                    advance(len(rows))
            except EncodingError as error:
                raise EncodingError(
                    f"{error} {stream.n_rows:,} of {len(texts):,} documents are encoded in {part}; the same call "
                    "continues with the next."
                ) from error.__cause__
        part.replace(file)
        return _opened(file, identity)


def _opened(file: Path, identity: dict[str, Any]) -> Embeddings:
    found = Embeddings.of(file, identity["n_docs"], outside_knowledge=identity["outside_knowledge"])
    found.source = identity["encoder"]
    return found


def _checked(vectors: np.ndarray, identity: dict[str, Any]) -> Embeddings:
    return Embeddings.of(
        vectors, len(vectors), source=identity["encoder"], outside_knowledge=identity["outside_knowledge"]
    )


class _PartFile:
    """A growing .npy file of vectors whose header says the final number of rows; it continues one that was killed."""

    def __init__(self, path: Path, n_docs: int, dtype: str) -> None:
        self._path, self._n_docs, self._dtype = path, n_docs, np.dtype(dtype)
        self.size: int | None = None
        self.n_rows = 0
        self._stream = open(path, "r+b" if path.exists() else "w+b")  # noqa: SIM115 - closed by __exit__
        try:
            self._continue()
        except Exception:  # not a header that this class wrote: the process was killed within its first write
            self.size, self.n_rows = None, 0
            self._stream.seek(0)
            self._stream.truncate()

    def __enter__(self) -> _PartFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self.size is None and not self._n_docs:
            self._begin(1)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()

    def append(self, rows: np.ndarray) -> None:
        """Append vectors; they are in the file when the method returns."""
        if self.size is None:
            self._begin(rows.shape[1])
        rows.astype(self._dtype, copy=False).tofile(self._stream)
        self._stream.flush()
        self.n_rows += len(rows)

    def _begin(self, size: int) -> None:
        self.size = size
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._n_docs, size)}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def _header(self) -> tuple[tuple[int, ...], bool, np.dtype]:
        self._stream.seek(0)
        np.lib.format.read_magic(self._stream)
        return np.lib.format.read_array_header_1_0(self._stream)

    def _continue(self) -> None:
        shape, _, dtype = reading(self._header)
        if shape[0] != self._n_docs or dtype != self._dtype or not shape[1]:
            raise ValueError(f"{self._path} has shape {shape}")
        begin, row = self._stream.tell(), shape[1] * self._dtype.itemsize
        self.n_rows = min((os.fstat(self._stream.fileno()).st_size - begin) // row, self._n_docs)
        self.size = shape[1]
        self._stream.seek(begin + self.n_rows * row)
        self._stream.truncate()  # the part of a row that a kill left


def _batches(
    texts: Sequence[str],
    call: Callable,
    identity: dict[str, Any],
    batch_size: int,
    size: int | None,
    first: int = 0,
) -> Iterator[np.ndarray]:
    """Vectors of each batch of texts; `first` is the number of the first document."""
    for begin in range(0, len(texts), batch_size):
        batch = [text if text.strip() else " " for text in texts[begin : begin + batch_size]]
        number = first + begin
        passages, documents, words = _passages(batch, identity["max_words"])
        try:
            returned = call(passages)
            if isinstance(returned, Iterator):  # FastEmbed returns a generator
                returned = list(returned)
            array = np.asarray(returned.detach().cpu() if hasattr(returned, "detach") else returned, dtype=np.float32)
        except Exception as error:
            raise EncodingError(
                f"The encoder {identity['encoder']} failed in documents {number:,} to {number + len(batch) - 1:,}: "
                f"{type(error).__name__}: {str(error).rstrip('.')}."
            ) from error
        if array.ndim != 2 or len(array) != len(passages) or array.shape[1] != (size or array.shape[1]):
            raise EncodingError(
                f"The encoder {identity['encoder']} returned an array of shape {array.shape} for {len(passages)} texts "
                f"from document {number:,} on; it must be ({len(passages)}, {size or 'size'}): a vector per text."
            )
        size = array.shape[1]
        vectors = _means(array, documents, words, len(batch))
        if not np.isfinite(vectors).all():
            row = number + int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
            raise EncodingError(
                f"The encoder {identity['encoder']} returned values that are not finite for document {row:,}. Look at "
                "its text, or use another encoder."
            )
        yield vectors.astype(identity["dtype"])


def _passages(texts: list[str], max_words: int | None) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Texts cut into passages, the position of the document of each, and its number of words."""
    if max_words is None:
        return texts, np.arange(len(texts)), np.ones(len(texts))
    passages, documents, sizes = [], [], []
    for i, text in enumerate(texts):
        words = text.split()
        n_parts = max(1, -(-len(words) // max_words))
        if n_parts == 1:
            passages.append(text)
            documents.append(i)
            sizes.append(max(len(words), 1))
            continue
        for part in np.array_split(np.arange(len(words)), n_parts):
            passages.append(" ".join(words[part[0] : part[-1] + 1]))
            documents.append(i)
            sizes.append(len(part))
    return passages, np.array(documents), np.array(sizes)


def _means(vectors: np.ndarray, documents: np.ndarray, words: np.ndarray, n_docs: int) -> np.ndarray:
    """The mean vector of the passages of each document, weighted by their words."""
    if len(vectors) == n_docs:
        return vectors
    sums = np.zeros((n_docs, vectors.shape[1]), dtype=np.float64)
    np.add.at(sums, documents, vectors * words[:, None])
    return (sums / np.bincount(documents, words, minlength=n_docs)[:, None]).astype(np.float32)


def _description(file: Path) -> Path:
    return file.with_name(file.name + ".json")


@contextmanager
def _bar(n_docs: int, progress: bool) -> Iterator[Callable[[int], None]]:
    """Context manager: show a progress bar on standard error; yield a function that advances it."""
    if not progress:
        yield lambda n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("encoding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    begin, done = time.perf_counter(), 0
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=n_docs, speed="")

        def advance(n: int) -> None:
            nonlocal done
            done += n
            bar.update(task, advance=n, speed=f"{done / (time.perf_counter() - begin + 1e-9):,.0f} docs/s")

        yield advance
