"""The learned tree in a view: cuts of it, and the parents of the topics."""

from dataclasses import dataclass
from typing import Any

from topicml.errors import InputError
from topicml.explore.editing import EditableView
from topicml.runs.rows import automatic_labels

_WORDS = 10


@dataclass(frozen=True)
class Branch:
    """A parent and its topics.

    Attributes
    ----------
    number : int
        Number of the parent at its level.
    label : str
        Its name, or else its first words.
    words : list of str
        Its ten first words: those that its children share.
    topics : list of int
        The topics of the view below it, hidden ones left out.
    name : str or None
        The name that seeds gave to the parent, or the label of its only topic if somebody set it; None without either.
    """

    number: int
    label: str
    words: list[str]
    topics: list[int]
    name: str | None = None


def has_tree(view: EditableView) -> bool:
    """Whether the model of the view learned a tree of its topics."""
    return getattr(view.model, "parents_", None) is not None


def branches(view: EditableView, n_parents: int | None = None) -> list[Branch]:
    """The parents of the topics, each with the topics below it.

    Parameters
    ----------
    view : TopicView
        The topics.
    n_parents : int, optional
        A cut of the tree; by default the level above the topics (`parents` of the model).

    Returns
    -------
    list of Branch
        In the order of the parents. A topic that was merged from topics of several parents is below none.

    Raises
    ------
    InputError
        If the model has no tree, or the tree has no such cut.
    """
    model: Any = view.model
    if n_parents is None:
        n_parents = _levels(view)[-1]
    nodes = model.cut(n_parents)
    words = model.topics(min(_WORDS, len(view.vocabulary)), cut=n_parents)
    below: dict[int, list[int]] = {parent: [] for parent in range(n_parents)}
    for k in view.shown:
        parents = {int(nodes[source]) for source in view.sources[k]}
        if len(parents) == 1:
            below[parents.pop()].append(k)
    labels, names = automatic_labels(words), list(model.cut_names(n_parents))
    for k, sources in enumerate(view.sources):
        if len(sources) == 1 and (nodes == nodes[sources[0]]).sum() == 1 and below[nodes[sources[0]]] == [k]:
            names[nodes[sources[0]]] = view.given_labels[k]
    return [Branch(p, names[p] or labels[p], words[p], below[p], names[p]) for p in range(n_parents)]


def path(view: EditableView, topic: int) -> list[str]:
    """The labels of the parents of a topic, from the root, and its own.

    Parameters
    ----------
    view : TopicView
        The topics.
    topic : int
        The topic.

    Returns
    -------
    list of str
        The label alone for a topic that was merged from topics of several parents.

    Raises
    ------
    InputError
        If there is no such topic, or the model has no tree.
    """
    topic = view.topic(topic)
    sources = view.sources[topic]
    labels = []
    for n_parents in _levels(view):
        nodes = view.model.cut(n_parents)
        parents = {int(nodes[source]) for source in sources}
        if len(parents) == 1:
            words = view.model.topics(min(_WORDS, len(view.vocabulary)), cut=n_parents)
            parent = parents.pop()
            labels.append(view.model.cut_names(n_parents)[parent] or automatic_labels(words)[parent])
    return [*labels, view.labels[topic]]


def cut(view: EditableView, n_topics: int) -> Any:
    """Merge the topics of each node of a cut.

    Parameters
    ----------
    view : TopicView
        The topics, which may be cut or merged before.
    n_topics : int
        As in `TopicModel.cut`.

    Returns
    -------
    TopicView
        A view with a merge for each node of several topics, and the names that seeds gave to them.

    Raises
    ------
    InputError
        If the model has no tree, the tree has no such cut, or a topic was merged from topics of several nodes.
    """
    _levels(view)
    nodes = view.model.cut(n_topics)
    for k, sources in enumerate(view.sources):
        if len({int(nodes[source]) for source in sources}) > 1:
            raise InputError(
                f"Topic {k} was merged from topics that the cut into {n_topics} separates. Undo the merge, or cut into "
                "fewer topics."
            )
    for node in range(n_topics):
        members = [k for k, sources in enumerate(view.sources) if nodes[sources[0]] == node]
        if len(members) > 1:
            view = view.merge(members)
            if name := view.model.cut_names(n_topics)[node]:
                view = view.rename(members[0], name)
    return view


def _levels(view: EditableView) -> tuple[int, ...]:
    """Numbers of parents at the levels of the model's tree."""
    if not has_tree(view):
        raise InputError("The model was fitted without a tree. Fit with parents=8, or another number of parents.")
    levels: tuple[int, ...] = view.model.network_.tree.levels
    return levels
