"""Saved models of older formats: convert them, or refuse them with a message."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topicml.errors import InputError

# Largest number of topics for which all versions with format 1 had the same constants.
_MAX_TOPICS = {"ProdLDA": 50, "ETM": 50, "LDA2Vec": 50, "ECRTM": 25, "TSCTM": 1_000_000}
_NORM_EPS = {"ECRTM": 1e-5}  # epsilon of the decoder; 1e-3 in the other models


def upgraded(folder: Path, header: dict[str, Any], shapes: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Convert the header of a saved model to the current format.

    Format 1 has neither the shapes of the starting values nor the constants of the network. Both follow from the
    weights, except with many topics: for these, the constants changed between versions of format 1.

    Parameters
    ----------
    folder : Path
        The folder, for messages.
    header : dict
        Content of ``model.json``.
    shapes : mapping of str to sequence of int
        Shapes of the weights of the network.

    Returns
    -------
    dict
        The header, with ``start`` and ``constants``.

    Raises
    ------
    InputError
        If a model in format 1 has too many topics to infer its constants.
    """
    if header["format"] != 1:
        return header
    name = header["model"]
    n_topics = header["parameters"]["n_topics"]
    if n_topics > _MAX_TOPICS.get(name, 0):
        raise InputError(
            f"{folder} is a {name} with {n_topics} topics in format 1, which does not store the constants of the "
            "network; for so many topics, they differ between versions. Fit the model again."
        )
    if "decoder.beta" in shapes:
        start = {"beta": list(shapes["decoder.beta"])}
    else:
        start = {part: list(shapes[f"decoder.{part}"]) for part in ("topics", "words")}
    n_words = header["n_words"]
    frequency = {"ProdLDA": "background", "ETM": "background", "LDA2Vec": "frequency"}
    if name in frequency:
        start[frequency[name]] = [n_words]
    norms = {key.removesuffix(".running_var") for key in shapes if key.endswith(".running_var")}
    constants = {f"{norm}.eps": _NORM_EPS.get(name, 1e-3) if "decoder" in norm else 1e-3 for norm in sorted(norms)}
    constants["encoder.input_norm"] = 5.0
    if name == "ECRTM":
        constants["decoder.temperature"] = header["parameters"]["temperature"]
    return {**header, "format": 2, "start": start, "constants": constants}
