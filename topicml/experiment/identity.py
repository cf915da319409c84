"""The identity of a run: everything that decides its result.

Two runs with one identity give the same result, so a finished run is reused exactly if its identity is unchanged. The
identity of a run has, by `topicml.identity.fit_identity`: the version of topicml (for a topicml model) and of the
packages that the entry lists, the model with all parameters (defaults written out), the fingerprint of the corpus, and
the content of the fields of the corpus that contrasts read.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from topicml.corpus import Corpus
from topicml.experiment.entries import SET_BY_GRID, ModelEntry
from topicml.experiment.grid import Run
from topicml.experiment.versions import in_words, versions_of
from topicml.experiment.worker import build_parameters
from topicml.identity import describe, digest, fit_identity
from topicml.objectives.by_name import contrast_from
from topicml.settings import Settings

ID_LENGTH = 20
"""Hexadecimal digits of an identity's digest that name the files of a run."""


class RunIdentities:
    """The identities of the runs of a grid.

    Versions, defaults and fields are read once for each model and corpus.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        Corpora by name.
    """

    def __init__(self, corpora: Mapping[str, Corpus]) -> None:
        self._corpora = corpora
        self._versions: dict[str, dict[str, str]] = {}
        self._described: dict[tuple[str, str], tuple[dict[str, Any], frozenset[str]]] = {}
        self._fields: dict[tuple[str, str], Any] = {}

    def of(self, run: Run) -> dict[str, Any]:
        """The identity of a run, as JSON-able values.

        Parameters
        ----------
        run : Run
            A run on one of the corpora.

        Returns
        -------
        dict
            As `topicml.identity.fit_identity` returns it; that of an adapter has no version of topicml.

        Raises
        ------
        InputError
            If a contrast is unknown or out of range.
        """
        corpus = self._corpora[run.corpus]
        parameters, fields = self._parameters(run)
        identity = fit_identity(
            run.model.worker_model() or f"{run.model.name} = {run.model.adapter}",
            {},
            corpus.fingerprint,
            fields={name: self._field(run.corpus, name) for name in fields},
            packages={name: number for name, number in self._versions_of(run.model).items() if name != "topicml"},
            n_topics=run.n_topics,
            seed=run.seed,
        )
        identity["parameters"] = parameters
        if run.model.model is None:
            del identity["topicml"]
        return identity

    def version(self, run: Run) -> str | None:
        """The versions in the identity of a run, as one string: "topicml 0.1.0"; None if there are none."""
        return in_words(self._versions_of(run.model))

    def _versions_of(self, entry: ModelEntry) -> dict[str, str]:
        if entry.name not in self._versions:
            self._versions[entry.name] = versions_of(entry)
        return self._versions[entry.name]

    def _parameters(self, run: Run) -> tuple[dict[str, Any], frozenset[str]]:
        """All parameters but those that the grid sets, described, and the fields of the corpus that contrasts read."""
        key = (run.model.name, run.settings)
        if run.model.model is None:  # as written: a path may be that of a file which the adapter writes
            return dict(sorted(run.parameters.items())), frozenset()
        if key not in self._described:
            parameters = {**run.model.defaults(), **build_parameters(run.parameters)}
            parameters = {name: value for name, value in parameters.items() if name not in SET_BY_GRID}
            contrasts = list(contrast_from(parameters.get("contrast")).values())
            parameters |= {"contrast": contrasts} if "contrast" in parameters else {}
            described = {name: describe(each) for name, each in sorted(parameters.items())}
            self._described[key] = described, fields_read(contrasts)
        return self._described[key]

    def _field(self, corpus: str, field: str) -> Any:
        """The content of a field; None if the corpus does not have it, in which case the run fails and says so."""
        if (corpus, field) not in self._fields:
            fields = self._corpora[corpus].fields
            self._fields[corpus, field] = describe(fields[field]) if field in fields else None
        return self._fields[corpus, field]


def run_id(identity: Mapping[str, Any]) -> str:
    """The name of a run's files: the first 20 hexadecimal digits of the digest of its identity.

    Parameters
    ----------
    identity : mapping
        As `RunIdentities.of` returns it.
    """
    return digest(identity)[:ID_LENGTH]


def fields_read(contrasts: Iterable[Settings]) -> frozenset[str]:
    """Names of the corpus fields that contrasts, or their views, read.

    Parameters
    ----------
    contrasts : iterable of Contrast
        Their `field` settings, and those of the views that they hold, are names of fields.
    """
    fields = set()
    for each in contrasts:
        if isinstance(field := getattr(each, "field", None), str):
            fields.add(field)
        parts = [*vars(each).values(), *vars(each).get("_modules", {}).values()]
        fields |= fields_read(part for part in parts if isinstance(part, Settings))
    return frozenset(fields)
