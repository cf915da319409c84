"""What training changed: overlap of the first words of topics with those of their start."""

import numpy as np

from topicml import __version__
from topicml.errors import InputError
from topicml.metrics.result import Score
from topicml.metrics.topics import Topics, checked_topics


def learned_overlap(topics: Topics, starting_topics: Topics, topn: int = 10) -> Score:
    """Mean share of the first words of a topic that were among its first words before training.

    1: training changed no word of any topic, so the topics are those of the start. 0: all words are new.

    Parameters
    ----------
    topics : sequence of sequences of str, or mapping
        The words of each topic after training, best first; or OCTIS's model output.
    starting_topics : sequence of sequences of str, or mapping
        The words of the same topics, in the same order, before training: `topicml.models.starting_topics`.
    topn : int
        Number of words per topic.

    Returns
    -------
    score : Score
        ``per_topic`` is the share of each topic.

    Raises
    ------
    InputError
        If the numbers of topics differ, or a topic has fewer than `topn` words or repeats one.
    """
    after, before = checked_topics(topics, topn), checked_topics(starting_topics, topn)
    if len(after) != len(before):
        raise InputError(f"There are {len(after)} topics and {len(before)} starting topics; they must correspond.")
    per_topic = np.array([len({*a} & {*b}) / topn for a, b in zip(after, before, strict=True)])
    return Score("learned_overlap", float(per_topic.mean()), per_topic, {"topn": topn, "version": __version__})
