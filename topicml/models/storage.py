"""Models on disk: JSON and safetensors; no pickle, no training data."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from scipy.sparse import csr_matrix
from torch import Tensor

from topicml import __version__
from topicml.corpus.grouping import Grouping, described, grouping_from
from topicml.corpus.model_matrix import ModelMatrix
from topicml.edits import read_edits, with_renames, write_edits
from topicml.errors import InputError
from topicml.files import atomic_folder, file_json, recover
from topicml.models.calibration import Calibration
from topicml.models.diagnostics import Diagnostics
from topicml.models.older_formats import upgraded
from topicml.models.parameters import live, plain_parameters, registered_objects
from topicml.models.prediction import Smoothing
from topicml.models.ranking import ranking_from
from topicml.models.registry import COMPOSED, model_class, model_names
from topicml.models.response import LinearResponse
from topicml.models.weights import check_header, check_sizes, read_weights, sha256_of, shapes_of
from topicml.paths import expanded
from topicml.settings import is_number

FORMAT = 2
WEIGHTS = "weights.safetensors"
_LIBRARIES = ("topicml", "torch", "pyro-ppl", "numpy", "scipy", "scikit-learn")
_WORD_VECTORS = "ranking.word_vectors"
_OF_TREES = ("tree.words", "tree.covariance")  # trees of earlier versions have the second in place of the first
_DOCUMENTS_LED = "ranking.documents_led"
_LED_BY_GROUP = {part: f"ranking.led_by_group.{part}" for part in ("data", "indices", "indptr")}
_ROUNDING = 1e-3  # of shares, which have six digits each


@dataclass(frozen=True)
class SavedModel:
    """The content of a model's folder.

    Attributes
    ----------
    n_words : int
        Number of columns.
    feature_names : bool
        Whether the columns had names for scikit-learn.
    vocabulary : tuple of str or None
        Words of the columns.
    preprocessor : object or None
        Turns raw texts into words.
    history : list of dict
        Records of the epochs.
    diagnostics : Diagnostics
        Signs of ill topics.
    start : dict of str to list of int
        Shapes of the starting values, from which the network is built.
    constants : dict of str to float
        Numbers of the network that are not weights.
    weights : dict of str to Tensor
        Weights of the network.
    word_vectors : ndarray, (n_words, dimension), or None
        Word vectors of the ranking.
    documents_led : ndarray, (n_topics, n_words), or None
        Documents of the ranking that contain each word and that each topic leads.
    led_by_group : csr_matrix, (n_groups * n_topics, n_words), or None
        Those of each group.
    model_matrix : ModelMatrix or None
        The covariates of the prior.
    groups : Slices, Levels or None
        The groups in which topics differ.
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
    word_vectors: np.ndarray | None = None
    documents_led: np.ndarray | None = None
    led_by_group: csr_matrix | None = None
    model_matrix: ModelMatrix | None = None
    groups: Grouping | None = None


