"""An experiment from a TOML file."""

import os
import pkgutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from topicml.checks import check_known
from topicml.corpus import named
from topicml.errors import InputError
from topicml.experiment.grid import USUAL_MEASURES, CorpusEntry, Experiment, ModelEntry
from topicml.metrics.table import Measure

_NAMES = "a name, a list of names, or a table of tables", (str, Sequence, Mapping)
_NUMBERS = "a whole number, or a list of them", (int, Sequence)
_TEXT, _TABLE, _LIST = ("text", str), ("a table", Mapping), ("a list of names", Sequence)
# What each key takes, in words and as types. Text is a sequence, too, and refused where it is none of what is named.
_KEYS = {
    **{"corpora": _NAMES, "corpora_folder": _TEXT, "models": _NAMES, "topics": _NUMBERS, "seeds": _NUMBERS},
    **{
        "settings": _TABLE,
        "measures": ("a name, or a list of names", (str, Sequence)),
        "topn": ("a whole number", int),
        "own_measures": _TABLE,
    },
}
_CORPUS_KEYS = dict.fromkeys(("source", "text_column", "label_column", "encoding", "split"), _TEXT)
_MODEL_KEYS = {
    **dict.fromkeys(("model", "adapter", "python"), _TEXT),
    **{"path": ("a folder, or a list of folders", (str, Sequence)), "packages": _LIST},
    **{"parameters": _TABLE, "settings": _LIST},
}


def read_config(path: str | os.PathLike[str]) -> Experiment:
    """Read an experiment.

    ::

        corpora_folder = "../shared/corpora"      # where names of corpora are looked for first
        corpora = ["BBC_News", "20NG"]
        topics = [20, 50, 100]
        seeds = 5                                 # or [0, 1, 2, 3, 4]
        measures = ["c_npmi", "topic_diversity", "nmi"]
        models = ["ProdLDA"]                      # or tables:

        [models.NMF]
        adapter = "peers.sklearn_nmf:fit"
        python = "peers/bin/python"
        packages = ["scikit-learn"]

        [settings.none]
        [settings."set, Pareto"]
        contrast = "set"

        [own_measures]                            # Measure objects, in a module beside the file or an installed one
        "longest word" = "my_measures:longest_word"

    Relative paths are relative to the file.

    Raises
    ------
    InputError
        If the file cannot be read or is no TOML, or a value is of the wrong kind, or a key, model, parameter, corpus or
        measure is unknown; the nearest is named.
    """
    path = Path(path)
    try:
        with open(path, "rb") as stream:
            config = tomllib.load(stream)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML file: {error}") from error
    try:
        return experiment_from(config, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def experiment_from(config: Mapping[str, Any], folder: str | os.PathLike[str] = ".") -> Experiment:
    """The experiment of a configuration, whose relative paths are relative to `folder`; raises as `read_config`."""
    folder = Path(folder)
    for key, value in config.items():
        check_known(key, _KEYS, "There is no key")
        _check_kind(key, value, _KEYS[key])
    seeds = config.get("seeds", 3)
    topics = config.get("topics", 50)
    measures = config.get("measures", USUAL_MEASURES)
    return Experiment(
        corpora=_corpora(config.get("corpora", ()), folder / config.get("corpora_folder", "."), folder),
        models=_models(config.get("models", ()), folder),
        topics=[topics] if isinstance(topics, int) else list(topics),
        seeds=range(seeds) if isinstance(seeds, int) else list(seeds),
        settings={
            name: _table(value, f"settings.{name}") for name, value in _table(config.get("settings", {})).items()
        },
        measures=[measures] if isinstance(measures, str) else list(measures),
        topn=config.get("topn", 10),
        own_measures=_own_measures(_table(config.get("own_measures", {})), folder),
    )


def _corpora(value: Any, beside: Path, folder: Path) -> list[CorpusEntry]:
    entries = _entries(value, "corpora", "source")
    return [_corpus(name, table, beside, folder) for name, table in entries.items()]


def _corpus(name: str, table: Mapping[str, Any], beside: Path, folder: Path) -> CorpusEntry:
    for key, value in table.items():
        check_known(key, _CORPUS_KEYS, f"Corpus {name!r} has no key")
        _check_kind(f"{key} of corpus {name!r}", value, _CORPUS_KEYS[key])
    source = str(table.get("source", name))
    options = {key: value for key, value in table.items() if key != "source"}
    for place in (beside / source, folder / source):
        if place.exists():
            return CorpusEntry(Path(source).name if name == source else name, str(place), options)
    if not named.is_known(source):
        there = [each.name for each in beside.iterdir()] if beside.is_dir() else []
        known = sorted({*(card.name for card in named.cards()), *(each for each in there if each[0] != ".")})
        check_known(source, known, "There is no corpus", f"Neither a path in {beside} nor the name of a corpus.")
    return CorpusEntry(name, source, options)


def _models(value: Any, folder: Path) -> list[ModelEntry]:
    return [_model(name, table, folder) for name, table in _entries(value, "models", "model").items()]


def _model(name: str, table: Mapping[str, Any], folder: Path) -> ModelEntry:
    for key, value in table.items():
        advice = f"Hyper-parameters stand in a table of their own: parameters = {{{key} = ...}}."
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
        parameters=_table(table.get("parameters", {}), f"models.{name}.parameters"),
        settings=None if settings is None else tuple(settings),
    )


def _interpreter(python: str, folder: Path) -> str:
    """A path beside the file, made absolute but not resolved: a virtual environment's interpreter is a link."""
    return os.path.abspath(folder / python) if (folder / python).exists() else python


def _own_measures(names: Mapping[str, Any], folder: Path) -> dict[str, Measure]:
    beside = os.path.abspath(folder)
    sys.path.insert(0, beside)
    try:
        return {name: _object(place, f"own_measures.{name}") for name, place in names.items()}
    finally:
        sys.path.remove(beside)


def _object(place: Any, what: str) -> Any:
    """What "module:name" names."""
    if not isinstance(place, str) or place.count(":") != 1:
        raise InputError(f'{what} must be "module:name", as "my_measures:longest_word"; received {place!r}.')
    try:
        return pkgutil.resolve_name(place)
    except Exception as error:  # the module is the user's, and may raise anything
        raise InputError(f"{what}: {place!r} cannot be had: {type(error).__name__}: {error}") from error


def _entries(value: Any, what: str, key: str) -> dict[str, Mapping[str, Any]]:
    """Names to tables; a list of names is short for tables with nothing but the name."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        return {name: {key: each} if isinstance(each, str) else _table(each, name) for name, each in value.items()}
    if not all(isinstance(each, str) for each in value):
        raise InputError(f"{what} is a list of names or a table of tables; received {value!r}.")
    if twice := [each for each in value if list(value).count(each) > 1]:
        raise InputError(f"{twice[0]!r} is in {what} twice.")
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
