"""Results as a tidy table: one row a run and measure."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from topicml.checks import check_known
from topicml.errors import InputError
from topicml.experiment.grid import system_of
from topicml.experiment.measures import FIT_MEASURES
from topicml.experiment.records import Records
from topicml.files import atomic_file

COSTS = ("fit_s", "fit_cpu_s", "peak_mb")
NOT_RECORDED = "not recorded"
SCHEMA = pa.schema(
    [
        ("corpus", pa.string()),
        ("model", pa.string()),
        ("settings", pa.string()),
        ("n_topics", pa.int64()),
        ("seed", pa.int64()),
        ("measure", pa.string()),
        ("value", pa.float64()),
        ("higher_is_better", pa.bool_()),
        ("error", pa.string()),
        ("run", pa.string()),
        ("machine", pa.string()),
    ]
)
Block = tuple[str, int, int]  # corpus, number of topics, seed


class Results:
    """The numbers of an experiment, or of several.

    Attributes
    ----------
    table : pyarrow.Table
        ``corpus``, ``model``, ``settings``, ``n_topics``, ``seed``, ``measure``, ``value`` (null: not measured),
        ``higher_is_better``, ``error``, ``run`` (its id), ``machine`` (null: not recorded). Costs are measures too:
        ``fit_s`` and ``fit_cpu_s`` in seconds, ``peak_mb`` in MB. A failed run has one row, with its error and no
        measure.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self._rows = table.to_pylist()

    def _repr_html_(self) -> str:
        from topicml.experiment.notebook import results_html

        return results_html(self)

    # -- made from, written to ------------------------------------------------------------------------------------

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]], measures: Sequence[str] | None = None) -> Self:
        """The results of finished runs; by default with all measures that were taken."""
        rows = [row for record in records for row in _rows_of(record, measures)]
        return cls(pa.Table.from_pylist(rows, schema=SCHEMA))

    @classmethod
    def read(cls, *sources: str | os.PathLike[str]) -> Self:
        """Read results: Parquet or CSV files that `write` wrote, or folders of runs; what is there twice counts once.

        Raises
        ------
        InputError
            If a source does not exist, holds no results, or two sources disagree about a value.
        """
        if not sources:
            raise InputError("There are no results to read: give Parquet or CSV files, or folders of runs.")
        table = pa.concat_tables([_read(Path(source)) for source in sources])
        rows: dict[tuple, dict] = {}
        for row in table.to_pylist():
            key = tuple(row[each] for each in ("corpus", "model", "settings", "n_topics", "seed", "measure"))
            before = rows.setdefault(key, row)
            before["machine"] = before["machine"] or row["machine"]
            if before["run"] != row["run"] or before["value"] != row["value"]:
                raise InputError(
                    f"The sources disagree about {', '.join(map(str, key))}: {before['value']} and {row['value']}. "
                    "Rename the model or settings in one of them, or leave one out."
                )
        return cls(pa.Table.from_pylist(list(rows.values()), schema=SCHEMA))

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write ``results.parquet`` and ``results.csv``."""
        with atomic_file(Path(folder) / "results.parquet") as temporary:
            pq.write_table(self.table, temporary)
        with atomic_file(Path(folder) / "results.csv") as temporary:
            pacsv.write_csv(self.table, temporary)

    # -- what it holds --------------------------------------------------------------------------------------------

    @property
    def measures(self) -> list[str]:
        """Measures of which there is a value, costs last."""
        found = dict.fromkeys(row["measure"] for row in self._rows if row["value"] is not None)
        return [*(each for each in found if each not in COSTS), *(each for each in COSTS if each in found)]

    @property
    def systems(self) -> list[str]:
        """What is compared: models with their settings."""
        return list(dict.fromkeys(system_of(row) for row in self._rows))

    @property
    def corpora(self) -> list[str]:
        """Names of corpora."""
        return list(dict.fromkeys(row["corpus"] for row in self._rows))

    @property
    def topics(self) -> list[int]:
        """Numbers of topics, ascending."""
        return sorted({row["n_topics"] for row in self._rows})

    @property
    def comparable_measures(self) -> list[str]:
        """Measures of which there is a value; costs only where all runs are one machine's."""
        return [each for each in self.measures if each not in COSTS or len(self.machines) == 1]

    @property
    def machines(self) -> dict[str, int]:
        """How many runs each machine finished, most first."""
        of_run = {row["run"]: row["machine"] or NOT_RECORDED for row in self._rows if row["error"] is None}
        return dict(Counter(of_run.values()).most_common())

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Rows of the runs that failed."""
        return [row for row in self._rows if row["error"] is not None]

    def higher_is_better(self, measure: str) -> bool:
        """Whether a higher value of the measure is a better one."""
        return next(row["higher_is_better"] for row in self._of(measure))

    def values(
        self, measure: str, *, corpus: str | None = None, n_topics: int | None = None
    ) -> dict[str, dict[Block, float]]:
        """Values by system and (corpus, n_topics, seed).

        Raises
        ------
        InputError
            If the measure was not taken; the nearest is named.
        """
        found: dict[str, dict[Block, float]] = {}
        for row in self._of(measure):
            if row["value"] is not None and corpus in (None, row["corpus"]) and n_topics in (None, row["n_topics"]):
                found.setdefault(system_of(row), {})[row["corpus"], row["n_topics"], row["seed"]] = row["value"]
        return {system: found[system] for system in self.systems if system in found}

    def matrix(self, measure: str, *, over_seeds: bool = False) -> tuple[list[tuple], list[str], np.ndarray]:
        """Values of the blocks that all systems have: blocks, systems, array (n_blocks, n_systems).

        Systems that `comparable` leaves out are not in it.

        Parameters
        ----------
        over_seeds : bool
            Whether a block is a corpus and number of topics, and its value the mean over the seeds that all have. Runs
            of one corpus are not independent, as tests over data sets have it (Demsar, 2006).
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

    def _of(self, measure: str) -> list[dict[str, Any]]:
        check_known(measure, self.measures, "These results hold no measure")
        return [row for row in self._rows if row["measure"] == measure]


