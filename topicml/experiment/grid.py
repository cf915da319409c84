"""What is to be run: corpora x models x numbers of topics x seeds x settings."""

import hashlib
import inspect
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topicml.checks import check_known
from topicml.corpus import Corpus
from topicml.errors import InputError
from topicml.experiment.measures import ELSEWHERE, FIT_MEASURES, check_own
from topicml.metrics.table import Measure

USUAL_MEASURES = ("c_npmi", "npmi_doc", "topic_diversity", "inverted_rbo", "purity", "nmi")
DEFAULT = "default"
_SET_BY_GRID = ("n_topics", "random_state")


@dataclass(frozen=True)
class CorpusEntry:
    """A corpus of the grid.

    Attributes
    ----------
    name : str
        What tables call it.
    source : Corpus or str
        A corpus, or what `Corpus.read` takes.
    options : mapping
        Further arguments of `Corpus.read`.
    """

    name: str
    source: Any
    options: Mapping[str, Any] = field(default_factory=dict)

    def read(self) -> Corpus:
        """The corpus."""
        return self.source if isinstance(self.source, Corpus) else Corpus.read(self.source, **self.options)


@dataclass(frozen=True)
class ModelEntry:
    """A model of the grid: one of topicml's, or a function of any package, run by any interpreter.

    Attributes
    ----------
    name : str
        What tables call it.
    model : str or None
        One of topicml's, by name ("ProdLDA").
    adapter : str or None
        Or ``module:function``: ``fit(counts, documents, vocabulary, n_topics, seed, **parameters)`` gives the words of
        each topic, best first, and theta (n_docs, n_topics).
    python : str or None
        The interpreter that runs the adapter; it needs numpy and scipy. By default the one that runs now.
    path : tuple of str
        Folders in which the adapter's module is looked for.
    packages : tuple of str
        Packages whose versions are written down.
    parameters : mapping
        Hyper-parameters. A contrast may be a table: ``{name = "set", ...}``.
    settings : tuple of str or None
        Names of the settings that apply to it. By default all to a model of topicml, and none to an adapter.
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
        """Raise `InputError` if it cannot be run; unknown names come with the nearest."""
        if (self.model is None) == (self.adapter is None):
            raise InputError(f'Model {self.name!r} needs one of: model = "ProdLDA", adapter = "module:function".')
        if self.adapter is not None and self.adapter.count(":") != 1:
            raise InputError(f"The adapter of {self.name!r} is {self.adapter!r}; write it as module:function.")
        if self.python is not None and shutil.which(self.python) is None:
            raise InputError(
                f"The interpreter of {self.name!r} is {self.python!r}, which is no program that can be run."
            )
        for name in self.settings or ():
            check_known(name, (*settings, DEFAULT), f"Model {self.name!r}: there are no settings")
        if self.model is None:
            return
        from topicml import models

        check_known(
            self.model, models.MODELS, "There is no model", 'Models of other packages: adapter = "module:function".'
        )
        known = [each for each in inspect.signature(getattr(models, self.model)).parameters if each not in _SET_BY_GRID]
        for name in self.applied(settings):
            for key in {**self.parameters, **settings.get(name, {})}:
                if key in _SET_BY_GRID:
                    raise InputError(f"{self.name!r} sets {key}, which the grid does: topics = [...], seeds = [...].")
                check_known(key, known, f"{self.model} ({self.name!r}) has no parameter")

    def applied(self, settings: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Names of the settings that it is run with."""
        if self.settings is not None:
            return self.settings
        return tuple(settings) if self.model is not None and settings else (DEFAULT,)


