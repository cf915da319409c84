"""Named corpora: `load` one by its name, list their `cards`."""

from typing import Any

from topicml.corpus.cards import Card, card, cards, is_known
from topicml.corpus.corpus import Corpus
from topicml.corpus.sources.named import read_named
from topicml.trust import home

__all__ = ["Card", "card", "cards", "home", "is_known", "load"]


def load(name: str, preprocessor: Any = None, split: str | None = None) -> Corpus:
    """Load a named corpus. Download it at first use.

    Parameters
    ----------
    name : str
        A name from `cards`, in any case.
    preprocessor : Preprocessor, scikit-learn vectorizer or False, optional
        As in `Corpus.from_texts`, for a corpus of raw text. It is ignored for a corpus of tokens.
    split : str, optional
        "train", "test" or "val", if the corpus has this partition. By default all documents.

    Returns
    -------
    Corpus
        Labels, if there are any, are the field "label".

    Raises
    ------
    InputError
        If no corpus has this name, or the download fails: the message says which file to save where.
    """
    return Corpus.from_data(read_named(name, preprocessor, split))
