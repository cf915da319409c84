"""``topicml merge``, ``split``, ``rename``, ``hide``, ``order``, ``calibrate``, ``undo`` and ``edits``."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topicml.cli import printing
from topicml.cli.opening import given_reading, open_view
from topicml.cli.options import Delimiter, Encoding, ModelFolder, ReadStdin, Sheet, Source, TextColumn
from topicml.cli.standard_input import StdinFormat
from topicml.cli.trusting import open_folder
from topicml.errors import InputError
from topicml.runs import OpenRun

if TYPE_CHECKING:
    from topicml.explore import TopicView

PANEL = "Edit the topics of a run"

Topic = Annotated[int, typer.Argument(metavar="K", help="Number of the topic, from 0.", show_default=False)]
TopicList = Annotated[list[int], typer.Argument(metavar="K...", help="Numbers of topics.", show_default=False)]


def merge(folder: ModelFolder, topics: TopicList) -> None:
    """Merge topics into one, in the place of the one with the lowest number.

    The topics after the others get smaller numbers. `topicml undo` brings the topics back.

    \b
    Example:
      topicml merge run 4 19
    """  # noqa: D301 - \b keeps the lines as they are
    run, view = _to_edit(folder)
    merged = view.merge(topics)
    _save(run, merged, _merged_numbers({view.topic(k) for k in topics}, view.n_topics))


def split(
    folder: ModelFolder,
    topic: Topic,
    words: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A word that moves to the new topic; may be repeated. Needs no documents."),
    ] = None,
    parts: Annotated[int, typer.Option(min=2, metavar="N", help="Number of parts, learned from the documents.")] = 2,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of learning the parts.")] = 0,
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
) -> None:
    """Split a topic: the first part stays in its place, the others become the last topics.

    \b
    Examples:
      topicml split run 3
      topicml split run 3 --words excel --words vba
    """  # noqa: D301 - \b keeps the lines as they are
    if words:
        if source is not None:
            raise InputError("--words splits a topic without documents: leave out --source.")
        given_reading("--source", None, text_column, encoding, delimiter, sheet, stdin_format)  # refuses them alone
        run, view = _to_edit(folder)
        _save(run, view.split(topic, words=words))
        return
    opened = open_view(folder, source, text_column, encoding, delimiter, sheet, stdin_format, topic=topic)
    opened.require_documents()
    _save(opened.run, opened.view.split(topic, n_parts=parts, seed=seed))


def rename(
    folder: ModelFolder,
    topic: Topic,
    label: Annotated[str, typer.Argument(metavar="LABEL", help='The name; "" restores the words.', show_default=False)],
) -> None:
    """Name a topic. You can also write names into labels.csv of the run.

    \b
    Example:
      topicml rename run 4 "Spreadsheets"
    """  # noqa: D301 - \b keeps the lines as they are
    run, view = _to_edit(folder)
    _save(run, view.rename(topic, label.strip() or None))


def hide(folder: ModelFolder, topics: TopicList) -> None:
    """Leave topics out of tables, reports and the page; no document gets a hidden topic.

    \b
    Example:
      topicml hide run 7
    """  # noqa: D301 - \b keeps the lines as they are
    run, view = _to_edit(folder)
    for topic in topics:
        view = view.hide(topic)
    _save(run, view)


def order(folder: ModelFolder, topics: TopicList) -> None:
    """Put topics first, in this order; all topics get new numbers.

    \b
    Example:
      topicml order run 12 3 0
    """  # noqa: D301 - \b keeps the lines as they are
    run, view = _to_edit(folder)
    _save(run, view.order(topics))


def calibrate(
    folder: ModelFolder,
    label_column: Annotated[str, typer.Option(metavar="NAME", help="Column of the labels.", show_default=False)],
    source: Source = None,
    text_column: TextColumn = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    stdin_format: ReadStdin = StdinFormat.auto,
) -> None:
    """Calibrate the confidence to labels: how often the label of a document is that of its topic.

    The label of a topic is the most frequent label of its documents. Without this command, the confidence says how
    surely the words of a document belong to its topic: two halves of a document agree on it as often as that. After it,
    the confidence is the probability that a new document has the label of its topic.

    \b
    Example:
      topicml calibrate run --label-column tag --source labelled.csv
    """  # noqa: D301 - \b keeps the lines as they are
    opened = open_view(folder, source, text_column, encoding, delimiter, sheet, stdin_format)
    opened.require_documents()
    from topicml.explore import calibration_error, reliability

    view, fields = opened.view, opened.view.corpus.fields if opened.view.corpus else {}
    reading = opened.run.record.get("configuration", {}).get("reading", {})
    if label_column not in fields and label_column == reading.get("label_column") and "label" in fields:
        label_column = "label"  # the name that reading gave to that column
    calibrated = view.calibrate(label_column)
    before, after = (calibration_error(reliability(each, label_column)) for each in (view, calibrated))
    path = calibrated.save()
    printing.note(f"Error of the confidence on these documents: {before:.3f} before, {after:.3f} now. Saved in {path}.")


def undo(
    folder: ModelFolder,
    name: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]", help="Name of the edit, as `topicml edits` lists it; by default the last."),
    ] = None,
) -> None:
    """Undo an edit by its name. Later edits stay, and apply to the same topics.

    \b
    Examples:
      topicml undo run "merge 4 19"
      topicml undo run
    """  # noqa: D301 - \b keeps the lines as they are
    run, view = _to_edit(folder)
    _save(run, view.undo(" ".join(name) if name else None))


def edits(folder: ModelFolder) -> None:
    """List the edits of the topics by their names, for `topicml undo`.

    \b
    Example:
      topicml edits run
    """  # noqa: D301 - \b keeps the lines as they are
    _, view = _to_edit(folder)
    if not view.step_names:
        printing.note("The topics are as they were fitted.")
        return
    targets = [step.get("label") or ", ".join(step.get("words", ())) or None for step in view.steps]
    rows = list(zip_longest(view.step_names, targets))  # the calibration is not a step
    printing.table(("edit", "to"), rows)


def show_topics(view: "TopicView", topics: Sequence[Sequence[str]] | None = None) -> None:
    """Print the shown topics of an edited view: number, label and words.

    Parameters
    ----------
    view : TopicView
        The topics.
    topics : sequence of sequences of str, optional
        Words of each topic; by default its ten first words.
    """
    if topics is None:
        topics = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(10)]
    names = view.names
    named = any(names[k] is not None for k in view.shown)
    columns = ("topic", "label", "words") if named else ("topic", "words")
    rows = []
    for k in view.shown:
        words = " ".join(topics[k])
        rows.append((k, names[k], words) if named else (k, words))
    printing.table(columns, rows)


def _to_edit(folder: Path) -> tuple[OpenRun, "TopicView"]:
    """The topics with the edits so far; merging weighs topics by their sizes in the documents of the fit."""
    import numpy as np

    from topicml.explore import TopicView

    run = open_folder(folder)
    shares = run.topic_shares()
    if shares is None and getattr(run.model, "topic_shares_", None) is None:
        n_topics = len(run.model.components_)
        return run, TopicView.of(run.model, mass=np.full(n_topics, 1 / n_topics))
    return run, TopicView.of(run.model, mass=shares)


# Files that edits do not change: scripts read them by the numbers of the model's topics.
_OF_THE_FIT = ("topics.csv", "topics.json", "doc_topics.parquet", "scores.json")


def _merged_numbers(topics: set[int], n_topics: int) -> str:
    """Which number the merged topic has, and which others changed: the next edit must use the new ones."""
    kept, *gone = sorted(topics)
    line = f"Topics {', '.join(map(str, [kept, *gone]))} are now topic {kept}."
    later = [k for k in range(gone[0] + 1, n_topics) if k not in topics]
    if later:
        now = later[0] - sum(k < later[0] for k in gone)
        line += f" Topics after {gone[0]} have new numbers, as in this table: {later[0]} is now {now}."
    return line


def _save(run: OpenRun, view: "TopicView", told: str | None = None) -> None:
    path = view.save()
    show_topics(view)
    if told is not None:
        printing.note(told)
    printing.note(f"Saved in {path}; used by all commands, by topicml.load and by TopicView.")
    labelled = run.record.get("documents_file")
    stale = [name for name in (labelled, "report.html") if name and (run.folder / name).is_file()]
    if stale:
        commands = {labelled: f"topicml transform {run.folder} --out {run.folder / (labelled or '')} --overwrite"}
        commands["report.html"] = f"topicml report {run.folder} --overwrite"
        again = "; ".join(commands[name] for name in stale)
        printing.note(f"Still as before: {', '.join(stale)}. To write again: {again}")
    of_fit = [name for name in _OF_THE_FIT if (run.folder / name).is_file()]
    if of_fit:
        printing.note(f"{', '.join(of_fit)} have the topics of the fit, with their numbers before all edits.")
