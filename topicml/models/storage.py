"""Models on disk: JSON and safetensors; no pickle, no training data."""

import json
import os
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from topicml import __version__
from topicml.errors import InputError
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
_LIBRARIES = ("topicml", "torch", "pyro-ppl", "numpy", "scipy", "scikit-learn")


def save_model(model: "TopicModel", folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a fitted model to `folder`: ``model.json``, ``vocabulary.json``, ``weights.safetensors``."""
    preprocessor = model.preprocessor_
    header = {
        "format": FORMAT,
        "model": type(model).__name__,
        "versions": {name: _version(name) for name in _LIBRARIES},
        "parameters": {name: _plain(name, value) for name, value in model.get_params(deep=False).items()},
        "n_words": model.n_features_in_,
        "feature_names": getattr(model, "feature_names_in_", None) is not None,
        "preprocessor": None if preprocessor is None else preprocessor.to_config(),
        "history": model.history_,
        "diagnostics": model.diagnostics_.to_dict(),
    }
    with atomic_folder(folder, overwrite=overwrite) as temporary:
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
    header = _read_json(folder, "model.json")
    if not isinstance(header, dict) or header.get("model") not in MODELS or "parameters" not in header:
        raise InputError(f"{folder} is not a topicml model: model.json does not describe one of {', '.join(MODELS)}.")
    if header.get("format", 0) > FORMAT:
        raise InputError(
            f"{folder} was written by a newer topicml (format {header['format']}, this version reads up to {FORMAT}). "
            "Upgrade topicml."
        )
    vocabulary = _read_json(folder, "vocabulary.json")
    try:
        weights = load_file(folder / "weights.safetensors")
        model = getattr(import_module(MODELS[header["model"]]), header["model"])(**_restored(header["parameters"]))
        if vocabulary is not None and len(vocabulary) != header["n_words"]:
            raise ValueError(f"{len(vocabulary)} words for {header['n_words']} columns")
        model._restore(header, None if vocabulary is None else tuple(vocabulary), weights, device)
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{folder} is damaged ({str(error).splitlines()[0]}). Copy it again, or fit anew.") from error
    if header["preprocessor"] is not None:
        from topicml.corpus.preprocessing import preprocessor_from_config

        model.preprocessor_ = preprocessor_from_config(header["preprocessor"])
    return model


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _read_json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is not a topicml model: it has no {name}.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / name} cannot be read ({error}). Copy the model again, or fit anew.") from error


def _plain(name: str, value: Any) -> Any:
    """A hyper-parameter as JSON; what only a session can hold (an object, a generator) is left out."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist() if value.ndim < 2 else None  # vectors of all words have no place in JSON
    if isinstance(value, (list, tuple)):
        return [_plain(name, item) for item in value]
    if isinstance(value, Settings) and type(value).__name__ in _objects():
        settings = {key: _plain(key, each) for key, each in value.settings().items()}
        return {"object": type(value).__name__, "settings": settings}
    return value if value is None or isinstance(value, (bool, int, float, str)) else None


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
    from topicml.objectives import CONTRASTS
    from topicml.objectives.views import VIEWS
    from topicml.pareto import Balance, FixedWeights, MinNorm

    return {kind.__name__: kind for kind in (*CONTRASTS.values(), *VIEWS.values(), Balance, FixedWeights, MinNorm)}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return __version__ if name == "topicml" else "unknown"
