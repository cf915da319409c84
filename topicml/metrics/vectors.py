"""Word vectors for measures: gensim's, any mapping, or vectors learned from the reference corpus."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.reference import Reference

# Learned vectors of each corpus, for as long as it is alive: (dimension, seed) to (n_words, dimension).
_LEARNED: "WeakKeyDictionary[Corpus, dict[tuple[int, int], np.ndarray]]" = WeakKeyDictionary()


class WordVectors:
    """Word vectors from different sources, looked up by word.

    Parameters
    ----------
    source : gensim KeyedVectors, mapping, Corpus, Reference, WordVectors or iterable of token lists
        Any object with ``word in source`` and ``source[word]``, or a gensim model with such an object as ``wv``. Or
        documents, from which vectors are learned (`topicml.starting.word_vectors`), once for each corpus.
    dimension : int
        Dimension of learned vectors.
    seed : int
        Seed of learned vectors.

    Attributes
    ----------
    protocol : dict
        The source of the vectors and their dimension, as part of a score's protocol.

    Raises
    ------
    InputError
        If the source is neither word vectors nor documents.
    """

    def __init__(self, source: Any, dimension: int = 100, seed: int = 0) -> None:
        self._rows: np.ndarray | None
        self._index: Any
        self.protocol: dict[str, Any]
        if isinstance(source, WordVectors):
            self._rows, self._index, self.protocol = source._rows, source._index, source.protocol
            return
        source = getattr(source, "wv", source)
        if not isinstance(source, (Corpus, Reference)) and hasattr(source, "__contains__") and _by_word(source):
            self._rows, self._index = None, source
            size = getattr(source, "vector_size", None)
            self.protocol = {"vectors": type(source).__name__, "dimension": None if size is None else int(size)}
            return
        documents = isinstance(source, (Corpus, Reference))
        if isinstance(source, str) or not (documents or hasattr(source, "__iter__")):
            raise InputError(
                f"Word vectors cannot be read from {type(source).__name__}. Pass gensim's KeyedVectors (for a file: "
                "KeyedVectors.load_word2vec_format), a mapping of words to vectors, or a Corpus to learn them from."
            )
        corpus = (source if isinstance(source, Reference) else Reference(source)).corpus
        learned = _LEARNED.setdefault(corpus, {})
        if (dimension, seed) not in learned:
            from topicml.starting import word_vectors

            learned[dimension, seed] = word_vectors(corpus, dimension=dimension, seed=seed)
        self._rows, self._index = learned[dimension, seed], corpus.vocabulary.index
        self.protocol = {
            "vectors": "in-corpus",
            "dimension": dimension,
            "vectors_seed": seed,
            "reference_fingerprint": corpus.fingerprint,
        }

    def of(self, topics: list[list[str]], unseen: str = "apart") -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors of the words of topics, scaled to length 1.

        Parameters
        ----------
        topics : list of lists of str
            The words of each topic; the same number of words in all topics.
        unseen : str
            "error": raise if any word has no vector.

        Returns
        -------
        vectors : ndarray of float64, (n_topics, topn, dimension)
            Zeros for words without a vector. A vector of zeros counts as no vector.
        seen : ndarray of bool, (n_topics, topn)
            Words with a vector.

        Raises
        ------
        InputError
            If no word has a vector, or if `unseen` is "error" and a word has none.
        """
        raw, has_vector = self.raw(topics, unseen)
        length = np.linalg.norm(raw, axis=2, keepdims=True)
        return np.divide(raw, length, out=np.zeros_like(raw), where=length > 0), has_vector

    def raw(self, topics: list[list[str]], unseen: str = "apart") -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors of the words of topics without scaling them; otherwise as `of`.

        Parameters
        ----------
        topics, unseen
            As in `of`.

        Returns
        -------
        vectors, seen
            As in `of`.

        Raises
        ------
        InputError
            As in `of`.
        """
        words = {word for row in topics for word in row}
        vector_of = {word: self._vector(word) for word in words if word in self._index}
        vector_of = {word: vector for word, vector in vector_of.items() if vector.any()}
        if not vector_of:
            raise InputError(
                "None of the topics' words has a vector. Check that the vectors are of the same language and spelling."
            )
        if unseen == "error":
            for number, row in enumerate(topics):
                for word in row:
                    if word not in vector_of:
                        raise InputError(f"The word {word!r} of topic {number} has no vector.")
        size = len(next(iter(vector_of.values())))
        vectors = np.zeros((len(topics), len(topics[0]), size))
        has_vector = np.zeros(vectors.shape[:2], dtype=bool)
        for i, row in enumerate(topics):
            for j, word in enumerate(row):
                if word in vector_of:
                    vectors[i, j], has_vector[i, j] = vector_of[word], True
        return vectors, has_vector

    def matrix(self, words: list[str]) -> np.ndarray:
        """Return the unscaled vectors of words, (n_words, dimension), float64; zeros for words without a vector."""
        return self.raw([words])[0][0]

    def _vector(self, word: str) -> np.ndarray:
        """The unscaled vector of a word."""
        vector = self._index[word] if self._rows is None else self._rows[self._index[word]]
        return np.asarray(vector, dtype=np.float64)


def _by_word(source: Any) -> bool:
    """Whether an object is looked up by word, such as gensim's KeyedVectors or a mapping, unlike a list."""
    return hasattr(source, "__getitem__") and (hasattr(source, "key_to_index") or hasattr(source, "keys"))


def check_unseen(unseen: str, allowed: tuple[str, ...]) -> None:
    """Raise `InputError` if a treatment of unseen words is unknown.

    Parameters
    ----------
    unseen : str
        The treatment received.
    allowed : tuple of str
        The treatments of the measure.

    Raises
    ------
    InputError
        If `unseen` is not in `allowed`.
    """
    require(unseen in allowed, "unseen", unseen, f"one of {', '.join(allowed)}")
