"""The documents and words by which the topics of a fit are scored: those of each language apart."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from topicml.corpus import Corpus
    from topicml.models import TopicModel


def by_language(
    model: "TopicModel", corpus: "Corpus", n: int
) -> "Iterator[tuple[str, list[list[str]], np.ndarray | None]]":
    """Yield what is scored together: words of two languages do not occur together in documents.

    Parameters
    ----------
    model : TopicModel
        Fitted.
    corpus : Corpus
        The documents of the fit.
    n : int
        Words per topic; all words of a language if there are fewer.

    Yields
    ------
    name : str
        End of the names of the scores, such as ``_de``; empty for a model of one language.
    topics : list of list of str
        Words of the topics, as the corpus has them.
    rows : ndarray of int or None
        Rows of the documents; None for all.
    """
    from topicml.corpus.languages import word_blocks
    from topicml.corpus.vocabulary import SEPARATOR

    if not model.languages_:
        yield "", model.topics(min(n, corpus.n_words)), None
        return
    for language, block in word_blocks(corpus.vocabulary).items():
        words = model.topics(min(n, block.stop - block.start), language=language)
        topics = [[f"{language}{SEPARATOR}{word}" for word in topic] for topic in words]
        yield f"_{language}", topics, corpus.counts[:, block].getnnz(axis=1).nonzero()[0]
