"""The documents of a slice of time, or of a level, that each topic leads: they tell which words it has there."""

import numpy as np
from scipy.sparse import csr_matrix

from topicml.corpus.covariates import Covariates
from topicml.models.inference import infer_theta
from topicml.nn.network import TopicNetwork

_PIECE = 10_000  # documents whose words are copied at a time


def led_by_group(
    network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, *, covariates: Covariates, n_groups: int
) -> csr_matrix:
    """Count the documents of each group with each word that each topic leads.

    Parameters
    ----------
    network : TopicNetwork
        It is left in evaluation mode.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, with the columns of the network.
    rows : ndarray of int
        Rows of the documents, which have words.
    covariates : Covariates
        With the groups of the documents. Those of group -1 are left out.
    n_groups : int
        Number of groups.

    Returns
    -------
    csr_matrix, float32, (n_groups * n_topics, n_words)
        Row ``g * n_topics + k`` has the documents of group g that topic k leads. A document counts for each of its
        words once.
    """
    assert covariates.groups is not None
    n_topics = len(network.prior_loc)
    rows = rows[covariates.groups[rows] >= 0]
    total = csr_matrix((n_groups * n_topics, counts.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), _PIECE):
        piece = rows[start : start + _PIECE]
        leading = infer_theta(network, counts, piece, covariates=covariates, evidence=False).argmax(axis=1)
        cells = covariates.groups[piece] * n_topics + leading
        member = csr_matrix(
            (np.ones(len(piece), np.float32), (cells, np.arange(len(piece)))), (total.shape[0], len(piece))
        )
        total = total + member @ counts[piece].sign()
    return total.astype(np.float32)


def led_in_group(led: np.ndarray, in_group: np.ndarray, present: np.ndarray, *, prior: float) -> np.ndarray:
    """Estimate the documents that each topic leads, if all were of one group.

    ::

        use(v)     = (1 + documents of the group with v) / (1 + as many as the share of v in all documents predicts)
        p(v | k)   = (N_gk(v) + prior q_k(v)) / (sum of N_gk + prior),     q_k(v) proportional to N_k(v) use(v)
        N          = sum of N_k * p(v | k) * use(v)

    N_k(v) are the documents with word v that topic k leads, and N_gk(v) those of them in the group. A topic with few
    documents there keeps the words of all its documents, as far as the group uses them. The last factor is for the
    other half of the ranking, the weights of the decoder, which do not know how often a group uses a word.

    Parameters
    ----------
    led : ndarray, (n_topics, n_words)
        N_k.
    in_group : ndarray, (n_topics, n_words)
        N_gk.
    present : ndarray, (n_words,)
        Number of documents of the group with each word.
    prior : float
        Weight of q, as a number of words.

    Returns
    -------
    ndarray, float64, (n_topics, n_words)

    References
    ----------
    Zhai & Lafferty, A study of smoothing methods for language models applied to information retrieval, TOIS 2004
    (Dirichlet smoothing).
    """
    led, present = led.astype(np.float64), present.astype(np.float64)
    expected = led.sum(axis=0) * (present.sum() / max(led.sum(), 1.0))
    use = (1 + present) / (1 + expected)
    guess = led * use
    guess /= np.maximum(guess.sum(axis=1, keepdims=True), 1e-300)
    share = (in_group + prior * guess) / (in_group.sum(axis=1, keepdims=True) + prior)
    estimate: np.ndarray = led.sum(axis=1, keepdims=True) * share * use
    return estimate
