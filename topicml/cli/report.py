"""``topicml report``: a fitted model on one page."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topicml.cli import printing
from topicml.cli.opening import State, fitted_documents, open_model, record_of
from topicml.cli.options import SOURCE_HELP, Encoding, ModelFolder, Overwrite, TextColumn
from topicml.cli.reading import AsFitted, Reading, absolute
from topicml.errors import InputError
from topicml.files import check_absent

if TYPE_CHECKING:
    from topicml.corpus import Corpus

_AT_REST = "The page lacks what needs documents. Give them: topicml report DIR SOURCE"


def report(
    folder: ModelFolder,
    source: Annotated[
        str | None,
        typer.Argument(metavar="[SOURCE]", help=f"{SOURCE_HELP} By default what was fitted.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; DIR/report.html by default.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="FIELD", help="Classes of documents to compare.")] = None,
    over: Annotated[str | None, typer.Option(metavar="FIELD", help="Times of documents.")] = None,
    title: Annotated[str | None, typer.Option(metavar="TEXT", help="Title of the page.")] = None,
    umap: Annotated[bool, typer.Option("--umap", help="Map documents by UMAP (slower; needs umap-learn).")] = False,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a report of a fitted model: one HTML file to open, search, print and send.

    `topicml fit --out` writes one already; this writes it anew, of other documents or with other fields.
    The file holds excerpts of documents and needs no network.

    \b
    Examples:
      topicml report run -o topics.html --by label --over date
      topicml report run new.csv --text-column text -o new.html
    """  # noqa: D301 - \b keeps the lines as they are
    out = folder / "report.html" if out is None else out
    if out.is_dir():
        raise InputError(f"{out} is a folder. Give the name of a file: -o {out / 'report.html'}")
    if out != folder / "report.html":
        check_absent(out, overwrite=overwrite)
    from topicml.report.page import check_extra, write_report

    check_extra()
    model = open_model(folder)
    record = record_of(folder)
    corpus: Corpus | None
    if source is not None:
        reading = Reading(absolute(source), text_column, encoding=encoding)
        corpus, theta, notes = (
            reading.corpus(AsFitted(model.preprocessor_), progress=printing.is_watched(None)),
            None,
            [f"Documents: {Path(source).name}."],
        )
    else:
        if text_column is not None or encoding is not None:
            raise InputError("--text-column and --encoding say how SOURCE is read: give SOURCE, too.")
        found = fitted_documents(folder, model)
        corpus, theta, notes = found.corpus, found.theta, [found.told] if found.told else []
        if found.state is State.CHANGED:
            notes[0] += " The page shows it as it is now."
    scores = None if theta is None else _scores(folder / "scores.json", len(model.components_))
    if corpus is None and (by is not None or over is not None):
        raise InputError(f"--by and --over name fields of documents, and there are none. {' '.join(notes)} {_AT_REST}")
    name = Path(source or record.get("configuration", {}).get("reading", {}).get("source", "")).name
    label_column = record.get("configuration", {}).get("reading", {}).get("label_column")
    if by is None:
        by = label_field(label_column, corpus)
    elif by == label_column and corpus is not None and by not in corpus.fields:
        by = "label"  # what reading called that column
    write_report(
        model,
        out,
        corpus,
        theta=theta,
        scores=scores,
        by=by,
        over=over,
        names={"label": label_column} if label_column else {},
        title=title or (title_of(name) if name else None),
        made=made_of(record),
        notes=tuple(notes),
        map_method="umap" if umap else "pca",
    )
    for note in notes if corpus is None else ():
        printing.note(f"{note} {_AT_REST}")
    printing.note(f"Report: {out} ({out.stat().st_size / 1e6:.1f} MB)")


def title_of(name: str) -> str:
    """Title of the page for a source of this name."""
    from topicml.corpus import named

    if named.is_known(name):
        return named.card(name).title
    stem = (
        Path(name).stem
        if Path(name).suffix.lower() in (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".txt")
        else name
    )
    return f"Topics of {stem.replace('_', ' ')}"


def made_of(record: dict[str, Any]) -> dict[str, Any]:
    """What the page says of how a run was made; of the source only its name, since the page is sent around."""
    if not record:
        return {}
    configuration = record["configuration"]
    reading = configuration.get("reading", {})
    source = str(reading.get("source", ""))
    command = record.get("command")
    data = record.get("data", {})
    return {
        "command": None if command is None else str(command).replace(source, Path(source).name) if source else command,
        "configuration": {**configuration, "reading": {**reading, "source": Path(source).name}},
        "versions": record.get("versions", {}),
        "started": str(record.get("started", "")).replace("T", " ").replace("+00:00", " UTC"),
        "data": {"Fingerprint of the data": data["fingerprint"][:16]} if "fingerprint" in data else {},
    }


def label_field(name: str | None, corpus: "Corpus | None") -> str | None:
    """The field of the column of labels that a fit was given, where it makes classes of these documents.

    Reading renames that column to "label"; a folder's labels are called so from the start.
    """
    from topicml.report.groups import MOST_CLASSES

    if name is None or corpus is None:
        return None
    field = next((each for each in (name, "label") if each in corpus.fields), None)
    return field if field is not None and len(set(map(str, corpus.fields[field].tolist()))) <= MOST_CLASSES else None


def _scores(path: Path, n_topics: int) -> dict[str, Any] | None:
    """Read the scores as the fit wrote them; None where they are not there or of another model."""
    try:
        scores = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(scores, dict) and all(isinstance(score, dict) for score in scores.values())
    lengths = {len(score["per_topic"]) for score in scores.values() if score.get("per_topic")} if whole else {0}
    return scores if lengths <= {n_topics} else None
