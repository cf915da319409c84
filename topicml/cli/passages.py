"""Passages of documents on the screen."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from topicml.cli import printing

if TYPE_CHECKING:
    from topicml.explore import TopicView
    from topicml.report.excerpts import Excerpt

_STYLES = ("", "underline", "bold underline", "bold reverse")  # by how strongly a word drives the topic
_PIPE_LENGTH = 200  # characters of a passage outside a terminal, which sets no width


class Passages:
    """Prints passages of documents around given words.

    Parameters
    ----------
    view : TopicView
        The topics and documents.
    texts : sequence of str or None
        All texts of which passages will be printed.
    """

    def __init__(self, view: "TopicView", texts: Sequence[str | None]) -> None:
        from topicml.report.excerpts import Surfaces, searched

        corpus = view.corpus
        is_raw = corpus is not None and "text" in corpus.fields and corpus.preprocessor is not None
        # Documents that came as tokens have their words in the text unchanged, so need no preprocessor to find them.
        self._surfaces = Surfaces(getattr(view.model, "preprocessor_", None) if is_raw else None)
        self._surfaces.learn([searched(text) for text in texts if text])
        self._is_terminal = sys.stdout.isatty()

    def show(self, heading: str, text: str | None, weights: Mapping[str, float]) -> None:
        """Print a heading and a passage; a terminal marks the words of `weights`.

        Parameters
        ----------
        heading : str
            A line above the passage.
        text : str or None
            The document; None prints only the heading.
        weights : mapping of str to float
            Words to find, and how much each matters.
        """
        from topicml.report.excerpts import excerpt

        heading = printing.safe(heading)
        if not self._is_terminal:
            print(f"  {heading}")
            if text:
                print(f"    {_plain(excerpt(text, weights, self._surfaces, limit=_PIPE_LENGTH))}")
            return
        from rich.console import Console
        from rich.padding import Padding
        from rich.text import Text

        console = Console()
        console.print(Text(f"  {heading}", style="dim"))
        if text:
            passage = excerpt(text, weights, self._surfaces, limit=max(3 * (console.width - 6), 120))
            line = Text("… " if passage.before else "")
            for piece, level in passage.pieces:
                line.append(printing.safe(piece), style=_STYLES[level])
            line.append(" …" if passage.after else "")
            console.print(Padding(line, (0, 2, 1, 4)))


def _plain(passage: "Excerpt") -> str:
    text_of_passage = "".join(piece for piece, _ in passage.pieces)
    text = " ".join(printing.safe(text_of_passage).split())
    return f"{'… ' * passage.before}{text}{' …' * passage.after}"
