"""Make the embeddings of a corpus from an array, a column, a file, or an encoder of its texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from topicml.corpus.data import CorpusData
from topicml.corpus.embeddings import Embeddings
from topicml.corpus.encoders import ENCODERS, describe_encoders, named_encoder
from topicml.corpus.encoding import description_of, digest_of_texts, encode
from topicml.errors import InputError
from topicml.paths import expanded


def embeddings_of(
    corpus: CorpusData,
    embeddings: Any,
    *,
    file: str | os.PathLike[str] | None = None,
    outside_knowledge: bool = True,
    **options: Any,
) -> Embeddings:
    """Make the embeddings of a corpus; see `Corpus.with_embeddings`.

    Parameters
    ----------
    corpus : CorpusData
        The documents.
    embeddings : object
        An array, the name of a column, a path, the name of an encoder, an encoder or a function.
    file, outside_knowledge
        As in `Corpus.with_embeddings`.
    **options
        Options of `encode`.

    Returns
    -------
    Embeddings

    Raises
    ------
    InputError
        As `Corpus.with_embeddings`.
    """
    given = _given(corpus, embeddings)
    if given is not None:
        of_encoders = {"file": file, **options, "progress": None}
        if unused := [name for name, value in of_encoders.items() if value]:
            raise InputError(
                f"{', '.join(unused)}: only an encoder has this option, and {_kind_of(embeddings)} holds vectors."
            )
        return _opened(corpus, given, outside_knowledge)
    encoder = named_encoder(embeddings) if isinstance(embeddings, str) else embeddings
    found = encode(texts_of(corpus), encoder, file=file, **{name: each for name, each in options.items() if each})
    found.outside_knowledge = found.outside_knowledge and outside_knowledge
    return found


def texts_of(corpus: CorpusData) -> list[str]:
    """The texts of a corpus for an encoder.

    Parameters
    ----------
    corpus : CorpusData
        The documents.

    Returns
    -------
    list of str
        The field "text", with empty strings for missing texts; without that field, the words of each document.

    Raises
    ------
    InputError
        If there is no such field, and the corpus has no word order.
    """
    if "text" in corpus.fields:
        return [text if isinstance(text, str) else "" for text in corpus.fields["text"].tolist()]
    if not corpus.has_order:
        raise InputError(
            "An encoder reads texts, and this corpus has word counts only. Make it from texts (Corpus.from_texts), or "
            "encode the texts yourself and pass the vectors: corpus.with_embeddings(array)."
        )
    return [" ".join(document) for document in corpus]


def _given(corpus: CorpusData, embeddings: Any) -> Any:
    """Vectors that exist already: an array, a column or a path; None for an encoder."""
    if isinstance(embeddings, Embeddings):
        return embeddings
    if isinstance(embeddings, os.PathLike):
        return Path(embeddings)
    if isinstance(embeddings, str):
        if embeddings in corpus.fields:
            return _column(corpus, embeddings)
        if embeddings in ENCODERS:
            return None
        if embeddings.endswith(".npy") or expanded(embeddings).is_file():
            return Path(embeddings)
        fields = ", ".join(map(repr, corpus.fields)) or "none"
        raise InputError(
            f"embeddings={embeddings!r} is neither a field of the corpus, nor a file, nor the name of an encoder. "
            f"Fields: {fields}. Encoders: {describe_encoders()}."
        )
    if hasattr(embeddings, "encode") or hasattr(embeddings, "embed") or callable(embeddings):
        return None
    return embeddings


def _column(corpus: CorpusData, name: str) -> np.ndarray:
    """The vectors of a field, (n_docs, size)."""
    values = corpus.fields[name]
    if values.ndim == 2:
        return values
    rows = corpus.fields.column(name).to_pylist()
    sizes = {len(row) if isinstance(row, list) else None for row in rows}
    if len(sizes) != 1 or None in sizes:
        wrong = next(i for i, row in enumerate(rows) if not isinstance(row, list) or len(row) != len(rows[0] or ()))
        raise InputError(
            f"The field {name!r} does not hold vectors of one length: row {wrong} is {rows[wrong]!r:.60}. Embeddings "
            "need a list of as many numbers in every row."
        )
    return np.array(rows)


def _opened(corpus: CorpusData, given: Any, outside_knowledge: bool) -> Embeddings:
    if isinstance(given, Embeddings):
        if given.n_docs != corpus.n_docs:
            raise InputError(f"The embeddings are of {given.n_docs:,} documents; the corpus has {corpus.n_docs:,}.")
        return given
    if not isinstance(given, Path):
        return Embeddings.of(given, corpus.n_docs, outside_knowledge=outside_knowledge)
    path = expanded(given)
    found = Embeddings.of(path, corpus.n_docs, outside_knowledge=outside_knowledge)
    known = description_of(path)
    if known is not None:
        has_texts = "text" in corpus.fields or corpus.has_order
        if has_texts and known.get("texts") != digest_of_texts(texts_of(corpus)):
            raise InputError(
                f"{path} holds the vectors of other texts than those of this corpus, or of the same in another order. "
                "Encode the texts of this corpus: topicml encode, or corpus.with_embeddings(encoder, file=…)."
            )
        found.source = str(known.get("encoder"))
        found.outside_knowledge = outside_knowledge and bool(known.get("outside_knowledge", True))
    return found


def _kind_of(embeddings: Any) -> str:
    return f"{embeddings!r:.60}" if isinstance(embeddings, str | os.PathLike) else f"a {type(embeddings).__name__}"
