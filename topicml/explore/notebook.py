"""How a view displays itself: one line at the Python prompt, a table in a notebook."""

from topicml.display import html_table
from topicml.explore.base import BaseView

_MAX_TOPICS = 50


def view_line(view: BaseView) -> str:
    """The view in one line: model, number of topics and documents, number of steps."""
    documents = f"{len(view.theta):,} documents" if view.has_documents else "no documents"
    steps = f", {len(view.steps)} {'step' if len(view.steps) == 1 else 'steps'}" if view.steps else ""
    return f"TopicView({type(view.model).__name__}, {view.n_topics} topics, {documents}{steps})"


def view_html(view: BaseView) -> str:
    """The shown topics as an HTML table: words, and sizes where they are known."""
    top_words = view.top_word_ids(10)
    leading, mass = view.leading_counts() if view.has_documents else None, view.mass
    columns = ["topic", "label", "words"]
    columns += ["leads"] if leading is not None else []
    columns += ["mass"] if mass is not None else []
    rows = []
    for k in view.shown[:_MAX_TOPICS]:
        row = [k, view.given_labels[k] or "", " ".join(view.vocabulary[i] for i in top_words[k])]
        row += [int(leading[k])] if leading is not None else []
        row += [mass[k]] if mass is not None else []
        rows.append(row)
    notes = [f"Steps: {', '.join(step['do'] for step in view.steps)}"] if view.steps else []
    if len(view.shown) > _MAX_TOPICS:
        notes.append(f"The first {_MAX_TOPICS} of {len(view.shown)} topics are shown.")
    if n_hidden := view.n_topics - len(view.shown):
        notes.append(f"{n_hidden} hidden.")
    return html_table(columns, rows, title=view_line(view), notes=notes)
