"""Uncertainty of the topics of documents and words, by samples of the posterior q(z | document)."""

from typing import Any

import numpy as np
import torch

from topicml.checks import require
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.documents import entropy
from topicml.explore.frames import frame_of
from topicml.models.covariates import covariates_of
from topicml.nn.batch import Batch
from topicml.nn.document_vectors import reading
from topicml.runs.rows import NO_TOPIC
from topicml.training import deterministic

_CHUNK = 256  # documents at a time


@torch.no_grad()
def theta_samples(view: BaseView, rows: Any = None, n_samples: int = 100, *, seed: int = 0) -> np.ndarray:
    """Samples of theta from the posterior q(z | document), after the view's steps.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    rows : sequence of int, optional
        Documents; by default all. A document without words is sampled from the prior.
    n_samples, seed : int
        Number of samples of each document, and the seed. The samples of a document depend on `seed` and on its
        position in `rows`.

    Returns
    -------
    samples : ndarray of float32, (n_samples, n_rows, n_topics)

    Raises
    ------
    InputError
        If the view has no documents, the model has no posterior, or a row or `n_samples` is out of range.
    """
    network = getattr(view.model, "network_", None)
    if network is None or not hasattr(network, "infer"):
        raise InputError(
            f"{type(view.model).__name__} has no posterior to sample from: it has no network_ that encodes documents."
        )
    view.require_documents("Sampling theta")
    rows = np.arange(view.counts.shape[0]) if rows is None else np.asarray(rows, dtype=np.int64)
    if n_samples < 1 or (len(rows) and not 0 <= rows.min() <= rows.max() < view.counts.shape[0]):
        raise InputError(f"n_samples must be positive and rows in 0 to {view.counts.shape[0] - 1}.")
    network.eval()
    device = next(network.parameters()).device
    samples = np.empty((n_samples, len(rows), view.n_topics), dtype=np.float32)
    rng = np.random.default_rng(seed)
    covariates = covariates_of(
        getattr(view.model, "model_matrix_", None),
        getattr(view.model, "groups_", None),
        Documents(view.counts, corpus=view.corpus),
    )
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        batch = Batch.from_counts(view.counts, chunk).with_covariates(covariates).to(device)
        with deterministic(device), reading(None if view.corpus is None else view.corpus.embeddings):
            posterior = network.infer(batch)
        empty = (batch.lengths == 0)[:, None]
        loc = torch.where(empty, network.prior_loc, posterior.loc).cpu().numpy()
        scale = torch.where(empty, network.prior_scale, posterior.scale).cpu().numpy()
        words = view.counts[chunk]
        for sample in range(n_samples):
            z = loc + scale * rng.standard_normal(loc.shape, dtype=np.float32)
            z = np.exp(z - z.max(axis=1, keepdims=True))
            samples[sample, start : start + len(chunk)] = view.changed(z / z.sum(axis=1, keepdims=True), words)
    return samples


def document_uncertainty(
    view: BaseView,
    rows: Any = None,
    n_samples: int = 100,
    *,
    level: float = 0.9,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Spread of the posterior of each document: how much its topics vary over samples.

    The spread tells what the model leaves open, and not how often the leading topic is right; that is the confidence
    of `label_rows`, which is calibrated.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    rows, n_samples, seed
        As in `theta_samples`.
    level : float
        Share of the samples between ``low`` and ``high``.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each document: document, topic (that leads most samples; -1 for a document without
        words), proportion (mean over samples), low and
        high (quantiles of the proportion), leads (share of samples that the topic leads), entropy (nats, of the mean
        of theta), information (nats, by which knowing theta would reduce the entropy: 0 if all samples agree).

    Raises
    ------
    InputError
        If `level` is out of range, or as `theta_samples`.
    """
    require(0 < level < 1, "level", level, "between 0 and 1")
    view.require_documents("document_uncertainty")
    rows = np.arange(view.counts.shape[0]) if rows is None else np.asarray(rows, dtype=np.int64)
    parts = []
    for start in range(0, len(rows), _CHUNK):
        samples = theta_samples(view, rows[start : start + _CHUNK], n_samples, seed=seed + start)
        leading = view.leading(samples)  # (n_samples, n_rows)
        votes = np.stack([(leading == k).mean(axis=0) for k in range(view.n_topics)], axis=1)
        topic = votes.argmax(axis=1)
        has_words = view.has_words[rows[start : start + _CHUNK]]
        of_topic = np.take_along_axis(samples, topic[None, :, None], axis=2)[:, :, 0]
        low, high = np.quantile(of_topic, [(1 - level) / 2, (1 + level) / 2], axis=0)
        total = entropy(samples.mean(axis=0))
        information = np.maximum(total - entropy(samples).mean(axis=0), 0)
        parts.append(
            (
                np.where(has_words, topic, NO_TOPIC),
                of_topic.mean(axis=0),
                low,
                high,
                votes.max(axis=1),
                total,
                information,
            )
        )
    names = ("topic", "proportion", "low", "high", "leads", "entropy", "information")
    columns = {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)} if parts else {}
    return frame_of({"document": rows, **columns}, frame)


def word_uncertainty(
    view: BaseView,
    document: int,
    n_samples: int = 100,
    *,
    level: float = 0.9,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """The topic of each word of a document, and how uncertain it is.

    Parameters
    ----------
    view : TopicView
        The topics, with documents.
    document : int
        Row of the document.
    n_samples, level, seed, frame
        As in `document_uncertainty`.

    Returns
    -------
    table : DataFrame
        A row for each word, most frequent first: word, count, topic, probability, low, high, of p(topic | document,
        word) over samples of theta. Topics are treated as a mixture.

    Raises
    ------
    InputError
        If there is no such document, `level` is out of range, or as `theta_samples`.
    """
    require(0 < level < 1, "level", level, "between 0 and 1")
    view.require_documents("word_uncertainty")
    samples = theta_samples(view, [document], n_samples, seed=seed)[:, 0].astype(np.float64)  # (n_samples, n_topics)
    words = view.counts[document]
    joint = samples[:, None, :] * view.beta[:, words.indices].T  # (n_samples, n_entries, n_topics)
    total = joint.sum(axis=2, keepdims=True)
    probability = joint / np.where(total > 0, total, 1)
    topic = probability.mean(axis=0).argmax(axis=1)
    of_topic = np.take_along_axis(probability, topic[None, :, None], axis=2)[:, :, 0]
    low, high = np.quantile(of_topic, [(1 - level) / 2, (1 + level) / 2], axis=0)
    order = np.argsort(-words.data, kind="stable")
    return frame_of(
        {
            "word": [view.vocabulary[i] for i in words.indices[order]],
            "count": words.data[order],
            "topic": topic[order],
            "probability": of_topic.mean(axis=0)[order],
            "low": low[order],
            "high": high[order],
        },
        frame,
    )
