"""The identity of a topic model's fit: what `topicml.identity` says of its parts."""

from typing import Any

from topicml.corpus.documents import Documents
from topicml.identity import describe, digest, fit_identity
from topicml.models.composition import Composition

# Parameters of topic models that are not settings of their story and training.
_OTHERS = ("story", "training", "contrast", "balance", "ranking", "random_state", "preprocessor", "verbose")


def model_parameters(model: Any, *, with_views: bool = False) -> dict[str, Any]:
    """All parameters that decide the result of a fit, with names resolved to objects and defaults included.

    Parameters
    ----------
    model : TopicModel
        Fitted or not.
    with_views : bool
        Whether `fit` receives views, which contrasts given by name then read.

    Returns
    -------
    dict
        ``story``, ``training``, ``contrasts``, ``balance``, ``ranking`` and ``random_state``; of a class outside
        topicml also ``own``, the parameters that its constructor adds. Two models with equal parameters give equal
        results, whether a setting was written or is a default, as a name or as an object.

    Raises
    ------
    InputError
        If a parameter is out of range or unknown.
    """
    parts = model.composition()
    balanced, of_story = parts.contrasts(with_views=with_views), parts.story.balanced()
    own = {} if _is_built_in(type(model)) else {"own": _own_parameters(model, parts)}
    return {
        "story": parts.story,
        "training": parts.training,
        "contrasts": [each for name, each in balanced.items() if name not in of_story],
        "balance": parts.balance() if balanced else None,
        "ranking": parts.ranking(),
        "random_state": model.random_state,
        **own,
    }


def model_identity(model: Any, documents: Documents, **conditions: Any) -> dict[str, Any]:
    """Describe the fit of a model to documents as JSON-able values.

    Parameters
    ----------
    model : TopicModel
        Fitted or not.
    documents : Documents
        What it is fitted to.
    **conditions
        Further conditions of the result, such as the number of threads.

    Returns
    -------
    dict
        See `topicml.identity.fit_identity`.

    Raises
    ------
    InputError
        If a parameter is out of range or unknown.
    """
    parts = model.composition()
    objectives = [*parts.losses().values(), *parts.contrasts(with_views=bool(documents.views)).values()]
    names = parts.story.fields.union(*(getattr(objective, "fields", ()) for objective in objectives))
    corpus = documents.corpus
    fields = {} if corpus is None else {name: corpus.fields[name] for name in names if name in corpus.fields}
    if documents.response is not None:
        fields = {**fields, **{f"y={name}": values for name, values in documents.response.items()}}
    content = _fingerprint(documents) if corpus is None else corpus.fingerprint
    if corpus is not None and corpus.embeddings is not None and _reads_embeddings(parts.story, objectives):
        conditions["embeddings"] = corpus.embeddings.fingerprint
    if corpus is not None and corpus.targets is not None and parts.story.reconstruct == "targets":
        conditions["targets"] = corpus.targets.fingerprint
    kind = type(model)
    return fit_identity(
        kind.__name__ if _is_built_in(kind) else f"{kind.__module__}:{kind.__qualname__}",
        model_parameters(model, with_views=bool(documents.views)),
        content,
        fields=fields,
        views=documents.views,
        **conditions,
    )


def _fingerprint(documents: Documents) -> str:
    """A digest of documents that came without a corpus: their counts, and the names of the columns."""
    return digest({"counts": describe(documents.counts), "words": describe(documents.vocabulary)})


def _reads_embeddings(story: Any, objectives: list[Any]) -> bool:
    """Whether the story or an objective reads the embeddings of the documents."""
    return story.fit_reads_embeddings or any(getattr(each, "reads_embeddings", False) for each in objectives)


def _is_built_in(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "topicml"


def _own_parameters(model: Any, parts: Composition) -> dict[str, Any]:
    """Parameters that are not settings of a part of the model, so that nothing else describes them."""
    described = {*parts.story.settings(), *parts.training.settings(), *_OTHERS}
    return {name: value for name, value in model.get_params(deep=False).items() if name not in described}
