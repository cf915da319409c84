"""Tiny models of another project: what the benchmark's worker calls. They note each fit that came to its end."""

import os
import time
from pathlib import Path

import numpy as np


def frequent(counts, documents, vocabulary, n_topics, seed, pause=0.0, log=None):
    """Topics of words drawn by seed from the most frequent; theta says which topic's words a document has most of."""
    time.sleep(pause)
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.argsort(-np.asarray(counts.sum(axis=0)).ravel(), kind="stable")[: n_topics * 5])
    ids = order.reshape(n_topics, 5)
    weights = np.stack([np.asarray(counts[:, row].sum(axis=1)).ravel() for row in ids], axis=1) + 0.1
    if log:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{n_topics} {seed}\n".encode())
        os.close(descriptor)
    return [[vocabulary[i] for i in row] for row in ids], weights / weights.sum(axis=1, keepdims=True)


def failing(counts, documents, vocabulary, n_topics, seed):
    if seed == 1:
        raise ValueError("the solver did not converge")
    return frequent(counts, documents, vocabulary, n_topics, seed)


def imports_nothing(counts, documents, vocabulary, n_topics, seed, out=None):
    import sys

    Path(out).write_text(" ".join(sorted(sys.modules)))
    return frequent(counts, documents, vocabulary, n_topics, seed)


def greedy(counts, documents, vocabulary, n_topics, seed):
    block = np.ones(200 * 2**17)  # 200 MB
    end = time.process_time() + 0.3
    while time.process_time() < end:
        block[: 2**10] += 1
    return frequent(counts, documents, vocabulary, n_topics, seed)


def of_wrong_shape(counts, documents, vocabulary, n_topics, seed):
    topics, theta = frequent(counts, documents, vocabulary, n_topics, seed)
    return topics, theta[:-1]


def endless(counts, documents, vocabulary, n_topics, seed):
    time.sleep(600)


def transforming(counts, documents, vocabulary, n_topics, seed, beta=True, note=None):
    """The same topics, with theta of other documents, and frequencies as beta."""
    topics, theta = frequent(counts, documents, vocabulary, n_topics, seed)
    column = {word: i for i, word in enumerate(vocabulary)}
    ids = np.array([[column[word] for word in topic] for topic in topics])

    def transform(others, words):
        if note:
            with open(note, "a") as stream:
                stream.write(f"{others.shape[0]} {words is not None}\n")
        weights = np.stack([np.asarray(others[:, row].sum(axis=1)).ravel() for row in ids], axis=1) + 0.1
        return weights / weights.sum(axis=1, keepdims=True)

    total = np.asarray(counts.sum(axis=0)).ravel() + 1.0
    result = {"topics": topics, "theta": theta, "transform": transform}
    return result | ({"beta": np.tile(total, (n_topics, 1))} if beta else {})
