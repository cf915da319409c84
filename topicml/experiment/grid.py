"""A grid of runs: corpora x models x settings x numbers of topics x seeds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.experiment.entries import DEFAULT, CorpusEntry, ModelEntry
from topicml.experiment.measures import ELSEWHERE, FIT_MEASURES, HELD_OUT_MEASURES, check_own, with_training
from topicml.metrics.table import Measure

USUAL_MEASURES = ("c_npmi", "npmi_doc", "topic_diversity", "inverted_rbo", "document_coverage", "purity", "nmi")


@dataclass(frozen=True)
class Run:
    """One cell of the grid: a single fit.

    Parameters
    ----------
    corpus : str
        Name of the corpus.
    model : ModelEntry
        The model.
    settings : str
        Name of the settings.
    parameters : mapping
        Hyper-parameters: those of the model, then those of the settings.
    n_topics, seed : int
        Number of topics; seed.
    """

    corpus: str
    model: ModelEntry
    settings: str
    parameters: Mapping[str, Any]
    n_topics: int
    seed: int

    def definition(self, fingerprint: str, held_out: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Describe the run as JSON-able values, without the name of its settings.

        A definition leaves versions and defaults out (`topicml.experiment.identity` adds them), so it finds the same
        cell of the grid among runs of other versions.

        Parameters
        ----------
        fingerprint : str
            Fingerprint of the documents of the fit.
        held_out : mapping, optional
            The split and the held-out documents, as `CorpusParts.identity` has them.

        Returns
        -------
        dict
            ``corpus``, ``model``, ``parameters``, ``n_topics``, ``seed``, and ``held_out`` if documents are held out.
        """
        return {
            **({} if held_out is None else {"held_out": dict(held_out)}),
            "corpus": fingerprint,
            # The path of an interpreter says nothing: one function in two environments needs two names of entries.
            "model": self.model.model or f"{self.model.name} = {self.model.adapter}",
            "parameters": dict(self.parameters),
            "n_topics": self.n_topics,
            "seed": self.seed,
        }

    @property
    def names(self) -> dict[str, Any]:
        """The columns of result tables that name the run."""
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
    """The name under which results of a model are compared: "model", or "model, settings".

    Parameters
    ----------
    row : mapping
        With ``model`` and ``settings``, as `Run.names` returns them.
    """
    return row["model"] if row["settings"] == DEFAULT else f"{row['model']}, {row['settings']}"


@dataclass(frozen=True)
class Experiment:
    """A grid of runs, and the measures to compute for each.

    Parameters
    ----------
    corpora : sequence of CorpusEntry
        Corpora with distinct names.
    models : sequence of ModelEntry
        Models with distinct names.
    topics : sequence of int
        Numbers of topics.
    seeds : sequence of int
        Seeds.
    settings : mapping
        Names to hyper-parameters, which override those of a model.
    measures : sequence of str
        Names of `topicml.metrics.MEASURES`, and ``used_topics``. A measure is left out for a corpus without the labels
        or the word order that it needs, and for an adapter without the beta that it needs. If a corpus has held-out
        documents (`CorpusEntry.held_out_share`), measures are computed on them: they are the reference of coherence,
        and theta and labels are theirs. The value on the training documents is next to it as ``NAME_train``, unless
        the measure reads no documents. ``perplexity`` and ``unigram_perplexity`` need held-out documents.
    topn : int
        Words per topic for measures whose default is ten.
    own_measures : mapping
        Names to further measures: `topicml.metrics.Measure` objects of yours, or of OCTIS's metrics
        (`topicml.integrations.octis.grid_measure`). Their functions take any of ``topics``, ``reference`` (the corpus),
        ``theta``, ``beta``, ``labels`` and ``output`` (OCTIS's model output), and return a `Score` or a number.
        Finished runs store the score under this name: give a changed measure a new name.

    Raises
    ------
    InputError
        If an axis is empty or has duplicates, a value is out of range, or a name is unknown.
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
                raise InputError(f"An experiment needs {what}; the list is empty.")
            if duplicates := [value for value in dict.fromkeys(values) if values.count(value) > 1]:
                raise InputError(f"{duplicates[0]!r} is in {what} twice.")
        for what, least in (("topics", 1), ("seeds", 0)):
            for value in getattr(self, what):
                if not isinstance(value, int) or isinstance(value, bool) or value < least:
                    raise InputError(f"{what} must be whole numbers from {least}; received {value!r}.")
        if not isinstance(self.topn, int) or self.topn < 2:
            raise InputError(f"topn must be a whole number from 2; received {self.topn!r}.")
        for name in self.measures:
            if name in HELD_OUT_MEASURES and all(entry.held_out_share for entry in self.corpora):
                continue
            if name in ELSEWHERE:
                raise InputError(f"{name} is not a measure of a single fit: {ELSEWHERE[name]}.")
            check_known(name, FIT_MEASURES, "There is no measure")
        check_own(self.own_measures)
        for run in self.runs():
            _check_plain(run)
        for entry in self.models:
            entry.check(self.settings)

    @property
    def systems(self) -> list[str]:
        """Names of the models with their settings, as results have them."""
        return list(dict.fromkeys(system_of(run.names) for run in self.runs()))

    @property
    def all_measures(self) -> list[str]:
        """Names of all measures of the runs: `measures`, with those on training documents, then `own_measures`."""
        is_split = any(entry.held_out_share for entry in self.corpora)
        return [*(with_training(self.measures) if is_split else self.measures), *self.own_measures]

    def measures_on(self, corpus: str) -> list[str]:
        """Names of the measures of the runs on a corpus: with held-out documents, also those on training documents."""
        entry = next(each for each in self.corpora if each.name == corpus)
        return [*(with_training(self.measures) if entry.held_out_share else self.measures), *self.own_measures]

    def runs(self) -> Iterator[Run]:
        """All cells of the grid, seed by seed: an experiment that is stopped early has results for every model."""
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
            f"Parameters of {run.model.name!r} must be plain values (numbers, strings, lists, tables), because another "
            f'process reads them: {error}. Write an objective as a table: contrast = {{name = "set", ...}}.'
        ) from error
