"""The corpora and models of a grid."""

import inspect
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from topicml.checks import check_known, require
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.parts import HELD_OUT_SHARE, CorpusParts
from topicml.experiment.worker import build_parameters
from topicml.models.registry import model_class, model_names, models_with

DEFAULT = "default"
"""Name of the settings of a model that is run as it is."""

SET_BY_GRID = ("n_topics", "random_state")
"""Parameters of a model that the axes of the grid set."""

_ADVICE = 'A model of your own: model = "module:Class". Models of other packages: adapter = "module:function".'


@dataclass(frozen=True)
class CorpusEntry:
    """A corpus of the grid.

    Parameters
    ----------
    name : str
        Its name in tables.
    source : Corpus or str
        A corpus, or a source that `Corpus.read` reads.
    options : mapping
        Further arguments of `Corpus.read`.
    held_out_share : float
        Share of the documents to hold out: models are fitted on the others and judged on these. 0: models are fitted
        and judged on all documents, which favours models that describe their chance co-occurrences.
    split_seed : int
        Seed of the split (`Corpus.split`).

    Raises
    ------
    InputError
        If the share is not from 0 to less than 1, or the seed is negative.
    """

    name: str
    source: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    held_out_share: float = HELD_OUT_SHARE
    split_seed: int = 1234

    def __post_init__(self) -> None:
        share = self.held_out_share
        is_number = isinstance(share, int | float) and not isinstance(share, bool)
        require(is_number and 0 <= share < 1, "held_out_share", share, "from 0 to less than 1, such as 0.4")
        is_seed = isinstance(self.split_seed, int) and not isinstance(self.split_seed, bool) and self.split_seed >= 0
        require(is_seed, "split_seed", self.split_seed, "a whole number from 0")

    def read(self) -> Corpus:
        """Read the corpus."""
        return self.source if isinstance(self.source, Corpus) else Corpus.read(self.source, **self.options)

    def parts(self) -> CorpusParts:
        """Read the corpus, and split it if documents are held out."""
        return CorpusParts.of(self.read(), self.held_out_share, self.split_seed)


