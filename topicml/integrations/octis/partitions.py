"""OCTIS's partitions: documents in the order train, val, test, and the ``metadata.json`` that describes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError

PARTITIONS = ("train", "val", "test")
_KEY = "topicml"  # entry of the metadata for what OCTIS's format cannot represent


def partitions_of(corpus: Corpus, field: str | None) -> list[str]:
    """Return the partition of each document.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    field : str or None
        Field of the partition. If it is missing or None, all documents are in "train".

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If a value is not "train", "val" or "test": OCTIS would silently drop the document.
    """
    if field is None or field not in corpus.fields:
        return ["train"] * corpus.n_docs
    values = corpus.fields[field].tolist()
    for row, value in enumerate(values):
        if value not in PARTITIONS:
            raise InputError(
                f"Document {row} has the {field} {value!r}; OCTIS reads train, val and test, and drops all others. "
                "Rename it, or pass partition=None to put all documents in train."
            )
    return values


def octis_order(partitions: list[str]) -> np.ndarray:
    """Return the corpus's rows in OCTIS's order (train, val, test; within each, the corpus's), (n_docs,)."""
    return np.argsort([PARTITIONS.index(value) for value in partitions], kind="stable")


def type_name(kind: pa.DataType) -> str:
    """Return the name of a field's type: "string", a number's type, or "any" for types that text cannot represent."""
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_null(kind):
        return "string"
    is_number = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)
    return str(kind) if is_number else "any"


def metadata_of(
    corpus: Corpus, partitions: list[str], name: str, fields: Mapping[str, str], labels: Sequence[Any] | None
) -> dict[str, Any]:
    """Return OCTIS's metadata.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    partitions : list of str
        Partition of each document.
    name : str
        Name of the dataset.
    fields : mapping of str to str
        Types of the fields that the dataset has (`type_name`).
    labels : sequence or None
        Labels of the documents.

    Returns
    -------
    dict
        OCTIS's entries; under "topicml" the order of the rows, the types of the fields, and whether the corpus has word
        order.
    """
    order = octis_order(partitions)
    moved = bool((np.diff(order) < 0).any())
    n_train, n_val = partitions.count("train"), partitions.count("val")
    names = sorted({str(label) for label in labels or () if label is not None})
    return {
        "total_documents": corpus.n_docs,
        "vocabulary_length": corpus.n_words,
        "words_document_mean": corpus.n_tokens / corpus.n_docs if corpus.n_docs else 0.0,
        "last-training-doc": n_train,
        "last-validation-doc": n_train + n_val,
        "preprocessing-info": [],
        "info": {"name": name},
        "labels": names,
        "total_labels": len(names),
        _KEY: {"fields": dict(fields), "order": corpus.has_order, "rows": order.tolist() if moved else None},
    }


def restored(corpus: Corpus, metadata: Mapping[str, Any] | None, in_octis_order: bool | None = None) -> Corpus:
    """Restore the original corpus from one that was read from OCTIS and its metadata.

    Parameters
    ----------
    corpus : Corpus
        As read from OCTIS.
    metadata : mapping or None
        Of `metadata_of`; without an entry "topicml" the corpus is returned unchanged.
    in_octis_order : bool, optional
        Whether the rows are in OCTIS's order; by default whether their partitions are.

    Returns
    -------
    Corpus
        With the original fields, types and order of rows.
    """
    original = (metadata or {}).get(_KEY)
    if not isinstance(original, Mapping):
        return corpus
    table = corpus.fields.table.select([name for name in corpus.fields if name in original["fields"]])
    for i, name in enumerate(table.column_names):
        kind = original["fields"][name]
        column = table.column(i)
        if kind not in ("any", type_name(column.type)):
            table = table.set_column(i, name, column.cast("large_string" if kind == "string" else kind))
    rows = original["rows"]
    if in_octis_order is None:
        ranks = [PARTITIONS.index(value) for value in corpus.fields["partition"]] if rows is not None else []
        in_octis_order = ranks == sorted(ranks)
    fields = Fields.of(table, corpus.n_docs)
    result = Corpus(corpus.vocabulary, tokens=corpus.tokens, offsets=corpus.offsets, fields=fields)
    if not original["order"]:
        result = Corpus(corpus.vocabulary, counts=corpus.counts, fields=fields)
    if rows is None or not in_octis_order or len(rows) != corpus.n_docs:
        return result
    return result[np.argsort(rows)]