@dataclass(frozen=True)
class Run:
    """One cell of the grid. What defines it is what `id` is made of; the names are for tables."""

    corpus: str
    model: ModelEntry
    settings: str
    parameters: Mapping[str, Any]
    n_topics: int
    seed: int

    def definition(self, fingerprint: str) -> dict[str, Any]:
        """What decides the result, as JSON holds it."""
        return {
            "corpus": fingerprint,
            # Where an interpreter lies says nothing; entries of one function in two environments have two names.
            "model": self.model.model or f"{self.model.name} = {self.model.adapter}",
            "parameters": dict(self.parameters),
            "n_topics": self.n_topics,
            "seed": self.seed,
        }

    def id(self, fingerprint: str) -> str:
        """Twenty hexadecimal digits that stand for the definition."""
        text = json.dumps(self.definition(fingerprint), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    @property
    def names(self) -> dict[str, Any]:
        """What tables show of it."""
        return {
            "corpus": self.corpus,
            "model": self.model.name,
            "settings": self.settings,
            "n_topics": self.n_topics,
            "seed": self.seed,
        }

    def __str__(self) -> str:
        settings = "" if self.settings == DEFAULT else f" [{self.settings}]"
        return f"{self.corpus} {self.model.name}{settings} K={self.n_topics} seed {self.seed}"


def system_of(row: Mapping[str, Any]) -> str:
    """The name of what was run: the model, and its settings where there are several."""
    return row["model"] if row["settings"] == DEFAULT else f"{row['model']}, {row['settings']}"


@dataclass(frozen=True)
class Experiment:
    """A whole grid, and what is measured.

    Attributes
    ----------
    corpora, models : sequence
        Entries with different names.
    topics, seeds : sequence of int
        Numbers of topics; seeds.
    settings : mapping
        Names to hyper-parameters that are laid over a model's own.
    measures : sequence of str
        Names of `topicml.metrics.MEASURES`, and ``used_topics``. Where a corpus has no labels or no word order, or an
        adapter gives no beta, the measures that need them are left out.
    topn : int
        Words a topic for measures that usually take ten.
    own_measures : mapping
        Names to further measures, which no table here knows: `topicml.metrics.Measure` objects of your own, or of
        OCTIS's metrics (`topicml.integrations.octis.grid_measure`). Their functions take any of ``topics``,
        ``reference`` (the corpus), ``theta``, ``beta``, ``labels`` and ``output`` (OCTIS's model output), and return a
        `Score` or a number. In finished runs the name stands for the measure: what is changed needs a new one.

    Raises
    ------
    InputError
        If something is missing, twice, or unknown.
    """

    corpora: Sequence[CorpusEntry]
    models: Sequence[ModelEntry]
    topics: Sequence[int] = (50,)
    seeds: Sequence[int] = (0, 1, 2)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    measures: Sequence[str] = USUAL_MEASURES
    topn: int = 10
    own_measures: Mapping[str, Measure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in ("corpora", "models", "topics", "seeds", "measures"):
            values = [getattr(each, "name", each) for each in getattr(self, what)]
            if not values:
                raise InputError(f"An experiment needs {what}; there are none.")
            if twice := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
                raise InputError(f"{twice[0]!r} is in {what} twice.")
        for what, least in (("topics", 1), ("seeds", 0)):
            for value in getattr(self, what):
                if not isinstance(value, int) or isinstance(value, bool) or value < least:
                    raise InputError(f"{what} are whole numbers from {least}; received {value!r}.")
        if not isinstance(self.topn, int) or self.topn < 2:
            raise InputError(f"topn is a whole number from 2; received {self.topn!r}.")
        for name in self.measures:
            if name in ELSEWHERE:
                raise InputError(f"{name} is not measured of one fit's topics: {ELSEWHERE[name]}.")
            check_known(name, FIT_MEASURES, "There is no measure")
        check_own(self.own_measures)
        for entry in self.models:
            entry.check(self.settings)
        for run in self.runs():
            _check_plain(run)

    @property
    def systems(self) -> list[str]:
        """What is compared: models with their settings, as results name them."""
        return list(dict.fromkeys(system_of(run.names) for run in self.runs()))

    @property
    def taken(self) -> list[str]:
        """Names of all measures that are taken of every run, own ones last."""
        return [*self.measures, *self.own_measures]

    def runs(self) -> Iterator[Run]:
        """All cells, seed by seed, so that a benchmark that was stopped has some of everything."""
        for seed in self.seeds:
            for corpus in self.corpora:
                for n_topics in self.topics:
                    for model in self.models:
                        for name in model.applied(self.settings):
                            parameters = {**model.parameters, **self.settings.get(name, {})}
                            yield Run(corpus.name, model, name, parameters, n_topics, seed)


def _check_plain(run: Run) -> None:
    try:
        json.dumps(dict(run.parameters))
    except TypeError as error:
        raise InputError(
            f"Parameters of {run.model.name!r} must be plain values (numbers, strings, lists, tables), for they go to "
            f'another process: {error}. An objective is a table: contrast = {{name = "set", ...}}.'
        ) from error
