"""Open a model, and other documents than those of its fit."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.cli import printing
from topicml.cli.standard_input import StdinFormat, source_of
from topicml.cli.trusting import open_folder
from topicml.errors import InputError
from topicml.runs import OpenRun, Reading

if TYPE_CHECKING:
    from topicml.explore import TopicView

HOW_TO_GIVE = "Pass documents: --source FILE, with --text-column NAME if it is a table."


@dataclass(frozen=True)
class Opened:
    """A run with a view of its topics.

    Attributes
    ----------
    run : OpenRun
        The run, or the saved model.
    view : TopicView
        The topics, with the documents if there are any.
    why_no_documents : str
        A sentence that says why `view` has no documents; empty if it has.
    """

    run: OpenRun
    view: "TopicView"
    why_no_documents: str = ""

    def require_documents(self) -> None:
        """Raise `InputError`, which states how to pass documents, if there are none."""
        if self.why_no_documents:
            raise InputError(f"There are no documents to show. {self.why_no_documents} {HOW_TO_GIVE}")


def given_reading(
    argument: str,
    source: str | None,
    text_column: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    stdin_format: StdinFormat = StdinFormat.auto,
) -> Reading | None:
    """How to read documents that a command takes in place of those of the fit; None if it is given none.

    Parameters
    ----------
    argument : str
        The argument of the command that takes `source`, for messages.
    source, text_column, encoding, delimiter, sheet, stdin_format : optional
        What the command was given.

    Returns
    -------
    Reading or None

    Raises
    ------
    InputError
        If there is no source, but an option that says how it is read; or standard input is empty.
    """
    if source is not None:
        path = source_of(source, stdin_format)
        return Reading(path, text_column, encoding=encoding, delimiter=delimiter, sheet=sheet)
    options = {
        "--text-column": text_column,
        "--encoding": encoding,
        "--delimiter": delimiter,
        "--sheet": sheet,
        "--stdin-format": None if stdin_format is StdinFormat.auto else stdin_format,
    }
    if given := [name for name, value in options.items() if value is not None]:
        raise InputError(f"For other documents than those of the fit: pass {argument}, too, with {', '.join(given)}.")
    return None


def open_view(
    folder: Path,
    source: str | None = None,
    text_column: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    stdin_format: StdinFormat = StdinFormat.auto,
    *,
    topic: int | None = None,
    documents: bool = True,
    check: Callable[["TopicView"], object] | None = None,
) -> Opened:
    """Open a model with the documents of its fit, or with other documents.

    Parameters
    ----------
    folder : Path
        What `topicml fit --out` wrote, or a saved model.
    source, text_column, encoding, delimiter, sheet, stdin_format : optional
        Other documents than those of the fit, and how to read them.
    topic : int, optional
        A topic that must exist: a mistyped number is reported before the documents are read.
    documents : bool
        False reads no documents.
    check : callable, optional
        Called with the view before documents are read; it raises `InputError` for a model that the command cannot use.

    Returns
    -------
    Opened
        The run and the view of its topics.

    Raises
    ------
    InputError
        If the model or `source` cannot be read, or the topic does not exist.
    """
    if source is not None and not documents:
        raise InputError("--source gives documents and --no-documents leaves them out: pass one of the two.")
    run = open_folder(folder)
    model = run.model
    from topicml.explore import TopicView

    without_documents = TopicView.of(model)
    if topic is not None:
        without_documents.topic(topic)
    if check is not None:
        check(without_documents)
    reading = given_reading("--source", source, text_column, encoding, delimiter, sheet, stdin_format)
    if reading is not None:
        return Opened(run, TopicView.of(model, run.read(reading)))
    if not documents:
        return Opened(run, without_documents, "They were left out (--no-documents).")
    if run.documents.corpus is None:
        return Opened(run, without_documents, run.documents.message)
    if run.documents.message:
        printing.note(f"{run.documents.message} These are the documents as they are now.")
    return Opened(run, TopicView.of(model, run.documents.corpus, theta=run.documents.theta))


def records(frame: Any) -> list[dict[str, Any]]:
    """Rows of a data frame.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.

    Returns
    -------
    list of dict
        Per row the name of a column to a plain value that JSON can hold.
    """
    return [
        {name: value.item() if hasattr(value, "item") else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
