"""What moves over time in a model with slices: words that come and go, and topics that are born and gone."""

from typing import Any

import numpy as np
import torch

from topicml.checks import require
from topicml.corpus.corpus import Corpus
from topicml.corpus.slices import Slices
from topicml.errors import InputError
from topicml.explore.frames import frame_of

_ALIVE = 0.25  # of its largest share, from which a topic is there


def drift(model: Any, corpus: Corpus, *, n: int = 5, frame: str = "pandas") -> Any:
    """Tell how each topic moves over the slices of time.

    Parameters
    ----------
    model : TopicModel
        Fitted with `time`.
    corpus : Corpus
        Documents with the field of times.
    n : int
        Words that come and go, for each topic.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each topic, those that moved most first: ``topic``; ``words``, its first words in the last slice;
        ``come`` and ``go``, the words whose weight rises and falls most from the first slice to the last; ``moved``,
        the total variation distance (0 to 1) between its words in the first and in the last slice; ``most_in``, the
        slice whose words differ most from those of the slice before; ``first_share`` and ``last_share``, its mean
        proportion in the documents of the first and of the last slice that has documents; ``born``, the first slice in
        which its share is at least a quarter of its largest one, and ``gone``, the first slice after the last such one;
        empty if that is the first slice, or if the last slice is such a one.

    Raises
    ------
    InputError
        If the model was fitted without `time`, the documents lack its field, or no document has a time.
    """
    require(n >= 1, "n", n, "at least 1")
    slices = model.groups_
    if not isinstance(slices, Slices):
        raise InputError("The topics of this model do not move over time. Fit it with time=…, a field of times.")
    if slices.field not in corpus.fields:
        raise InputError(f"The documents have no field {slices.field!r}, by which the topics of the model move.")
    shares = shares_by_slice(model, corpus)
    known = np.flatnonzero(np.isfinite(shares).all(axis=1))
    if not len(known):
        raise InputError(f"No document has words of the model and a time in {slices.field!r}.")
    distances = _distances(model)
    first, last = model.components_at(0), model.components_at(slices.n - 1)
    vocabulary = np.array(model.vocabulary_ or [f"x{i}" for i in range(model.n_features_in_)], dtype=object)
    change = last - first
    order = np.argsort(-distances[-1], kind="stable")
    alive = [known[shares[known, k] >= _ALIVE * shares[known, k].max()] for k in order]
    columns = {
        "topic": order.tolist(),
        "words": [_joined(vocabulary, -last[k], n) for k in order],
        "come": [_joined(vocabulary, -change[k], n) for k in order],
        "go": [_joined(vocabulary, change[k], n) for k in order],
        "moved": distances[-1][order].tolist(),
        "most_in": [slices.names[1 + int(distances[:-1, k].argmax())] for k in order],
        "first_share": shares[known[0], order].tolist(),
        "last_share": shares[known[-1], order].tolist(),
        "born": [slices.names[each[0]] if each[0] != known[0] else "" for each in alive],
        "gone": [slices.names[each[-1] + 1] if each[-1] != known[-1] else "" for each in alive],
    }
    return frame_of(columns, frame)


def shares_by_slice(model: Any, corpus: Corpus) -> np.ndarray:
    """Mean proportion of each topic in the documents of each slice.

    Parameters
    ----------
    model : TopicModel
        Fitted with `time`.
    corpus : Corpus
        Documents with the field of times.

    Returns
    -------
    ndarray, (n_slices, n_topics)
        NaN for slices without documents with words.
    """
    theta, groups = model.transform(corpus), model.groups_.codes(corpus)
    has_words = np.diff(corpus.counts.indptr) > 0
    shares = np.full((model.groups_.n, theta.shape[1]), np.nan)
    for group in np.unique(groups[(groups >= 0) & has_words]):
        shares[group] = theta[(groups == group) & has_words].mean(axis=0)
    return shares


@torch.no_grad()
def _distances(model: Any) -> np.ndarray:
    """Total variation distances of topics between neighbouring slices, then between the first and the last."""
    network = model.network_
    log_topics = network.decoder.log_topics()

    def words(group: int) -> torch.Tensor:
        return (log_topics + network.deviations.of_topics(group)).softmax(dim=-1)

    first = before = words(0)
    distances = []
    for group in range(1, network.deviations.n_groups):
        after = words(group)
        distances.append((after - before).abs().sum(dim=-1) / 2)
        before = after
    distances.append((before - first).abs().sum(dim=-1) / 2)
    found: np.ndarray = torch.stack(distances).double().cpu().numpy()
    return found


def _joined(vocabulary: np.ndarray, values: np.ndarray, n: int) -> str:
    """The words with the smallest values."""
    return ", ".join(vocabulary[np.argsort(values, kind="stable")[:n]])
