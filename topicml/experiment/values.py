"""The values of finished runs, by measure, model, corpus, number of topics and seed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from topicml.checks import check_known
from topicml.experiment.grid import system_of

COSTS = ("fit_s", "fit_cpu_s", "peak_mb")
"""Measures of cost: wall time and processor time of a fit in seconds, peak memory of its process in MB."""

NOT_RECORDED = "not recorded"
"""The machine or version of runs that were finished before these were recorded."""

Block = tuple[str, int, int]
"""A corpus, number of topics and seed."""


class ResultValues:
    """Read access to the results of runs.

    A *system* is what results compare: a model with its settings. Runs of one model that different versions finished
    are different systems: the version is added to the name of the model, as in "ProdLDA (topicml 0.1.0)".

    Parameters
    ----------
    rows : iterable of mapping
        A row per run and measure, with the columns of `topicml.experiment.results.SCHEMA`.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.rows: list[dict[str, Any]] = _with_versions(rows)

    @property
    def measures(self) -> list[str]:
        """Measures that have a value, costs last."""
        with_values = dict.fromkeys(row["measure"] for row in self.rows if row["value"] is not None)
        return [*(each for each in with_values if each not in COSTS), *(each for each in COSTS if each in with_values)]

    @property
    def comparable_measures(self) -> list[str]:
        """Measures that have a value; costs only if all runs are from one machine."""
        return [each for each in self.measures if each not in COSTS or len(self.machines) == 1]

    @property
    def systems(self) -> list[str]:
        """Names of the models with their settings."""
        return list(dict.fromkeys(system_of(row) for row in self.rows))

    @property
    def corpora(self) -> list[str]:
        """Names of the corpora."""
        return list(dict.fromkeys(row["corpus"] for row in self.rows))

    @property
    def topics(self) -> list[int]:
        """Numbers of topics, ascending."""
        return sorted({row["n_topics"] for row in self.rows})

    @property
    def machines(self) -> dict[str, int]:
        """Machine to the number of runs that it finished, most first."""
        of_run = {row["run"]: row["machine"] or NOT_RECORDED for row in self.rows if row["error"] is None}
        return dict(Counter(of_run.values()).most_common())

    @property
    def versions(self) -> dict[tuple[str, str], int]:
        """(System, version) to the number of its runs, in the order of the rows."""
        of_run = {(row["run"], system_of(row)): row["version"] or NOT_RECORDED for row in self.rows}
        return dict(Counter((system, version) for (_, system), version in of_run.items()))

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Rows of the runs that failed."""
        return [row for row in self.rows if row["error"] is not None]

    def higher_is_better(self, measure: str) -> bool:
        """Whether a higher value of a measure is better.

        Raises
        ------
        InputError
            If the results have no such measure.
        """
        return next(row["higher_is_better"] for row in self._rows_of(measure))

    def values(
        self, measure: str, *, corpus: str | None = None, n_topics: int | None = None
    ) -> dict[str, dict[Block, float]]:
        """Values of a measure.

        Parameters
        ----------
        measure : str
            Name of the measure.
        corpus : str, optional
            Only values on this corpus.
        n_topics : int, optional
            Only values with this number of topics.

        Returns
        -------
        dict
            System to (corpus, n_topics, seed) to value.

        Raises
        ------
        InputError
            If the results have no such measure; the message has the most similar names.
        """
        values: dict[str, dict[Block, float]] = {}
        for row in self._rows_of(measure):
            if row["value"] is not None and corpus in (None, row["corpus"]) and n_topics in (None, row["n_topics"]):
                values.setdefault(system_of(row), {})[row["corpus"], row["n_topics"], row["seed"]] = row["value"]
        return {system: values[system] for system in self.systems if system in values}

    def matrix(self, measure: str, *, over_seeds: bool = False) -> tuple[list[tuple], list[str], np.ndarray]:
        """Values of a measure on the blocks that all comparable systems have (see `comparable`).

        Parameters
        ----------
        measure : str
            Name of the measure.
        over_seeds : bool
            Whether a block is a corpus and number of topics, and its value the mean over the seeds that all systems
            have. Tests over data sets need this, because runs on one corpus are not independent (Demsar, 2006).

        Returns
        -------
        blocks : list of tuple
            (corpus, n_topics, seed), or (corpus, n_topics).
        systems : list of str
            Names of the systems.
        array : ndarray, (n_blocks, n_systems)
            The values.

        Raises
        ------
        InputError
            If the results have no such measure.
        """
        values = self.values(measure)
        systems, shared = comparable(values)
        array = np.array([[values[system][block] for system in systems] for block in shared])
        array = array.reshape(len(shared), len(systems))
        if not over_seeds:
            return shared, systems, array
        groups: dict[tuple, list[int]] = {}
        for i, block in enumerate(shared):
            groups.setdefault(block[:2], []).append(i)
        means = [array[rows].mean(axis=0) for rows in groups.values()]
        return list(groups), systems, np.array(means).reshape(len(groups), len(systems))

    def _rows_of(self, measure: str) -> list[dict[str, Any]]:
        check_known(measure, self.measures, "These results have no measure")
        return [row for row in self.rows if row["measure"] == measure]


def comparable(values: Mapping[str, Mapping[Block, Any]]) -> tuple[list[str], list[Block]]:
    """Systems that can be compared, and the blocks that all of them have.

    A system with less than half as many corpora and numbers of topics as the most complete one is left out: it would
    leave too few blocks to compare the others on.

    Parameters
    ----------
    values : mapping
        System to block to value, as `ResultValues.values` returns them.

    Returns
    -------
    systems : list of str
        Names of the systems.
    blocks : list of tuple
        (corpus, n_topics, seed).
    """
    n_blocks = {system: len({block[:2] for block in by_block}) for system, by_block in values.items()}
    systems = [system for system in values if 2 * n_blocks[system] >= max(n_blocks.values())]
    blocks = dict.fromkeys(block for system in systems for block in values[system])
    return systems, [block for block in blocks if all(block in values[system] for system in systems)]


def _with_versions(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add the version to the name of each model that several versions finished."""
    copies = [dict(row) for row in rows]
    versions: dict[str, dict[str | None, None]] = {}
    for row in copies:
        versions.setdefault(row["model"], {}).setdefault(row["version"])
    for row in copies:
        if len(versions[row["model"]]) > 1:
            row["model"] = f"{row['model']} ({row['version'] or f'version {NOT_RECORDED}'})"
    return copies
