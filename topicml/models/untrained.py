"""The topics of a model before training."""

from dataclasses import replace
from typing import Any

from sklearn.base import clone

from topicml.models.documents import documents_to_fit
from topicml.models.topic_model import TopicModel
from topicml.training.sampler import split_rows


def starting_topics(model: TopicModel, X: Any, n: int = 10) -> list[list[str]]:
    """The first words of each topic as `fit` starts from them, to compare with those after training.

    `topicml.metrics.learned_overlap` compares them. Topics are in the order of the fitted model.

    Parameters
    ----------
    model : TopicModel
        Fitted or not; it is not changed.
    X : Corpus, sequence of str, or matrix (n_docs, n_words)
        Documents, as for `fit`.
    n : int
        Words per topic.

    Returns
    -------
    list of list of str
        Best first, ranked as the fitted model ranks them, but without the documents that topics lead: before training
        there are none.

    Raises
    ------
    InputError
        As `fit`.
    """
    start: TopicModel = clone(model)
    start.check_parameters()
    documents = documents_to_fit(start, X, start.preprocessor)
    parts, seed = start.composition(), start._seed()
    rows, _ = split_rows(
        documents.not_empty, parts.training.validation_fraction, seed=seed, max_held_out=parts.training.max_held_out
    )
    documents = replace(documents, rows=rows)
    network, shapes = parts.network(documents, seed)
    start.history_ = []
    start._word_vectors, start._ranking = parts.word_vectors(documents, seed), parts.ranking().without_documents()
    start._keep(network, shapes, documents)
    return start.topics(n)
