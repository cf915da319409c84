"""Scores in words: what each measure means, where it lies, and which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from topicml.explore import TopicView
from topicml.report.subject import any_words

# name: (title, what it means, range, which way)
MEANINGS: dict[str, tuple[str, str, str]] = {
    "c_npmi": (
        "Coherence (NPMI)",
        "How much more often the first words of a topic stand near each other than chance would have it.",
        "−1 to 1; 0 is chance, above 0.1 is usually readable",  # noqa: RUF001
    ),
    "c_v": (
        "Coherence (C_V)",
        "How alike the company is that the first words of a topic keep; it follows people's ratings, and is generous.",
        "0 to 1; above 0.5 is usually readable",
    ),
    "npmi_doc": (
        "Coherence in documents (NPMI)",
        "How much more often the first words of a topic share a document than chance would have it.",
        "−1 to 1; 0 is chance",  # noqa: RUF001
    ),
    "u_mass": (
        "Coherence (UMass)",
        "How surely a document that holds one of the first words holds the more frequent ones as well.",
        "below 0; nearer to 0 is better",
    ),
    "c_uci": (
        "Coherence (UCI)",
        "Pointwise mutual information of the first words within windows of text, not normalised.",
        "0 is chance; higher is better",
    ),
    "topic_diversity": (
        "Diversity",
        "The share of different words among the first words of all topics.",
        "0 to 1; 1: no word stands in two topics",
    ),
    "topic_uniqueness": (
        "Uniqueness",
        "In how few topics each of the first words stands, averaged.",
        "0 to 1; 1: each stands in one topic",
    ),
    "inverted_rbo": (
        "Difference of rankings",
        "How different the ranked words of two topics are, averaged over pairs; the first ranks count most.",
        "0 to 1; higher is more different",
    ),
    "purity": (
        "Purity",
        "The share of documents in the most frequent class of the topic that leads them; more topics raise it.",
        "0 to 1; higher is better",
    ),
    "nmi": (
        "Agreement with the classes (NMI)",
        "What the leading topic tells of a document's class, in parts of what there is to tell.",
        "0 to 1; 1: the topics are the classes",
    ),
    "ari": (
        "Agreement with the classes (ARI)",
        "Whether pairs of documents are together in topics as in classes, corrected for chance.",
        "up to 1; 0 is chance",
    ),
}


@dataclass(frozen=True)
class ToldScore:
    """A score with its meaning: name, title, value, meaning, range and how it was computed."""

    name: str
    title: str
    value: float | None
    meaning: str
    scale: str
    protocol: str


def told_scores(scores: Mapping[str, Mapping[str, Any]]) -> list[ToldScore]:
    """Scores as `topicml.metrics.score` gives them, in words; of measures without an entry, the number alone."""
    told = []
    for name, score in scores.items():
        title, meaning, scale = MEANINGS.get(name, (name, "", ""))
        told.append(ToldScore(name, title, score.get("mean"), meaning, scale, _protocol(score)))
    return told


def coherence_of_topics(
    view: TopicView, scores: Mapping[str, Mapping[str, Any]]
) -> tuple[str, dict[int, float | None]] | None:
    """Title and values of the first coherence that was computed for each topic of the view that is shown."""
    for name in ("c_npmi", "c_v", "npmi_doc", "c_uci", "u_mass"):
        values = scores.get(name, {}).get("per_topic")
        if values is not None and len(values) in (len(view.shown), view.n_topics):
            keys = view.shown if len(values) == len(view.shown) else range(view.n_topics)
            return MEANINGS[name][0], dict(zip(keys, values, strict=True))
    return None


def computed(view: TopicView, labels: Any = None) -> dict[str, dict[str, Any]]:
    """The usual scores of the topics that are shown, by the view's own documents; none where there is no corpus."""
    if view.corpus is None or not any_words(view) or len(view.vocabulary) < 2:
        return {}
    from topicml import metrics

    words = [[word for word, _ in view.show_topic(k, min(25, len(view.vocabulary)))] for k in view.shown]
    return metrics.score(words, view.corpus, view.theta if labels is not None else None, labels)


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
