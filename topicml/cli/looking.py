"""What `show`, `search` and `docs` look at: a model and its documents, and passages of these on the screen."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.cli import printing
from topicml.cli.opening import fitted_documents, open_model
from topicml.cli.reading import AsFitted, Reading, absolute
from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.explore import TopicView
    from topicml.report.excerpts import Excerpt

HOW_TO_GIVE = "Give documents: --source FILE, with --text-column NAME where it is a table."
_STYLES = ("", "underline", "bold underline", "bold reverse")  # of words that drive a topic, more and more
_PIPED = 200  # characters of a passage where nobody's screen sets a width


@dataclass(frozen=True)
class Looked:
    """A model with its documents, or without and why.

    Attributes
    ----------
    view : TopicView
        Of no documents where there are none.
    lacking : str
        Why there are no documents; empty where there are.
    """

    view: "TopicView"
    lacking: str = ""

    def require_documents(self) -> None:
        """Raise `InputError` if there are no documents, saying how to give them."""
        if self.lacking:
            raise InputError(f"There are no documents to show. {self.lacking} {HOW_TO_GIVE}")


def look(
    folder: Path,
    source: str | None = None,
    text_column: str | None = None,
    encoding: str | None = None,
    *,
    topic: int | None = None,
    documents: bool = True,
) -> Looked:
    """Open a model, and the documents of its fit or others.

    Parameters
    ----------
    folder : Path
        What `topicml fit --out` wrote, or a saved model.
    source, text_column, encoding
        Other documents than those of the fit, and how they are read.
    topic : int, optional
        A topic that must be there: who mistypes should not wait for the documents.
    documents : bool
        False leaves them unread.

    Raises
    ------
    InputError
        If the model or `source` cannot be read, or there is no such topic.
    """
    if source is None and (text_column is not None or encoding is not None):
        raise InputError("--text-column and --encoding say how other documents are read: give --source, too.")
    if source is not None and not documents:
        raise InputError("--source gives documents and --no-documents leaves them out: give one of the two.")
    model = open_model(folder)
    from topicml.explore import TopicView
    from topicml.report import view_of

    alone = view_of(model)
    if topic is not None:
        alone.topic(topic)
    if source is not None:
        reading = Reading(absolute(source), text_column, encoding=encoding)
        corpus = reading.corpus(AsFitted(model.preprocessor_), progress=printing.is_watched(None))
        return Looked(TopicView.of(model, corpus))
    if not documents:
        return Looked(alone, "They were left out (--no-documents).")
    found = fitted_documents(folder, model)
    if found.corpus is None:
        return Looked(alone, found.told)
    if found.told:
        printing.note(f"{found.told} These are the documents as they are now.")
    return Looked(TopicView.of(model, found.corpus, theta=found.theta))


class Passages:
    """Passages of documents around given words.

    Parameters
    ----------
    view : TopicView
        Whose documents they are.
    texts : sequence of str or None
        All that will be asked for.
    """

    def __init__(self, view: "TopicView", texts: Sequence[str | None]) -> None:
        from topicml.report.excerpts import Surfaces, searched

        corpus = view.corpus
        raw = corpus is not None and "text" in corpus.fields and corpus.preprocessor is not None
        # Text that was tokens from the start, or is only words joined again, is found as it stands.
        self._surfaces = Surfaces(getattr(view.model, "preprocessor_", None) if raw else None)
        self._surfaces.learn([searched(text) for text in texts if text])
        self._screen = sys.stdout.isatty()

    def show(self, heading: str, text: str | None, weights: Mapping[str, float]) -> None:
        """Print a heading and a passage; on a terminal the words of `weights` stand out."""
        from topicml.report.excerpts import excerpt

        heading = printing.safe(heading)
        if not self._screen:
            print(f"  {heading}")
            if text:
                print(f"    {self._cut(excerpt(text, weights, self._surfaces, limit=_PIPED))}")
            return
        from rich.console import Console
        from rich.padding import Padding
        from rich.text import Text

        console = Console()
        console.print(Text(f"  {heading}", style="dim"))
        if text:
            found = excerpt(text, weights, self._surfaces, limit=max(3 * (console.width - 6), 120))
            told = Text("… " if found.before else "")
            for piece, level in found.pieces:
                told.append(printing.safe(piece), style=_STYLES[level])
            told.append(" …" if found.after else "")
            console.print(Padding(told, (0, 2, 1, 4)))

    @staticmethod
    def _cut(found: "Excerpt") -> str:
        whole = "".join(piece for piece, _ in found.pieces)
        told = " ".join(printing.safe(whole).split())
        return f"{'… ' * found.before}{told}{' …' * found.after}"


def records(frame: Any) -> list[dict[str, Any]]:
    """Rows of a data frame as plain values, for JSON and for printing."""
    return [
        {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
