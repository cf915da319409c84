"""Steps of a view as plain data: store them, repeat them, and leave one out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from topicml.checks import check_known
from topicml.edits import checked_edits
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.steps import Merge, Split
from topicml.models.label_calibration import stored_calibration

View = TypeVar("View", bound=BaseView)


def stored_steps(view: BaseView) -> list[dict[str, Any]]:
    """The steps of a view with their names, and with the values that were computed from documents.

    Parameters
    ----------
    view : TopicView
        The view.

    Returns
    -------
    steps : list of dict
        Values that JSON can represent. A merge has its weights (``mass``), and a split by documents its ``shares``, so
        that both can be repeated without documents, with the same bits.
    """
    changes = iter(view.changes)
    stored, used = [], set()
    for step in view.steps:
        change = next(changes) if step["do"] in ("merge", "split", "order") else None
        name, number = _name(step), 1
        while name in used:
            number += 1
            name = f"{_name(step)} ({number})"
        used.add(name)
        entry = {"name": name, **step}
        if isinstance(change, Merge):
            entry["mass"] = np.asarray(change.mass, dtype=np.float64).tolist()
        elif isinstance(change, Split) and "words" not in step:
            entry["shares"] = change.shares.tolist()
        stored.append(entry)
    return stored


def replayed(view: View, stored: Mapping[str, Any]) -> View:
    """Repeat stored steps on a view without steps.

    Parameters
    ----------
    view : TopicView
        A view of the model that the steps belong to.
    stored : mapping
        As `TopicView.to_dict` returns it. Its entry ``labels``, if there is one, has the labels after all steps
        (from ``labels.csv``); an empty label stands for the automatic one.

    Returns
    -------
    view : TopicView

    Raises
    ------
    InputError
        If the steps do not fit the model, or need documents that the view does not have.
    """
    stored = checked_edits(stored, view.n_topics)
    if stored.get("calibration") is not None:
        try:
            view = replace(view, given_calibration=stored_calibration(stored["calibration"], view.n_topics))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"The calibration of the edits is damaged ({error}). Calibrate again.") from error
    for step in stored["steps"]:
        view = applied(view, step)
    labels = stored.get("labels", {})
    if not isinstance(labels, Mapping) or not all(isinstance(topic, int) for topic in labels):
        raise InputError("The labels of the edits are damaged: they are not an object with the numbers of topics.")
    for topic, label in labels.items():
        if not 0 <= topic < view.n_topics:
            raise InputError(
                f"labels.csv has topic {topic}, and there are the topics 0 to {view.n_topics - 1}. Remove that row."
            )
        if (label or None) != view.given_labels[topic]:
            view = view.rename(topic, label or None)  # type: ignore[attr-defined]
    return view


def applied(view: View, step: Mapping[str, Any]) -> View:
    """Apply a stored step.

    Parameters
    ----------
    view : TopicView
        The view before the step.
    step : mapping
        An entry of `stored_steps`.

    Returns
    -------
    view : TopicView
        The view after the step.

    Raises
    ------
    InputError
        If the step does not fit the topics.
    """
    editable: Any = view
    if step["do"] == "merge" and "mass" in step:
        topics = tuple(sorted({view.topic(k) for k in _list(step, "topics")}))
        mass = _numbers(step, "mass", (len(topics),))
        if len(topics) < 2:
            raise InputError(f"The step {_name(step)} merges fewer than two topics.")
        return editable._merged(topics, mass)
    if step["do"] == "split" and "shares" in step:
        topic = view.topic(step["topic"])
        shares = _numbers(step, "shares", (-1, len(view.vocabulary)))
        if len(shares) < 2 or not np.allclose(shares.sum(axis=0), 1):
            raise InputError(f"The shares of the step {_name(step)} do not divide the words among two parts or more.")
        if ((shares * view.beta[topic]).sum(axis=1) <= 0).any():
            raise InputError(f"A part of the step {_name(step)} would have no probability. Remove the step.")
        kept = {name: value for name, value in step.items() if name not in ("name", "shares")}
        return editable._split(Split(topic, shares, view.beta[topic]), kept)
    arguments = {name: value for name, value in step.items() if name not in ("do", "name", "mass", "shares")}
    try:
        return getattr(editable, step["do"])(**arguments)
    except TypeError as error:
        raise InputError(f"The step {_name(step)} cannot be repeated: {error}.") from error


def without_calibration(view: View) -> View:
    """The view with the calibration of its model, as before `calibrate`; all steps stay."""
    root: Any = view
    while root.parent is not None:
        root = root.parent
    steps = {"version": 2, "n_topics": root.n_topics, "steps": stored_steps(view)}
    made: View = replayed(replace(root, given_calibration=None), steps)
    return made


def without_step(view: View, name: str) -> View:
    """Repeat the steps of a view except one; later steps then name the same topics by their new numbers.

    Parameters
    ----------
    view : TopicView
        The view.
    name : str
        Name of the step to leave out.

    Returns
    -------
    view : TopicView

    Raises
    ------
    InputError
        If there is no such step, or a later step needs topics that this step created.
    """
    steps = stored_steps(view)
    names = [step["name"] for step in steps]
    if not names:
        raise InputError("There is no step to undo.")
    check_known(name, names, "There is no step")
    left_out = names.index(name)
    result: Any = view
    while result.parent is not None:
        result = result.parent
    before, after = _Identities(result.n_topics), _Identities(result.n_topics)
    for position, step in enumerate(steps):
        topics = before.of(step)
        after_this = before.after(step, topics, position)
        if position != left_out:
            renumbered = dict(step)
            if position > left_out:
                present = [each for each in topics if each in after.ids]
                if len(present) < (2 if step["do"] == "merge" else 1) or (step["do"] != "order" and present != topics):
                    raise InputError(f"{name!r} made topics that {step['name']!r} is about. Undo that step first.")
                renumbered = _renumbered(step, [after.ids.index(each) for each in present], topics, present)
                if result.mass is not None:
                    renumbered.pop("mass", None)  # the topics may be others now: weigh them again
            result = applied(result, renumbered)
            after.ids = _followed(after, renumbered, position, before=after_this)
        before.ids = after_this
    return result


class _Identities:
    """Names of topics that do not change when topics are renumbered."""

    def __init__(self, n_topics: int) -> None:
        self.ids = [str(k) for k in range(n_topics)]

    def of(self, step: Mapping[str, Any]) -> list[str]:
        topics = step["topics"] if step["do"] in ("merge", "order") else [step["topic"]]
        return [self.ids[k] for k in topics]

    def after(self, step: Mapping[str, Any], topics: list[str], position: int) -> list[str]:
        """The identities after a step about some topics."""
        if step["do"] == "merge":
            first = min(topics, key=self.ids.index)
            return [each for each in self.ids if each == first or each not in topics]
        if step["do"] == "split":
            n_added = len(step["shares"]) - 1 if "shares" in step else 1
            return [*self.ids, *(f"{topics[0]}, part {part + 1} of step {position}" for part in range(n_added))]
        if step["do"] == "order":
            return [*topics, *(each for each in self.ids if each not in topics)]
        return self.ids


def _followed(identities: _Identities, step: Mapping[str, Any], position: int, *, before: list[str]) -> list[str]:
    """The identities after a step; a merged topic keeps the identity that it had when the step was first made."""
    topics = identities.of(step)
    ids = identities.after(step, topics, position)
    if step["do"] != "merge":
        return ids
    survivor = next(each for each in topics if each in before)
    return [survivor if each in topics else each for each in ids]


def _renumbered(step: Mapping[str, Any], numbers: list[int], topics: list[str], present: list[str]) -> dict[str, Any]:
    """The step with other numbers of the same topics."""
    if step["do"] == "merge":
        order = np.argsort(numbers)
        return {**step, "topics": [numbers[i] for i in order], "mass": [step["mass"][i] for i in order]}
    return {**step, "topics": numbers} if step["do"] == "order" else {**step, "topic": numbers[0]}


def _name(step: Mapping[str, Any]) -> str:
    """What a step did, to which topics."""
    topics = step.get("topics", step.get("topic"))
    numbers = topics if isinstance(topics, list | tuple) else [topics]
    return " ".join([str(step["do"]), *map(str, numbers)])


def _list(step: Mapping[str, Any], name: str) -> list[Any]:
    if not isinstance(step[name], list | tuple):
        raise InputError(f"{name} of the step {str(step)[:80]} is not a list.")
    return list(step[name])


def _numbers(step: Mapping[str, Any], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array of finite numbers that are not negative; -1 in `shape` stands for any size."""
    try:
        values = np.array(step[name], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.zeros(0)
    sizes = tuple(-1 if wanted == -1 else size for wanted, size in zip(shape, values.shape, strict=False))
    if values.ndim != len(shape) or sizes != shape or not np.isfinite(values).all() or (values < 0).any():
        raise InputError(f"{name} of the step {_name(step)} is damaged. Copy the file again, or remove the step.")
    return values
