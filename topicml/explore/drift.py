"""What moves over time in a model with slices: words that come and go, and topics that are born and gone."""

from typing import Any

import numpy as np
import torch

from topicml.checks import require
from topicml.corpus.corpus import Corpus
from topicml.corpus.slices import Slices
from topicml.errors import InputError
from topicml.explore.base import BaseView
from topicml.explore.frames import frame_of
from topicml.explore.view import TopicView

_ALIVE = 0.25  # of its largest share, from which a topic is there


def drift(model: Any, corpus: Corpus | None = None, *, n: int = 5, frame: str = "pandas") -> Any:
    """Tell how each topic moves over the slices of time.

    Parameters
    ----------
    model : TopicModel or TopicView
        Fitted with `time`. A view has its topics after its steps.
    corpus : Corpus, optional
        Documents with the field of times; not with a view that has documents.
    n : int
        Words that come and go, for each topic.
    frame : {"pandas", "polars"}
        Kind of data frame.

    Returns
    -------
    table : DataFrame
        A row for each shown topic, those that moved most first: ``topic``; ``label``; ``words``, its first words in the
        last slice; ``come`` and ``go``, the words whose weight rises and falls most from the first slice to the last,
        of those that the topic uses at least as much as the mean of all topics does, in the last slice and in the
        first;
        ``moved``, the total variation distance (0 to 1) between its words in the first and in the last slice;
        ``most_in``, the slice whose words differ most from those of the slice before; ``first_share`` and
        ``last_share``, its mean proportion in the documents of the first and of the last slice that has documents;
        ``born``, the first slice in which its share is at least a quarter of its largest one, and ``gone``, the first
        slice after the last such one; empty if that is the first slice, or if the last slice is such a one.

    Raises
    ------
    InputError
        If the model was fitted without `time`, the documents lack its field, or no document has a time.
    """
    require(n >= 1, "n", n, "at least 1")
    slices = slices_of(model.model if isinstance(model, BaseView) else model)
    documents = _documents(model, corpus)
    if slices.field not in documents.fields:
        raise InputError(f"The documents have no field {slices.field!r}, by which the topics of the model move.")
    view = model if isinstance(model, BaseView) else TopicView.of(model, documents)
    shares = shares_by_slice(view, documents)
    known = np.flatnonzero(np.isfinite(shares).all(axis=1))
    if not len(known):
        raise InputError(f"No document has words of the model and a time in {slices.field!r}.")
    distances = _distances(view)
    first, last = (view.changed_beta(view.model.components_at(group)) for group in (0, slices.n - 1))
    vocabulary, labels = np.array(view.vocabulary, dtype=object), view.labels
    come, go = _gained(first, last), _gained(last, first)
    is_shown = {*view.shown}
    order = [int(k) for k in np.argsort(-distances[-1], kind="stable") if k in is_shown]
    alive = [known[shares[known, k] >= _ALIVE * shares[known, k].max()] for k in order]
    columns = {
        "topic": order,
        "label": [labels[k] for k in order],
        "words": [_joined(vocabulary, last[k], n) for k in order],
        "come": [_joined(vocabulary, come[k], n) for k in order],
        "go": [_joined(vocabulary, go[k], n) for k in order],
        "moved": distances[-1][order].tolist(),
        "most_in": [slices.names[1 + int(distances[:-1, k].argmax())] for k in order],
        "first_share": shares[known[0], order].tolist(),
        "last_share": shares[known[-1], order].tolist(),
        "born": [slices.names[each[0]] if each[0] != known[0] else "" for each in alive],
        "gone": [slices.names[each[-1] + 1] if each[-1] != known[-1] else "" for each in alive],
    }
    return frame_of(columns, frame)


def slices_of(model: Any) -> Slices:
    """The slices of a model whose topics move over time.

    Parameters
    ----------
    model : TopicModel
        Fitted.

    Returns
    -------
    Slices

    Raises
    ------
    InputError
        If the model was fitted without `time`.
    """
    slices = getattr(model, "groups_", None)
    if not isinstance(slices, Slices):
        raise InputError("The topics of this model do not move over time. Fit it with time=…, a field of times.")
    return slices


def shares_by_slice(view: BaseView, corpus: Corpus) -> np.ndarray:
    """Mean proportion of each topic in the documents of each slice.

    Parameters
    ----------
    view : TopicView
        Topics of a model that was fitted with `time`, and the documents.
    corpus : Corpus
        The documents, with the field of times.

    Returns
    -------
    ndarray, (n_slices, n_topics)
        NaN for slices without documents with words.
    """
    theta, groups = view.theta, view.model.groups_.codes(corpus)
    shares = np.full((view.model.groups_.n, theta.shape[1]), np.nan)
    for group in np.unique(groups[(groups >= 0) & view.has_words]):
        shares[group] = theta[(groups == group) & view.has_words].mean(axis=0)
    return shares


def _documents(model: Any, corpus: Any) -> Corpus:
    """The documents of a view, or those that were given."""
    if isinstance(model, BaseView):
        if corpus is not None:
            raise InputError("The view has its own documents: leave `corpus` out, or pass the model.")
        model.require_documents("drift")
        corpus = model.corpus
    if not isinstance(corpus, Corpus):
        raise InputError("drift needs the times of the documents. Give a Corpus that has them as a field.")
    return corpus


@torch.no_grad()
def _distances(view: BaseView) -> np.ndarray:
    """Total variation distances of topics between neighbouring slices, then between the first and the last."""
    network = view.model.network_
    log_topics = network.decoder.log_topics()

    def words(group: int) -> np.ndarray:
        topics = (log_topics + network.deviations.of_topics(group)).softmax(dim=-1)
        return view.changed_beta(topics.double().cpu().numpy())

    first = before = words(0)
    distances = []
    for group in range(1, network.deviations.n_groups):
        after = words(group)
        distances.append(np.abs(after - before).sum(axis=-1) / 2)
        before = after
    distances.append(np.abs(before - first).sum(axis=-1) / 2)
    return np.array(distances)


def _gained(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How much the weights of the words that a topic uses rise; 0 for words that it uses less than the mean topic.

    A word that no document of a slice has gets its first weight in all topics at once, even where it is hardly used.
    """
    gained: np.ndarray = np.where(after >= after.mean(axis=0), after - before, 0.0)
    return gained


def _joined(vocabulary: np.ndarray, weights: np.ndarray, n: int) -> str:
    """The words with the largest positive weights."""
    first = np.argsort(-weights, kind="stable")[:n]
    return ", ".join(vocabulary[first[weights[first] > 0]])
