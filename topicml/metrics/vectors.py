"""Word vectors for measures: gensim's, any mapping, or those that a reference corpus gives by itself."""

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.metrics.reference import Reference

# In-corpus vectors, for as long as the corpus lives: (dimension, seed) to (n_words, dimension).
_LEARNED: "WeakKeyDictionary[Corpus, dict[tuple[int, int], np.ndarray]]" = WeakKeyDictionary()


class WordVectors:
    """Vectors of words, looked up by word.

    Parameters
    ----------
    source : gensim KeyedVectors, mapping, Corpus, Reference, WordVectors or iterable of token lists
        Anything with ``word in source`` and ``source[word]``, also a gensim model that has them as ``wv``; or
        documents: their own vectors are then learned (`topicml.starting.word_vectors`), once a corpus.
    dimension : int
        Numbers a vector, where vectors are learned.
    seed : int
        Seed of the learning.

    Attributes
    ----------
    protocol : dict
        Where the vectors are from.

    Raises
    ------
    InputError
        If the source holds no vectors.
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
                f"Word vectors cannot be taken from {type(source).__name__}. Give gensim's KeyedVectors (of a file: "
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
        """Vectors of the words of topics, of length 1, and which words have one.

        Returns
        -------
        vectors : ndarray, float64, (n_topics, topn, dimension)
            Zeros for a word without a vector, or whose vector is zeros.
        seen : ndarray of bool, (n_topics, topn)

        Raises
        ------
        InputError
            If no word has a vector; or any has none, where `unseen` is "error".
        """
        raw, seen = self.raw(topics, unseen)
        length = np.linalg.norm(raw, axis=2, keepdims=True)
        return np.divide(raw, length, out=np.zeros_like(raw), where=length > 0), seen

    def raw(self, topics: list[list[str]], unseen: str = "apart") -> tuple[np.ndarray, np.ndarray]:
        """Like `of`, in the lengths that the vectors have."""
        words = {word for row in topics for word in row}
        found = {word: self._vector(word) for word in words if word in self._index}
        found = {word: vector for word, vector in found.items() if vector.any()}
        if not found:
            raise InputError(
                "None of the topics' words has a vector. Are the vectors of the same language and spelling?"
            )
        if unseen == "error":
            for number, row in enumerate(topics):
                for word in row:
                    if word not in found:
                        raise InputError(f"The vectors lack {word!r} of topic {number}.")
        size = len(next(iter(found.values())))
        vectors = np.zeros((len(topics), len(topics[0]), size))
        seen = np.zeros(vectors.shape[:2], dtype=bool)
        for i, row in enumerate(topics):
            for j, word in enumerate(row):
                if word in found:
                    vectors[i, j], seen[i, j] = found[word], True
        return vectors, seen

    def matrix(self, words: list[str]) -> np.ndarray:
        """Raw vectors of words, float64, (n_words, dimension); zeros for a word without one."""
        return self.raw([words])[0][0]

    def _vector(self, word: str) -> np.ndarray:
        vector = self._index[word] if self._rows is None else self._rows[self._index[word]]
        return np.asarray(vector, dtype=np.float64)


def _by_word(source: Any) -> bool:
    """Whether it is looked up by words: gensim's KeyedVectors or a mapping, but no list."""
    return hasattr(source, "__getitem__") and (hasattr(source, "key_to_index") or hasattr(source, "keys"))


def check_unseen(unseen: str, allowed: tuple[str, ...]) -> None:
    """Raise where a policy for unseen words is unknown."""
    if unseen not in allowed:
        raise InputError(f"unseen={unseen!r} is unknown. Choose one of {', '.join(allowed)}.")
