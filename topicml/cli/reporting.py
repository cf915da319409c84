"""The report of a run: its title, its classes of documents, and how the run was made."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.runs import FitResult

if TYPE_CHECKING:
    from topicml.corpus import Corpus


def write_fit_report(path: Path, record: Mapping[str, Any], result: FitResult) -> None:
    """Write the report of a fit that has just ended.

    Parameters
    ----------
    path : Path
        The HTML file.
    record : mapping
        The content of ``run.json``.
    result : FitResult
        The result of the fit.
    """
    from topicml.report.page import write_report

    reading = result.settings.reading
    write_report(
        result.model,
        path,
        result.corpus,
        theta=result.theta,
        scores=result.scores,
        by=label_field(reading.label_column, result.corpus),
        names={"label": reading.label_column} if reading.label_column else {},
        title=report_title(Path(reading.source).name),
        made=facts_for_report(record),
    )


def report_title(name: str) -> str:
    """The title of the report of a source with this file name, or of the corpus with this name."""
    from topicml.corpus import named

    if named.is_known(name):
        return named.card(name).title
    is_file = Path(name).suffix.lower() in (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".txt")
    return f"Topics of {(Path(name).stem if is_file else name).replace('_', ' ')}"


def facts_for_report(record: Mapping[str, Any]) -> dict[str, Any]:
    """How a run was made, for its report.

    Parameters
    ----------
    record : mapping
        The content of ``run.json``; empty for a saved model.

    Returns
    -------
    dict
        The argument `made` of `topicml.report.write_report`. It has the name of the source without its folder, because
        reports are sent to others.
    """
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
    """The field of the corpus that holds the fit's labels.

    Parameters
    ----------
    name : str or None
        The column of labels of the fit.
    corpus : Corpus or None
        The documents of the report.

    Returns
    -------
    str or None
        `name`, or "label", to which reading may have renamed that column; None if the corpus has neither, or if there
        are too many different labels to compare.
    """
    from topicml.report.groups import MOST_CLASSES

    if name is None or corpus is None:
        return None
    field = next((each for each in (name, "label") if each in corpus.fields), None)
    return field if field is not None and len(set(map(str, corpus.fields[field].tolist()))) <= MOST_CLASSES else None
