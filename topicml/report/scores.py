"""Scores with explanations: what each measure means, its range, and which direction is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.explore import TopicView
from topicml.report.sampling import Judged

# name: (title, meaning, range and direction)
MEANINGS: dict[str, tuple[str, str, str]] = {
    "c_npmi": (
        "Coherence (NPMI)",
        "How much more often the first words of a topic occur near each other than expected by chance, mean of pairs.",
        "−1 to 1; a pair that never occurs together counts −1, so rare words in short texts are often below 0",  # noqa: RUF001
    ),
    "c_v": (
        "Coherence (C_V)",
        "How similar the contexts of the first words of a topic are. It follows human ratings, but rates high.",
        "0 to 1; above 0.5 is usually readable",
    ),
    "npmi_doc": (
        "Coherence in documents (NPMI)",
        "How much more often the first words of a topic occur in one document than expected by chance, mean of pairs.",
        "−1 to 1; a pair that never occurs together counts −1, so rare words in short texts are often below 0",  # noqa: RUF001
    ),
    "u_mass": (
        "Coherence (UMass)",
        "How likely a document with one of the first words has the more frequent ones as well (log probability).",
        "below 0; nearer to 0 is better",
    ),
    "c_uci": (
        "Coherence (UCI)",
        "Pointwise mutual information of the first words within windows of text, without normalisation.",
        "0 is chance; higher is better",
    ),
    "topic_diversity": (
        "Diversity",
        "The share of different words among the first words of all topics.",
        "0 to 1; 1: no word occurs in two topics",
    ),
    "topic_uniqueness": (
        "Uniqueness",
        "Mean over the first words of 1 / number of topics in which the word occurs.",
        "0 to 1; 1: each word occurs in one topic",
    ),
    "inverted_rbo": (
        "Difference of rankings",
        "Mean difference of the ranked words of two topics, over all pairs. The first ranks count most.",
        "0 to 1; higher is more different",
    ),
    "c_npmi_held_out": (
        "Coherence on unseen documents (NPMI)",
        "The same on validation documents, which are held out of training: whether topics hold for new documents.",
        "−1 to 1; low on few documents",  # noqa: RUF001
    ),
    "npmi_doc_held_out": (
        "Coherence on unseen documents (NPMI)",
        "The same on validation documents, which are held out of training: whether topics hold for new documents.",
        "−1 to 1; low on few documents",  # noqa: RUF001
    ),
    "document_coverage_held_out": (
        "Coverage of unseen documents",
        "The share of validation documents that contain one of the first words of their leading topic.",
        "0 to 1; low: the words are too rare to describe the documents",
    ),
    "purity": (
        "Purity",
        "The share of documents that are in the most frequent class of their leading topic. More topics raise it.",
        "0 to 1; higher is better",
    ),
    "nmi": (
        "Agreement with the classes (NMI)",
        "Mutual information of the leading topic and the class of documents, normalised.",
        "0 to 1; 1: the topics are the classes",
    ),
    "ari": (
        "Agreement with the classes (ARI)",
        "How far pairs of documents that share a leading topic share a class, and vice versa; adjusted for chance.",
        "up to 1; 0 is chance",
    ),
}


@dataclass(frozen=True)
class ExplainedScore:
    """A score with its explanation: name, title, value, meaning, range, and how it was computed."""

    name: str
    title: str
    value: float | None
    meaning: str
    scale: str
    protocol: str


def explained_scores(scores: Mapping[str, Mapping[str, Any]]) -> list[ExplainedScore]:
    """Add explanations to the scores of `topicml.metrics.score`; measures without an entry have the number alone."""
    explained = []
    for name, score in scores.items():
        title, meaning, scale = MEANINGS.get(name, (name, "", ""))
        explained.append(ExplainedScore(name, title, score.get("mean"), meaning, scale, _protocol(score)))
    return explained


def coherence_of_topics(
    view: TopicView, scores: Mapping[str, Mapping[str, Any]]
) -> tuple[str, dict[int, float | None]] | None:
    """The first coherence among scores that has a value for each topic.

    Parameters
    ----------
    view : TopicView
        The topics.
    scores : mapping
        As `topicml.metrics.score` returns them, of the shown topics or of all.

    Returns
    -------
    title, values : str, dict of int to float
        Title of the measure, and the coherence of each topic; None if no coherence was computed.
    """
    for name in ("c_npmi", "c_v", "npmi_doc", "c_uci", "u_mass"):
        values = scores.get(name, {}).get("per_topic")
        if values is not None and len(values) in (len(view.shown), view.n_topics):
            keys = view.shown if len(values) == len(view.shown) else range(view.n_topics)
            return MEANINGS[name][0], dict(zip(keys, values, strict=True))
    return None


def computed(view: TopicView, labels: Any = None, *, judged: Judged | None = None) -> dict[str, dict[str, Any]]:
    """Scores of the shown topics, computed on the view's documents.

    Parameters
    ----------
    view : TopicView
        The topics.
    labels : array-like, (n_docs,), optional
        Classes of the documents.
    judged : Judged, optional
        The documents to compute them on; by default all.

    Returns
    -------
    scores : dict
        As `topicml.metrics.score` returns them; empty without a corpus.
    """
    judged = judged or Judged.of(view)
    if judged is None or not judged.has_words.any() or len(view.vocabulary) < 2:
        return {}
    from topicml import metrics

    words = [[word for word, _ in view.show_topic(k, min(25, len(view.vocabulary)))] for k in view.shown]
    if labels is None:
        return metrics.score(words, judged.corpus)
    # No document has a hidden topic, and none without a known word has any.
    labels = judged.of_documents(np.asarray(labels))
    return metrics.score(words, judged.corpus, judged.theta, labels, has_words=judged.has_words)


def _protocol(score: Mapping[str, Any]) -> str:
    parts = []
    if "labels" in score:
        parts.append(f"{score['documents']:,} documents, {score['labels']} classes")
    if "topn" in score:
        parts.append(f"the first {score['topn']} words")
    if "window" in score:
        parts.append("in a document" if score["window"] == "document" else f"in windows of {score['window']} words")
    if score.get("coverage", 1) < 1:
        parts.append(f"{score['coverage']:.0%} of them in the reference")
    return ", ".join(parts)
