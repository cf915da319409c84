"""The identity of a run: everything that decides its result; checked before an interrupted run is resumed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from topicml.errors import InputError

if TYPE_CHECKING:
    from topicml.corpus import Corpus
    from topicml.models import TopicModel
    from topicml.runs.folder import RunWriter


def run_identity(model: "TopicModel", corpus: "Corpus", views: "Sequence[Corpus] | None" = None) -> dict[str, Any]:
    """Describe a fit by everything that decides its result.

    Parameters
    ----------
    model : TopicModel
        With its parameters, not fitted.
    corpus : Corpus
        The documents.
    views : sequence of Corpus, optional
        Other texts of the same documents.

    Returns
    -------
    dict
        JSON-able; see `topicml.models.identity.model_identity`.
    """
    import torch

    from topicml.corpus.documents import Documents
    from topicml.models.identity import model_identity

    other_texts = tuple(view.counts for view in views or ())
    documents = Documents(corpus.counts, tuple(corpus.vocabulary), corpus.preprocessor, corpus, other_texts)
    return model_identity(model, documents, threads=torch.get_num_threads())


def check_identity(writer: "RunWriter", identity: Mapping[str, Any]) -> None:
    """Record the identity of a new run; compare it with the record of a resumed one.

    Parameters
    ----------
    writer : RunWriter
        The run; its record gets ``identity`` and ``digest``.
    identity : mapping
        As `run_identity` returns it.

    Raises
    ------
    InputError
        If the run was started with another identity; the message names what differs.
    """
    from topicml.identity import differences, digest

    if "digest" not in writer.record:
        writer.note(identity=dict(identity), digest=digest(identity))
        return
    if digest(identity) == writer.record["digest"]:
        return
    before = writer.record["identity"]
    changes = [_change(name, before, identity) for name in differences(before, identity)]
    raise InputError(
        f"The run of {writer.folder} was started with other settings or data, so it cannot be resumed; "
        f"different now: {', '.join(changes)}. Restore what changed, or fit again (--overwrite)."
    )


def _change(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """A difference by its dotted name, with the values if they are short."""
    old, new = (_entry(identity, name) for identity in (before, now))
    if isinstance(old, Mapping | list) or isinstance(new, Mapping | list) or max(map(len, map(str, (old, new)))) > 40:
        return name
    return f"{name} ({old} → {new})"


def _entry(identity: Mapping[str, Any], name: str) -> Any:
    value: Any = identity
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
