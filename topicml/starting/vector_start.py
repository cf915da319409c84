"""`VectorStart`: every option of how word vectors start from documents."""

from typing import Any, Self

from topicml.checks import require
from topicml.settings import Settings


class VectorStart(Settings):
    """How word vectors are learned from a corpus, and the random vectors of words without one.

    Do not change a `VectorStart` after it is made; `replace` returns a changed copy.

    Parameters
    ----------
    shift : float
        Subtracted from the PMI: log k corresponds to k negative samples in skip-gram.
    smoothing : float
        Power of the context words' frequencies; below 1 rare context words count less (Levy, Goldberg & Dagan: 0.75).
    min_count : int
        Pairs that occur together less often are left out. 1 keeps all: the factorisation averages their noise.
    max_contexts : int
        Number of the most frequent words to use as contexts. Bounds the memory: at most 8 bytes times words times
        contexts, and far less in practice, since rare words have few pairs.
    max_pairs : float
        Approximate number of pairs to count; from a larger corpus, evenly spaced documents are read. Bounds time and
        memory.
    block : int
        Words to process at a time. Bounds the memory; the result does not depend on it.
    chunk : int
        Tokens to read at a time, with a window. Bounds the memory; the result does not depend on it.
    svd_iterations : int
        Power iterations of the randomised SVD: more are more exact and take longer.
    rank_tolerance : float
        Directions with a singular value below this share of the largest are dropped: they are rounding errors.
    removed : float
        Share of leading components to remove after centring; they contain frequency more than meaning (Mu &
        Viswanath: about one in a hundred).
    random_length : float
        Length of the random vector of a word without a vector, relative to the others. Short, as nothing supports it,
        but not 0, so that it can learn.
    word2vec_window : int
        Default window of ``word2vec``, in tokens. Large, so that similarity is topical.
    word2vec_negatives : int
        Negative samples of ``word2vec``; gensim's default.
    word2vec_epochs : int
        Epochs of ``word2vec``; more than gensim's 5, as corpora of topic models are small.

    Raises
    ------
    InputError
        If a number is out of range.

    References
    ----------
    Levy, Goldberg & Dagan, Improving distributional similarity with lessons learned from word embeddings, TACL 2015.
    Mu & Viswanath, All-but-the-top, ICLR 2018.
    """

    def __init__(
        self,
        *,
        shift: float = 0.0,
        smoothing: float = 0.75,
        min_count: int = 1,
        max_contexts: int = 10_000,
        max_pairs: float = 1.5e8,
        block: int = 200,
        chunk: int = 2_000_000,
        svd_iterations: int = 3,
        rank_tolerance: float = 1e-5,
        removed: float = 0.01,
        random_length: float = 0.1,
        word2vec_window: int = 10,
        word2vec_negatives: int = 5,
        word2vec_epochs: int = 10,
    ) -> None:
        self.shift = shift
        self.smoothing = smoothing
        self.min_count = min_count
        self.max_contexts = max_contexts
        self.max_pairs = max_pairs
        self.block = block
        self.chunk = chunk
        self.svd_iterations = svd_iterations
        self.rank_tolerance = rank_tolerance
        self.removed = removed
        self.random_length = random_length
        self.word2vec_window = word2vec_window
        self.word2vec_negatives = word2vec_negatives
        self.word2vec_epochs = word2vec_epochs
        self._check()

    def replace(self, **changes: Any) -> Self:
        """A copy with other values of some options, given by name."""
        return type(self)(**{**self.settings(), **changes})

    def _check(self) -> None:
        whole_numbers = ("min_count", "max_contexts", "block", "chunk", "word2vec_window", "word2vec_negatives")
        for name in (*whole_numbers, "word2vec_epochs"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("shift", "svd_iterations", "random_length"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        require(self.max_pairs > 0, "max_pairs", self.max_pairs, "positive")
        require(0 < self.smoothing <= 1, "smoothing", self.smoothing, "in (0, 1]")
        for name in ("rank_tolerance", "removed"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")


DEFAULT_VECTORS = VectorStart()
