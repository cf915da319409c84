"""How commands choose and print the number of topics."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.experiment import NumberOfTopics


RULE = (
    "It follows from the size alone (the square root of the number of documents, at most 50, and at most one topic for "
    "5 words)."
)
"""The rule of `topicml.experiment.usual_number`, for messages."""


def chosen_number(corpus: "Corpus", how: str, note: Callable[[str], None]) -> int:
    """Choose the number of topics, and print why.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    how : {"usual", "auto"}
        By the size of the corpus, or by an estimate (`topicml.experiment.how_many`).
    note : callable
        Prints a message.

    Returns
    -------
    int
    """
    from topicml.experiment.how_many import usual_number

    n_docs = int((corpus.lengths > 0).sum())
    if how == "usual":
        number = usual_number(n_docs, corpus.n_words)
        note(
            f"{number} topics: the usual number for {n_docs:,} documents with {corpus.n_words:,} words. {RULE} "
            "--topics auto estimates the number from the texts, and may choose a very different one: how many topics "
            "other documents of this kind would show again. --topics N sets it."
        )
        return number
    found = estimate(corpus, note)
    note(range_text(found))
    return found.best


def estimate(corpus: "Corpus", note: Callable[[str], None], labels: Any = None) -> "NumberOfTopics":
    """Estimate the number of topics, and print messages of progress.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    note : callable
        Prints a message.
    labels : array-like, optional
        Classes of the documents.

    Returns
    -------
    NumberOfTopics
    """
    from topicml.experiment.how_many import how_many

    note("Estimating the number of topics: topics of random halves of the documents are compared, without training.")
    return how_many(corpus, labels=labels)


def range_text(found: "NumberOfTopics") -> str:
    """The result of an estimate, as sentences: the range, what was tried on which documents, and the usual number."""
    first, last = found.recommended
    numbers = f"{first}" if first == last else f"{first} to {last}"
    if not found.decided:
        return (
            f"The {found.documents:,} documents do not decide the number of topics: the topics of one half do not come "
            f"back in the other more than by chance. For their size, {numbers} topics are usual. {_tried_text(found)}"
        )
    best = found.scores[found.best]
    text = (
        f"{numbers} topics come back in other documents of this kind; {found.best} best (halves agree by "
        f"{best.score.mean:.2f} of 1 above chance). {_tried_text(found)}"
    )
    if not first <= found.usual <= last:
        more = "More topics give more detail, but" if found.usual > last else "With fewer topics, subjects are joined;"
        text += (
            f" The usual number for this size, which `topicml fit` takes without --topics, is {found.usual}: it does "
            f"not look at the texts. {more} {_other_topics(found)}"
        )
    return text


def _other_topics(found: "NumberOfTopics") -> str:
    """The score of the usual number, or of the number tried that is nearest to it."""
    nearest = min(found.scores, key=lambda k: (abs(k - found.usual), k))
    return f"halves agree by {max(0.0, found.scores[nearest].score.mean):.2f} on {nearest}."


def _tried_text(found: "NumberOfTopics") -> str:
    """What was tried, and which documents were left out."""
    low, high = found.tried
    text = f"Tried: {low} topics" if low == high else f"Tried: {len(found.scores)} numbers from {low} to {high} topics"
    text += f", on {found.documents:,} documents"
    left_out = []
    if found.repeated:
        left_out.append(f"{found.repeated:,} with the words of another one, which count once")
    if found.without_words:
        left_out.append(f"{found.without_words:,} without words")
    return f"{text} (left out: {' and '.join(left_out)})." if left_out else f"{text}."
