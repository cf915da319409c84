"""How a corpus shows itself in a notebook."""

from typing import TYPE_CHECKING

from topicml.display import html_table

if TYPE_CHECKING:
    from topicml.corpus.corpus import Corpus

_FIELDS = 20  # shown


def corpus_html(corpus: "Corpus") -> str:
    """Sizes of a corpus, and its fields with their types and first values, as a small HTML table."""
    sizes = f"{corpus.n_docs:,} documents of {corpus.n_words:,} words, {corpus.n_tokens:,} tokens"
    notes = []
    if n_empty := len(corpus.empty):
        notes.append(f"{n_empty:,} documents have no words.")
    if not corpus.has_order:
        notes.append("Counts only: the order of words is not known.")
    table = corpus.fields.table
    if not table.num_columns:
        notes.append("No fields.")
    elif table.num_columns > _FIELDS:
        notes.append(f"{table.num_columns - _FIELDS} more fields.")
    rows = [
        (field.name, str(field.type), column[0].as_py() if len(column) else None)
        for field, column in list(zip(table.schema, table.columns, strict=True))[:_FIELDS]
    ]
    shown = [(name, kind, None if value is None else str(value)[:80]) for name, kind, value in rows]
    return html_table(("field", "type", "of the first document"), shown, title=f"Corpus: {sizes}", notes=notes)
