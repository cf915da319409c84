"""How sure the model is of documents and words: draws of the posterior q(z | document)."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from topicml.errors import InputError
from topicml.explore.documents import entropy
from topicml.explore.frames import frame_of
from topicml.nn.batch import Batch
from topicml.training import deterministic

if TYPE_CHECKING:
    from topicml.explore.view import TopicView

_CHUNK = 256


@torch.no_grad()
def theta_samples(view: "TopicView", rows: Any = None, n_samples: int = 100, *, seed: int = 0) -> np.ndarray:
    """Draws of theta from q(z | document), after the view's steps: float32, (n_samples, n_rows, n_topics).

    Parameters
    ----------
    rows : sequence of int, optional
        Documents; by default all. A document without words is drawn from the prior.
    n_samples, seed : int
        Draws a document. A document's draws depend on `seed` and its place in `rows`.

    Raises
    ------
    InputError
        If the model has no posterior, or a row or `n_samples` is out of range.
    """
    network = getattr(view.model, "network_", None)
    if network is None or not hasattr(network, "encode"):
        raise InputError(f"{type(view.model).__name__} has no posterior to draw from: it has no network_ that encodes.")
    rows = np.arange(view.counts.shape[0]) if rows is None else np.asarray(rows, dtype=np.int64)
    if n_samples < 1 or (len(rows) and not 0 <= rows.min() <= rows.max() < view.counts.shape[0]):
        raise InputError(f"n_samples must be positive and rows in 0 to {view.counts.shape[0] - 1}.")
    network.eval()
    device = next(network.parameters()).device
    found = np.empty((n_samples, len(rows), view.n_topics), dtype=np.float32)
    rng = np.random.default_rng(seed)
    for start in range(0, len(rows), _CHUNK):
        chosen = rows[start : start + _CHUNK]
        batch = Batch.from_counts(view.counts, chosen).to(device)
        with deterministic(device):
            posterior = network.encode(batch)
        empty = (batch.lengths == 0)[:, None]
        loc = torch.where(empty, network.prior_loc, posterior.loc).cpu().numpy()
        scale = torch.where(empty, network.prior_scale, posterior.scale).cpu().numpy()
        words = view.counts[chosen]
        for draw in range(n_samples):
            z = loc + scale * rng.standard_normal(loc.shape, dtype=np.float32)
            z = np.exp(z - z.max(axis=1, keepdims=True))
            found[draw, start : start + len(chosen)] = view.changed(z / z.sum(axis=1, keepdims=True), words)
    return found


def document_uncertainty(
    view: "TopicView",
    rows: Any = None,
    n_samples: int = 100,
    *,
    level: float = 0.9,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """How sure the topic of each document is: document, topic, proportion, low, high, leads, entropy, information.

    ``topic`` is the one that leads most draws, ``leads`` the share of draws where it does; ``proportion`` is the mean
    of its draws, ``low`` and ``high`` their quantiles. ``entropy`` (nats) is that of the mean of theta; ``information``
    (nats) what knowing theta would take off it: 0 where all draws agree.

    Parameters
    ----------
    rows, n_samples, seed
        As in `theta_samples`.
    level : float
        Share of the draws between ``low`` and ``high``.
    frame : {"pandas", "polars"}
        Whose data frame.
    """
    _check_level(level)
    rows = np.arange(view.counts.shape[0]) if rows is None else np.asarray(rows, dtype=np.int64)
    parts = []
    for start in range(0, len(rows), _CHUNK):
        draws = theta_samples(view, rows[start : start + _CHUNK], n_samples, seed=seed + start)
        leading = view.leading(draws)  # (n_samples, n_rows)
        votes = np.stack([(leading == k).mean(axis=0) for k in range(view.n_topics)], axis=1)
        topic = votes.argmax(axis=1)
        of_topic = np.take_along_axis(draws, topic[None, :, None], axis=2)[:, :, 0]
        low, high = np.quantile(of_topic, [(1 - level) / 2, (1 + level) / 2], axis=0)
        total = entropy(draws.mean(axis=0))
        gained = np.maximum(total - entropy(draws).mean(axis=0), 0)
        parts.append((topic, of_topic.mean(axis=0), low, high, votes.max(axis=1), total, gained))
    names = ("topic", "proportion", "low", "high", "leads", "entropy", "information")
    columns = {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(names)} if parts else {}
    return frame_of({"document": rows, **columns}, frame)


def word_uncertainty(
    view: "TopicView",
    document: int,
    n_samples: int = 100,
    *,
    level: float = 0.9,
    seed: int = 0,
    frame: str = "pandas",
) -> Any:
    """Which topic each word of a document is of, and how sure that is: word, count, topic, probability, low, high.

    p(topic | document, word) of each draw of theta, topics read as a mixture; most frequent words first.

    Raises
    ------
    InputError
        If there is no such document, or as `theta_samples`.
    """
    _check_level(level)
    draws = theta_samples(view, [document], n_samples, seed=seed)[:, 0].astype(np.float64)  # (n_samples, n_topics)
    words = view.counts[document]
    joint = draws[:, None, :] * view.beta[:, words.indices].T  # (n_samples, n_entries, n_topics)
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


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1; received {level}.")
