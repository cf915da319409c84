"""Signs of unusable topics: collapse, topics that lead no document, and near-duplicates."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, tril

from topicml.errors import warn
from topicml.metrics import leading_counts

_CHUNK = 65_536  # documents at a time


@dataclass(frozen=True)
class Diagnostics:
    """Signs of unusable topics.

    Attributes
    ----------
    information : float
        Mutual information of topics and documents in nats, from theta: near 0 if all documents have similar topics.
    dead : list of int
        Topics that lead no document.
    duplicates : list of (int, int)
        Pairs of near-duplicate topics (`near_duplicates`).
    n_topics : int
        Number of topics.
    """

    information: float
    dead: list[int]
    duplicates: list[tuple[int, int]]
    n_topics: int = 0

    def to_dict(self) -> dict:
        """Return a JSON-able form."""
        return asdict(self)

    def warn(self, settings: Mapping[str, Any] | None = None) -> None:
        """Issue a `TopicWarning` for each sign that the user can act on.

        Parameters
        ----------
        settings : mapping of str to object, optional
            The settings of the fit: only those that the model has are advised.
        """
        n_topics = self.n_topics
        if n_topics > 1 and self.information < 0.05:
            warn(
                f"The topics collapsed: documents hardly differ in their topics (information {self.information:.3f} "
                f"nats). {_advice(settings or {})}; check that the documents have at least two words each."
            )
        elif len(self.dead) > n_topics / 4:
            warn(f"{len(self.dead)} of {n_topics} topics lead no document: use a smaller n_topics.")
        if len(self.duplicates) > n_topics / 10:
            warn(f"{len(self.duplicates)} pairs of topics share most of their words: use a smaller n_topics.")


def _advice(settings: Mapping[str, Any]) -> str:
    """What may prevent a collapse, of what the model has and does not do already."""
    init = getattr(settings.get("init"), "method", settings.get("init", "npmi"))
    advice = [] if isinstance(init, str) and init == "npmi" else ["init='npmi'"]
    if settings.get("bound") == "elbo":
        advice.append("a longer kl_warmup")
    return f"Fit again with {', '.join([*advice, 'a lower learning_rate', 'or more epochs (max_epochs)'])}"


def diagnose(theta: np.ndarray, top_words: np.ndarray, n_words: int) -> Diagnostics:
    """Diagnose topics from the proportions of documents and the first words of the topics.

    Parameters
    ----------
    theta : ndarray, (n_docs, n_topics)
        Topic proportions of documents, at least one.
    top_words : ndarray of int, (n_topics, n)
        Ids of the first words of each topic, best first; ten are enough.
    n_words : int
        Size of the vocabulary.

    Returns
    -------
    Diagnostics
        `dead` is empty if there are fewer than five documents per topic: then a topic can lead none by chance.
    """
    n_topics = theta.shape[1]
    mean = theta.mean(axis=0)
    entropies = [_entropy(theta[begin : begin + _CHUNK]) for begin in range(0, len(theta), _CHUNK)]
    information = _entropy(mean[None])[0] - np.concatenate(entropies).mean()
    dead = np.flatnonzero(leading_counts(theta) == 0).tolist() if len(theta) >= 5 * n_topics else []
    return Diagnostics(float(information), dead, near_duplicates(top_words, n_words), n_topics)


def near_duplicates(top_words: np.ndarray, n_words: int) -> list[tuple[int, int]]:
    """Find pairs of topics that share at least 8 of their 10 first words.

    With fewer than 40 words in the vocabulary, topics are compared by as many first words as a quarter of it, of which
    they must share four fifths: among a dozen words, the first ten of any two topics are nearly the same.

    Parameters
    ----------
    top_words : ndarray of int, (n_topics, n)
        Ids of the first words of each topic, best first.
    n_words : int
        Size of the vocabulary.

    Returns
    -------
    list of (int, int)
        Pairs of rows of `top_words`, the smaller number first.
    """
    first = top_words[:, : min(10, n_words // 4)]
    n_topics, n = first.shape
    if 0.8 * n <= 1:
        return []
    members = csr_matrix((np.ones(first.size), first.ravel(), n * np.arange(n_topics + 1)), (n_topics, n_words))
    shared = tril(members @ members.T, -1).tocoo()
    enough = shared.data >= 0.8 * n
    return [(j, i) for i, j in sorted(zip(shared.row[enough].tolist(), shared.col[enough].tolist(), strict=True))]


def _entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.maximum(p, 1e-12))).sum(axis=1)
