"""Several corpora as one, with a field that names the corpus of each document."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix, vstack

from topicml.corpus.corpus import Corpus
from topicml.corpus.fields import Fields
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError


def join_corpora(corpora: Mapping[str, Corpus], *, field: str = "corpus") -> Corpus:
    """Put corpora one after another.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        The corpora by name. Read them alike, and keep rare words (``min_df=1``): a word that one of them left out is
        missing there.
    field : str
        The field of the names.

    Returns
    -------
    Corpus
        Words are those of any corpus, in alphabetical order if the corpora differ; with word order if all have it. It
        has the fields that all have with values of one type, and `field`.

    Raises
    ------
    InputError
        If there is no corpus.

    Examples
    --------
    >>> from topicml import Corpus
    >>> from topicml.corpus import join_corpora
    >>> parts = {"June": Corpus.from_tokens([["rain", "wind"]]), "July": Corpus.from_tokens([["rain", "sun"]])}
    >>> joined = join_corpora(parts, field="month")
    >>> list(joined), joined.fields["month"].tolist()
    ([['rain', 'wind'], ['rain', 'sun']], ['June', 'July'])
    """
    if not corpora:
        raise InputError("There is no corpus to join.")
    parts = list(corpora.values())
    vocabulary = parts[0].vocabulary
    if any(each.vocabulary != vocabulary for each in parts):
        vocabulary = Vocabulary(sorted({word for each in parts for word in each.vocabulary}))
    column = {word: i for i, word in enumerate(vocabulary)}
    places = [np.array([column[word] for word in each.vocabulary], dtype=np.int32) for each in parts]
    words: dict[str, Any]
    if all(each.has_order for each in parts):
        sizes = np.concatenate([each.lengths for each in parts])
        tokens = [place[each.tokens] for place, each in zip(places, parts, strict=True)]
        words = {
            "tokens": np.concatenate(tokens).astype(np.int32),
            "offsets": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        }
    else:
        moved = []
        for place, each in zip(places, parts, strict=True):
            counts = each.counts
            shape = (each.n_docs, len(vocabulary))
            moved.append(csr_matrix((counts.data, place[counts.indices], counts.indptr), shape=shape))
        counts = vstack(moved, format="csr", dtype=np.int32)
        counts.sort_indices()
        words = {"counts": counts}
    names = [name for name, each in corpora.items() for _ in range(each.n_docs)]
    fields = _common_fields([each.fields.table for each in parts], len(names))
    fields = {name: each for name, each in fields.items() if name != field}
    return Corpus(
        vocabulary,
        **words,
        fields=Fields.of({**fields, field: names}, len(names)),
        preprocessor=parts[0].preprocessor,
    )


def _common_fields(tables: list[pa.Table], n_docs: int) -> dict[str, Any]:
    """The columns that all tables have with one type."""
    first, *others = tables
    return {
        name: pa.chunked_array([chunk for table in tables for chunk in table.column(name).chunks], type=kind)
        for name, kind in zip(first.schema.names, first.schema.types, strict=True)
        if all(name in each.schema.names and each.schema.field(name).type == kind for each in others)
    }