def comparable(values: Mapping[str, Mapping[Block, Any]]) -> tuple[list[str], list[Block]]:
    """Systems that can be compared, and the blocks that all of them have.

    Those with less than half as many corpora and numbers of topics as the most complete one are left out: what was
    hardly run, or failed nearly everywhere, would leave nothing on which to compare the others.
    """
    n_of = {system: len({block[:2] for block in of_blocks}) for system, of_blocks in values.items()}
    systems = [system for system in values if 2 * n_of[system] >= max(n_of.values())]
    blocks = dict.fromkeys(block for system in systems for block in values[system])
    return systems, [block for block in blocks if all(block in values[system] for system in systems)]


def _rows_of(record: Mapping[str, Any], measures: Sequence[str] | None) -> list[dict[str, Any]]:
    names = {key: record[key] for key in ("corpus", "model", "settings", "n_topics", "seed")} | {"run": record["id"]}
    if "error" in record:
        return [{**names, "error": record["error"]}]
    scores = record.get("scores", {})
    chosen = scores if measures is None else measures
    rows = [
        {
            **names,
            "measure": each,
            "value": scores[each]["mean"],
            "higher_is_better": _higher_is_better(each, scores[each]),
        }
        for each in chosen
        if each in scores
    ]
    cost = record["cost"]
    rows += [{**names, "measure": each, "value": cost[each], "higher_is_better": False} for each in COSTS]
    return [{**row, "machine": cost.get("machine")} for row in rows]


def _higher_is_better(measure: str, score: Mapping[str, Any]) -> bool:
    """By the table of measures, or, of a measure that it does not know, by what was written with its score."""
    known = FIT_MEASURES.get(measure)
    return known.higher_is_better if known is not None else bool(score.get("higher_is_better", True))


def _read(path: Path) -> pa.Table:
    if path.is_dir():
        results = Results.from_records(Records(path).all())
        if results.table.num_rows:
            return results.table
        if (path / "results.parquet").exists():
            return _read(path / "results.parquet")
        raise InputError(f"{path} holds no finished runs and no results.parquet.")
    if not path.exists():
        raise InputError(f"There are no results {path}. Give Parquet or CSV files, or folders of runs.")
    try:
        if path.suffix == ".csv":
            types = pacsv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=True)
            table = pacsv.read_csv(path, convert_options=types)
        else:
            table = pq.read_table(path)
        if "machine" not in table.column_names:  # results of before it was recorded
            table = table.append_column("machine", pa.nulls(len(table), pa.string()))
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, KeyError) as error:
        raise InputError(f"{path} holds no results of an experiment: {error}") from error
