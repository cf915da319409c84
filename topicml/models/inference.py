"""Inference with a trained network: topic proportions of documents."""

import numpy as np
import torch
from scipy.sparse import csr_matrix

from topicml.corpus.covariates import Covariates
from topicml.corpus.mapped import new_array, release
from topicml.errors import InputError
from topicml.nn.batch import Batch
from topicml.nn.document_vectors import vectors_of
from topicml.nn.encoder import VectorEncoder
from topicml.nn.network import TopicNetwork
from topicml.training import deterministic
from topicml.training.progress import documents_bar

CHUNK = 256  # documents per batch outside training; bounds the memory of their dense logits
_SHARES_OF = 5000  # documents whose mean theta is the shares of topics
_LONG = 10_000  # number of documents from which a progress bar is useful


@torch.no_grad()
def infer_theta(
    network: TopicNetwork,
    counts: csr_matrix,
    rows: np.ndarray,
    *,
    covariates: Covariates | None = None,
    evidence: bool = True,
    verbose: bool | int | None = False,
) -> np.ndarray:
    """Infer the topic proportions of documents: the softmax of the posterior mean (`TopicNetwork.infer`).

    Parameters
    ----------
    network : TopicNetwork
        It is left in evaluation mode.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, with the columns of the network.
    rows : ndarray of int
        Rows of the documents.
    covariates : Covariates, optional
        Of the documents, for a network that depends on them; by default all documents are average ones.
    evidence : bool
        Whether the evidence of the words is added (`topicml.nn.evidence`). Without it, theta is that of the encoder.
    verbose : bool, optional
        Show a progress bar if there are many documents; None shows it only at a terminal.

    Returns
    -------
    ndarray, float32, (len(rows), n_topics)
        Rows sum to 1. A document without words, and without an embedding that the encoder reads, gets the prior mean.

    Raises
    ------
    InputError
        If proportions are not numbers, because of weights or counts that are far too large.
    """
    network.eval()
    device = next(network.parameters()).device
    prior_mean = torch.softmax(network.prior_loc, dim=-1)
    theta, wrong = new_array((len(rows), len(prior_mean)), np.float32), []
    bar = verbose if len(rows) >= _LONG else False
    with deterministic(device), documents_bar("Topics of documents", len(rows), verbose=bar) as done:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            batch = Batch.from_counts(counts, chunk).with_covariates(covariates).padded(CHUNK).to(device)
            mean = (network.infer(batch) if evidence else network.encode(batch)).theta_mean
            mean[~_is_known(network, batch)] = prior_mean  # with covariates, too: runs count on one theta of them all
            found = mean[: len(chunk)].cpu().numpy()
            wrong += chunk[~np.isfinite(found).all(axis=1)].tolist()
            theta[start : start + CHUNK] = found
            release(theta, read=len(chunk))
            done(len(chunk))
    if wrong:
        raise InputError(
            f"The topic proportions of {len(wrong):,} of {len(rows):,} documents (first: row {wrong[0]}) are not "
            "numbers: the weights of the model or the counts of these documents are too large. If the counts are "
            "right, the model is damaged or its training diverged: copy it again, or fit again with a lower "
            "learning_rate."
        )
    return theta


def _is_known(network: TopicNetwork, batch: Batch) -> torch.Tensor:
    """Whether anything is known about each document: its words, or an embedding that the encoder reads."""
    known = batch.lengths > 0
    if isinstance(network.encoder, VectorEncoder):
        known |= vectors_of(batch.rows, network.encoder.size).any(dim=1)
    return known


def shares_sample(rows: np.ndarray) -> np.ndarray:
    """Rows whose mean topic proportions are `topic_shares_`: all of `rows`, or 5,000 of them at equal distances."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), _SHARES_OF)).astype(int)]


def documents_led(
    network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, *, covariates: Covariates | None = None
) -> np.ndarray:
    """Count the documents of each word that each topic leads: those in which the encoder gives it the largest share.

    Parameters
    ----------
    network : TopicNetwork
        It is left in evaluation mode.
    counts : csr_matrix, (n_docs, n_words)
        Word counts, with the columns of the network.
    rows : ndarray of int
        Rows of the documents, which have words.
    covariates : Covariates, optional
        As in `infer_theta`.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
        Numbers of documents; a document counts for each of its words once.
    """
    led = np.zeros((len(network.prior_loc), counts.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), _LONG):
        chunk = rows[start : start + _LONG]
        leading = infer_theta(network, counts, chunk, covariates=covariates, evidence=False).argmax(axis=1)
        present = counts[chunk].tocoo()
        is_counted = present.data > 0
        np.add.at(led, (leading[present.row[is_counted]], present.col[is_counted]), 1)
    return led


def words_of_topics(
    network: TopicNetwork, counts: csr_matrix, rows: np.ndarray, *, covariates: Covariates | None = None
) -> np.ndarray:
    """Count the words of documents, each by the shares of the topics in its document.

    Parameters
    ----------
    network, counts, rows, covariates
        As in `infer_theta`.

    Returns
    -------
    ndarray, float32, (n_topics, n_words)
    """
    words = np.zeros((len(network.prior_loc), counts.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), _LONG):
        chunk = rows[start : start + _LONG]
        words += (counts[chunk].T @ infer_theta(network, counts, chunk, covariates=covariates)).T
    return words


def prior_theta(network: TopicNetwork) -> np.ndarray:
    """The topic proportions of a document without words, (n_topics,): the softmax of the prior mean."""
    theta: np.ndarray = torch.softmax(network.prior_loc, dim=-1).detach().cpu().numpy()
    return theta
