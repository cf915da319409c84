"""Tables for people at a terminal, and plain aligned text for pipes and files."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

# What a terminal would obey rather than show: control characters, and those that turn the direction of what follows.
# Documents are others' words; they must not move the cursor, colour the screen or reorder the line.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


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
    norms = {name: last[f"norm_{name}"] for name in weights}
    total = sum(weight * norms[name] for name, weight in weights.items()) or 1.0
    parts = [
        f"{name} {weight * norms[name] / total:.0%} (weight {weight:.3g}, gradient {norms[name]:.3g})"
        for name, weight in weights.items()
    ]
    parts += [f"{name.replace('_', ' ')} {value:+.2f}" for name, value in last.items() if name.startswith("cosine")]
    return f"Shares of the encoder's step: {', '.join(parts)}, stationarity gap {last['stationarity']:.3g}"


def heading(text: str) -> None:
    """Print the heading of what follows."""
    line(text, style="bold")


def line(text: str, *, style: str = "") -> None:
    """Print a line of text; a terminal breaks it between words."""
    if not sys.stdout.isatty():
        print(safe(text))
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(safe(text), style=style))


def safe(text: str) -> str:
    """Text in one line that a terminal only shows: a blank for line breaks, control and direction characters."""
    return _OBEYED.sub(" ", text)


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
    from rich.cells import cell_len  # columns of a terminal: two for a CJK character, none for a combining mark

    lines = [list(columns), *cells]
    lengths = [[cell_len(each) for each in line] for line in lines]
    widths = [max(column) for column in zip(*lengths, strict=True)]
    if title:
        print(title)
    for line, taken in zip(lines, lengths, strict=True):
        aligned = (
            " " * (width - length) + each if number else each + " " * (width - length)
            for each, length, width, number in zip(line, taken, widths, right, strict=True)
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
        return safe(str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"
