"""How commands choose and print the number of topics."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.experiment import NumberOfTopics


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
            f"{number} topics: the usual number for {n_docs:,} documents with {corpus.n_words:,} words. "
            "--topics N sets it; --topics auto estimates it from the documents."
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
    """The result of an estimate, as a sentence."""
    first, last = found.recommended
    numbers = f"{first}" if first == last else f"{first} to {last}"
    if not found.decided:
        return (
            f"The {found.documents:,} documents do not decide the number of topics: the topics of one half do not come "
            f"back in the other more than by chance. For their size, {numbers} topics are usual."
        )
    best = found.scores[found.best]
    return (
        f"{numbers} topics come back in other documents of this kind; {found.best} best (halves agree by "
        f"{best.score.mean:.2f} of 1 above chance)."
    )
