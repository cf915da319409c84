"""Topics of several languages side by side."""

from typing import Any

import numpy as np

from topicml.corpus.languages import word_blocks, word_of
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of


def words_by_language(view: BaseView, n: int = 10) -> dict[str, list[list[str]]]:
    """The most probable words of each topic in each language.

    Parameters
    ----------
    view : TopicView
        The topics of a model with ``languages=True``.
    n : int
        Words per topic; all words of a language if there are fewer.

    Returns
    -------
    dict of str to list of list of str
        Name of the language to the words of all topics, best first.

    Raises
    ------
    InputError
        If the model does not have languages.
    """
    if not getattr(view.model, "languages_", ()):
        raise InputError("The model has one language. Topics side by side are of a model with languages=True.")
    found = {}
    for language, block in word_blocks(view.vocabulary).items():
        words = view.vocabulary[block]
        ids = np.argsort(-view.beta[:, block], axis=1, kind="stable")[:, :n]
        found[language] = [[word_of(words[i]) for i in row] for row in ids]
    return found


def side_by_side(view: BaseView, n: int = 10, *, frame: str = "pandas") -> Any:
    """Table of the shown topics with their words in each language.

    Parameters
    ----------
    view : TopicView
        The topics of a model with ``languages=True``.
    n : int
        Words per topic and language.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    DataFrame
        A row for each topic: topic, label, and a column for each language with the words, separated by blanks.

    Raises
    ------
    InputError
        If the model does not have languages.
    """
    words, labels = words_by_language(view, n), view.labels
    columns = {language: [" ".join(topics[k]) for k in view.shown] for language, topics in words.items()}
    return frame_of({"topic": view.shown, "label": [labels[k] for k in view.shown], **columns}, frame)
