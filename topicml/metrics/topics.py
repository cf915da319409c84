"""Topics as lists of words, checked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from topicml.errors import InputError

Topics = Sequence[Sequence[str]] | Mapping[str, Any]


def checked_topics(topics: Topics, topn: int) -> list[list[str]]:
    """The first `topn` words of each topic.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic, best first; or OCTIS's model output, whose ``topics`` are taken.
    topn : int
        Words a topic.

    Raises
    ------
    InputError
        If there are no topics, a topic has fewer than `topn` words, repeats a word, or holds something else than words.
    """
    if topn < 1:
        raise InputError(f"topn must be at least 1; received {topn}.")
    rows = topic_lists(topics)
    for number, words in enumerate(rows):
        if any(not isinstance(word, str) for word in words):
            stranger = next(word for word in words if not isinstance(word, str))
            raise InputError(f"Topic {number} holds {stranger!r}, which is no word. Give words, not ids.")
        if len(words) < topn:
            remedy = "Lower topn or give more." if words else "Leave empty topics out."
            raise InputError(f"Topic {number} has {len(words)} words, fewer than topn={topn}. {remedy}")
        first = words[:topn]
        if len(set(first)) < topn:
            twice = next(word for word in first if first.count(word) > 1)
            raise InputError(f"Topic {number} holds {twice!r} twice among its first {topn} words.")
    return [words[:topn] for words in rows]


def topic_lists(topics: Topics) -> list[list[Any]]:
    """All that each topic holds, of lists or of OCTIS's model output.

    Raises
    ------
    InputError
        If there are no topics, or they are no lists.
    """
    if isinstance(topics, Mapping):
        if "topics" not in topics:
            raise InputError(f"A mapping of topics must hold 'topics'; it holds {', '.join(map(str, topics))}.")
        topics = topics["topics"]
    if isinstance(topics, str) or not isinstance(topics, Iterable):
        raise InputError(f"topics must be lists of words; received {type(topics).__name__}.")
    rows = [_words(number, topic) for number, topic in enumerate(topics)]
    if not rows:
        raise InputError("There are no topics to score: the list is empty.")
    return rows


def _words(number: int, topic: Any) -> list[Any]:
    if isinstance(topic, str) or not isinstance(topic, Iterable):
        raise InputError(f"Topic {number} is {topic!r}; it must be a list of words.")
    return list(topic)
