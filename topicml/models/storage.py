"""Models on disk: JSON and safetensors; no pickle, no training data."""

import inspect
import json
import os
import warnings
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from topicml import __version__
from topicml.errors import InputError, TopicWarning
from topicml.files import atomic_folder
from topicml.settings import Settings

if TYPE_CHECKING:
    from topicml.models.base import TopicModel

FORMAT = 1
MODELS = {
    "ProdLDA": "topicml.models.prodlda",
    "ETM": "topicml.models.etm",
    "ECRTM": "topicml.models.ecrtm",
    "LDA2Vec": "topicml.models.lda2vec",
    "TSCTM": "topicml.models.tsctm",
}
_TRAINING = (
    "bound",
    "contrast",
    "balance",
    "init",
)  # hyper-parameters that may be objects, and matter in training alone
_LIBRARIES = ("topicml", "torch", "pyro-ppl", "numpy", "scipy", "scikit-learn")


def save_model(model: "TopicModel", folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a fitted model to `folder`: ``model.json``, ``vocabulary.json``, ``weights.safetensors``."""
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
    }
    with atomic_folder(folder, overwrite=overwrite, mark="model.json") as temporary:
        _write_json(temporary / "model.json", header)
        _write_json(temporary / "vocabulary.json", model.vocabulary_)
        weights = {name: value.contiguous().cpu() for name, value in model.network_.state_dict().items()}
        save_file(weights, temporary / "weights.safetensors")


def load(folder: str | os.PathLike[str], *, device: str = "auto") -> "TopicModel":
    """Open a model that `save` wrote.

    Parameters
    ----------
    folder : path
        The model's folder.
    device : str
        Where it computes: ``auto``, ``cpu``, ``cuda``, ``mps``.

    Raises
    ------
    InputError
        If the folder is missing, is not a topicml model, is of a newer format, or is damaged.
    """
    folder = Path(folder)
    header = _read_header(folder)
    vocabulary = _read_json(folder, "vocabulary.json")
    try:
        weights = load_file(folder / "weights.safetensors")
        model = getattr(import_module(MODELS[header["model"]]), header["model"])(**_restored(header["parameters"]))
        _check_vocabulary(vocabulary, header["n_words"])
        model._restore(header, None if vocabulary is None else tuple(vocabulary), weights, device)
        preprocessor = header["preprocessor"]
    except (OSError, SafetensorError, AttributeError, KeyError, TypeError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is damaged ({str(error).splitlines()[0]}). Copy it again, or fit anew.") from error
    if preprocessor is not None:
        from topicml.corpus.preprocessing import preprocessor_from_config

        model.preprocessor_ = preprocessor_from_config(preprocessor)
    return model


def _read_header(folder: Path) -> dict[str, Any]:
    header = _read_json(folder, "model.json")
    if not isinstance(header, dict) or header.get("model") not in [*MODELS] or "parameters" not in header:
        raise InputError(f"{folder} is not a topicml model: model.json does not describe one of {', '.join(MODELS)}.")
    version = header.get("format")
    if not isinstance(version, int):
        raise InputError(f"{folder} is damaged (its format is {version!r}). Copy it again, or fit anew.")
    if version > FORMAT:
        raise InputError(
            f"{folder} was written by a newer topicml (format {version}, this version reads up to {FORMAT}). "
            "Upgrade topicml."
        )
    return header


def _check_vocabulary(vocabulary: Any, n_words: int) -> None:
    if vocabulary is None:  # fitted on columns without names
        return
    if not isinstance(vocabulary, list) or not all(isinstance(word, str) for word in vocabulary):
        raise ValueError("its vocabulary is no list of words")
    if len(vocabulary) != n_words:
        raise ValueError(f"{len(vocabulary)} words for {n_words} columns")


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _read_json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not a topicml model: it has no {name}.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / name} cannot be read ({error}). Copy the model again, or fit anew.") from error


class _NotPlainError(Exception):
    """A hyper-parameter that JSON cannot hold."""


def _plain_parameters(model: "TopicModel") -> dict[str, Any]:
    """The hyper-parameters as JSON; what only a session can hold (an object, a generator) is left out."""
    plain = {}
    defaults = inspect.signature(type(model)).parameters
    for name, value in model.get_params(deep=False).items():
        try:
            plain[name] = _plain(value)
        except _NotPlainError:
            plain[name] = defaults[name].default if name in _TRAINING else None
            if name in _TRAINING:
                warnings.warn(
                    f"{name}={value!r} cannot be written: the loaded model has {name}={plain[name]!r}. What was "
                    "learned is whole; to go on training it, give the object again (set_params).",
                    TopicWarning,
                    stacklevel=4,
                )
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.ndim < 2:  # vectors of all words have no place in JSON
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Settings) and _objects().get(type(value).__name__) is type(value):
        settings = {key: _plain(each) for key, each in value.settings().items()}
        return {"object": type(value).__name__, "settings": settings}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise _NotPlainError


def _restored(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: _live(value) for name, value in parameters.items()}


def _live(value: Any) -> Any:
    """The inverse of `_plain`."""
    if isinstance(value, list):
        return tuple(_live(item) for item in value)
    if isinstance(value, dict) and "object" in value:
        return _objects()[value["object"]](**{name: _live(each) for name, each in value["settings"].items()})
    return value


def _objects() -> dict[str, type]:
    """Classes of hyper-parameters that are objects of plain settings, by name."""
    from topicml.objectives import BOUNDS, CONTRASTS
    from topicml.objectives.views import VIEWS
    from topicml.pareto import Balance, FixedWeights, MinNorm
    from topicml.starting import Start, VectorStart

    others = (Balance, FixedWeights, MinNorm, Start, VectorStart)
    return {kind.__name__: kind for kind in (*BOUNDS.values(), *CONTRASTS.values(), *VIEWS.values(), *others)}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return __version__ if name == "topicml" else "unknown"
