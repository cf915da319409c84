"""Find groups of documents that share words and that no topic of a model explains."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.nn.batch import Batch
from topicml.nn.network import TopicNetwork

_BLOCK = 256  # documents
_ROUNDS = 10
_HARDLY = 0.2  # of the median gain
_OF_GROUP = 4  # a group begins with a word of at least one in so many of its documents
_OF_TOPIC = 0.7  # share of the words of a document that its topic makes; the others are of all documents


@torch.no_grad()
def unexplained(network: TopicNetwork, counts: csr_matrix, rows: np.ndarray) -> np.ndarray:
    """The documents whose words the model predicts hardly better than their frequency does.

    For each document, the gain is the difference of both log-likelihoods per word. Hardly is less than a fifth of the
    median gain, or nothing.

    Parameters
    ----------
    network : TopicNetwork
        In evaluation mode.
    counts : csr_matrix, (n_docs, n_words)
        Documents.
    rows : ndarray of int
        Those to look at; they have words.

    Returns
    -------
    ndarray of int
        Some of `rows`.
    """
    log_frequency = np.log(_shares(counts[rows]))
    device = next(network.parameters()).device
    gains = []
    for start in range(0, len(rows), _BLOCK):
        chunk = rows[start : start + _BLOCK]
        batch = Batch.from_counts(counts, chunk).to(device)
        likelihood = network.words(network.encode(batch).theta_mean).log_prob(batch)
        gains.append((likelihood.cpu().numpy() - counts[chunk] @ log_frequency) / batch.lengths.cpu().numpy())
    gain = np.concatenate(gains)
    return rows[gain <= max(0.0, _HARDLY * float(np.median(gain)))]


def find_groups(
    counts: csr_matrix, rows: np.ndarray, *, min_documents: int, max_groups: int, least_gain: float
) -> list[np.ndarray]:
    """Find groups of documents with words of their own, largest first.

    A group begins with the documents of a word that is more frequent among them than in all documents. A document
    belongs to it if its words are more probable under the words of the group than in all documents. Both steps are
    repeated. Half of the documents of a group must predict the words of the other half.

    Parameters
    ----------
    counts : csr_matrix, (n_docs, n_words)
        All documents, with which the words of a group are compared.
    rows : ndarray of int
        The documents that may form groups.
    min_documents : int
        Documents of a group, at least.
    max_groups : int
        Number of groups, at most.
    least_gain : float
        Nats per word by which half of a group predicts the words of the other half better than all documents do.

    Returns
    -------
    list of ndarray of int
        The rows of each group.
    """
    background = _shares(counts)
    groups: list[np.ndarray] = []
    tried: set[int] = set()
    while len(groups) < max_groups and len(rows) >= min_documents:
        part = counts[rows]
        documents = np.asarray((part > 0).sum(axis=0), dtype=np.float64).ravel()
        lift = np.log((documents + 0.5) / documents.sum()) - np.log(background)
        score = np.where(documents >= max(2, min_documents // _OF_GROUP), documents * lift, 0.0)
        score[list(tried)] = 0.0
        word = int(score.argmax())
        if score[word] <= 0:
            break
        tried.add(word)
        members = np.flatnonzero(np.asarray(part[:, [word]].todense()).ravel() > 0)
        for _ in range(_ROUNDS):
            gain = _gain(part, part[members], background)
            now = np.flatnonzero(gain > least_gain)
            if np.array_equal(now, members):
                break
            members = now
        if len(members) < min_documents:
            continue
        halves = members[::2], members[1::2]
        across = [_gain(part[one], part[other], background).mean() for one, other in (halves, halves[::-1])]
        if min(across) < least_gain:
            continue
        groups.append(rows[members])
        rows = np.delete(rows, members)
    return sorted(groups, key=len, reverse=True)


def log_weights(counts: csr_matrix, group: np.ndarray) -> np.ndarray:
    """Centred log-weights of the words of a group of documents, against all documents: (n_words,)."""
    weights = np.log(_mixed(counts[group], _shares(counts))) - np.log(_shares(counts))
    return weights - weights.mean()


def _gain(documents: csr_matrix, group: csr_matrix, background: np.ndarray) -> np.ndarray:
    """Nats per word by which the words of a group predict documents better than the background does."""
    ratio = np.log(_mixed(group, background)) - np.log(background)
    lengths = np.asarray(documents.sum(axis=1), dtype=np.float64).ravel()
    gains: np.ndarray = (documents @ ratio) / np.maximum(lengths, 1)
    return gains


def _mixed(group: csr_matrix, background: np.ndarray) -> np.ndarray:
    total = np.asarray(group.sum(axis=0), dtype=np.float64).ravel()
    return _OF_TOPIC * total / max(total.sum(), 1) + (1 - _OF_TOPIC) * background


def _shares(counts: csr_matrix) -> np.ndarray:
    """The relative frequency of each word, with half a count added: (n_words,)."""
    total = np.asarray(counts.sum(axis=0), dtype=np.float64).ravel() + 0.5
    return total / total.sum()