@dataclass(frozen=True)
class ModelEntry:
    """A model of the grid: a topic model of topicml, or an adapter to a model of another package.

    Parameters
    ----------
    name : str
        Its name in tables.
    model : str or None
        A model of topicml: a name such as "ProdLDA", a name that you registered (`topicml.models.register`), or
        ``module:Class``, a subclass of your own.
    adapter : str or None
        Or a function ``module:function``. ``fit(counts, documents, vocabulary, n_topics, seed, **parameters)`` returns
        the words of each topic, best first, and theta, shape (n_docs, n_topics); or a mapping with ``topics``,
        ``theta``, and optionally ``transform``, a function ``transform(counts, documents)`` that returns theta of other
        documents (needed if documents are held out), and ``beta``, shape (n_topics, n_words) (with ``transform``, for
        perplexity). ``documents`` are the words in order, or None.
    python : str or None
        The interpreter that runs the adapter; it needs numpy and scipy. By default the current one.
    path : tuple of str
        Folders in which the module of the adapter, or of your own model, is looked up.
    packages : tuple of str
        Packages whose versions belong to the identity of a run: a new version means a new run. List those that the
        model uses. topicml itself is always part of the identity of a topicml model.
    parameters : mapping
        Hyper-parameters. A contrast may be a table: ``{name = "set", ...}``.
    settings : tuple of str or None
        Names of the settings to run the model with. By default all settings for a model of topicml, and none for an
        adapter.

    Notes
    -----
    The code of an adapter or of your own model is not part of the identity of a run. After a change to the code, give
    the entry a new name (adapter) or the class a new name (model), or remove the old runs.
    """

    name: str
    model: str | None = None
    adapter: str | None = None
    python: str | None = None
    path: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settings: tuple[str, ...] | None = None

    def check(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Check that the entry can be run.

        Parameters
        ----------
        settings : mapping
            The settings of the grid: names to hyper-parameters.

        Raises
        ------
        InputError
            If the entry is incomplete, a parameter is out of range, or a model, parameter, contrast or settings name is
            unknown; the message has the most similar names.
        """
        if (self.model is None) == (self.adapter is None):
            raise InputError(f'Model {self.name!r} needs one of: model = "ProdLDA", adapter = "module:function".')
        if self.adapter is not None and self.adapter.count(":") != 1:
            raise InputError(f"The adapter of {self.name!r} is {self.adapter!r}; write it as module:function.")
        if self.python is not None and shutil.which(self.python) is None:
            raise InputError(f"The interpreter of {self.name!r}, {self.python!r}, is not an executable program.")
        for name in self.settings or ():
            check_known(name, (*settings, DEFAULT), f"Model {self.name!r}: there are no settings")
        kind = self.model_class()
        if kind is None:
            return
        if kind.__module__ == "__main__" or "." in kind.__qualname__:
            raise InputError(
                f"{kind.__name__} ({self.name!r}) is defined in the main script, a notebook or a function, from which "
                "the process of a run cannot import it. Move the class to the top level of a module, and write "
                'model = "module:Class".'
            )
        for name in self.applied(settings):
            parameters = {**self.parameters, **settings.get(name, {})}
            self.check_names(parameters)
            kind(**build_parameters(parameters)).check_parameters()

    def check_names(self, parameters: Iterable[str]) -> None:
        """Check names of hyper-parameters of a topicml model.

        Parameters
        ----------
        parameters : iterable of str
            The names.

        Raises
        ------
        InputError
            If the model has no such parameter, or the grid sets it.
        """
        kind = self.model_class()
        if kind is None:
            return
        allowed = [each for each in inspect.signature(kind).parameters if each not in SET_BY_GRID]
        for name in parameters:
            if name in SET_BY_GRID:
                raise InputError(f"{self.name!r} sets {name}, an axis of the grid: topics = [...], seeds = [...].")
            others = [] if name in allowed else models_with(name)
            if others:
                models = ", ".join(others)
                raise InputError(
                    f"{kind.__name__} ({self.name!r}) has no parameter {name!r}. Models that have it: {models}."
                )
            check_known(name, allowed, f"{kind.__name__} ({self.name!r}) has no parameter")

    def model_class(self) -> type | None:
        """The class of a topicml model; None for an adapter.

        Raises
        ------
        InputError
            If there is no such model, or its module cannot be imported.
        """
        if self.model is None:
            return None
        if ":" not in self.model:
            check_known(self.model, model_names(), "There is no model", _ADVICE)
        with importable(self.path):
            return model_class(self.model)

    def applied(self, settings: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Names of the settings of the grid that the model is run with."""
        if self.settings is not None:
            return self.settings
        return tuple(settings) if self.model is not None and settings else (DEFAULT,)

    def worker_model(self) -> str | None:
        """The name by which the process of a run imports a topicml model: "ProdLDA", or "module:Class"."""
        kind = self.model_class()
        if kind is None:
            return None
        return kind.__name__ if is_built_in(kind) else f"{kind.__module__}:{kind.__qualname__}"

    def import_folders(self) -> tuple[str, ...]:
        """Folders that the process of a run needs on its import path."""
        kind = self.model_class()
        if kind is None:
            return self.path
        return () if is_built_in(kind) else (*self.path, *_root_of(kind.__module__))


@contextmanager
def importable(folders: Sequence[str]) -> Iterator[None]:
    """Context manager: modules in `folders` can be imported."""
    before = list(sys.path)
    sys.path[:0] = folders
    try:
        yield
    finally:
        sys.path[:] = before


def is_built_in(kind: type) -> bool:
    """Whether a model class is one of topicml's own."""
    return kind.__module__.split(".")[0] == "topicml"


def _root_of(module: str) -> list[str]:
    """The folder from which a module was imported, as an entry of the import path."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return []
    path = Path(os.path.abspath(file))
    levels = module.count(".") + (path.name == "__init__.py")
    return [str(path.parents[levels])]
