"""The overview of the report: figures on the corpus and the model, and warnings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from topicml.explore import TopicView
from topicml.models.diagnostics import diagnose, near_duplicates
from topicml.report.quality import Quality, quality_of
from topicml.report.subject import any_words
from topicml.report.text import count, percent, plain


@dataclass(frozen=True)
class Caution:
    """A warning.

    Attributes
    ----------
    title, text : str
        What was detected, in short and in a sentence.
    topics : list of int
        Topics that it concerns.
    advice : str
        What to do.
    """

    title: str
    text: str
    topics: list[int]
    advice: str


def corpus_facts(view: TopicView) -> list[tuple[str, str]]:
    """Figures on the documents, as (name, value); empty without documents."""
    if not view.has_documents:
        return []
    lengths = view.lengths
    facts = [
        ("Documents", count(len(lengths))),
        ("Tokens", count(lengths.sum())),
        ("Median tokens per document", f"{float(np.median(lengths)):g}"),
    ]
    if (lengths == 0).any():
        facts.append(("Documents without words", count((lengths == 0).sum())))
    return facts


def model_facts(view: TopicView) -> list[tuple[str, str]]:
    """Figures on the model, as (name, value)."""
    model = view.model
    facts = [("Model", type(model).__name__), ("Topics", count(len(view.shown)))]
    if view.n_topics > len(view.shown):
        facts.append(("Topics hidden", count(view.n_topics - len(view.shown))))
    facts.append(("Vocabulary", f"{count(len(view.vocabulary))} words"))
    history = getattr(model, "history_", None) or []
    if history:
        seconds = sum(record.get("seconds") or 0 for record in history)
        facts.append(("Epochs", f"{count(len(history))} in {_time(seconds)}"))
    contrast = getattr(model, "contrast", None)
    if contrast is not None:
        name = contrast if isinstance(contrast, str) else type(contrast).__name__
        balance = getattr(model, "balance", None)
        balance = balance if isinstance(balance, str) or balance is None else type(balance).__name__
        facts.append(("Contrast", plain(f"{name}, balance {balance}" if balance else name)))
    knowledge = getattr(model, "outside_knowledge_", None)
    if knowledge is not None:
        facts.append(("Outside knowledge †", plain(knowledge)))
    if view.steps:
        facts.append(("Steps since the fit", "; ".join(_step(step) for step in view.steps)))
    return facts


def cautions(
    view: TopicView,
    scores: Mapping[str, Mapping[str, Any]],
    coherence: Mapping[int, float | None] | None,
    measure: str | None,
    quality: Mapping[int, Quality] | None = None,
) -> list[Caution]:
    """Warnings of collapsed, dead, near-duplicate, incoherent and mixed topics, empty documents, and skipped steps.

    Parameters
    ----------
    view : TopicView
        The topics.
    scores : mapping
        As `topicml.metrics.score` returns them.
    coherence : mapping of int to float, optional
        Coherence of topics.
    measure : str, optional
        Title of the coherence measure.
    quality : mapping of int to Quality, optional
        As `topicml.report.quality.quality_of` returns it; by default it is computed.

    Returns
    -------
    cautions : list of Caution
        Empty if there is nothing to warn of.
    """
    cautions = []
    shown = np.array(view.shown)
    documents = view.shown_theta if any_words(view) else np.zeros((0, len(shown)))
    first, n_words = view.top_word_ids(10)[shown], len(view.vocabulary)
    signs = diagnose(documents, first, n_words) if len(documents) else None
    if signs is not None and len(shown) > 1 and signs.information < 0.05:
        cautions.append(
            Caution(
                "The topics collapsed",
                f"Documents hardly differ in their topics (information {signs.information:.3f} nats).",
                [],
                "Fit again with more epochs or a lower learning rate; check that documents have at least two words.",
            )
        )
    if signs is not None and signs.dead:
        cautions.append(
            Caution(
                f"{_number(len(signs.dead), 'topic leads', 'topics lead')} no document",
                "They may describe something that has a small share in many documents, or nothing.",
                shown[signs.dead].tolist(),
                "Fit fewer topics.",
            )
        )
    pairs = [(int(shown[i]), int(shown[j])) for i, j in near_duplicates(first, n_words)]
    if pairs:
        listed = ", ".join(f"{i} and {j}" for i, j in pairs[:10]) + (", …" if len(pairs) > 10 else "")
        cautions.append(
            Caution(
                f"{_number(len(pairs), 'pair of topics is', 'pairs of topics are')} nearly the same",
                f"They share at least 8 of their 10 first words: {listed}.",
                sorted({k for pair in pairs for k in pair}),
                "Merge them, or fit fewer topics.",
            )
        )
    quality = quality_of(view) if quality is None else quality
    cautions += _on_words(quality)
    empty = int((~view.has_words).sum()) if view.has_documents else 0
    if empty:
        cautions.append(
            Caution(
                f"{_number(empty, 'document has', 'documents have')} no word of the model",
                f"That is {percent(empty / len(view.has_words))} of all. They lead no topic and are on no map.",
                [],
                "Check their text, the language, and the size of the vocabulary.",
            )
        )
    covered = min((score.get("coverage", 1) for score in scores.values()), default=1)
    if covered < 0.9:
        cautions.append(
            Caution(
                f"{percent(1 - covered)} of the first words are not in the documents",
                "Coherence was computed over the others.",
                [],
                "Score on documents similar to those that the model was fitted on.",
            )
        )
    skipped = sum(int(record.get("skipped") or 0) for record in getattr(view.model, "history_", None) or [])
    if skipped:
        cautions.append(
            Caution(
                f"{_number(skipped, 'step', 'steps')} of training skipped",
                "A loss or gradient was not finite.",
                [],
                "Fit again with a lower learning rate.",
            )
        )
    return cautions


def _on_words(quality: Mapping[int, Quality]) -> list[Caution]:
    """Warnings of topics whose words are boilerplate, do not belong together, are too rare to judge, or tell little."""
    apart = [k for k, each in quality.items() if each.verdict in ("apart", "chance")]
    unknown = [k for k, each in quality.items() if each.verdict == "unknown"]
    mixed = [k for k, each in quality.items() if each.mixed]
    vague = [k for k, each in quality.items() if not each.described]
    boilerplate = [k for k, each in quality.items() if each.boilerplate]
    cautions = []
    if boilerplate:
        cautions.append(
            Caution(
                f"{_number(len(boilerplate), 'topic is', 'topics are')} probably boilerplate",
                "The first words come all together or not at all, as those of a footer, a header or a template do.",
                boilerplate,
                "Remove such passages from the texts and fit again, or hide the topics.",
            )
        )
    if apart:
        cautions.append(
            Caution(
                f"The words of {_number(len(apart), 'topic', 'topics')} do not belong together",
                "The first words meet in documents no more often than they would by chance.",
                apart,
                "Do not interpret such topics.",
            )
        )
    if unknown:
        cautions.append(
            Caution(
                f"{_number(len(unknown), 'topic has', 'topics have')} words in too few documents to tell",
                "Whether the first words belong together cannot be said: they are so rare that chance would hardly "
                "ever let them meet.",
                unknown,
                "Read documents of such topics, or fit fewer topics.",
            )
        )
    if mixed:
        cautions.append(
            Caution(
                f"{_number(len(mixed), 'topic is', 'topics are')} mixed",
                "The documents have little in common but the first words.",
                mixed,
                "They are probably of several subjects: read some before you name such a topic.",
            )
        )
    if vague:
        cautions.append(
            Caution(
                f"The first words of {_number(len(vague), 'topic', 'topics')} do not describe the documents",
                "Most documents of the topic do not have them, or others have them as well.",
                vague,
                "Name such a topic by its documents.",
            )
        )
    return cautions


def _time(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 120
        else f"{seconds / 60:.0f} min"
        if seconds < 7200
        else f"{seconds / 3600:.1f} h"
    )


def _number(n: int, one: str, many: str) -> str:
    return f"{count(n)} {one if n == 1 else many}"


def _step(step: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in step.items() if name != "do" and value is not None)
    return plain(f"{step['do']} ({arguments})")
