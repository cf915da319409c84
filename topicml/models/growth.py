"""Growth of a model in a stream of documents: new words, new topics, and what fades."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from topicml.checks import require
from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.documents import is_raw_text
from topicml.models.novelty import find_groups, log_weights, unexplained
from topicml.nn.batch import Batch
from topicml.nn.growing import add_topics, add_words, hidden_units
from topicml.nn.network import TopicNetwork
from topicml.nn.seeding import seeded
from topicml.settings import Settings

_SHOWN = 8  # words of a list in messages


class Growth(Settings):
    """How a model grows when `partial_fit` reads a part of a stream of documents.

    A word is new if at least `min_documents` documents of the part have it. A topic is new if a group of documents
    shares words, and the model predicts these hardly better than the frequency of words does. Old topics and words
    keep their numbers. Some earlier documents are kept in memory and trained on again with each part, so that old
    topics stay what they were.

    Parameters
    ----------
    min_documents : int
        Documents of a part in which a new word must occur.
    min_group : int
        Documents of a part that a new topic needs.
    min_share : float
        Share of the documents of a part that a new topic needs.
    least_gain : float
        Nats per word by which documents of a new topic predict each other better than the frequency of words does.
    max_new_topics : int
        New topics in one part, at most; 0 for none.
    max_words : int
        Size of the vocabulary from which no words are added.
    memory : int
        Number of earlier documents that are kept, drawn so that each has the same chance; 0 for none. They are not
        saved with the model.
    fading : float
        A word or topic fades if its share in the part is less than this fraction of what it was before.

    Examples
    --------
    >>> import topicml
    >>> from topicml.models import Growth
    >>> corpus = topicml.Corpus.read("lee")
    >>> model = topicml.ProdLDA(n_topics=5, random_state=0).partial_fit(corpus[:200])
    >>> changes = model.partial_fit(corpus[200:], grow=Growth(min_documents=3)).changes_
    >>> "israeli" in changes.new_words
    False
    """

    def __init__(
        self,
        *,
        min_documents: int = 5,
        min_group: int = 20,
        min_share: float = 0.01,
        least_gain: float = 0.5,
        max_new_topics: int = 5,
        max_words: int = 50_000,
        memory: int = 2000,
        fading: float = 0.1,
    ) -> None:
        self.min_documents = min_documents
        self.min_group = min_group
        self.min_share = min_share
        self.least_gain = least_gain
        self.max_new_topics = max_new_topics
        self.max_words = max_words
        self.memory = memory
        self.fading = fading
        require(min_documents >= 1, "min_documents", min_documents, "at least 1")
        require(min_group >= 2, "min_group", min_group, "at least 2")
        require(0 <= min_share <= 1, "min_share", min_share, "in [0, 1]")
        require(least_gain > 0, "least_gain", least_gain, "positive")
        for name in ("max_new_topics", "max_words", "memory"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        require(0 <= fading < 1, "fading", fading, "in [0, 1)")


@dataclass(frozen=True)
class Changes:
    """What a part of a stream changed. It prints as text.

    Attributes
    ----------
    new_words : tuple of str
        Words that were added to the vocabulary, most frequent first.
    left_out : int
        New words that were not added, because the vocabulary has `Growth.max_words` words.
    new_topics : dict of int to int
        Number of each new topic, and the documents of the part that it began with.
    faded_words : tuple of str
        Words that the part should have had several times, by their earlier share, and that it has rarely or never.
    faded_topics : tuple of int
        Topics whose share in the part is far below their earlier share.
    """

    new_words: tuple[str, ...] = ()
    left_out: int = 0
    new_topics: dict[int, int] | None = None
    faded_words: tuple[str, ...] = ()
    faded_topics: tuple[int, ...] = ()

    def __str__(self) -> str:
        lines = []
        for number, n_docs in (self.new_topics or {}).items():
            lines.append(f"New topic {number}, from {n_docs:,} documents.")
        for words, what in ((self.new_words, "new"), (self.faded_words, "rare now")):
            if words:
                more = f" and {len(words) - _SHOWN:,} more" if len(words) > _SHOWN else ""
                lines.append(f"{len(words):,} words are {what}: {', '.join(words[:_SHOWN])}{more}.")
        if self.left_out:
            lines.append(f"{self.left_out:,} new words were left out: the vocabulary is full (max_words).")
        if self.faded_topics:
            lines.append(f"Topics that are rare now: {', '.join(map(str, self.faded_topics))}.")
        return "\n".join(lines) or "Nothing new."


def growth_from(value: Any) -> Growth | None:
    """Resolve the argument `grow`: a `Growth`, True for its defaults, False for none."""
    if isinstance(value, Growth):
        return value
    if not isinstance(value, bool):
        raise InputError(f"grow must be True, False or a topicml.models.Growth; received {value!r}.")
    return Growth() if value else None


def named_corpus(model: Any, X: Any) -> Corpus:
    """The documents of a part with names of all their words; a model grows by them.

    Parameters
    ----------
    model : TopicModel
        Trained.
    X : Corpus or sequence of str
        The part.

    Returns
    -------
    Corpus

    Raises
    ------
    InputError
        If the words of the model or the part have no names.
    """
    if model.vocabulary_ is None or not (isinstance(X, Corpus) or is_raw_text(X)):
        raise InputError(
            "A model grows by words with names. Give a Corpus or raw texts to all calls of partial_fit, or leave out "
            "`grow`."
        )
    if isinstance(X, Corpus):
        return X
    if model.preprocessor_ is None:
        raise InputError("The model has no preprocessor for raw texts. Give a Corpus.")
    return Corpus.from_tokens(model.preprocessor_.tokens(X))


def new_words_of(vocabulary: tuple[str, ...], corpus: Corpus, growth: Growth) -> tuple[list[str], int]:
    """The words to add to a vocabulary, most frequent first, and the number of those that are left out.

    Parameters
    ----------
    vocabulary : tuple of str
        Words of the model.
    corpus : Corpus
        The part.
    growth : Growth
        The options.
    """
    known = set(vocabulary)
    documents = np.bincount(corpus.counts.indices, minlength=corpus.n_words)
    order = np.argsort(-documents, kind="stable")
    words = corpus.vocabulary
    new = [words[i] for i in order if documents[i] >= growth.min_documents and words[i] not in known]
    room = max(0, growth.max_words - len(vocabulary))
    return new[:room], len(new[room:])


def grow_words(network: TopicNetwork, counts: csr_matrix, n_new: int, seed: int) -> None:
    """Add the last `n_new` columns of the counts of a part to a network.

    Parameters
    ----------
    network : TopicNetwork
        Changed in place.
    counts : csr_matrix, (n_docs, n_words)
        Counts of the part, with the new words.
    n_new : int
        Number of new words.
    seed : int
        Seed of their vectors.
    """
    total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()
    log_frequency = np.log((total + 0.5) / (total + 0.5).sum())
    decoder: Any = network.decoder
    bias, known = decoder.norm.bias.detach().cpu().numpy(), total[:-n_new]
    # The bias of a word is its log-frequency up to what training added: the mean of that over the words of the part.
    shift = np.average(bias - log_frequency[:-n_new], weights=known) if known.sum() else bias.mean()
    with seeded(seed):
        add_words(network, log_frequency[-n_new:] + shift)


def vectors_of_new_words(vectors: np.ndarray, counts: csr_matrix) -> np.ndarray:
    """Word vectors with those of new words: the mean of the documents that have the word.

    Parameters
    ----------
    vectors : ndarray, (n_known, dimension)
        Vectors of the first columns of the counts.
    counts : csr_matrix, (n_docs, n_words)
        Counts of a part.
    """
    known = counts[:, : len(vectors)]
    of_documents = known @ vectors / np.maximum(np.asarray(known.sum(axis=1)), 1)
    new = counts[:, len(vectors) :].T
    means = new @ of_documents / np.maximum(np.asarray(new.sum(axis=1)), 1)
    return np.concatenate([vectors, means.astype(vectors.dtype)])


def grow_topics(network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, growth: Growth, alpha: Any) -> list[int]:
    """Add the topics that a part has and the network has not; return the number of documents of each.

    Parameters
    ----------
    network : TopicNetwork
        Changed in place.
    counts : csr_matrix, (n_docs, n_words)
        Counts of the part.
    rows : ndarray of int
        Documents with words.
    growth : Growth
        The options.
    alpha : float or sequence of float
        Concentration of the prior.

    Returns
    -------
    list of int
        Empty if there is no new topic.

    Raises
    ------
    InputError
        If `alpha` has a value for each topic.
    """
    if not growth.max_new_topics:
        return []
    if not np.isscalar(alpha):
        raise InputError(
            f"alpha={alpha!r} has one value for each topic, so a new topic would have none. Give one number for all "
            "topics, or grow without topics: Growth(max_new_topics=0)."
        )
    network.eval()
    groups = find_groups(
        counts,
        unexplained(network, counts, rows),
        min_documents=max(growth.min_group, int(np.ceil(growth.min_share * len(rows)))),
        max_groups=growth.max_new_topics,
        least_gain=growth.least_gain,
    )
    if groups:
        beta = np.stack([log_weights(counts, group) for group in groups])
        add_topics(network, beta, _readers(network, counts, rows, groups), alpha)
    return [len(group) for group in groups]


def _readers(network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, groups: list[np.ndarray]) -> np.ndarray:
    """Weights of hidden units that tell the documents of each group from the others: ridge regression, in blocks."""
    device = next(network.parameters()).device
    encoder: Any = network.encoder
    n_units = encoder.loc.in_features + 1  # and a constant
    square, product = np.zeros((n_units, n_units)), np.zeros((n_units, len(groups)))
    for start in range(0, len(rows), 256):
        chunk = rows[start : start + 256]
        hidden = hidden_units(network, Batch.from_counts(counts, chunk).to(device)).double().cpu().numpy()
        hidden = np.column_stack([hidden, np.ones(len(chunk))])
        square += hidden.T @ hidden
        product += hidden.T @ np.column_stack([np.isin(chunk, group) for group in groups]).astype(float)
    square += np.eye(len(square)) * 1e-3 * np.trace(square) / len(square)
    weights: np.ndarray = np.linalg.solve(square, product)[:-1].T
    return weights / np.maximum(np.linalg.norm(weights, axis=1, keepdims=True), 1e-12)


def fading(before: np.ndarray, now: np.ndarray, growth: Growth, *, least: float) -> np.ndarray:
    """Positions whose share of `now` is far below their share of `before`.

    Parameters
    ----------
    before, now : ndarray, (n,)
        Numbers of documents, or weights.
    growth : Growth
        The options.
    least : float
        Expected value in `now` from which a position is looked at.
    """
    expected = before / max(before.sum(), 1e-12) * now[: len(before)].sum()
    return np.flatnonzero((expected >= least) & (now[: len(before)] < growth.fading * expected))


@dataclass
class Memory:
    """Some of the documents that a model has read, each with the same chance: a reservoir.

    Attributes
    ----------
    counts : csr_matrix or None
        The documents.
    seen : int
        Number of documents read.
    """

    counts: csr_matrix | None = None
    seen: int = 0

    def with_part(self, documents: Documents) -> Documents:
        """The documents of a part, then those in memory, to train on."""
        if self.counts is None or not self.counts.shape[0]:
            return documents
        old = self.counts.copy()
        old.resize(old.shape[0], documents.counts.shape[1])
        counts = vstack([documents.counts, old], format="csr")
        rows = np.concatenate([documents.not_empty, documents.counts.shape[0] + np.arange(old.shape[0])])
        return replace(documents, counts=counts, corpus=None, rows=rows)

    def remember(self, documents: Documents, size: int, seed: int) -> None:
        """Read the documents of a part, and keep `size` of all so far.

        Parameters
        ----------
        documents : Documents
            The part.
        size : int
            Documents to keep.
        seed : int
            Seed of the choice.

        References
        ----------
        Vitter, Random sampling with a reservoir, 1985.
        """
        new = documents.counts[documents.not_empty]
        old = self.counts if self.counts is not None else csr_matrix((0, new.shape[1]), dtype=new.dtype)
        old.resize(old.shape[0], new.shape[1])
        random = np.random.default_rng([seed, self.seen])
        total = self.seen + new.shape[0]
        n_new = int(random.hypergeometric(new.shape[0], self.seen, min(size, total))) if self.seen else size
        n_new = min(n_new, new.shape[0])
        n_old = min(size - n_new, old.shape[0])
        kept = [
            part[np.sort(random.choice(part.shape[0], number, replace=False))]
            for part, number in ((old, n_old), (new, n_new))
        ]
        self.counts, self.seen = vstack(kept, format="csr"), total
