"""Parents of topics in the report: each with its words, and the rows of its topics."""

from dataclasses import dataclass

from topicml.explore import TopicView
from topicml.explore.tree import has_tree
from topicml.report.cards import Row
from topicml.report.text import plain


@dataclass(frozen=True)
class Family:
    """A parent of topics.

    Attributes
    ----------
    name : str
        Its name, or else its first four words.
    words : list of str
        Its ten first words.
    mass : float or None
        Mean proportion: the sum of those of its topics; None without documents.
    rows : list of Row
        The rows of its topics, in the order of the list.
    """

    name: str
    words: list[str]
    mass: float | None
    rows: list[Row]


def families_of(view: TopicView, rows: list[Row]) -> list[Family]:
    """The parents of the topics.

    Parameters
    ----------
    view : TopicView
        The topics.
    rows : list of Row
        Rows of the list of topics.

    Returns
    -------
    list of Family
        The largest first; empty for a model without a tree.
    """
    if not has_tree(view):
        return []
    families = []
    for branch in view.branches():
        members = [row for row in rows if row.topic in branch.topics]
        masses = [row.mass for row in members if row.mass is not None]
        if members:
            words = [plain(word) for word in branch.words]
            name = branch.name or ", ".join(words[:4])
            families.append(Family(plain(name), words, sum(masses) if masses else None, members))
    return sorted(families, key=lambda family: -(family.mass or 0))
