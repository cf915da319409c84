"""Tables and plots of results on one HTML page that needs no network."""

import html as htmllib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topicml.errors import InputError, MissingExtraError
from topicml.experiment.plots import plot_critical_difference, plot_over_topics, plot_pareto
from topicml.experiment.results import COSTS, Results
from topicml.experiment.tables import Table, html
from topicml.files import atomic_file

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 76rem;
       padding: 0 1rem; }
.wide { overflow-x: auto; margin: 0 0 2rem; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; max-width: 60rem; padding: 0.5rem 0; color: #444; }
th, td { padding: 0.25rem 0.75rem; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; }
thead th { border-bottom: 2px solid #1a1a1a; }
tbody tr:hover { background: #f3f3f3; }
"""


def plots_of(results: Results, measures: Sequence[str] | None = None) -> "list[Figure]":
    """The plots that the results allow: coherence against diversity, curves over K, critical differences.

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    """
    chosen = [measure for measure in measures or results.measures if measure not in COSTS]
    figures = []
    coherence = next((each for each in ("c_npmi", "npmi_doc", "c_v") if each in chosen), None)
    if coherence is not None and "topic_diversity" in chosen and len(results.systems) > 1:
        figures.append(plot_pareto(results, coherence=coherence))
    if len(results.topics) > 1:
        figures += [plot_over_topics(results, measure) for measure in chosen]
    for measure in chosen:
        try:
            figures.append(plot_critical_difference(results, measure))
        except InputError:  # one system, or one corpus and K
            continue
    return figures


def write_page(
    path: str | os.PathLike[str], title: str, tables: Sequence[Table], figures: "Sequence[Figure]" = ()
) -> None:
    """Write tables and plots; the plots' library lies in the file itself."""
    parts = [f"<h1>{htmllib.escape(title)}</h1>"]
    for number, figure in enumerate(figures):
        told = (figure.layout.meta or {}).get("description", "")
        drawn = figure.to_html(full_html=False, include_plotlyjs=number == 0, default_height="28rem")
        parts.append(f'<figure role="group" aria-label="{htmllib.escape(told)}">{drawn}</figure>')
    # A wide table scrolls by itself, with the keyboard, too.
    parts += [
        f'<div class="wide" tabindex="0" role="region" aria-label="{htmllib.escape(each.title)}">{html(each)}</div>'
        for each in tables
    ]
    head = f'<meta charset="utf-8"><title>{htmllib.escape(title)}</title><style>{_STYLE}</style>'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    with atomic_file(Path(path)) as temporary:
        text = f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
        temporary.write_text(text, encoding="utf-8")


def plots_if_possible(results: Results, measures: Sequence[str] | None = None) -> "tuple[list[Figure], str]":
    """The plots, and nothing; or none, and how to get them."""
    try:
        return plots_of(results, measures), ""
    except MissingExtraError as error:
        return [], str(error)
