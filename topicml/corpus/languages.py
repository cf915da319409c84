"""A corpus of several languages: each word belongs to one, and its name says which, as in ``de:gift``."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from topicml.corpus.columns import column_of
from topicml.corpus.data import CorpusData
from topicml.corpus.fields import Fields
from topicml.corpus.places import place_of
from topicml.corpus.sources.texts import corpus_of_texts, report_empty
from topicml.corpus.vocabulary import SEPARATOR, Vocabulary
from topicml.errors import InputError

LANGUAGE = "language"
"""The field that has the language of each document, unless it is named otherwise."""


def word_blocks(vocabulary: Sequence[str] | None) -> dict[str, slice]:
    """Find the words of each language.

    Parameters
    ----------
    vocabulary : sequence of str or None
        Words such as ``de:gift``; those of a language one after the other.

    Returns
    -------
    dict of str to slice
        Name of each language to the ids of its words, in their order.

    Raises
    ------
    InputError
        If a word has no language, or words of a language are not one after the other.
    """
    blocks: dict[str, slice] = {}
    last = None
    for i, word in enumerate(vocabulary or ()):
        language, mark, _ = word.partition(SEPARATOR)
        if not mark or not language:
            raise InputError(f"The word {word!r} does not say its language, as de{SEPARATOR}gift does. {_HOW}")
        if language != last and language in blocks:
            raise InputError(f"The words of the language {language!r} are not one after the other. {_HOW}")
        blocks[language] = slice(i if language != last else blocks[language].start, i + 1)
        last = language
    if not blocks:
        raise InputError(f"These documents are a matrix whose columns have no names, so words have no language. {_HOW}")
    return blocks


_HOW = 'Make the corpus with Corpus.multilingual({"en": …, "de": …}) or corpus.by_language("lang").'


def word_of(marked: str) -> str:
    """The word without its language: ``gift`` of ``de:gift``."""
    return marked.partition(SEPARATOR)[2]


def multilingual(corpora: Mapping[str, CorpusData], field: str = LANGUAGE) -> CorpusData:
    """Join corpora of several languages; see `topicml.Corpus.multilingual`.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        The corpus of each language.
    field : str
        Name of the field for the language of each document.

    Returns
    -------
    CorpusData
        The documents of the first language, then those of the second, and so on.

    Raises
    ------
    InputError
        If there is no corpus, a value is not one, or a name is empty or has a colon.
    """
    from topicml.corpus.preprocessing.multilingual import MultilingualPreprocessor

    if not isinstance(corpora, Mapping) or not corpora:
        raise InputError('Pass a corpus for each language: {"en": corpus, "de": other}.')
    for name, corpus in corpora.items():
        if not isinstance(name, str) or not name.strip() or SEPARATOR in name:
            raise InputError(f"The name of a language is text without a colon, such as 'de'; received {name!r}.")
        if not isinstance(corpus, CorpusData):
            raise InputError(
                f"The documents of the language {name!r} are a {type(corpus).__name__}, not a Corpus. Make one: "
                f"Corpus.from_texts(texts, Preprocessor({name!r}))."
            )
    parts = list(corpora.values())
    vocabulary = Vocabulary(
        f"{name}{SEPARATOR}{word}" for name, corpus in corpora.items() for word in corpus.vocabulary
    )
    words: dict[str, Any]
    if all(part.has_order for part in parts):
        first = np.cumsum([0, *(part.n_words for part in parts)])
        lengths = np.concatenate([part.lengths for part in parts])
        words = {
            "tokens": np.concatenate(
                [part.tokens + start for part, start in zip(parts, first, strict=False)], dtype=np.int32
            ),
            "offsets": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        }
    else:
        words = {"counts": sp.block_diag([part.counts for part in parts], format="csr", dtype=np.int32)}
    preprocessors = {name: part.preprocessor for name, part in corpora.items()}
    known = all(each is not None for each in preprocessors.values())
    joined = CorpusData(
        vocabulary,
        **words,
        fields=_fields(corpora, field),
    )
    joined.preprocessor = MultilingualPreprocessor(preprocessors) if known else None
    if all(part.words_read is not None for part in parts):
        joined.words_read = np.concatenate([part.words_read for part in parts])
    return joined


def by_language(corpus: CorpusData, field: str, preprocessors: Any = None, **options: Any) -> CorpusData:
    """Split the texts of documents into words of their languages; see `topicml.Corpus.by_language`.

    Parameters
    ----------
    corpus : Corpus
        With the field "text".
    field : str
        The field with the language of each document.
    preprocessors : mapping of str to Preprocessor, or MultilingualPreprocessor, optional
        See `topicml.Corpus.by_language`.
    **options
        Options of the `Preprocessor` of each language.

    Returns
    -------
    CorpusData
        The same documents in the same order.

    Raises
    ------
    InputError
        If there is no such field, a document has no language, or a language has no preprocessor.
    """
    from topicml.corpus.preprocessing import MultilingualPreprocessor, Preprocessor
    from topicml.corpus.preprocessing.compounds import LINKS

    for name, what in ((field, "languages"), ("text", "texts")):
        if name not in corpus.fields:
            columns = ", ".join(map(repr, corpus.fields)) or "none"
            raise InputError(f"There is no field {name!r} with the {what} of the documents; the fields are {columns}.")
    languages = np.array([_language(value) for value in corpus.fields[field].tolist()], dtype=object)
    without = [row for row, language in enumerate(languages) if language is None]
    if without:
        raise InputError(
            f"{len(without):,} documents have no language in the field {field!r} (first: "
            f"{place_of(corpus, without[0])}). Give each document a language, or leave these out."
        )
    frozen = preprocessors if isinstance(preprocessors, MultilingualPreprocessor) else None
    texts = np.array([text or "" for text in corpus.fields["text"].tolist()], dtype=object)
    has_compounds = options.pop("compounds", options.get("pipeline") is None)
    parts, rows = {}, []
    for language in dict.fromkeys(languages):
        chosen = np.flatnonzero(languages == language)
        if frozen is not None:
            tokens = frozen.of(language).tokens(list(texts[chosen]))
            part = CorpusData.from_tokens(tokens)
            part.words_read = part.lengths
        else:
            preprocessor = None if preprocessors is None else preprocessors.get(language)
            try:
                if preprocessor is None:
                    preprocessor = Preprocessor(language, **options, compounds=has_compounds and language in LINKS)
                part = corpus_of_texts(list(texts[chosen]), preprocessor, tell_empty=False)
            except InputError as error:
                raise InputError(_of_language(str(error), language, field, list(dict.fromkeys(languages)))) from error
        part.fields = Fields(corpus.fields.table.take(pa.array(chosen)))
        parts[language] = part
        rows.append(chosen)
    joined = multilingual(parts, field)[np.argsort(np.concatenate(rows), kind="stable")]
    if frozen is not None:
        joined.preprocessor = frozen
    joined.places = corpus.places
    if frozen is None:
        report_empty(joined, " left after preprocessing")
    return joined


def _of_language(message: str, language: str, field: str, values: list[str]) -> str:
    """A message about the texts of a language, which says where the language was read if there is no such one."""
    reason, unknown, _ = message.partition(" Supported languages:")
    if not unknown:
        return f"The documents in the language {language!r}: {message}"
    some = ", ".join(map(repr, values[:5])) + (", …" if len(values) > 5 else "")
    return f"The field {field!r} should have the language of each document, such as en or de. It has {some}. {reason}"


def _language(value: Any) -> str | None:
    return None if value is None or value != value or not str(value).strip() else str(value).strip()


def _fields(corpora: Mapping[str, CorpusData], field: str) -> Fields:
    """The fields of all documents, missing where a language does not have them, and their languages."""
    tables, label = [], next(iter(corpora.values())).fields.label_name
    for name, corpus in corpora.items():
        table = corpus.fields.table
        names = [name] * corpus.n_docs
        if field in table.column_names:
            table = table.drop_columns([field])
        tables.append(
            table.append_column(field, column_of(field, names))
            if table.num_columns
            else pa.table({field: column_of(field, names)})
        )
    try:
        joined = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise InputError(f"A field has other kinds of values in one language than in another: {error}.") from error
    return Fields.of(joined, joined.num_rows, label=label)
