"""Assign a finished run, or a run to fit, to each cell of a grid."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from topicml.errors import warn
from topicml.experiment.grid import Experiment, Run
from topicml.experiment.identity import RunIdentities, run_id
from topicml.experiment.parts import CorpusParts
from topicml.experiment.records import Records
from topicml.experiment.values import NOT_RECORDED


@dataclass(frozen=True)
class PlannedRun:
    """A run of the grid, and the record that holds or will hold its result.

    Parameters
    ----------
    run : Run
        The cell of the grid.
    identity : dict
        Its identity under the current versions.
    version : str or None
        The current versions, as one string.
    id : str
        Name of the record: that of `identity`, or of a finished run of another version.
    """

    run: Run
    identity: dict[str, Any]
    version: str | None
    id: str

    def with_current_version(self) -> "PlannedRun":
        """The same run with a record of the current version."""
        return replace(self, id=run_id(self.identity))


class Plan:
    """The runs of a grid with their records.

    Parameters
    ----------
    experiment : Experiment
        The grid.
    corpora : mapping of str to CorpusParts
        The documents of its corpora by name.
    records : Records
        Finished runs.
    keep_other_versions : bool
        Whether to use a finished run of another version for a cell without a run of the current version.

    Attributes
    ----------
    runs : list of PlannedRun
        In the order of the grid.
    """

    def __init__(
        self, experiment: Experiment, corpora: Mapping[str, CorpusParts], records: Records, *, keep_other_versions: bool
    ) -> None:
        identities = RunIdentities(
            {name: parts.train for name, parts in corpora.items()},
            {name: parts.identity for name, parts in corpora.items()},
        )
        self.runs: list[PlannedRun] = []
        self._records = records
        self._repeated: list[tuple[PlannedRun, str]] = []  # runs of other versions that are not kept, and the version
        earlier: dict[str, list[dict[str, Any]]] | None = None
        for run in experiment.runs():
            identity = identities.of(run)
            planned = PlannedRun(run, identity, identities.version(run), run_id(identity))
            if records.read(planned.id) is None:
                earlier = self._by_definition() if earlier is None else earlier
                parts = corpora[run.corpus]
                definition = run.definition(parts.train.fingerprint, parts.identity)
                other = _of_other_version(planned, earlier.get(_key(definition), []))
                if other is not None and keep_other_versions:
                    planned = replace(planned, id=other["id"])
                elif other is not None:
                    self._repeated.append((planned, other.get("version") or NOT_RECORDED))
            self.runs.append(planned)

    def warn_of_other_versions(self) -> None:
        """Warn if runs that another version finished are repeated."""
        if not self._repeated:
            return
        earlier = ", ".join(dict.fromkeys(version for _, version in self._repeated))
        current = ", ".join(dict.fromkeys(planned.version or NOT_RECORDED for planned, _ in self._repeated))
        warn(
            f"{len(self._repeated):,} runs in {self._records.folder} were finished by another version ({earlier}) and "
            f"are repeated with the current one ({current}). To keep them instead, marked with their version: "
            "keep_other_versions=True, or topicml benchmark --keep-other-versions."
        )

    def _by_definition(self) -> dict[str, list[dict[str, Any]]]:
        """Finished runs of the folder by their definition; failed ones are left out."""
        finished: dict[str, list[dict[str, Any]]] = {}
        for record in self._records.all():
            if "error" not in record:
                finished.setdefault(_key(record["definition"]), []).append(record)
        return finished


def _of_other_version(planned: PlannedRun, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The latest record of another version on the same documents; None if there is none.

    A record of format 1 has no version and no fields: it counts as another version, and is left out for a run whose
    contrast reads fields of the corpus.
    """
    fields = planned.identity["documents"]["fields"]
    others = [
        record
        for record in records
        if record.get("identity", {}).get("documents", {}).get("fields", {}) == fields
        and ("identity" not in record or record.get("version") != planned.version)
    ]
    return max(others, key=lambda record: record.get("finished", ""), default=None)


def _key(definition: Mapping[str, Any]) -> str:
    return json.dumps(definition, sort_keys=True)
