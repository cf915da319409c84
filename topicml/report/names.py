"""Short names of topics, for maps, panels and sentences."""

from topicml.explore import TopicView
from topicml.report.text import plain
from topicml.runs.rows import first_items, shortened

_LONGEST = 48  # characters
_MORE = 3  # words at most, by which a name may be longer


def short_names(view: TopicView, n_words: int = 3) -> dict[int, str]:
    """A short name of each topic: the label that was set, or its first words.

    Parameters
    ----------
    view : TopicView
        The topics.
    n_words : int
        Number of words. A topic gets more if another one has the same.

    Returns
    -------
    names : dict of int to str
        For all topics, hidden ones included.
    """
    first = [[plain(part) for part in parts] for parts in view.name_parts]
    names = {}
    for k, label in enumerate(view.given_labels):
        if label is not None:
            names[k] = shortened(plain(label), _LONGEST)
            continue
        n = len(first_items(first[k], n_words))
        while n < min(len(first[k]), n_words + _MORE) and any(
            first[k][:n] == other[:n] for j, other in enumerate(first) if j != k
        ):
            n += 1
        names[k] = shortened(", ".join(first[k][:n]), _LONGEST)
    return names
