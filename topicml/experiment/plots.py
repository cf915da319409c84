"""Plots of results: critical differences, coherence against diversity, curves over the number of topics."""

from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.errors import InputError, MissingExtraError
from topicml.experiment.statistics import Ranking, summary
from topicml.experiment.tables import ranking_of
from topicml.experiment.values import Block, ResultValues, comparable

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe and Ito's colours are distinct with any colour vision; dashes and markers are distinct without colour. Markers
# are open from the eighth system on.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")


def plot_critical_difference(results: ResultValues, measure: str, *, alpha: float = 0.05) -> "Figure":
    """Plot average ranks on a line; bars join systems that do not differ significantly (Demsar, 2006, figure 1).

    Parameters
    ----------
    results : Results
        The results.
    measure : str
        The measure to rank by.
    alpha : float
        Level of the critical difference.

    Returns
    -------
    plotly Figure
        The plot.

    Raises
    ------
    InputError
        If there are fewer than two systems or blocks, or the results have no such measure.
    MissingExtraError
        If plotly is not installed.
    """
    ranked = ranking_of(results, measure, alpha=alpha)
    objects = _plotly()
    figure = objects.Figure()
    for number, (system, rank) in enumerate(zip(ranked.systems, ranked.ranks, strict=True)):
        figure.add_trace(
            objects.Scatter(
                x=[rank, rank],
                y=[0, -number - 1],
                mode="lines+markers+text",
                text=["", f" {system} ({rank:.2f})"],
                textposition="middle right",
                line={"color": "#888888", "width": 1},
                marker={"color": _style(number)["color"], "size": [0, 9], "symbol": _style(number)["symbol"]},
                name=system,
                showlegend=False,
            )
        )
    for number, (first, last) in enumerate(ranked.groups()):
        figure.add_trace(
            objects.Scatter(
                x=[ranked.ranks[first] - 0.03, ranked.ranks[last] + 0.03],
                y=[-0.15 - 0.2 * number] * 2,
                mode="lines",
                line={"color": "#000000", "width": 5},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    title = f"Average ranks by {measure}; critical difference {ranked.critical_difference:.2f} at alpha = {alpha:g}"
    figure.update_xaxes(title_text="average rank (1 is best)", range=[0.7, len(ranked.systems) + 1.3], dtick=1)
    figure.update_yaxes(visible=False)
    figure.update_layout(title_text=title, template="plotly_white", meta={"description": _in_words(ranked, title)})
    return figure


def plot_pareto(
    results: ResultValues,
    *,
    coherence: str = "c_npmi",
    diversity: str = "topic_diversity",
    corpus: str | None = None,
    n_topics: int | None = None,
) -> "Figure":
    """Plot mean coherence against mean diversity of every system, with standard deviations and the Pareto front.

    The means are over the corpora, numbers of topics and seeds that all systems have
    (`topicml.experiment.values.comparable`). A system is on the front if no other is better in one measure and at least
    as good in the other.

    Parameters
    ----------
    results : Results
        The results.
    coherence, diversity : str
        The measures of the axes.
    corpus : str, optional
        Only values on this corpus.
    n_topics : int, optional
        Only values with this number of topics.

    Returns
    -------
    plotly Figure
        The plot.

    Raises
    ------
    InputError
        If the results lack a measure, or no block has both for all systems.
    MissingExtraError
        If plotly is not installed.
    """
    x, y = (results.values(each, corpus=corpus, n_topics=n_topics) for each in (diversity, coherence))
    both = {system: {block: None for block in x[system] if block in y.get(system, ())} for system in x}
    systems, blocks = comparable({system: of_blocks for system, of_blocks in both.items() if of_blocks})
    if not blocks:
        raise InputError(f"No corpus, number of topics and seed has both {coherence} and {diversity} for all systems.")
    points = {system: [summary([of[system][each] for each in blocks]) for of in (x, y)] for system in systems}
    signs = [1 if results.higher_is_better(each) else -1 for each in (diversity, coherence)]
    best = pareto_front(
        np.array([[sign * s.mean for sign, s in zip(signs, points[each], strict=True)] for each in systems])
    )
    objects = _plotly()
    figure = objects.Figure()
    front = sorted((points[systems[i]][0].mean, points[systems[i]][1].mean) for i in best)
    figure.add_trace(
        objects.Scatter(
            x=[x for x, _ in front],
            y=[y for _, y in front],
            mode="lines",
            name="Pareto front",
            line={"color": "#888888", "dash": "dot"},
        )
    )
    for number, (system, (across, up)) in enumerate(points.items()):
        style = _style(number)
        figure.add_trace(
            objects.Scatter(
                x=[across.mean],
                y=[up.mean],
                error_x={"array": [_width(across.std)], "thickness": 1},
                error_y={"array": [_width(up.std)], "thickness": 1},
                mode="markers",
                name=system,
                marker={"color": style["color"], "symbol": style["symbol"], "size": 10},
            )
        )
    figure.update_xaxes(title_text=f"{diversity} (mean ± std)")
    figure.update_yaxes(title_text=f"{coherence} (mean ± std)")
    where = ", ".join([*([corpus] if corpus else []), *([f"K = {n_topics}"] if n_topics else [])]) or "all corpora"
    title = f"{coherence} against {diversity}, {where}"
    best_names = ", ".join(systems[i] for i in best)
    figure.update_layout(
        title_text=title, template="plotly_white", meta={"description": f"{title}. On the Pareto front: {best_names}."}
    )
    return figure


def plot_over_topics(results: ResultValues, measure: str, *, corpus: str | None = None) -> "Figure":
    """Plot a measure over the number of topics, a line per system, with 95 % bootstrap intervals.

    The means are over the corpora and seeds that all systems have at all their numbers of topics, so that a line does
    not rise or fall because other corpora were run. Without such corpora and seeds, all values count.

    Parameters
    ----------
    results : Results
        The results.
    measure : str
        The measure.
    corpus : str, optional
        Only values on this corpus.

    Returns
    -------
    plotly Figure
        The plot.

    Raises
    ------
    InputError
        If the results have no such measure, or none on the corpus.
    MissingExtraError
        If plotly is not installed.
    """
    values = results.values(measure, corpus=corpus)
    if not values:
        raise InputError(f"The results have no {measure} on {corpus!r}. Corpora: {', '.join(results.corpora)}.")
    values = _at_every_size(values)
    objects = _plotly()
    figure = objects.Figure()
    sentences = []
    for number, (system, by_block) in enumerate(values.items()):
        sizes = sorted({n_topics for _, n_topics, _ in by_block})
        means = [summary([v for (_, k, _), v in by_block.items() if k == n_topics]) for n_topics in sizes]
        style = _style(number)
        figure.add_trace(
            objects.Scatter(
                x=sizes,
                y=[each.mean for each in means],
                error_y={
                    "array": [_width(each.high - each.mean) for each in means],
                    "arrayminus": [_width(each.mean - each.low) for each in means],
                    "thickness": 1,
                },
                mode="lines+markers",
                name=system,
                line={"color": style["color"], "dash": style["dash"]},
                marker={"symbol": style["symbol"]},
            )
        )
        sentences.append(f"{system} from {means[0].mean:.3g} to {means[-1].mean:.3g}")
    title = f"{measure} over the number of topics" + (f", {corpus}" if corpus else "")
    figure.update_xaxes(title_text="number of topics K", tickvals=results.topics)
    figure.update_yaxes(title_text=f"{measure} (mean, 95 % interval)")
    figure.update_layout(
        title_text=title, template="plotly_white", meta={"description": f"{title}: {'; '.join(sentences)}."}
    )
    return figure


def _at_every_size(values: dict[str, dict[Block, float]]) -> dict[str, dict[Block, float]]:
    """The values of each (corpus, seed) that all systems have at all their K; without any, all values."""
    at: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for system, by_block in values.items():
        for name, n_topics, seed in by_block:
            at.setdefault((system, n_topics), set()).add((name, seed))
    common = set.intersection(*at.values())
    if not common:
        return values
    return {
        system: {block: value for block, value in by_block.items() if (block[0], block[2]) in common}
        for system, by_block in values.items()
    }


def pareto_front(points: np.ndarray) -> list[int]:
    """Rows of `points` (n, m) that no other row dominates: at least as high in all columns, and higher in one."""
    at_least = np.all(points[None, :, :] >= points[:, None, :], axis=2)
    higher = np.any(points[None, :, :] > points[:, None, :], axis=2)
    dominated = np.any(at_least & higher, axis=1)
    return [int(row) for row in np.flatnonzero(~dominated)]


def _style(number: int) -> dict[str, str]:
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "dash": _DASHES[number % len(_DASHES)],
        "symbol": _MARKERS[number % len(_MARKERS)] + "-open" * (number // len(_MARKERS) % 2),
    }


def _width(value: float) -> float:
    return value if np.isfinite(value) else 0.0


def _in_words(ranked: Ranking, title: str) -> str:
    ranks = ", ".join(f"{system} {rank:.2f}" for system, rank in zip(ranked.systems, ranked.ranks, strict=True))
    bars = [f"{ranked.systems[first]} to {ranked.systems[last]}" for first, last in ranked.groups()]
    return f"{title}. Ranks: {ranks}. No significant difference: {'; '.join(bars) or 'none'}."


def _plotly() -> Any:
    try:
        from plotly import graph_objects
    except ImportError as error:
        raise MissingExtraError("Plots need plotly. Install it with: pip install 'topicml[plots]'") from error
    return graph_objects
