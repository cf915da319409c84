"""Small HTML tables for notebooks: escaped, without scripts, readable on light and dark pages."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

# Text inherits the colours of the page; lines are a grey that is visible on white and on black.
_TABLE = "border-collapse:collapse;color:inherit;background:transparent;font-size:0.9em;margin:0.3em 0"
_LINE = "border-bottom:1px solid rgba(128,128,128,0.4)"
_CELL = "padding:0.15em 0.7em 0.15em 0;vertical-align:top;border:0;background:transparent;color:inherit"
_MAX_CHARACTERS = 200  # per cell


def html_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str = "", notes: Sequence[str] = ()
) -> str:
    """Format a table as HTML: numbers right-aligned, text left-aligned, None as a hyphen.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    rows : iterable of sequences
        Values of any type, converted to text, escaped, and truncated to 200 characters.
    title : str
        Caption of the table.
    notes : sequence of str
        Lines below the table.

    Returns
    -------
    str
        HTML without style sheets or scripts.
    """
    rows = list(rows)
    right = [bool(rows) and all(row[i] is None or _is_number(row[i]) for row in rows) for i in range(len(columns))]
    head = "".join(
        f'<th scope="col" style="{_CELL};{_LINE};text-align:{_side(number)}">{escape(name)}</th>'
        for name, number in zip(columns, right, strict=True)
    )
    body = "".join(
        '<tr style="background:transparent">'
        + "".join(
            f'<td dir="auto" style="{_CELL};text-align:{_side(number)}">{_cell(value)}</td>'
            for value, number in zip(row, right, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    caption = (
        f'<caption style="caption-side:top;text-align:left;color:inherit;font-weight:bold">{_cell(title)}</caption>'
        if title
        else ""
    )
    under = "".join(f'<div style="font-size:0.85em;opacity:0.8">{_cell(note)}</div>' for note in notes)
    return f'<table style="{_TABLE}">{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{under}'


def _side(number: bool) -> str:
    return "right" if number else "left"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        text = str(value)
        return escape(text if len(text) <= _MAX_CHARACTERS else text[: _MAX_CHARACTERS - 1] + "…")
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.4g}"
