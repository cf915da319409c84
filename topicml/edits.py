"""``edits.json``: edits of the topics of a saved model, as plain data.

The file has all that is needed to repeat the edits without documents: the weights of a merge, the shares of a split.
`topicml.explore.TopicView` applies them. People can edit ``labels.csv`` in the folder of a run: a label that was
changed there is a rename.
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from topicml.errors import InputError
from topicml.files import atomic_file
from topicml.files.staging import claim

FORMAT = 2
FILE = "edits.json"
LABELS = "labels.csv"

_KINDS = {"merge": ("topics",), "split": ("topic",), "rename": ("topic", "label"), "hide": ("topic",)}
_KINDS |= {"show": ("topic",), "order": ("topics",)}
_REPLACED = "replaced_labels"  # the SHA-256 of the labels.csv that is about to be replaced
_MAX_BYTES = 256_000_000  # a split of a topic stores a number for each word and part


def read_edits(folder: Path, n_topics: int) -> dict[str, Any] | None:
    """Read the edits of a saved model.

    Parameters
    ----------
    folder : Path
        The folder of the model. If it is the folder ``model`` of a run, labels that were changed in the run's
        ``labels.csv`` are added as renames.
    n_topics : int
        Number of topics of the model.

    Returns
    -------
    dict or None
        None if there are none.

    Raises
    ------
    InputError
        If a file is damaged, or belongs to a model with another number of topics.
    """
    edits = replaced = None
    path = folder / FILE
    if path.is_file():
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ValueError(f"It is larger than {_MAX_BYTES:,} bytes.")
            edits = checked_edits(json.loads(path.read_text("utf-8")), n_topics)
            edits.pop("labels", None)  # they come from labels.csv only
            replaced = edits.pop(_REPLACED, None)
        except PermissionError:
            raise
        except (OSError, ValueError, RecursionError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"{path} cannot be used. {reason} Correct it, or remove it to get the topics of the fit."
            ) from error
    labels = folder.parent / LABELS
    if folder.name == "model" and (folder.parent / "run.json").is_file() and os.path.lexists(labels):
        if replaced is not None and replaced == _digest(labels):
            return edits  # a process was killed before it wrote the new labels: these are those before the last edit
        renames = read_labels(labels)
        if edits is not None or any(renames.values()):
            edits = edits or {"version": FORMAT, "n_topics": n_topics, "steps": []}
            edits = edits | {"labels": renames}
    return edits


def write_edits(folder: Path, edits: Mapping[str, Any]) -> Path:
    """Write the edits of a saved model, atomically.

    Parameters
    ----------
    folder : Path
        The folder of the model.
    edits : mapping
        As `topicml.explore.TopicView.to_dict` returns them.

    Returns
    -------
    Path
        The file.
    """
    with atomic_file(folder / FILE) as temporary:
        temporary.write_text(_edits_text(edits), "utf-8")
    return folder / FILE


def write_run_edits(
    folder: Path, edits: Mapping[str, Any], labels: Sequence[str | None], words: Sequence[Sequence[str]]
) -> Path:
    """Write the edits of the model of a run, and its ``labels.csv``: both or neither.

    Both files are complete before one of them is replaced. ``edits.json`` names the labels that it replaces, so that
    they are not taken for names of the new topics if the process is killed between the two.

    Parameters
    ----------
    folder : Path
        The folder ``model`` of the run.
    edits : mapping
        As in `write_edits`.
    labels, words
        As in `write_labels`.

    Returns
    -------
    Path
        The file ``edits.json``.
    """
    path = folder.parent / LABELS
    marked = {**edits, _REPLACED: _digest(path)} if path.is_file() else edits
    with atomic_file(path) as new_labels, atomic_file(folder / FILE) as new_edits:  # the edits are replaced first
        _write_rows(new_labels, labels, words)
        new_edits.write_text(_edits_text(marked), "utf-8")
    return write_edits(folder, edits) if marked is not edits else folder / FILE


@contextmanager
def changing_edits(folder: Path) -> Iterator[None]:
    """Context manager: no other process or thread changes the edits of a saved model meanwhile.

    Parameters
    ----------
    folder : Path
        The folder of the model.

    Raises
    ------
    InputError
        If another one changes them now.
    """
    with claim(folder / FILE):
        yield


def _edits_text(edits: Mapping[str, Any]) -> str:
    stored = {name: value for name, value in edits.items() if name != "labels"}
    return json.dumps(stored, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _digest(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def with_renames(edits: Mapping[str, Any]) -> dict[str, Any]:
    """Edits with a rename for each label that stands only in ``labels.csv``, to save them where that file is not.

    Parameters
    ----------
    edits : mapping
        As `read_edits` returns them; its entry ``labels`` has the labels of ``labels.csv``.

    Returns
    -------
    dict
        Without the entry ``labels``.

    Raises
    ------
    InputError
        If a step or a label does not fit the topics.
    """
    stored = {name: value for name, value in edits.items() if name != "labels"}
    try:
        given = _labels_after(stored["steps"], stored["n_topics"])
        renames = [
            {"name": f"rename {topic}", "do": "rename", "topic": topic, "label": label or None}
            for topic, label in dict(edits.get("labels") or {}).items()
            if (label or None) != given[topic]
        ]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"The edits of the topics do not fit the model ({error!r}). Correct or remove them."
        ) from error
    return {**stored, "steps": [*stored["steps"], *renames]}


def _labels_after(steps: Sequence[Mapping[str, Any]], n_topics: int) -> list[str | None]:
    """The labels that steps set, for the topics after all of them; see `topicml.explore.TopicView`."""
    labels: list[str | None] = [None] * n_topics
    for step in steps:
        if step["do"] == "rename":
            labels[step["topic"]] = step["label"]
        elif step["do"] == "merge":
            gone = sorted(set(step["topics"]))[1:]
            labels = [label for k, label in enumerate(labels) if k not in gone]
        elif step["do"] == "split":
            parts = len(step["shares"]) if "shares" in step else 2 if "words" in step else step.get("n_parts", 2)
            labels = [*labels, *[None] * (parts - 1)]
        elif step["do"] == "order":
            first = list(step["topics"])
            labels = [labels[k] for k in [*first, *(k for k in range(len(labels)) if k not in first)]]
    return labels


def checked_edits(stored: Any, n_topics: int) -> dict[str, Any]:
    """Check the form of edits that were read from a file. `TopicView` checks whether each step applies to the topics.

    Parameters
    ----------
    stored : object
        Parsed JSON.
    n_topics : int
        Number of topics of the model.

    Returns
    -------
    dict
        With version, n_topics and steps.

    Raises
    ------
    InputError
        If the form is wrong, a newer topicml wrote it, or the model has another number of topics.
    """
    if not isinstance(stored, Mapping):
        raise InputError("These are not edits of topics: they are not an object with a version and steps.")
    version = stored.get("version")
    if version not in (1, FORMAT) or isinstance(version, bool):
        raise InputError(f"The edits have version {version!r}; topicml reads versions 1 and {FORMAT}.")
    if stored.get("n_topics") != n_topics:
        raise InputError(
            f"The edits are of a model with {stored.get('n_topics')!r} topics, but this model has {n_topics}. Pass the "
            "model of the edits."
        )
    if not isinstance(stored.get("steps"), list | tuple):
        raise InputError("These are not edits of topics: they have no list of steps.")
    for step in stored["steps"]:
        kind = step.get("do") if isinstance(step, Mapping) else None
        if not isinstance(kind, str) or kind not in _KINDS:
            raise InputError(f"The step {str(step)[:80]} is unknown; steps are {', '.join(_KINDS)}.")
        if missing := [name for name in _KINDS[kind] if name not in step]:
            raise InputError(f"The step {str(step)[:80]} lacks {', '.join(missing)}.")
        if not isinstance(step.get("name", ""), str):
            raise InputError(f"The name of the step {str(step)[:80]} is not text.")
    return dict(stored)


def read_labels(path: Path) -> dict[int, str]:
    """Read the labels of a run's ``labels.csv``.

    Parameters
    ----------
    path : Path
        A table with the columns topic and label, separated by commas, semicolons or tabs.

    Returns
    -------
    dict of int to str
        The label of each topic of the file, in one line; empty for the automatic label, which is made of words.

    Raises
    ------
    InputError
        If the file is not text in UTF-8, a column is missing, or a topic is not a number or occurs twice.
    """
    advice = "It must have the columns topic and label. Correct it, or remove it."
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            text = stream.read()
    except PermissionError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text in UTF-8 ({error}). {advice}") from error
    # A line ends where csv ends it: str.splitlines also ends it at characters that a label may have, such as U+2028.
    lines = io.StringIO(text, newline="")
    first = lines.readline()
    lines.seek(0)
    delimiter = max(",;\t", key=first.count)  # spreadsheets write the separator of their language
    rows = csv.DictReader(lines, delimiter=delimiter)
    try:
        return _labels_of_rows(rows, path, advice)
    except csv.Error as error:  # a longer value is no label, but a quotation mark that does not end
        raise InputError(
            f"{path} has a row near line {rows.line_num} that cannot be read ({error}). {advice}"
        ) from error


def _labels_of_rows(rows: "csv.DictReader[str]", path: Path, advice: str) -> dict[int, str]:
    if not {"topic", "label"} <= set(rows.fieldnames or ()):
        raise InputError(f"{path} has the columns {', '.join(map(repr, rows.fieldnames or ()))}. {advice}")
    labels: dict[int, str] = {}
    for row in rows:
        try:
            topic = int(row["topic"])
        except (TypeError, ValueError):
            raise InputError(f"{path} has the topic {row['topic']!r}, which is not a number. {advice}") from None
        if topic in labels:
            raise InputError(f"{path} has topic {topic} twice. Keep one of the two rows.")
        labels[topic] = " ".join((row["label"] or "").split())  # as `rename` writes it
    return labels


def write_labels(path: Path, labels: Sequence[str | None], words: Sequence[Sequence[str]]) -> None:
    """Write the ``labels.csv`` of a run, in which people can name topics.

    Parameters
    ----------
    path : Path
        The file.
    labels : sequence of str or None
        The label of each topic; None for an automatic label, whose cell in the file is empty.
    words : sequence of sequences of str
        The most probable words of each topic, to name it by.
    """
    with atomic_file(path) as temporary:
        _write_rows(temporary, labels, words)


def _write_rows(path: Path, labels: Sequence[str | None], words: Sequence[Sequence[str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("topic", "label", "words"))
        writer.writerows((k, label or "", " ".join(words[k])) for k, label in enumerate(labels))
