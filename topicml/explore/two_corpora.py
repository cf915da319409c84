"""One corpus against another, from documents: join, fit, test."""

from collections.abc import Sequence
from typing import Any

from topicml.checks import require
from topicml.corpus import Corpus, join_corpora
from topicml.corpus.fields import Fields
from topicml.errors import InputError, warn
from topicml.explore.corpus_contrast import CorpusContrast, contrast
from topicml.models import model_class

FIELD = "corpus"
"""The field that names the corpus of each document."""


def contrast_corpora(
    background: Any,
    other: Any,
    *,
    names: Sequence[str] = ("A", "B"),
    model: str = "ProdLDA",
    n_topics: int = 20,
    salient: int = 5,
    held_out: float = 0.5,
    draws: int = 1000,
    level: float = 0.05,
    seed: int = 0,
    **parameters: Any,
) -> CorpusContrast:
    """Find what a corpus has, and its background has not: fit a model to a part of both, and test it by the rest.

    Parameters
    ----------
    background, other : Corpus or sequence of str
        The documents. Of two corpora, the words are those of either (`topicml.corpus.join_corpora`): read them alike,
        and keep rare words. Raw texts are read together, so that this cannot go wrong.
    names : sequence of two str
        The names of the two in the field ``corpus``.
    model : str
        Name of a model.
    n_topics, salient : int
        Number of topics, and how many of them are for what the background has not.
    held_out : float
        Share of the documents for the test of topics, at most 5,000 of them.
    draws, level, seed
        As in `contrast`; `seed` is also that of the fit.
    **parameters
        Further parameters of the model.

    Returns
    -------
    CorpusContrast
        Its ``view.model`` is the fitted model, and ``view.corpus`` has the documents of both.

    Raises
    ------
    InputError
        If a corpus is empty, the corpora have no common word, or there are too few documents to hold some out.

    Examples
    --------
    >>> from topicml.explore import contrast_corpora
    >>> june, july = ["rain and wind today", "cold rain again"] * 40, ["rain and wind today", "warm sun at last"] * 40
    >>> found = contrast_corpora(june, july, n_topics=3, salient=1, max_epochs=5)
    >>> found.words(2).word.tolist()
    ['cold', 'sun']
    """
    require(0 < held_out < 1, "held_out", held_out, "greater than 0 and less than 1")
    corpus = joined(background, other, names)
    fitted = model_class(model)(
        n_topics,
        against=f"{FIELD}={names[0]}",
        salient=salient,
        validation_fraction=held_out,
        random_state=seed,
        **parameters,
    ).fit(corpus)
    return contrast(fitted, corpus, draws=draws, level=level, seed=seed)


def joined(background: Any, other: Any, names: Sequence[str]) -> Corpus:
    """Put two corpora, or two lists of texts, one after the other.

    Parameters
    ----------
    background, other, names
        As in `contrast_corpora`.

    Returns
    -------
    Corpus
        With the field ``corpus``.

    Raises
    ------
    InputError
        If one is empty, or only one is a corpus.

    Warns
    -----
    TopicWarning
        If both have the same documents.
    """
    if len(names) != 2 or names[0] == names[1]:
        raise InputError(f"names must be two different names; received {names!r}.")
    parts = dict(zip(names, (background, other), strict=True))
    for name, part in parts.items():
        if isinstance(part, str) or not hasattr(part, "__len__"):
            raise InputError(f"{name} must be a Corpus or a list of texts; received {part!r:.80}.")
        if not len(part):
            raise InputError(f"{name} has no documents.")
    if all(isinstance(part, Corpus) for part in parts.values()):
        is_same = background.fingerprint == other.fingerprint
        corpus = join_corpora(parts, field=FIELD)
    elif any(isinstance(part, Corpus) for part in parts.values()):
        raise InputError("One of the two is a Corpus, and the other is not: give two of them, or two lists of texts.")
    else:
        texts = [*background, *other]
        is_same = list(background) == list(other)
        corpus = Corpus.from_texts(texts)
        column = [name for name, part in parts.items() for _ in range(len(part))]
        corpus = corpus.replaced(fields=Fields.of({"text": texts, FIELD: column}, len(texts)))
    if is_same:
        warn(f"{names[0]} and {names[1]} have the same documents: no difference can be found.")
    return corpus
