"""Labels of topics by a function: what it receives, what it costs, and what happens if it fails."""

import time
from collections.abc import Callable
from typing import Any

from topicml.checks import require
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.documents import representative_rows, text_of
from topicml.explore.topics import similarities

_CHARACTERS_PER_TOKEN = 4  # of language models, in English text


class TopicToLabel(list[str]):
    """The most probable words of a topic, as a list, and what else helps to name it.

    Parameters
    ----------
    words : sequence of str
        The most probable words, most probable first.
    topic : int
        Number of the topic.
    documents : list of str
        Texts of representative documents; empty if the view has no texts.
    neighbours : list of list of str
        Words of the most similar topics, from which the label should differ.
    """

    def __init__(self, words: Any, *, topic: int, documents: list[str], neighbours: list[list[str]]) -> None:
        super().__init__(words)
        self.topic = topic
        self.documents = documents
        self.neighbours = neighbours


class LabellingError(InputError):
    """A labelling function failed.

    Parameters
    ----------
    message : str
        What failed, and how to continue.
    view : TopicView
        The view with the labels that were made before: ``error.view.label(function, only_missing=True)`` continues.
    """

    def __init__(self, message: str, view: Any) -> None:
        super().__init__(message)
        self.view = view


def topics_to_label(
    view: BaseView, *, topn: int = 10, n_documents: int = 3, n_neighbours: int = 3
) -> list[TopicToLabel]:
    """Collect what a labelling function receives, for each topic.

    Parameters
    ----------
    view : TopicView
        The topics.
    topn : int
        Number of words.
    n_documents : int
        Number of representative documents, if the view has texts.
    n_neighbours : int
        Number of most similar topics.

    Returns
    -------
    list of TopicToLabel

    Raises
    ------
    InputError
        If a number is out of range.
    """
    for name, value, least in (("topn", topn, 1), ("n_documents", n_documents, 0), ("n_neighbours", n_neighbours, 0)):
        require(value >= least, name, value, f"at least {least}")
    words = [[view.vocabulary[i] for i in ids] for ids in view.top_word_ids(topn)]
    near = similarities(view.beta)
    described = []
    for k, each in enumerate(words):
        order = [int(i) for i in near[k].argsort(kind="stable")[::-1] if i != k][:n_neighbours]
        documents = _texts(view, k, n_documents)
        described.append(TopicToLabel(each, topic=k, documents=documents, neighbours=[words[i] for i in order]))
    return described


def labelling_cost(view: BaseView, **options: Any) -> dict[str, int]:
    """Estimate what labels by a language model cost, before any call.

    Parameters
    ----------
    view : TopicView
        The topics.
    **options
        Options of `topics_to_label`, such as ``n_documents``.

    Returns
    -------
    dict
        ``calls``, ``characters`` of all words and documents, and ``tokens``, about a quarter of these. The text of the
        prompt is not counted.
    """
    topics = topics_to_label(view, **options)
    parts = [[*each, *each.documents, *(word for words in each.neighbours for word in words)] for each in topics]
    characters = sum(len(text) + 1 for each in parts for text in each)
    return {"calls": len(topics), "characters": characters, "tokens": -(-characters // _CHARACTERS_PER_TOKEN)}


def labelled(
    view: Any,
    function: Callable[[TopicToLabel], str | None],
    *,
    retries: int = 2,
    pause: float = 1.0,
    only_missing: bool = False,
    **options: Any,
) -> Any:
    """Label topics by a function; see `TopicView.label`.

    Parameters
    ----------
    view : TopicView
        The topics.
    function : callable
        Takes a `TopicToLabel` and returns a label, or None for the automatic one.
    retries, pause, only_missing
        As in `TopicView.label`.
    **options
        Options of `topics_to_label`.

    Returns
    -------
    TopicView

    Raises
    ------
    LabellingError
        If the function still fails after the retries, or returns no text. It has the labels made before.
    """
    require(retries >= 0, "retries", retries, "at least 0")
    require(pause >= 0, "pause", pause, "at least 0")
    for topic in topics_to_label(view, **options):
        if only_missing and view.given_labels[topic.topic] is not None:
            continue
        try:
            view = view.rename(topic.topic, _answer(function, topic, retries, pause))
        except Exception as error:  # the function is the user's, and may raise anything
            raise LabellingError(
                f"The label of topic {topic.topic} could not be made ({type(error).__name__}: {error}). The labels of "
                "the topics before it are kept in the view of this error: except LabellingError as error: "
                "error.view.label(function, only_missing=True) continues.",
                view,
            ) from error
    return view


def _answer(
    function: Callable[[TopicToLabel], str | None], topic: TopicToLabel, retries: int, pause: float
) -> str | None:
    for attempt in range(retries + 1):
        try:
            return function(topic)
        except InputError:  # another attempt would fail, too
            raise
        except Exception:
            if attempt == retries:
                raise
            time.sleep(pause * 2**attempt)
    raise AssertionError


def _texts(view: BaseView, topic: int, n: int) -> list[str]:
    if not n or view.corpus is None:
        return []
    texts = (text_of(view, row) for row in representative_rows(view, topic, n))
    return [text for text in texts if text]
