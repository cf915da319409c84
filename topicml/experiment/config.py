"""Read an experiment from a TOML file."""

import os
import pkgutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topicml.checks import check_known
from topicml.corpus import named
from topicml.errors import InputError
from topicml.experiment.entries import CorpusEntry, ModelEntry, importable
from topicml.experiment.grid import USUAL_MEASURES, Experiment
from topicml.metrics.table import Measure
from topicml.starting import Dictionary, read_seeds

_NAMES = "a name, a list of names, or a table of tables", (str, Sequence, Mapping)
_NUMBERS = "a whole number, or a list of them", (int, Sequence)
_TEXT, _TABLE, _LIST = ("text", str), ("a table", Mapping), ("a list of names", Sequence)
_SPLIT_KEYS = {"held_out_share": ("a number", (int, float)), "split_seed": ("a whole number", int)}
# The values of each key, in words and as types. Text is a sequence, too, and is refused where `str` is not a type.
_KEYS = {
    **{"corpora": _NAMES, "corpora_folder": _TEXT, "models": _NAMES, "topics": _NUMBERS, "seeds": _NUMBERS},
    **{
        "settings": _TABLE,
        "measures": ("a name, or a list of names", (str, Sequence)),
        "topn": ("a whole number", int),
        "own_measures": _TABLE,
    },
    **_SPLIT_KEYS,
}
_CORPUS_KEYS = {
    **dict.fromkeys(("source", "text_column", "label_column", "encoding", "split", "delimiter", "sheet"), _TEXT),
    **_SPLIT_KEYS,
}
_MODEL_KEYS = {
    **dict.fromkeys(("model", "adapter", "python"), _TEXT),
    **{"path": ("a folder, or a list of folders", (str, Sequence)), "packages": _LIST},
    **{"parameters": _TABLE, "settings": _LIST},
}


