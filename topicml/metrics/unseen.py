"""Warn of topics whose words do not occur in the reference."""

from collections.abc import Sequence

import numpy as np

from topicml.errors import warn
from topicml.metrics.reference import Reference

_SHOWN = 5


def report_unseen(topics: Sequence[Sequence[str]], in_reference: np.ndarray, reference: Reference) -> None:
    """Warn if fewer than half of the words of a topic occur in the reference, and name the possible cause.

    There is one warning for the same topics and the same `Reference`, also with several measures.

    Parameters
    ----------
    topics : sequence of sequences of str
        The words of each topic.
    in_reference : ndarray of bool, (n_topics, topn)
        Whether each word occurs in the reference.
    reference : Reference
        The reference.

    Warns
    -----
    TopicWarning
        Lists some of the words, and says what the cause may be and what to do.
    """
    strange = np.flatnonzero(in_reference.mean(axis=1) < 0.5)
    if not len(strange):
        return
    unseen = [word for words, row in zip(topics, in_reference, strict=True) for word in np.array(words)[~row].tolist()]
    words = list(dict.fromkeys(unseen))
    if frozenset(words) in reference.reported:
        return
    reference.reported.add(frozenset(words))
    shown = ", ".join(map(repr, words[:_SHOWN])) + (", …" if len(words) > _SHOWN else "")
    number = f"topic {strange[0]}" if len(strange) == 1 else f"{len(strange)} topics (the first is {strange[0]})"
    warn(
        f"Fewer than half of the words of {number} occur in the reference: {(~in_reference).sum():,} of "
        f"{in_reference.size:,} words of all topics do not ({shown}). They give the lowest values, so the score says "
        f"little about the topics. {_cause(words, reference)}"
    )


def _cause(words: Sequence[str], reference: Reference) -> str:
    """The possible cause of words that are not in the reference, and what to do."""
    known = reference.corpus.vocabulary.index
    joined = [word for word in words if " " in word or "_" in word]
    if len(joined) > len(words) / 2 and not any(" " in word or "_" in word for word in known):
        return (
            "They are n-grams, and the reference has single words: split it in the same way as the documents of the "
            "fit, for example Corpus.from_texts(texts, preprocessor=CountVectorizer(ngram_range=(1, 2)))."
        )
    if sum(word in known for word in words) > len(words) / 2:  # a part of a corpus keeps the vocabulary of the whole
        return "Most of them are in its vocabulary, but in none of its documents: take more documents as reference."
    lower = {word.lower() for word in known}
    if sum(word.lower() in lower for word in words) > len(words) / 2:
        return "Most of them occur there in another case: use the same case in topics and reference."
    return (
        "Preprocess the reference in the same way as the documents of the fit (same lemmas, language and vocabulary)."
    )
