"""Whether topics came out well: collapse, dead topics and near-duplicates."""

import warnings
from dataclasses import asdict, dataclass

import numpy as np
from scipy.sparse import csr_matrix, tril

from topicml.errors import TopicWarning


@dataclass(frozen=True)
class Diagnostics:
    """Signs of ill topics.

    Attributes
    ----------
    information : float
        Mutual information of topics and documents in nats, from theta: near 0 when all documents look alike.
    dead : list of int
        Topics that lead no document.
    duplicates : list of (int, int)
        Pairs of topics that share at least 8 of their 10 first words; where the vocabulary holds fewer than 40, four
        fifths of as many as make a quarter of it, since of a dozen words any two tens are much the same.
    """

    information: float
    dead: list[int]
    duplicates: list[tuple[int, int]]

    def to_dict(self) -> dict:
        """A JSON-able form."""
        return asdict(self)

    def warn(self) -> None:
        """Warn of what the user can act on."""
        n_topics = self.n_topics
        if n_topics > 1 and self.information < 0.05:
            _warn(
                f"The topics collapsed: documents hardly differ in theta (information {self.information:.3f} nats). "
                "Fit again with init='npmi', a longer kl_warmup, a lower learning_rate, or more epochs; check that the "
                "documents hold at least two words each."
            )
        elif len(self.dead) > n_topics / 4:
            _warn(f"{len(self.dead)} of {n_topics} topics lead no document: a smaller n_topics would do.")
        if len(self.duplicates) > n_topics / 10:
            _warn(f"{len(self.duplicates)} pairs of topics share most of their words: a smaller n_topics would do.")

    n_topics: int = 0


def diagnose(theta: np.ndarray, top_words: np.ndarray, n_words: int) -> Diagnostics:
    """Look at `theta` (n_docs, n_topics) of some documents, and the first ten word ids of topics, best first."""
    n_topics = theta.shape[1]
    mean = theta.mean(axis=0)
    information = _entropy(mean[None])[0] - _entropy(theta).mean()
    leading = np.bincount(theta.argmax(axis=1), minlength=n_topics)
    first = min(10, n_words // 4)
    dead = np.flatnonzero(leading == 0).tolist() if len(theta) >= 5 * n_topics else []
    return Diagnostics(float(information), dead, _alike(top_words[:, :first], n_words), n_topics)


def _alike(top_words: np.ndarray, n_words: int) -> list[tuple[int, int]]:
    """Pairs of topics that share at least four fifths of these words, (n_topics, n) ids."""
    n_topics, n = top_words.shape
    if 0.8 * n <= 1:
        return []
    members = csr_matrix((np.ones(top_words.size), top_words.ravel(), n * np.arange(n_topics + 1)), (n_topics, n_words))
    shared = tril(members @ members.T, -1).tocoo()
    enough = shared.data >= 0.8 * n
    return [(j, i) for i, j in sorted(zip(shared.row[enough].tolist(), shared.col[enough].tolist(), strict=True))]


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)


def _warn(message: str) -> None:
    warnings.warn(message, TopicWarning, stacklevel=5)
