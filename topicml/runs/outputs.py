"""Files of topics and scores."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError
from topicml.files import atomic_file, file_json

if TYPE_CHECKING:
    from topicml.models import TopicModel

WORDS = 25
"""Words per topic in ``topics.json`` and ``topics.csv``."""


def write_topics(folder: Path, model: "TopicModel") -> list[list[str]]:
    """Write ``topics.json`` (a list of words per topic) and ``topics.csv`` (topic, rank, word, probability).

    Parameters
    ----------
    folder : Path
        Where to write them.
    model : TopicModel
        Fitted on documents whose words are known.

    Returns
    -------
    list of list of str
        The content of ``topics.json``.
    """
    topics = model.topics(min(WORDS, model.components_.shape[1]))
    write_json(folder / "topics.json", topics)
    assert model.vocabulary_ is not None  # fitted on a Corpus
    column = {word: i for i, word in enumerate(model.vocabulary_)}
    with atomic_file(folder / "topics.csv") as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("topic", "rank", "word", "probability"))
        for number, words in enumerate(topics):
            for rank, word in enumerate(words, start=1):
                writer.writerow((number, rank, word, f"{model.components_[number, column[word]]:.6g}"))
    return topics


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically.

    Parameters
    ----------
    path : Path
        The file.
    value : object
        JSON-able.
    """
    with atomic_file(path) as temporary:
        temporary.write_text(file_json(value, indent=1) + "\n", "utf-8")


def read_topics(path: Path) -> list[list[str]]:
    """Read ``topics.json``.

    Raises
    ------
    InputError
        If it is not a list of lists of words.
    """
    try:
        topics = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is not JSON in UTF-8 ({error}).") from error
    if not isinstance(topics, list) or not topics or not all(map(_is_topic, topics)):
        raise InputError(f'{path} must hold a list of topics, each a list of words: [["game", "team"], …].')
    return topics


def read_scores(path: Path, n_topics: int) -> dict[str, Any] | None:
    """Read ``scores.json``.

    Parameters
    ----------
    path : Path
        As a fit wrote it.
    n_topics : int
        Number of topics of the model.

    Returns
    -------
    dict or None
        Name of a score to its protocol and values; None if the file is missing, damaged, or of another model.
    """
    try:
        scores = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    valid = isinstance(scores, dict) and all(
        isinstance(score, dict) and isinstance(score.get("per_topic"), list | None) for score in scores.values()
    )
    lengths = {len(score["per_topic"]) for score in scores.values() if score.get("per_topic")} if valid else {0}
    return scores if lengths <= {n_topics} else None


def _is_topic(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value)
