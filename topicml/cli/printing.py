"""Tables for people at a terminal, and plain aligned text for pipes and files."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows under column names: numbers to the right, everything else to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [
        all(value is None or isinstance(value, int | float) for value in (row[i] for row in rows))
        for i in range(len(columns))
    ]
    if sys.stdout.isatty():
        _for_people(columns, cells, right, title)
    else:
        _plain(columns, cells, right, title)


def topics_table(topics: Sequence[Sequence[str]]) -> None:
    """Print the words of topics, a line each."""
    table(("topic", "words"), [(number, " ".join(words)) for number, words in enumerate(topics)])


def scores_table(scores: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the scores of `topicml.metrics.score`: the mean, and how it was computed."""
    table(("score", "mean", "of"), [(name, score["mean"], _protocol(score)) for name, score in scores.items()])


def balance_line(history: Sequence[Mapping[str, Any]]) -> str | None:
    """How the last epoch's gradients were balanced, in a line; None where there was nothing to balance."""
    last = history[-1] if history else {}
    weights = {name.removeprefix("weight_"): value for name, value in last.items() if name.startswith("weight_")}
    if not weights:
        return None
    shares = {name: weight * last[f"norm_{name}"] for name, weight in weights.items()}
    total = sum(shares.values()) or 1.0
    parts = [f"{name} {share / total:.0%}" for name, share in shares.items()]
    parts += [f"{name.replace('_', ' ')} {value:+.2f}" for name, value in last.items() if name.startswith("cosine")]
    return f"Shares of the encoder's step: {', '.join(parts)}, stationarity gap {last['stationarity']:.3g}"


def is_watched(progress: bool | None) -> bool:
    """Whether to show progress: as asked, or (None) to a person at a terminal, not in a script or in CI."""
    return sys.stderr.isatty() and not os.environ.get("CI") if progress is None else progress


def note(text: str) -> None:
    """Say something beside the results, where it is in no pipe's way."""
    print(text, file=sys.stderr, flush=True)


def _for_people(columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name, is_number in zip(columns, right, strict=True):
        grid.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        grid.add_row(*map(Text, row))
    Console().print(grid)


def _plain(columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    lines = [list(columns), *cells]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if title:
        print(title)
    for line in lines:
        aligned = (
            each.rjust(width) if number else each.ljust(width)
            for each, width, number in zip(line, widths, right, strict=True)
        )
        print("  ".join(aligned).rstrip())


def _protocol(score: Mapping[str, Any]) -> str:
    if "labels" in score:
        return f"{score['documents']:,} documents, {score['labels']} labels"
    parts = [f"{score['topn']} words"]
    if "window" in score:
        parts.append("in a document" if score["window"] == "document" else f"windows of {score['window']}")
    if score.get("coverage", 1) < 1:
        parts.append(f"{score['coverage']:.0%} of them in the reference")
    return ", ".join(parts)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
