"""An HTML page of tables and plots, which needs no network."""

import html as htmllib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from topicml.errors import InputError, MissingExtraError
from topicml.experiment.plots import plot_critical_difference, plot_over_topics, plot_pareto
from topicml.experiment.table import Table, html
from topicml.experiment.values import COSTS, ResultValues
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


def plots_of(results: ResultValues, measures: Sequence[str] | None = None) -> "list[Figure]":
    """The plots that the results allow: coherence against diversity, curves over K, critical differences.

    Parameters
    ----------
    results : Results
        The results.
    measures : sequence of str, optional
        Measures to plot; by default all but costs.

    Returns
    -------
    list of plotly Figure
        Plots that need more systems, corpora or numbers of topics than the results have are left out.

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    """
    plot_measures = [measure for measure in measures or results.measures if measure not in COSTS]
    figures = []
    coherence = next((each for each in ("c_npmi", "npmi_doc", "c_v") if each in plot_measures), None)
    if coherence is not None and "topic_diversity" in plot_measures and len(results.systems) > 1:
        figures.append(plot_pareto(results, coherence=coherence))
    if len(results.topics) > 1:
        figures += [plot_over_topics(results, measure) for measure in plot_measures]
    for measure in plot_measures:
        try:
            figures.append(plot_critical_difference(results, measure))
        except InputError:  # only one system, or one corpus and K
            continue
    return figures


def write_page(
    path: str | os.PathLike[str], title: str, tables: Sequence[Table], figures: "Sequence[Figure]" = ()
) -> None:
    """Write tables and plots to an HTML page that includes the library of the plots.

    Parameters
    ----------
    path : path
        The file.
    title : str
        Title of the page.
    tables : sequence of Table
        Shown below the plots.
    figures : sequence of plotly Figure
        A description of each, for screen readers, is in its layout (``meta["description"]``).
    """
    parts = [f"<h1>{htmllib.escape(title)}</h1>"]
    for number, figure in enumerate(figures):
        description = (figure.layout.meta or {}).get("description", "")
        figure_html = figure.to_html(full_html=False, include_plotlyjs=number == 0, default_height="28rem")
        parts.append(f'<figure role="group" aria-label="{htmllib.escape(description)}">{figure_html}</figure>')
    # A wide table scrolls in its own region, which the keyboard can reach.
    parts += [
        f'<div class="wide" tabindex="0" role="region" aria-label="{htmllib.escape(each.title)}">{html(each)}</div>'
        for each in tables
    ]
    head = f'<meta charset="utf-8"><title>{htmllib.escape(title)}</title><style>{_STYLE}</style>'
    head += '<meta name="viewport" content="width=device-width, initial-scale=1">'
    body = "\n".join(parts)
    with atomic_file(Path(path)) as temporary:
        text = f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # of a name that is not UTF-8


def plots_if_possible(results: ResultValues, measures: Sequence[str] | None = None) -> "tuple[list[Figure], str]":
    """The plots of the results, if plotly is installed.

    Parameters
    ----------
    results, measures
        As in `plots_of`.

    Returns
    -------
    figures : list of plotly Figure
        Empty without plotly.
    message : str
        How to install plotly; empty if it is installed.
    """
    try:
        return plots_of(results, measures), ""
    except MissingExtraError as error:
        return [], str(error)
