"""The identity of a fit of a topic model, made with `topicml.identity`."""

from typing import Any

from topicml.corpus.documents import Documents
from topicml.identity import describe, fit_identity


def model_parameters(model: Any) -> dict[str, Any]:
    """Return all parameters that determine the result of a fit, with names resolved to objects and with defaults.

    Parameters
    ----------
    model : TopicModel
        Fitted or not.

    Returns
    -------
    dict
        ``story``, ``training``, ``contrasts``, ``balance`` and ``random_state``. They are equal for models with equal
        results: a default equals the same value written out, and a name equals the object that it stands for.

    Raises
    ------
    InputError
        If a parameter is out of range or unknown.
    """
    parts = model.composition()
    return {
        "story": parts.story,
        "training": parts.training,
        "contrasts": list(parts.contrasts().values()),
        "balance": parts.balance() if parts.contrast is not None else None,
        "random_state": model.random_state,
    }


def model_identity(model: Any, documents: Documents, **conditions: Any) -> dict[str, Any]:
    """Describe the fit of a model to documents as JSON-able values.

    Parameters
    ----------
    model : TopicModel
        Fitted or not.
    documents : Documents
        The training documents.
    **conditions
        Other conditions that determine the result, such as the number of threads.

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
    objectives = [*parts.story.losses().values(), *parts.contrasts().values()]
    names = {name for objective in objectives for name in getattr(objective, "fields", ())}
    corpus = documents.corpus
    fields = {} if corpus is None else {name: corpus.fields[name] for name in names if name in corpus.fields}
    content = describe(documents.counts)["sha256"] if corpus is None else corpus.fingerprint
    return fit_identity(
        type(model).__name__,
        model_parameters(model),
        content,
        fields=fields,
        views=documents.views,
        **conditions,
    )
