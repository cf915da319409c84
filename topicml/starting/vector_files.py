"""Read trained word vectors: files in word2vec's and GloVe's formats, and gensim's KeyedVectors."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from topicml.errors import InputError, warn


def read_vectors(source: Any, vocabulary: Sequence[str]) -> np.ndarray:
    """Look up trained vectors for the words of a vocabulary.

    Parameters
    ----------
    source : path or gensim KeyedVectors
        A file in word2vec's format (text or binary) or GloVe's, which may be compressed (``.gz``, ``.bz2``); or an
        object with ``vector_size``, ``word in source`` and ``source[word]``.
    vocabulary : sequence of str
        The words; row i of the result is the vector of word i.

    Returns
    -------
    ndarray, float32, (n_words, dimension)
        The vectors as they were trained, neither centred nor scaled. A word without a vector gets the mean of the
        others, which carries no information about it.

    Raises
    ------
    InputError
        If the file is missing or cannot be read as vectors, none of the words has a vector, or a vector is not finite.

    Warns
    -----
    TopicWarning
        If some words have no vector: how many, and the first of them.
    """
    words = tuple(vocabulary)
    keyed = _opened(source) if isinstance(source, (str, os.PathLike)) else source
    if not all(hasattr(keyed, name) for name in ("vector_size", "__contains__", "__getitem__")):
        raise InputError(
            f"Word vectors were given as {type(source).__name__}. Pass the path of a file in word2vec's or GloVe's "
            "format, or gensim's KeyedVectors (of a Word2Vec model: model.wv)."
        )
    present = [i for i, word in enumerate(words) if word in keyed]
    if not present:
        raise InputError(
            f"None of the {len(words):,} words of the vocabulary ({_first(words)}) has a vector. "
            "Pass vectors of the same language and spelling (most are lower case)."
        )
    vectors = np.empty((len(words), int(keyed.vector_size)), dtype=np.float32)
    vectors[present] = [keyed[words[i]] for i in present]
    if not np.isfinite(vectors[present]).all():
        raise InputError("Some word vectors are not finite (NaN or infinity). Remove those words.")
    missing = np.setdiff1d(np.arange(len(words)), present)
    if len(missing):
        vectors[missing] = vectors[present].mean(axis=0)
        shown = _first([words[i] for i in missing])
        warn(f"{len(missing):,} of {len(words):,} words have no vector ({shown}) and get the mean of the others.")
    return vectors


def _first(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words[:5])) + (", ..." if len(words) > 5 else "")


def _opened(path: str | os.PathLike[str]) -> Any:
    """Read a file as gensim's KeyedVectors. The first two lines tell which of the three formats it has."""
    from gensim.models import KeyedVectors  # slow to import
    from smart_open import open as open_any  # gensim's reader; opens compressed files too

    path = os.fspath(path)
    try:
        with open_any(path, "rb") as file:
            first, second = file.readline(100_000), file.readline(100_000)
        has_header = len(first.split()) == 2 and all(number.isdigit() for number in first.split())
        binary = has_header and not _is_text(second, int(first.split()[1]))
        return KeyedVectors.load_word2vec_format(path, binary=binary, no_header=not has_header)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist. Pass the path of a file of word vectors.") from error
    except (
        OSError,
        ValueError,
        TypeError,
        EOFError,
        IndexError,
    ) as error:  # what gensim's reader raises for other files
        raise InputError(
            f"{path} cannot be read as word vectors ({str(error).splitlines()[0] if str(error) else 'it ends early'}). "
            "Pass a file in word2vec's (text or binary) or GloVe's format. Load what gensim's KeyedVectors.save wrote "
            "with KeyedVectors.load, and pass the object."
        ) from error


def _is_text(line: bytes, dimension: int) -> bool:
    """Whether a line is a word and its numbers in decimal."""
    try:
        return len([float(number) for number in line.decode().split()[1:]]) >= min(dimension, 1)
    except ValueError:  # includes UnicodeDecodeError
        return False
