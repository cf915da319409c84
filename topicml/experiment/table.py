"""A table of text, and its Markdown, LaTeX and HTML."""

import html as htmllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

NOTHING = "-"
"""Text of a cell without a value."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Parameters
    ----------
    text : str
        Its text.
    strong : bool
        Whether it is bold, as the best of a column is.
    """

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Parameters
    ----------
    title : str
        Its title.
    head : tuple of str
        Names of the columns.
    rows : tuple of tuples of Cell
        Rows as long as the head; the first cell names the row.
    note : str
        What the numbers are.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def markdown(table: Table) -> str:
    """The table in Markdown, with its title as a heading."""

    def line(cells: Sequence[Cell]) -> str:
        texts = (each.text.replace("|", "\\|") for each in cells)
        shown = (f"**{text}**" if cell.strong else text for cell, text in zip(cells, texts, strict=True))
        return "| " + " | ".join(shown) + " |"

    rows = [line([Cell(each) for each in table.head]), "|---" + "|---:" * (len(table.head) - 1) + "|"]
    parts = [f"## {table.title}", *([f"{table.note}."] if table.note else [])]
    return "\n\n".join([*parts, "\n".join([*rows, *map(line, table.rows)])])


def latex(table: Table) -> str:
    """The table in LaTeX; it needs the package booktabs."""

    def line(cells: Sequence[Cell]) -> str:
        texts = (_latex(each.text) for each in cells)
        shown = (rf"\textbf{{{text}}}" if cell.strong else text for cell, text in zip(cells, texts, strict=True))
        return " & ".join(shown) + r" \\"

    caption = _latex(f"{table.title}: {table.note}." if table.note else f"{table.title}.")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(table.head) - 1)}}}",
            r"\toprule",
            line([Cell(each) for each in table.head]),
            r"\midrule",
            *map(line, table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def html(table: Table) -> str:
    """The table in HTML, with a caption and scoped heads."""

    def line(cells: Sequence[Cell]) -> str:
        first, *others = (htmllib.escape(each.text) for each in cells)
        cells_html = [f"<strong>{t}</strong>" if c.strong else t for c, t in zip(cells[1:], others, strict=True)]
        return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{each}</td>" for each in cells_html) + "</tr>"

    caption = htmllib.escape(f"{table.title}: {table.note}." if table.note else f"{table.title}.")
    head = "".join(f'<th scope="col">{htmllib.escape(each)}</th>' for each in table.head)
    rows = "\n".join(map(line, table.rows))
    return f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


FORMATS: dict[str, Callable[[Table], str]] = {"markdown": markdown, "latex": latex, "html": html}

_LATEX = {
    **{each: rf"\{each}" for each in "&%$#_{}"},
    "±": r"$\pm$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(each, each) for each in text)
