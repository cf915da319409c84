"""OCTIS's partitions: documents in the order train, val, test, and what its ``metadata.json`` says of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds

from topicml.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.errors import InputError

PARTITIONS = ("train", "val", "test")
_KEY = "topicml"  # what OCTIS's format has no place for, in its metadata


def partitions_of(corpus: Corpus, field: str | None) -> list[str]:
    """Return the partition of each document: of the field, or "train" where there is none.

    Raises
    ------
    InputError
        If a value is none of OCTIS's: OCTIS would leave the document out without a word.
    """
    if field is None or field not in corpus.fields:
        return ["train"] * corpus.n_docs
    values = corpus.fields[field].tolist()
    for row, value in enumerate(values):
        if value not in PARTITIONS:
            raise InputError(
                f"Document {row} has the {field} {value!r}; OCTIS knows train, val and test, and drops what is of "
                "another. Rename it, or pass partition=None: all documents are of the training part."
            )
    return values


def octis_order(partitions: list[str]) -> np.ndarray:
    """Return our rows in OCTIS's order: train, val, test, each in ours; (n_docs,)."""
    return np.argsort([PARTITIONS.index(value) for value in partitions], kind="stable")


def type_name(kind: pa.DataType) -> str:
    """Return what is kept of a field's type: "string", a number's type, or "any" for what no text stands for."""
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_null(kind):
        return "string"
    is_number = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)
    return str(kind) if is_number else "any"


def metadata_of(
    corpus: Corpus, partitions: list[str], name: str, fields: Mapping[str, str], labels: Sequence[Any] | None
) -> dict[str, Any]:
    """Return OCTIS's metadata; under "topicml" the rows' order, the fields' types, and whether word order is known."""
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
    """Give a corpus read from OCTIS what the metadata keep of the one it was made from.

    Parameters
    ----------
    in_octis_order : bool, optional
        Whether the rows are in OCTIS's order; by default if their partitions are.
    """
    kept = (metadata or {}).get(_KEY)
    if not isinstance(kept, Mapping):
        return corpus
    table = corpus.fields.table.select([name for name in corpus.fields if name in kept["fields"]])
    for i, name in enumerate(table.column_names):
        kind = kept["fields"][name]
        column = table.column(i)
        if kind not in ("any", type_name(column.type)):
            table = table.set_column(i, name, column.cast("large_string" if kind == "string" else kind))
    rows = kept["rows"]
    if in_octis_order is None:
        ranks = [PARTITIONS.index(value) for value in corpus.fields["partition"]] if rows is not None else []
        in_octis_order = ranks == sorted(ranks)
    fields = Fields.of(table, corpus.n_docs)
    made = Corpus(corpus.vocabulary, tokens=corpus.tokens, offsets=corpus.offsets, fields=fields)
    if not kept["order"]:
        made = Corpus(corpus.vocabulary, counts=corpus.counts, fields=fields)
    if rows is None or not in_octis_order or len(rows) != corpus.n_docs:
        return made
    return made[np.argsort(rows)]
