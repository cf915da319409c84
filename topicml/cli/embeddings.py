"""The options --embeddings and --encoder: what makes the embeddings of documents."""

from topicml.errors import InputError
from topicml.runs.reading import absolute


def embeddings_from(embeddings: str | None, encoder: str | None) -> str | None:
    """What makes the embeddings: an absolute path, the name of a column, or the name of an encoder.

    Parameters
    ----------
    embeddings, encoder : str or None
        The values of the options.

    Returns
    -------
    str or None
        None without either option.

    Raises
    ------
    InputError
        If both are given, or there is no encoder of this name.
    """
    if embeddings is not None and encoder is not None:
        raise InputError("--embeddings gives vectors and --encoder computes them: pass one of them.")
    if encoder is None:
        return None if embeddings is None else absolute(embeddings)
    from topicml.corpus.encoders import ENCODERS, describe_encoders

    if encoder not in ENCODERS:
        raise InputError(f"There is no encoder {encoder!r}. Encoders: {describe_encoders()}.")
    return encoder