def read_config(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment from a TOML file.

    ::

        corpora_folder = "../shared/corpora"      # the first place to look up names of corpora
        corpora = ["BBC_News", "20NG"]
        held_out_share = 0.4                      # fit on 60 %, judge on the others; 0: fit and judge on all
        split_seed = 1234                         # both keys can also be in the table of a corpus
        topics = [20, 50, 100]
        seeds = 5                                 # or [0, 1, 2, 3, 4]
        measures = ["c_npmi", "topic_diversity", "nmi"]
        models = ["ProdLDA"]                      # or tables:

        [models.NMF]
        adapter = "peers.sklearn_nmf:fit"
        python = "peers/bin/python"
        packages = ["scikit-learn"]

        [models.Mixture]                          # a subclass of a topicml model, in a module beside the file
        model = "mine:Mixture"

        [settings.none]
        [settings."set, Pareto"]
        contrast = "set"

        [own_measures]                            # Measure objects, in a module beside the file or an installed one
        "longest word" = "my_measures:longest_word"

    Relative paths are relative to the file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Experiment
        The grid.

    Raises
    ------
    InputError
        If the file cannot be read or is not TOML, a value has the wrong type, or a key, model, parameter, corpus or
        measure is unknown; the message has the most similar names.
    """
    path = Path(path)
    try:
        with open(path, "rb") as stream:
            config = tomllib.load(stream)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from error
    try:
        return experiment_from(config, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def experiment_from(config: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Experiment:
    """Make an experiment from a configuration, as `read_config` does from a file.

    Parameters
    ----------
    config : mapping
        The content of a TOML file.
    folder : path
        The folder to which relative paths are relative.

    Returns
    -------
    Experiment
        The grid.

    Raises
    ------
    InputError
        As `read_config`.
    """
    folder = Path(folder)
    for key, value in config.items():
        check_known(key, _KEYS, "There is no key")
        _check_kind(key, value, _KEYS[key])
    seeds = config.get("seeds", 3)
    topics = config.get("topics", 50)
    measures = config.get("measures", USUAL_MEASURES)
    return Experiment(
        corpora=_corpora(
            config.get("corpora", ()),
            folder / config.get("corpora_folder", "."),
            folder,
            {key: config[key] for key in _SPLIT_KEYS if key in config},
        ),
        models=_models(config.get("models", ()), folder),
        topics=[topics] if isinstance(topics, int) else list(topics),
        seeds=range(seeds) if isinstance(seeds, int) else list(seeds),
        settings={
            name: _with_seeds(_table(value, f"settings.{name}"), folder)
            for name, value in _table(config.get("settings", {})).items()
        },
        measures=[measures] if isinstance(measures, str) else list(measures),
        topn=config.get("topn", 10),
        own_measures=_own_measures(_table(config.get("own_measures", {})), folder),
    )


def _corpora(value: Any, corpora_folder: Path, folder: Path, split: Mapping[str, Any]) -> list[CorpusEntry]:
    entries = _entries(value, "corpora", "source")
    return [_corpus(name, {**split, **table}, corpora_folder, folder) for name, table in entries.items()]


def _corpus(name: str, table: Mapping[str, Any], corpora_folder: Path, folder: Path) -> CorpusEntry:
    for key, value in table.items():
        check_known(key, _CORPUS_KEYS, f"Corpus {name!r} has no key")
        _check_kind(f"{key} of corpus {name!r}", value, _CORPUS_KEYS[key])
    source = str(table.get("source", name))
    options = {key: value for key, value in table.items() if key != "source" and key not in _SPLIT_KEYS}
    split = {key: table[key] for key in _SPLIT_KEYS if key in table}
    for path in (corpora_folder / source, folder / source):
        if path.exists():
            return CorpusEntry(Path(source).name if name == source else name, str(path), options, **split)
    if not named.is_known(source):
        files = [each.name for each in corpora_folder.iterdir()] if corpora_folder.is_dir() else []
        known = sorted({*(card.name for card in named.cards()), *(each for each in files if each[0] != ".")})
        advice = f"It is neither a path in {corpora_folder} nor the name of a corpus (topicml corpora lists them)."
        check_known(source, known, "There is no corpus", advice)
    return CorpusEntry(name, source, options, **split)


def _models(value: Any, folder: Path) -> list[ModelEntry]:
    return [_model(name, table, folder) for name, table in _entries(value, "models", "model").items()]


def _model(name: str, table: Mapping[str, Any], folder: Path) -> ModelEntry:
    for key, value in table.items():
        advice = f"Hyper-parameters belong in the table of parameters: parameters = {{{key} = ...}}."
        check_known(key, _MODEL_KEYS, f"Model {name!r} has no key", advice)
        _check_kind(f"{key} of model {name!r}", value, _MODEL_KEYS[key])
    paths = [table["path"]] if isinstance(table.get("path"), str) else table.get("path", ["."])
    adapter = table.get("adapter")
    settings = table.get("settings")
    return ModelEntry(
        name=name,
        model=table.get("model") or (None if adapter else name),
        adapter=adapter,
        python=table.get("python") and _interpreter(table["python"], folder),
        path=tuple(os.path.abspath(folder / each) for each in paths),
        packages=tuple(table.get("packages", ())),
        parameters=_with_seeds(_table(table.get("parameters", {}), f"models.{name}.parameters"), folder),
        settings=None if settings is None else tuple(settings),
    )


def _with_seeds(parameters: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The parameters with the words of files of seeds and of a dictionary in place of their paths."""
    read = {"seeds": read_seeds, "dictionary": lambda path: Dictionary(path).pairs}
    files = {name: value for name, value in parameters.items() if name in read and isinstance(value, str)}
    return {**parameters, **{name: read[name](folder / value) for name, value in files.items()}}


def _interpreter(python: str, folder: Path) -> str:
    """Make a path absolute without resolving links: the interpreter of a virtual environment is a link."""
    return os.path.abspath(folder / python) if (folder / python).exists() else python


def _own_measures(names: Mapping[str, Any], folder: Path) -> dict[str, Measure]:
    with importable([os.path.abspath(folder)]):
        return {name: _object(location, f"own_measures.{name}") for name, location in names.items()}


def _object(location: Any, what: str) -> Any:
    """Import the object "module:name"."""
    if not isinstance(location, str) or location.count(":") != 1:
        raise InputError(f'{what} must be "module:name", as "my_measures:longest_word"; received {location!r}.')
    try:
        return pkgutil.resolve_name(location)
    except Exception as error:  # the module is the user's, and may raise anything
        raise InputError(f"{what}: {location!r} cannot be imported: {type(error).__name__}: {error}") from error


def _entries(value: Any, what: str, key: str) -> dict[str, Mapping[str, Any]]:
    """Names to tables. A list of names is short for tables that have only the name."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        return {name: {key: each} if isinstance(each, str) else _table(each, name) for name, each in value.items()}
    if not all(isinstance(each, str) for each in value):
        raise InputError(f"{what} must be a list of names or a table of tables; received {value!r}.")
    if duplicates := [each for each in value if list(value).count(each) > 1]:
        raise InputError(f"{duplicates[0]!r} is in {what} twice.")
    return {each: {key: each} for each in value}


def _check_kind(what: str, value: Any, kind: tuple[str, Any]) -> None:
    words, types = kind
    text_for_list = isinstance(value, str) and types is Sequence
    if not isinstance(value, types) or isinstance(value, bool) or text_for_list:
        raise InputError(f"{what} must be {words}; received {value!r}.")


def _table(value: Any, what: str = "settings") -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{what} must be a table; received {value!r}.")
    return value