def save_model(model: Any, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a fitted model to `folder`: ``model.json``, ``vocabulary.json``, ``weights.safetensors``.

    Parameters
    ----------
    model : TopicModel
        Fitted.
    folder : path
        Created, or replaced in one step.
    overwrite : bool
        Whether to replace a model in `folder`.

    Raises
    ------
    InputError
        If the folder may not be replaced, or `load` could not find the class of the model.
    """
    from topicml.corpus.preprocessing import config_of

    _check_registered(model)
    parameters = model._fitted().get_params(deep=False)
    if "ranking" in parameters:
        parameters["ranking"] = model._ranking_to_save()
    header = {
        "format": FORMAT,
        "model": type(model).__name__,
        "versions": {name: _version(name) for name in _LIBRARIES},
        "parameters": plain_parameters(type(model), parameters),
        "n_words": model.n_features_in_,
        "feature_names": getattr(model, "feature_names_in_", None) is not None,
        "preprocessor": config_of(model.preprocessor_),
        "history": model.history_,
        "diagnostics": model.diagnostics_.to_dict(),
        "start": model._start_shapes,
        "constants": model.network_.constants(),
        **_additions(model),
    }
    with atomic_folder(folder, overwrite=overwrite, mark="model.json") as temporary:
        _write_json(temporary / "vocabulary.json", model.vocabulary_)
        weights = {name: value.contiguous().cpu() for name, value in model.network_.state_dict().items()}
        for name, array in ((_WORD_VECTORS, model._word_vectors), (_DOCUMENTS_LED, model._documents_led)):
            if array is not None:
                weights[name] = torch.as_tensor(array).contiguous()
        if model._led_by_group is not None:
            weights |= {
                name: torch.as_tensor(getattr(model._led_by_group, part)) for part, name in _LED_BY_GROUP.items()
            }
        save_file(weights, temporary / WEIGHTS)
        _write_json(temporary / "model.json", {**header, "weights_sha256": sha256_of(temporary / WEIGHTS)})
        if model.edits_ is not None:
            write_edits(temporary, with_renames(model.edits_))
    model.folder_ = str(Path(folder).resolve())


def load(folder: str | os.PathLike[str], *, device: str = "auto", preprocessor: Any = None, trust: bool = False) -> Any:
    """Open a model that `save` wrote.

    Parameters
    ----------
    folder : path
        The folder of the model, or the output folder of a fit (``topicml fit --out``).
    device : str
        Where it computes: ``auto``, ``cpu``, ``cuda``, ``mps``.
    preprocessor : Preprocessor or scikit-learn vectorizer, optional
        Replaces the saved one, for example because it has functions of your own, which are not imported from a folder.
    trust : bool
        Whether its preprocessor may open a spaCy pipeline that spaCy does not publish, which can run code. Pipelines of
        models that you saved yourself on this machine are opened without it.

    Returns
    -------
    TopicModel
        As it was fitted.

    Raises
    ------
    InputError
        If the folder is missing, is not a topicml model, is of another format, or is damaged; or if its class is not
        registered: loading a folder never imports code that the folder names. A damaged folder never takes more memory
        than its files are large.
    """
    folder = expanded(folder)
    recover(folder)
    if not (folder / "model.json").exists() and (folder / "model" / "model.json").is_file():
        folder = folder / "model"  # the output of `topicml fit --out`
        recover(folder)
    header = _read_header(folder)
    vocabulary = _read_json(folder, "vocabulary.json")
    try:
        shapes = shapes_of(folder / WEIGHTS)
        check_header(header)
        header = upgraded(folder, header, shapes)
        check_sizes(header, shapes)
        model = model_class(header["model"])(**{name: live(each) for name, each in header["parameters"].items()})
        if "ranking" not in header["parameters"]:  # earlier versions ranked words by the weights of the decoder
            model.ranking = "decoder"
        _check_vocabulary(vocabulary, header["n_words"])
        described = header.get("model_matrix")
        model_matrix = None if described is None else ModelMatrix.from_dict(described)
        groups = None if header.get("groups") is None else grouping_from(header["groups"])
        weights = read_weights(
            folder / WEIGHTS,
            header,
            model.composition().story,
            model_matrix=model_matrix,
            groups=groups,
            besides={_WORD_VECTORS, _DOCUMENTS_LED, *_LED_BY_GROUP.values(), *_OF_TREES},
        )
        word_vectors = _pop_matrix(weights, _WORD_VECTORS, (header["n_words"], None))
        documents_led = _pop_matrix(weights, _DOCUMENTS_LED, (model.n_topics, header["n_words"]))
        led_by_group = _pop_led_by_group(weights, 0 if groups is None else groups.n * model.n_topics, header["n_words"])
        ranking = ranking_from(model.ranking)
        if ranking.documents and documents_led is None:  # of an earlier version
            model.ranking = ranking.without_documents()
        diagnostics = header["diagnostics"]
        saved = SavedModel(
            n_words=header["n_words"],
            feature_names=header["feature_names"],
            vocabulary=None if vocabulary is None else tuple(vocabulary),
            preprocessor=_preprocessor(header["preprocessor"], trust),
            history=header["history"],
            diagnostics=Diagnostics(**{**diagnostics, "duplicates": [tuple(p) for p in diagnostics["duplicates"]]}),
            start=header["start"],
            constants=header["constants"],
            weights=weights,
            word_vectors=word_vectors,
            documents_led=documents_led,
            led_by_group=led_by_group,
            model_matrix=model_matrix,
            groups=groups,
        )
        model._restore(saved, device)
        if model.components_.shape[1] != model.n_features_in_:
            raise ValueError(f"its topics have {model.components_.shape[1]} words, not {model.n_features_in_}")
        if preprocessor is not None:
            model.preprocessor_ = _given(preprocessor)
        _restore_additions(model, header)
        model.edits_, model.folder_ = read_edits(folder, len(model.components_)), str(folder.resolve())
    except (
        OSError,
        SafetensorError,
        AttributeError,
        LookupError,
        TypeError,
        RuntimeError,
        ValueError,
        ArithmeticError,
        MemoryError,
        AssertionError,
    ) as error:
        if isinstance(error, (InputError, PermissionError)):  # what may not be read is not damaged
            raise
        reason = f"it has no {error}" if isinstance(error, KeyError) else next(iter(str(error).splitlines()), "")
        raise InputError(
            f"{folder} is damaged ({reason or type(error).__name__}). Copy it again, or fit again."
        ) from error
    return model


def _pop_matrix(weights: dict[str, Tensor], name: str, shape: tuple[int, int | None]) -> np.ndarray | None:
    """Take the array of the ranking out of the weights; a length of None is free."""
    array = weights.pop(name, None)
    if array is None:
        return None
    fits = array.ndim == 2 and all(want in (None, has) for want, has in zip(shape, array.shape, strict=True))
    if not fits or not array.is_floating_point():
        raise ValueError(f"{name} is {array.dtype} of the shape {tuple(array.shape)}")
    return array.numpy()


def _pop_led_by_group(weights: dict[str, Tensor], n_rows: int, n_words: int) -> csr_matrix | None:
    """Take the sparse counts of groups out of the weights; models of earlier versions have none."""
    parts = [weights.pop(name) for name in _LED_BY_GROUP.values() if name in weights]
    if not parts:
        return None
    data, indices, indptr = parts
    if not data.is_floating_point() or indices.is_floating_point() or indptr.is_floating_point():
        raise ValueError(f"the counts of groups are {data.dtype}, {indices.dtype} and {indptr.dtype}")
    counts = csr_matrix((data.numpy(), indices.numpy(), indptr.numpy()), (n_rows, n_words))
    counts.check_format(full_check=True)
    return counts


def _additions(model: Any) -> dict[str, Any]:
    """Entries of ``model.json`` that earlier versions neither wrote nor read."""
    calibration, shares = getattr(model, "calibration_", None), getattr(model, "topic_shares_", None)
    model_matrix, response = getattr(model, "model_matrix_", None), getattr(model, "response_", None)
    groups, smoothing = getattr(model, "groups_", None), getattr(model, "smoothing_", None)
    return {
        **({} if response is None else {"response": response.to_dict()}),
        **({} if model_matrix is None else {"model_matrix": model_matrix.to_dict()}),
        **({} if groups is None else {"groups": described(groups)}),
        **({} if model.phrases_ is None else {"phrases": model.phrases_}),
        "calibration": None if calibration is None else calibration.to_dict(),
        **({} if smoothing is None else {"smoothing": smoothing.to_dict()}),
        "outside_knowledge": getattr(model, "outside_knowledge_", None),
        "topic_shares": None if shares is None else [float(f"{share:.6g}") for share in shares],
    }


def _restore_additions(model: Any, header: Mapping[str, Any]) -> None:
    calibration, shares = header.get("calibration"), header.get("topic_shares")
    n_topics, knowledge = len(model.components_), header.get("outside_knowledge")
    model.outside_knowledge_ = None if knowledge is None else str(knowledge)
    response = header.get("response")
    model.response_ = None if response is None else LinearResponse.from_dict(response, n_topics)
    phrases = header.get("phrases")
    if phrases is not None and not _are_phrases(phrases, n_topics):
        raise ValueError(f"its phrases are {phrases!r:.60}, not a list of texts for each of {n_topics} topics")
    model.phrases_ = None if phrases is None else tuple(map(tuple, phrases))
    named = {*model.diagnostics_.dead, *(k for pair in model.diagnostics_.duplicates for k in pair)}
    if named and max(named) >= n_topics:
        raise ValueError(f"its diagnostics name topic {max(named)}, and its topics are 0 to {n_topics - 1}")
    model.calibration_ = None if calibration is None else Calibration.from_dict(calibration, n_topics)
    smoothing = header.get("smoothing")
    model.smoothing_ = None if smoothing is None else Smoothing.from_dict(smoothing)
    if shares is not None and not _are_shares(shares, n_topics):
        raise ValueError(f"its topic_shares are {shares!r:.60}, not {n_topics} shares of the documents")
    model.topic_shares_ = None if shares is None else np.array(shares, dtype=np.float64)


def _are_phrases(values: Any, n_topics: int) -> bool:
    """Whether values are a list of texts for each topic."""
    if not isinstance(values, list) or len(values) != n_topics:
        return False
    return all(isinstance(each, list) and each and all(isinstance(text, str) for text in each) for each in values)


def _are_shares(values: Any, n_topics: int) -> bool:
    """Whether values are `n_topics` numbers from 0 to 1 with the sum 1, as far as their six digits say."""
    if not isinstance(values, list) or len(values) != n_topics or not all(map(is_number, values)):
        return False
    return all(0 <= value <= 1 for value in values) and abs(sum(values) - 1) < _ROUNDING


def _check_registered(model: Any) -> None:
    """Refuse to save what `load` would refuse."""
    name = type(model).__name__
    story = getattr(model, "story", None)  # of a composed model
    if story is not None and registered_objects().get(type(story).__name__) is not type(story):
        raise InputError(
            f"The model cannot be saved: its story, {type(story).__name__}, is not that of a registered model. Define "
            "a NamedModel with this story and register it (@topicml.models.register)."
        )
    if name in model_names() and model_class(name) is not type(model):
        raise InputError(
            f"The model cannot be saved: {name} is now the name of another class (module "
            f"{model_class(name).__module__}), which the saved model would be loaded as. If the class was defined "
            "again, as in a notebook, fit the model again; otherwise rename it and register it "
            "(@topicml.models.register)."
        )
    if name not in (*model_names(), COMPOSED):
        raise InputError(
            f"{name} is not registered, so the saved model could not be loaded. Decorate the class with "
            "@topicml.models.register."
        )


def _read_header(folder: Path) -> dict[str, Any]:
    header = _read_json(folder, "model.json")
    if not isinstance(header, dict) or not isinstance(header.get("model"), str) or "parameters" not in header:
        raise InputError(f"{folder} is not a topicml model: its model.json does not describe one.")
    version = header.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError(f"{folder} is damaged (its format is {version!r}). Copy it again, or fit again.")
    if version > FORMAT:
        raise InputError(
            f"{folder} was written by a newer topicml (format {version}, this version reads up to {FORMAT}). "
            "Upgrade topicml."
        )
    if header["model"] not in (*model_names(), COMPOSED):
        raise InputError(
            f"{folder} is a model of the class {header['model']}, which is not registered; known are "
            f"{', '.join(model_names())}. Import the module that defines and registers it first (on the command line: "
            "topicml --import MODULE ...)."
        )
    return header


def _check_vocabulary(vocabulary: Any, n_words: int) -> None:
    if vocabulary is None:  # fitted on columns without names
        return
    if not isinstance(vocabulary, list) or not all(isinstance(word, str) for word in vocabulary):
        raise ValueError("its vocabulary is not a list of words")
    if len(vocabulary) != n_words:
        raise ValueError(f"{len(vocabulary)} words for {n_words} columns")


def _given(preprocessor: Any) -> Any:
    from topicml.corpus.preprocessing.given import as_preprocessor

    return as_preprocessor(preprocessor)


def _preprocessor(configuration: Any, trust: bool) -> Any:
    if configuration is None:
        return None
    from topicml.corpus.preprocessing import preprocessor_from_config

    return preprocessor_from_config(configuration, trust=trust)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(file_json(value, indent=1), encoding="utf-8")


def _read_json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder} is not a topicml model: it has no {name}.") from error
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder / name} cannot be read ({error}). Copy the model again, or fit again.") from error


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return __version__ if name == "topicml" else "unknown"
