"""Check topics: lists of words, or OCTIS's model output."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topicml.checks import require
from topicml.errors import InputError

Topics = Sequence[Sequence[str]] | Mapping[str, Any]


def checked_topics(topics: Topics, topn: int) -> list[list[str]]:
    """Check topics and return the first `topn` words of each.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output, with the key ``topics``.
    topn : int
        Number of words per topic.

    Returns
    -------
    topics : list of lists of str
        `topn` different words of each topic.

    Raises
    ------
    InputError
        If there are no topics, or a topic has fewer than `topn` words, repeats one of them, or has anything but
        strings.
    """
    require(topn >= 1, "topn", topn, "at least 1")
    rows = topic_lists(topics)
    for number, words in enumerate(rows):
        if any(not isinstance(word, str) for word in words):
            wrong = next(word for word in words if not isinstance(word, str))
            raise InputError(f"Topic {number} contains {wrong!r}, which is not a string. Pass words, not word ids.")
        if len(words) < topn:
            remedy = "Lower topn or pass more." if words else "Leave empty topics out."
            raise InputError(f"Topic {number} has {len(words)} words, fewer than topn={topn}. {remedy}")
        first = words[:topn]
        if len(set(first)) < topn:
            twice = next(word for word in first if first.count(word) > 1)
            raise InputError(f"Topic {number} contains {twice!r} twice in its first {topn} words.")
    return [words[:topn] for words in rows]


def topic_lists(topics: Topics) -> list[list[Any]]:
    """Return all words of each topic as lists, from lists or from OCTIS's model output.

    Raises
    ------
    InputError
        If there are no topics, or they are not lists of words.
    """
    if isinstance(topics, Mapping):
        if "topics" not in topics:
            raise InputError(f"A mapping of topics must have the key 'topics'; it has {', '.join(map(str, topics))}.")
        topics = topics["topics"]
    if isinstance(topics, str) or not isinstance(topics, Iterable):
        raise InputError(f"topics must be lists of words; received {type(topics).__name__}.")
    rows = [_words(number, topic) for number, topic in enumerate(topics)]
    if not rows:
        raise InputError("There are no topics to score: the list is empty.")
    return rows


def _words(number: int, topic: Any) -> list[Any]:
    """The words of a topic as a list."""
    if isinstance(topic, str) or not isinstance(topic, Iterable):
        raise InputError(f"Topic {number} is {topic!r}; it must be a list of words.")
    return list(topic)
