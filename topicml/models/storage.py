"""Saved models: JSON and safetensors files, without pickle and without training data."""

import inspect
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from topicml import __version__
from topicml.errors import InputError, TopicWarning
from topicml.files import atomic_folder
from topicml.models.diagnostics import Diagnostics
from topicml.models.older_formats import upgraded
from topicml.models.registry import COMPOSED, model_class, model_names
from topicml.settings import Settings

FORMAT = 2
_LIBRARIES = ("topicml", "torch", "pyro-ppl", "numpy", "scipy", "scikit-learn")
_NOT_NEEDED = ("preprocessor", "random_state", "verbose")  # parameters that a loaded model does without


@dataclass(frozen=True)
class SavedModel:
    """The content of a model's folder.

    Attributes
    ----------
    n_words : int
        Number of words.
    feature_names : bool
        Whether the model has scikit-learn's ``feature_names_in_``.
    vocabulary : tuple of str or None
        The words, if they have names.
    preprocessor : object or None
        Turns raw texts into words.
    history : list of dict
        Records of the epochs.
    diagnostics : Diagnostics
        Signs of unusable topics.
    start : dict of str to list of int
        Shapes of the starting values, to rebuild the network.
    constants : dict of str to float
        Constants of the network (`TopicNetwork.constants`).
    weights : dict of str to Tensor
        Weights of the network.
    """

    n_words: int
    feature_names: bool
    vocabulary: tuple[str, ...] | None
    preprocessor: Any
    history: list[dict]
    diagnostics: Diagnostics
    start: dict[str, list[int]]
    constants: dict[str, float]
    weights: dict[str, Tensor]


