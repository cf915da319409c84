"""The identity of a run: everything that decides its result.

Two runs with one identity give the same result, so a finished run is reused exactly if its identity is unchanged. The
identity of a run has, by `topicml.identity.fit_identity`: the version of topicml (for a topicml model) and of the
packages that the entry lists, the model with all parameters (defaults written out), the fingerprint of the corpus, and
the content of the fields of the corpus that contrasts read.
"""

from collections.abc import Mapping
from typing import Any

from topicml.corpus import Corpus
from topicml.corpus.documents import Documents
from topicml.experiment.entries import ModelEntry
from topicml.experiment.grid import Run
from topicml.experiment.versions import in_words, versions_of
from topicml.experiment.worker import build_parameters
from topicml.identity import digest, fit_identity
from topicml.models.identity import model_identity

ID_LENGTH = 20
"""Hexadecimal digits of an identity's digest that name the files of a run."""


class RunIdentities:
    """The identities of the runs of a grid. Versions are read once for each model.

    Parameters
    ----------
    corpora : mapping of str to Corpus
        The documents of fits by name of the corpus.
    held_out : mapping of str to mapping or None, optional
        How documents are held out (`CorpusParts.identity`), by name of the corpus; by default none are.
    """

    def __init__(
        self, corpora: Mapping[str, Corpus], held_out: Mapping[str, Mapping[str, Any] | None] | None = None
    ) -> None:
        self._corpora, self._held_out = corpora, held_out or {}
        self._versions: dict[str, dict[str, str]] = {}

    def of(self, run: Run) -> dict[str, Any]:
        """The identity of a run, as JSON-able values.

        Parameters
        ----------
        run : Run
            A run on one of the corpora.

        Returns
        -------
        dict
            As `topicml.identity.fit_identity` returns it; that of an adapter has no version of topicml. If documents
            are held out, ``held_out`` has the split and their fingerprint.

        Raises
        ------
        InputError
            If a parameter of a topicml model is out of range.
        """
        identity, held_out = self._of_fit(run), self._held_out.get(run.corpus)
        return identity if held_out is None else identity | {"held_out": dict(held_out)}

    def _of_fit(self, run: Run) -> dict[str, Any]:
        """The identity of the fit, without the documents that it is judged on."""
        corpus = self._corpora[run.corpus]
        packages = {name: number for name, number in self._versions_of(run.model).items() if name != "topicml"}
        kind = run.model.model_class()
        if kind is None:
            name = f"{run.model.name} = {run.model.adapter}"
            identity = fit_identity(
                name, {}, corpus.fingerprint, packages=packages, n_topics=run.n_topics, seed=run.seed
            )
            del identity["topicml"]
            # As written, not by content: a path may be that of a file which the adapter writes.
            return identity | {"parameters": dict(sorted(run.parameters.items()))}
        model = kind(n_topics=run.n_topics, random_state=run.seed, **build_parameters(run.parameters))
        return model_identity(model, Documents(corpus.counts, corpus=corpus), packages=packages)

    def version(self, run: Run) -> str | None:
        """The versions in the identity of a run, as one string: "topicml 0.1.0"; None if there are none."""
        return in_words(self._versions_of(run.model))

    def _versions_of(self, entry: ModelEntry) -> dict[str, str]:
        if entry.name not in self._versions:
            self._versions[entry.name] = versions_of(entry)
        return self._versions[entry.name]


def run_id(identity: Mapping[str, Any]) -> str:
    """The name of a run's files: the first 20 hexadecimal digits of the digest of its identity.

    Parameters
    ----------
    identity : mapping
        As `RunIdentities.of` returns it.
    """
    return digest(identity)[:ID_LENGTH]
