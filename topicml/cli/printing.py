"""Printing: rich tables in a terminal, plain aligned text to pipes and files."""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topicml.files import shown

# Control characters, and characters that change the direction of text. Documents come from others: printing them must
# not move the cursor, colour the screen or reorder the line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


# Names of files in messages, such as "standard input" for a temporary copy of it.
_called: dict[str, str] = {}


def call(path: Path, name: str) -> None:
    """Let messages say `name` where they would say the path of a file."""
    _called[str(path)] = name


def in_words(text: str) -> str:
    """Text of a message with the names of files as `call` set them."""
    for path, name in _called.items():
        text = text.replace(path, name)
    return text


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequences
        Values of any type; None is printed as a hyphen. Columns of numbers are aligned right, others left.
    title : str, optional
        A line above the table.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    right = [
        all(value is None or isinstance(value, int | float) for value in (row[i] for row in rows))
        for i in range(len(columns))
    ]
    if sys.stdout.isatty():
        _print_rich(columns, cells, right, title)
    else:
        _print_plain(columns, cells, right, title)


def topics_table(topics: Sequence[Sequence[str]], names: Sequence[str | None] = ()) -> None:
    """Print the words of topics.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic.
    names : sequence of str or None
        The names of the topics; without any, there is no column for them.
    """
    if any(names):
        rows = [(number, names[number] or "", " ".join(words)) for number, words in enumerate(topics)]
        table(("topic", "label", "words"), rows)
        return
    table(("topic", "words"), [(number, " ".join(words)) for number, words in enumerate(topics)])


def topics_tree(view: Any, n: int) -> None:
    """Print the words of parents, and below each those of its topics.

    Parameters
    ----------
    view : TopicView
        Of a model with a tree.
    n : int
        Number of words.
    """
    words, names = [" ".join(view.vocabulary[i] for i in ids) for ids in view.top_word_ids(n)], view.names
    rows: list[tuple[Any, ...]] = []
    below: set[int] = set()
    for branch in view.branches():
        rows.append((f"{branch.number + 1}.", branch.name or "", " ".join(branch.words[:n])))
        rows += [(f"{branch.number + 1}. {k}", names[k] or "", words[k]) for k in branch.topics]
        below.update(branch.topics)
    rows += [(str(k), names[k] or "", words[k]) for k in view.shown if k not in below]
    if any(label for _, label, _ in rows):
        table(("topic", "label", "words"), rows)
    else:
        table(("topic", "words"), [(number, text) for number, _, text in rows])


def languages_table(topics: Mapping[str, Sequence[Sequence[str]]], shown: Sequence[int] | None = None) -> None:
    """Print the words of topics in several languages: side by side in a terminal, else a row for each language.

    Parameters
    ----------
    topics : mapping of str to sequences of sequences of str
        Name of each language to the words of each topic.
    shown : sequence of int, optional
        Topics to print; all by default.
    """
    numbers = range(len(next(iter(topics.values())))) if shown is None else shown
    if sys.stdout.isatty():
        table(("topic", *topics), [(k, *(" ".join(words[k]) for words in topics.values())) for k in numbers])
        return
    rows = [(k, name, " ".join(words[k])) for k in numbers for name, words in topics.items()]
    table(("topic", "language", "words"), rows)


def scores_table(scores: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the scores of `topicml.metrics.score`: the mean, and how it was computed."""
    table(("score", "mean", "computed on"), [(name, score["mean"], _protocol(score)) for name, score in scores.items()])


def balance_line(history: Sequence[Mapping[str, Any]]) -> str | None:
    """Describe how the gradients of the last epoch were balanced.

    Parameters
    ----------
    history : sequence of mappings
        `history_` of a fitted model.

    Returns
    -------
    str or None
        One line; None if the model has a single loss.
    """
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
    """Print a heading; bold in a terminal."""
    line(text, style="bold")


def line(text: str, *, style: str = "") -> None:
    """Print a line of text, which a terminal wraps between words.

    Parameters
    ----------
    text : str
        Control characters are replaced by blanks.
    style : str
        A style of rich, for a terminal.
    """
    if not sys.stdout.isatty():
        print(safe(text))
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(safe(text), style=style))


def safe(text: str) -> str:
    """Replace line breaks, control characters and direction marks by blanks."""
    return _CONTROL.sub(" ", in_words(text))


def note(text: str) -> None:
    """Print a message to stderr, so that piped output stays clean. Control characters are shown as escapes."""
    print(shown(in_words(text)), file=sys.stderr, flush=True)


def _print_rich(columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # As Text: rich would read brackets in a string as markup.
    heading = None if title is None else Text(safe(title), style="table.title")
    grid = Table(box=box.SIMPLE_HEAD, title=heading, title_justify="left", pad_edge=False)
    for name, is_number in zip(columns, right, strict=True):
        grid.add_column(Text(safe(name)), justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        grid.add_row(*map(Text, row))
    Console().print(grid)


def _print_plain(columns: Sequence[str], cells: list[list[str]], right: list[bool], title: str | None) -> None:
    from rich.cells import cell_len  # width in a terminal: two for a CJK character, zero for a combining mark

    lines = [list(map(safe, columns)), *cells]
    lengths = [[cell_len(each) for each in line] for line in lines]
    widths = [max(column) for column in zip(*lengths, strict=True)]
    if title:
        print(safe(title))
    for line, line_lengths in zip(lines, lengths, strict=True):
        aligned = (
            " " * (width - length) + each if number else each + " " * (width - length)
            for each, length, width, number in zip(line, line_lengths, widths, right, strict=True)
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
