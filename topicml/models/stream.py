"""One part of a stream: grow a model, train it, and say what changed."""

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.errors import InputError
from topicml.models.documents import documents_to_transform
from topicml.models.growth import (
    Changes,
    Growth,
    Memory,
    fading,
    grow_topics,
    grow_words,
    named_corpus,
    new_words_of,
    vectors_of_new_words,
)
from topicml.nn.growing import check_growable

if TYPE_CHECKING:
    from topicml.models.topic_model import TopicModel

_LEAST_DOCUMENTS = 10  # expected in a part, so that their absence says something


def started_by(model: "TopicModel", X: Any, y: Any, growth: Growth) -> "TopicModel":
    """The first part: train, and remember its documents; see `TopicModel.partial_fit`."""
    model._partial_fit(X, y)
    _check_growable(model)
    corpus = named_corpus(model, X)
    model._memory = Memory()
    model._memory.remember(documents_to_transform(model, corpus), growth.memory, model._seed())
    model.changes_ = Changes()
    return model


def grown_by(model: "TopicModel", X: Any, growth: Growth) -> "TopicModel":
    """A later part: add its words and topics, train, and compare it with what came before."""
    _check_growable(model)
    corpus = named_corpus(model, X)
    # An error leaves the model as it was.
    model.network_, model.history_ = deepcopy(model.network_), [*model.history_]
    memory = deepcopy(getattr(model, "_memory", Memory()))
    led, shares, n_before = model._documents_led, model.topic_shares_, model.n_features_in_
    model.__dict__.pop("_trainer", None)  # its optimizer has the old weights
    new, left_out = new_words_of(model.vocabulary_ or (), corpus, growth)
    documents = _with_words(model, corpus, new)
    n_topics = len(model.network_.prior_loc)
    sizes = _with_topics(model, documents, growth)
    model._partial_fit(corpus, memory=memory)
    memory.remember(documents, growth.memory, model._seed())
    model._memory = memory
    faded_words: tuple[str, ...] = ()
    if led is not None and model.vocabulary_ is not None:
        now = np.bincount(documents.counts.indices, minlength=documents.counts.shape[1]).astype(np.float64)
        rare = fading(led.sum(axis=0, dtype=np.float64)[:n_before], now, growth, least=_LEAST_DOCUMENTS)
        faded_words = tuple(model.vocabulary_[i] for i in rare)
    faded_topics: tuple[int, ...] = ()
    if shares is not None and len(documents.not_empty):
        now = model.transform(documents.counts).mean(axis=0, dtype=np.float64) * len(documents.not_empty)
        faded_topics = tuple(map(int, fading(shares, now, growth, least=_LEAST_DOCUMENTS)))
    model.changes_ = Changes(
        new_words=tuple(new),
        left_out=left_out,
        new_topics={n_topics + i: size for i, size in enumerate(sizes)},
        faded_words=faded_words,
        faded_topics=faded_topics,
    )
    return model


def _check_growable(model: "TopicModel") -> None:
    """Raise `InputError` if the network of a model, or what it is trained by, cannot grow."""
    check_growable(model.network_)
    if model.languages_:
        raise InputError("A model of several languages cannot grow. Call partial_fit without `grow`.")
    parts = model._fitted().composition()
    if parts.story.reconstruct != "counts":
        raise InputError(
            "A model that reconstructs targets cannot grow: the documents that it remembers have none. Call "
            "partial_fit without `grow`, or fit with reconstruct='counts'."
        )
    if parts.story.against is not None:
        raise InputError(
            f"A model with against={parts.story.against!r} cannot grow: its last topics are salient, and new topics "
            "would come after them. Call partial_fit without `grow`."
        )
    if found := parts.story.components():
        raise InputError(
            f"A model with {', '.join(found)} among its losses cannot grow: they keep the topics that it started with. "
            "Call partial_fit without `grow`."
        )
    if fields := sorted({field for each in parts.contrasts().values() for field in getattr(each, "fields", ())}):
        raise InputError(
            f"A model that reads the field {', '.join(map(repr, fields))} in training (a response or a contrast) "
            "cannot grow: the documents that it remembers have no fields. Call partial_fit without `grow`."
        )


def _with_words(model: "TopicModel", corpus: Corpus, new: list[str]) -> Documents:
    """Add words to a model; return the documents as counts of all words."""
    model.vocabulary_ = (*(model.vocabulary_ or ()), *new)
    model.n_features_in_ = len(model.vocabulary_)
    documents = documents_to_transform(model, corpus)
    if new:
        grow_words(model.network_, documents.counts, len(new), model._seed())
        if model._word_vectors is not None:
            model._word_vectors = vectors_of_new_words(model._word_vectors, documents.counts)
        _resize(model)
    return documents


def _with_topics(model: "TopicModel", documents: Documents, growth: Growth) -> list[int]:
    """Add the new topics of the documents to a model; return the number of documents of each."""
    story = model._fitted().composition().story
    alpha = getattr(story, "alpha", None)
    sizes = grow_topics(model.network_, documents.counts, documents.not_empty, growth, alpha)
    if not sizes:
        return sizes
    n_topics = len(model.network_.prior_loc)
    if "story" in model._story_parameters:
        model.story = type(story)(**{**story.settings(), "n_topics": n_topics})
        model._story_parameters = {**model._story_parameters, "story": model.story}
    else:
        model.set_params(n_topics=n_topics)
        model._story_parameters = {**model._story_parameters, "n_topics": n_topics}
    model.calibration_ = None  # it has a noise of each topic
    if model.topic_shares_ is not None:
        model.topic_shares_ = np.append(model.topic_shares_, np.zeros(len(sizes)))
    _resize(model)
    return sizes


def _resize(model: "TopicModel") -> None:
    """Give all that a model has of words and topics the size of its network."""
    n_topics, n_words = len(model.network_.prior_loc), model.n_features_in_
    if model._documents_led is not None:
        led = np.zeros((n_topics, n_words), dtype=model._documents_led.dtype)
        led[: len(model._documents_led), : model._documents_led.shape[1]] = model._documents_led
        model._documents_led = led
    evidence = model._fitted().composition().evidence(model._documents_led)
    model.network_.evidence = None if evidence is None else evidence.to(model.network_.prior_loc.device)
    model._start_shapes = {
        name: [n_topics, n_words] if len(shape) == 2 else [n_words] for name, shape in model._start_shapes.items()
    }