def save_model(model: Any, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a fitted model to `folder`: ``model.json``, ``vocabulary.json``, ``weights.safetensors``.

    Parameters
    ----------
    model : TopicModel
        A fitted model.
    folder : path
        The folder to create, or to replace in one step.
    overwrite : bool
        Whether to replace a model in `folder`.

    Raises
    ------
    InputError
        If the folder must not be replaced, or the class of the model is not registered, so that `load` would fail.
    """
    _check_registered(model)
    preprocessor = model.preprocessor_
    header = {
        "format": FORMAT,
        "model": type(model).__name__,
        "versions": {name: _version(name) for name in _LIBRARIES},
        "parameters": _plain_parameters(model),
        "n_words": model.n_features_in_,
        "feature_names": getattr(model, "feature_names_in_", None) is not None,
        "preprocessor": None if preprocessor is None else preprocessor.to_config(),
        "history": model.history_,
        "diagnostics": model.diagnostics_.to_dict(),
        "start": model._start_shapes,
        "constants": model.network_.constants(),
    }
    with atomic_folder(folder, overwrite=overwrite, mark="model.json") as temporary:
        _write_json(temporary / "model.json", header)
        _write_json(temporary / "vocabulary.json", model.vocabulary_)
        weights = {name: value.contiguous().cpu() for name, value in model.network_.state_dict().items()}
        save_file(weights, temporary / "weights.safetensors")


def load(folder: str | os.PathLike[str], *, device: str = "auto") -> Any:
    """Load a saved model.

    Parameters
    ----------
    folder : path
        The folder of the model.
    device : str
        Device for the network: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Returns
    -------
    TopicModel
        The fitted model.

    Raises
    ------
    InputError
        If the folder is missing, is not a topicml model, has a newer format, or is damaged; or if the class of the
        model is not registered, because loading never imports code that a folder names.
    """
    folder = Path(folder)
    header = _read_header(folder)
    vocabulary = _read_json(folder, "vocabulary.json")
    try:
        weights = load_file(folder / "weights.safetensors")
        header = upgraded(folder, header, weights)
        model = model_class(header["model"])(**{name: _from_plain(each) for name, each in header["parameters"].items()})
        _check_vocabulary(vocabulary, header["n_words"])
        diagnostics = header["diagnostics"]
        saved = SavedModel(
            n_words=header["n_words"],
            feature_names=header["feature_names"],
            vocabulary=None if vocabulary is None else tuple(vocabulary),
            preprocessor=_preprocessor(header["preprocessor"]),
            history=header["history"],
            diagnostics=Diagnostics(**{**diagnostics, "duplicates": [tuple(p) for p in diagnostics["duplicates"]]}),
            start=header["start"],
            constants=header["constants"],
            weights=weights,
        )
        model._restore(saved, device)
    except (OSError, SafetensorError, AttributeError, KeyError, TypeError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is damaged ({str(error).splitlines()[0]}). Copy it again, or fit again.") from error
    return model


def _check_registered(model: Any) -> None:
    """Raise `InputError` if `load` could not find the class of the model."""
    name = type(model).__name__
    story = getattr(model, "story", None)  # only composed models have this attribute
    if story is not None and _objects().get(type(story).__name__) is not type(story):
        raise InputError(
            f"The model cannot be saved: its story, {type(story).__name__}, is not the story of a registered model. "
            "Define a NamedModel with this story and register it (@topicml.models.register)."
        )
    if name not in (*model_names(), COMPOSED) or model_class(name) is not type(model):
        raise InputError(
            f"{name} is not registered, so the saved model could not be loaded. Decorate the class with "
            "@topicml.models.register."
        )


def _read_header(folder: Path) -> dict[str, Any]:
    header = _read_json(folder, "model.json")
    if not isinstance(header, dict) or not isinstance(header.get("model"), str) or "parameters" not in header:
        raise InputError(f"{folder} is not a topicml model: its model.json does not describe one.")
    version = header.get("format")
    if not isinstance(version, int):
        raise InputError(f"{folder} is damaged (its format is {version!r}). Copy it again, or fit again.")
    if version > FORMAT:
        raise InputError(
            f"{folder} was written by a newer topicml (format {version}, this version reads up to {FORMAT}). "
            "Upgrade topicml."
        )
    if header["model"] not in (*model_names(), COMPOSED):
        raise InputError(
            f"{folder} is a model of the class {header['model']}, which is not registered; registered are "
            f"{', '.join(model_names())}. Import the module that defines and registers it first (on the command line: "
            "topicml --import MODULE ...)."
        )
    return header


def _check_vocabulary(vocabulary: Any, n_words: int) -> None:
    if vocabulary is None:  # the model was fitted on columns without names
        return
    if not isinstance(vocabulary, list) or not all(isinstance(word, str) for word in vocabulary):
        raise ValueError("its vocabulary is not a list of words")
    if len(vocabulary) != n_words:
        raise ValueError(f"{len(vocabulary)} words for {n_words} columns")


def _preprocessor(configuration: Any) -> Any:
    if configuration is None:
        return None
    from topicml.corpus.preprocessing import preprocessor_from_config

    return preprocessor_from_config(configuration)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _read_json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not a topicml model: it has no {name}.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / name} cannot be read ({error}). Copy the model again, or fit again.") from error


class _NotPlainError(Exception):
    """Raised for a parameter that cannot be written as JSON."""


def _plain_parameters(model: Any) -> dict[str, Any]:
    """The parameters as JSON; an object that cannot be written is replaced by the default, with a warning."""
    plain = {}
    defaults = inspect.signature(type(model)).parameters
    for name, value in model.get_params(deep=False).items():
        try:
            plain[name] = _plain(value)
        except _NotPlainError:
            plain[name] = defaults[name].default
            if name not in _NOT_NEEDED:
                warnings.warn(
                    f"{name}={value!r:.80} cannot be written: the loaded model has {name}={plain[name]!r}. Its topics "
                    "and weights are complete; to train it further, set the object again (set_params).",
                    TopicWarning,
                    stacklevel=4,
                )
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.ndim < 2:  # matrices of word weights are too large for JSON
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Settings) and _objects().get(type(value).__name__) is type(value):
        settings = {key: _plain(each) for key, each in value.settings().items()}
        return {"object": type(value).__name__, "settings": settings}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise _NotPlainError


def _from_plain(value: Any) -> Any:
    """The inverse of `_plain`."""
    if isinstance(value, list):
        return tuple(_from_plain(each) for each in value)
    if isinstance(value, Mapping) and "object" in value:
        return _objects()[value["object"]](**{name: _from_plain(each) for name, each in value["settings"].items()})
    return value


def _objects() -> dict[str, type]:
    """Classes of parameter objects that can be written as JSON, by name."""
    from topicml.objectives import BOUNDS, CONTRASTS
    from topicml.objectives.views import VIEWS
    from topicml.pareto import Balance, FixedWeights, MinNorm
    from topicml.starting import Start, VectorStart
    from topicml.training import Training

    stories = (getattr(model_class(name), "story_class", None) for name in model_names())
    losses = (*BOUNDS.values(), *CONTRASTS.values(), *VIEWS.values())
    options = (Balance, FixedWeights, MinNorm, Start, VectorStart, Training)
    return {kind.__name__: kind for kind in (*losses, *options, *stories) if kind is not None}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return __version__ if name == "topicml" else "unknown"
