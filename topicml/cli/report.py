"""``topicml report``: a fitted model on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import given_reading
from topicml.cli.options import (
    SOURCE_HELP,
    Delimiter,
    Encoding,
    ModelFolder,
    Overwrite,
    ReadStdin,
    Sheet,
    TextColumn,
)
from topicml.cli.reporting import facts_for_report, label_field, report_title
from topicml.cli.standard_input import StdinFormat, name_of
from topicml.cli.trusting import open_folder
from topicml.errors import InputError
from topicml.files import check_absent
from topicml.runs import DocumentsState

if TYPE_CHECKING:
    from topicml.corpus import Corpus

_HOW_TO_GIVE = "The page leaves out everything that needs documents. To pass them: topicml report DIR SOURCE"


def report(
    folder: ModelFolder,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]", help=f"{SOURCE_HELP} By default the documents of the fit.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Output file; DIR/report.html by default.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD|UNIT",
            help="Field of the classes to compare; or the calendar unit of --over: year, quarter, month, week, day or "
            "hour. Give it twice for both.",
        ),
    ] = None,
    over: Annotated[str | None, typer.Option(metavar="FIELD", help="Field of the times of documents.")] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the page.")] = None,
    umap: Annotated[bool, typer.Option("--umap", help="Map documents with UMAP (slower; needs umap-learn).")] = False,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
    overwrite: Overwrite = False,
) -> None:
    """Write a report of a fitted model: one HTML file to open, search, print and send.

    `topicml fit --out` writes DIR/report.html already; this command writes it again, after edits, for other documents
    or with other fields. An existing file, also DIR/report.html, is replaced only with --overwrite. The page has
    excerpts of documents and needs no network.

    \b
    Examples:
      topicml report run --overwrite
      topicml report run -o topics.html --by label
      topicml report run -o topics.html --over date --by month
      topicml report run new.csv --text-column text -o new.html
    """  # noqa: D301 - \b keeps the lines as they are
    out = folder / "report.html" if out is None else out
    if out.is_dir():
        raise InputError(f"{out} is a folder. Pass the name of a file: -o {out / 'report.html'}")
    check_absent(out, overwrite=overwrite)
    from topicml.report.page import check_extra, write_report

    check_extra()
    run = open_folder(folder)
    corpus: Corpus | None
    given = given_reading("SOURCE", source, text_column, encoding, delimiter, sheet, stdin_format)
    if given is not None:
        corpus, theta, notes = run.read(given), None, [f"Documents: {name_of(source or '')}."]
    else:
        documents = run.documents
        corpus, theta, notes = documents.corpus, documents.theta, [documents.message] if documents.message else []
        if documents.state is DocumentsState.CHANGED:
            notes[0] += " The page shows it as it is now."
    from topicml.explore import TopicView

    edited = bool(TopicView.of(run.model).changes)  # the scores of the fit are of the topics before the edits
    scores = None if theta is None or edited else run.scores
    if corpus is None and (by or over is not None):
        raise InputError(
            f"--by and --over name fields of documents, but there are no documents. {' '.join(notes)} {_HOW_TO_GIVE}"
        )
    reading = run.record.get("configuration", {}).get("reading", {})
    name, label_column = name_of(source or reading.get("source", "")), reading.get("label_column")
    classes, unit = _class_and_unit(by or [], corpus, label_column, over)
    if classes is None:
        classes = label_field(label_column, corpus)
    elif classes == label_column and corpus is not None and classes not in corpus.fields:
        classes = "label"  # the name that reading gave to that column
    write_report(
        run.model,
        out,
        corpus,
        theta=theta,
        scores=scores,
        by=classes,
        over=over,
        unit=unit,
        names={"label": label_column} if label_column else {},
        title=title or (report_title(name) if name else None),
        made=facts_for_report(run.record),
        notes=tuple(notes),
        map_method="umap" if umap else "tsne",
    )
    for note in notes if corpus is None else ():
        printing.note(f"{note} {_HOW_TO_GIVE}")
    printing.note(f"Report: {out} ({out.stat().st_size / 1e6:.1f} MB)")


def _class_and_unit(
    by: list[str], corpus: "Corpus | None", label_column: str | None, over: str | None
) -> tuple[str | None, str | None]:
    """The field of classes and the calendar unit that ``--by`` gives.

    Parameters
    ----------
    by : list of str
        The values of ``--by``. A name of a unit is a field if the documents have such a field and times are not named.
    corpus : Corpus or None
        The documents.
    label_column : str or None
        The column of labels of the fit.
    over : str or None
        The field of times, if it is named.

    Returns
    -------
    classes, unit : str or None

    Raises
    ------
    InputError
        If two fields or two units are given.
    """
    from topicml.corpus.times import UNITS

    fields = {label_column} if corpus is None else {label_column, *corpus.fields}
    units = [name for name in by if name in UNITS and (over is not None or name not in fields)]
    classes = [name for name in by if name not in units]
    for names, kind in ((classes, "field of classes"), (units, "calendar unit")):
        if len(names) > 1:
            raise InputError(f"--by takes one {kind}; received {' and '.join(names)}. Write a report for each.")
    return next(iter(classes), None), next(iter(units), None)
