"""HTML of a corpus for notebooks."""

from topicml.corpus.columns import values_of
from topicml.corpus.data import CorpusData
from topicml.display import html_table

_MAX_FIELDS = 20  # rows of the table


def corpus_html(corpus: CorpusData) -> str:
    """Return a small HTML table: the sizes of the corpus, and the type and first value of each field."""
    sizes = f"{corpus.n_docs:,} documents of {corpus.n_words:,} words, {corpus.n_tokens:,} tokens"
    notes = []
    if n_empty := len(corpus.empty):
        notes.append(f"{n_empty:,} {'document has' if n_empty == 1 else 'documents have'} no words.")
    if not corpus.has_order:
        notes.append("Counts only, without word order.")
    table = corpus.fields.table
    if not table.num_columns:
        notes.append("No fields.")
    elif table.num_columns > _MAX_FIELDS:
        notes.append(f"{table.num_columns - _MAX_FIELDS} more fields.")
    columns = list(zip(table.schema, table.columns, strict=True))[:_MAX_FIELDS]
    rows = []
    for field, column in columns:
        first = values_of(column[:1])[0] if len(column) else None
        rows.append((field.name, str(field.type), None if first is None else str(first)[:80]))
    return html_table(("field", "type", "first document"), rows, title=f"Corpus: {sizes}", notes=notes)
