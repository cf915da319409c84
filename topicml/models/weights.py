"""The weights of a saved model, and checks of its header before anything is allocated.

A folder may be damaged, or come from another user, so a number in ``model.json`` must not decide how much memory
loading takes. The sizes in the header of the weights file decide it; they are read first.
"""

import hashlib
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided
from safetensors import safe_open
from torch import Tensor

from topicml.corpus.grouping import Grouping
from topicml.corpus.model_matrix import ModelMatrix
from topicml.files import utf8_name
from topicml.models.composition import add_covariates
from topicml.models.story import Story
from topicml.settings import is_number

Shapes = Mapping[str, tuple[int, ...]]

GROUP_VECTORS = "deviations.vectors"
"""The weights whose shape tells the size of the deviations of groups."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    "parameters": dict,
    "feature_names": bool,
    "preprocessor": (dict, type(None)),
    "history": list,
    "diagnostics": dict,
}


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights in a file. Only its header is read, which must agree with its size."""
    with utf8_name(file) as name, safe_open(name, framework="pt") as opened:
        return {key: tuple(opened.get_slice(key).get_shape()) for key in opened.keys()}  # noqa: SIM118


def check_header(header: Mapping[str, Any]) -> None:
    """Raise KeyError or ValueError for values of other kinds than `save` writes.

    Parameters
    ----------
    header : mapping
        The content of ``model.json``, of any format.
    """
    for name, kind in _KINDS.items():
        if not isinstance(header[name], kind):
            raise ValueError(f"its {name} is {header[name]!r:.60}")
    if not _is_count(header["n_words"]):
        raise ValueError(f"its n_words is {header['n_words']!r:.60}")
    for record in header["history"]:
        values = record.values() if isinstance(record, dict) else [record]
        if not all(isinstance(each, int | float | str | None) for each in values) or not isinstance(record, dict):
            raise ValueError(f"its history has {record!r:.60}")
    diagnostics = header["diagnostics"]
    pairs = diagnostics["duplicates"]
    are_pairs = isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    if not are_pairs or not _are_counts([*_listed(diagnostics["dead"]), *(each for pair in pairs for each in pair)]):
        raise ValueError(f"its diagnostics are {diagnostics!r:.60}")
    if not is_number(diagnostics["information"]) or not _is_count(diagnostics.get("n_topics", 0)):
        raise ValueError(f"its diagnostics are {diagnostics!r:.60}")


def check_sizes(header: Mapping[str, Any], shapes: Shapes) -> None:
    """Check that the header does not describe a larger network than the weights file has.

    Parameters
    ----------
    header : mapping
        The content of ``model.json``, of the current format.
    shapes : mapping of str to tuple of int
        As `shapes_of` returns them.

    Raises
    ------
    KeyError, ValueError
        If it does.
    """
    parameters = header["parameters"]
    story = parameters.get("story")
    settings = story.get("settings") if isinstance(story, dict) else None
    for values in (parameters, settings if isinstance(settings, dict) else {}):
        n_topics = values.get("n_topics", 1)
        expected = shapes.get("prior_loc", (n_topics,))
        if "n_topics" in values and (n_topics,) != expected:
            raise ValueError(f"its n_topics is {n_topics!r:.60}, and its weights have {expected[0]} topics")
    total = sum(map(math.prod, shapes.values()))
    if not isinstance(header["start"], dict) or not isinstance(header["constants"], dict):
        raise ValueError("its start or its constants are not a table")
    for name, shape in header["start"].items():
        if not isinstance(shape, list) or not _are_counts(shape) or math.prod(shape) > total:
            raise ValueError(f"its start {name!r} has the shape {shape!r:.60}, and its weights have {total:,} numbers")
    for name, value in header["constants"].items():
        if not is_number(value):
            raise ValueError(f"the constant {name} is {value!r:.60}, not a finite number")


def read_weights(
    file: Path,
    header: Mapping[str, Any],
    story: Story,
    *,
    model_matrix: ModelMatrix | None = None,
    groups: Grouping | None = None,
    besides: Collection[str] = (),
) -> dict[str, Tensor]:
    """Read the weights, and check that they fit the network that the header describes.

    Parameters
    ----------
    file : Path
        The weights.
    header : mapping
        The content of ``model.json``, after `check_sizes`.
    story : Story
        Makes the network.
    model_matrix : ModelMatrix, optional
        The covariates of its prior.
    groups : Slices or Levels, optional
        The groups in which its topics differ.
    besides : collection of str
        Names of further arrays in the file that are read but are not weights of the network.

    Returns
    -------
    dict of str to Tensor
        On the CPU.

    Raises
    ------
    ValueError
        If a weight is missing, has another shape or type, or is not a finite number, or the file is not the one that
        was saved.
    """
    shapes = shapes_of(file)
    size = None if groups is None else shapes[GROUP_VECTORS]
    network = _described_network(header, story, model_matrix, groups, size)
    if network is not None:
        described = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        for name in sorted({*described, *shapes} - {*besides}):
            if described.get(name) != shapes.get(name):
                raise ValueError(
                    f"{name} is {_shown(shapes.get(name))} in its weights, and {_shown(described.get(name))} in the "
                    "network that model.json describes"
                )
    if header.get("weights_sha256") not in (None, sha256_of(file)):  # older models have none
        raise ValueError("its weights are not those that were saved with it")
    with utf8_name(file) as readable, safe_open(readable, framework="pt") as opened:
        weights = {name: opened.get_tensor(name) for name in shapes}
    # The network has single precision: 1e200 in a file of double precision would be infinity in it.
    kinds = {} if network is None else {name: value.dtype for name, value in network.state_dict().items()}
    for name, value in weights.items():
        kind = kinds.get(name, torch.float32 if value.is_floating_point() else value.dtype)
        if value.is_floating_point() != kind.is_floating_point or value.is_complex():
            raise ValueError(f"its weights {name} are of the type {value.dtype}, not {kind}")
        weights[name] = value.to(kind)
        if not bool(torch.isfinite(weights[name]).all()):
            raise ValueError(f"its weights {name} are not all finite numbers of the type {kind}")
    return weights


def sha256_of(file: Path) -> str:
    """SHA-256 of the content of a file, hexadecimal."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _described_network(
    header: Mapping[str, Any],
    story: Story,
    model_matrix: ModelMatrix | None = None,
    groups: Grouping | None = None,
    size_of_vectors: tuple[int, ...] | None = None,
) -> torch.nn.Module | None:
    """The network that the header describes, without memory for its weights; None if its story needs their values."""
    # One number, seen as an array of the shape. Not np.broadcast_to: torch warns of arrays that cannot be written.
    values = {name: as_strided(np.ones(1), shape, [0] * len(shape)) for name, shape in header["start"].items()}
    try:
        with torch.device("meta"):
            network = story.network_of(**values)
            vectors = None if size_of_vectors is None else as_strided(np.ones(1), size_of_vectors, (0, 0))
            add_covariates(network, story, model_matrix, groups, vectors)
            return network
    except (NotImplementedError, RuntimeError):
        if type(story).__module__.startswith("topicml."):
            raise
        return None


def _shown(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else f"of the shape {shape}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [None]


def _are_counts(values: list[Any]) -> bool:
    return all(map(_is_count, values))
