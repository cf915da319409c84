"""Results as a tidy table: a row per run and measure."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from topicml.errors import InputError
from topicml.experiment.measures import higher_is_better
from topicml.experiment.notebook import results_html
from topicml.experiment.records import Records
from topicml.experiment.values import COSTS, NOT_RECORDED, ResultValues
from topicml.files import atomic_file

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
        ("version", pa.string()),
        ("split", pa.string()),
    ]
)
_NAMES = ("corpus", "model", "settings", "n_topics", "seed")


class Results(ResultValues):
    """The numbers of one or several experiments.

    Parameters
    ----------
    table : pyarrow.Table
        ``corpus``, ``model``, ``settings``, ``n_topics``, ``seed``, ``measure``, ``value`` (null: not measured),
        ``higher_is_better``, ``error``, ``run`` (its id), ``machine`` and ``version`` (null: not recorded). Costs are
        measures too: ``fit_s`` and ``fit_cpu_s`` in seconds, ``peak_mb`` in MB. A failed run has one row, with its
        error and no measure. ``version`` has the versions that belong to the run's identity: "topicml 0.1.0", or those
        of the packages of an adapter. ``split`` tells how documents were held out, "0.4 held out, seed 1234": then
        measures are of these documents, and those that end in ``_train`` of the documents of the fit. Null: no
        documents were held out, and measures are of the documents of the fit.

    Attributes
    ----------
    table : pyarrow.Table
        The table.
    rows : list of dict
        Its rows. If several versions finished runs of a model, ``model`` includes the version.
    """

    def __init__(self, table: pa.Table) -> None:
        super().__init__(table.to_pylist())
        self.table = table

    def _repr_html_(self) -> str:
        return results_html(self)

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]], measures: Sequence[str] | None = None) -> Self:
        """The results of finished runs.

        Parameters
        ----------
        records : iterable of mapping
            Records, as `Records.read` returns them.
        measures : sequence of str, optional
            Measures to include; by default all.

        Returns
        -------
        Results
        """
        rows = [row for record in records for row in _rows_of(record, measures)]
        return cls(pa.Table.from_pylist(rows, schema=SCHEMA))

    @classmethod
    def read(cls, *sources: str | os.PathLike[str]) -> Self:
        """Read results. A run that is in several sources counts once.

        Parameters
        ----------
        *sources : path
            Parquet or CSV files that `write` wrote, or folders of runs. Files from before machines and versions were
            recorded can be read: these are null.

        Raises
        ------
        InputError
            If a source does not exist or has no results, or two sources disagree about a value of the same version.
        """
        if not sources:
            raise InputError("There are no results to read: pass Parquet or CSV files, or folders of runs.")
        table = pa.concat_tables([_read(Path(source)) for source in sources])
        rows: dict[tuple, dict] = {}
        for row in table.to_pylist():
            key = tuple(row[each] for each in (*_NAMES, "measure", "version"))
            first = rows.setdefault(key, row)
            first["machine"] = first["machine"] or row["machine"]
            if first["run"] != row["run"] or first["value"] != row["value"]:
                *names, version = key
                raise InputError(
                    f"The sources disagree about {', '.join(map(str, names))} (version: {version or NOT_RECORDED}): "
                    f"{first['value']} and {row['value']}. Rename the model or settings in one of them, or leave one "
                    "out."
                )
        return cls(pa.Table.from_pylist(list(rows.values()), schema=SCHEMA))

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write ``results.parquet`` and ``results.csv``."""
        # Streams, because Arrow takes only names in UTF-8.
        with atomic_file(Path(folder) / "results.parquet") as temporary, open(temporary, "wb") as stream:
            pq.write_table(self.table, stream)
        with atomic_file(Path(folder) / "results.csv") as temporary, open(temporary, "wb") as stream:
            pacsv.write_csv(self.table, stream)


def _rows_of(record: Mapping[str, Any], measures: Sequence[str] | None) -> list[dict[str, Any]]:
    names = {key: record[key] for key in _NAMES} | {"run": record["id"], "version": record.get("version")}
    if split := record.get("definition", {}).get("held_out"):
        names["split"] = f"{split['share']:g} held out, seed {split['seed']}"
    if "error" in record:
        return [{**names, "error": record["error"]}]
    scores = record.get("scores", {})
    rows = [
        {
            **names,
            "measure": each,
            "value": scores[each]["mean"],
            "higher_is_better": _higher_is_better(each, scores[each]),
        }
        for each in (scores if measures is None else measures)
        if each in scores
    ]
    cost = record["cost"]
    rows += [{**names, "measure": each, "value": cost[each], "higher_is_better": False} for each in COSTS]
    return [{**row, "machine": cost.get("machine")} for row in rows]


def _higher_is_better(measure: str, score: Mapping[str, Any]) -> bool:
    """By the table of measures; for a measure that is not in it, by the record of its score."""
    known = higher_is_better(measure)
    return bool(score.get("higher_is_better", True)) if known is None else known


def _read(path: Path) -> pa.Table:
    if path.is_dir():
        results = Results.from_records(Records(path).all())
        if results.table.num_rows:
            return results.table
        if (path / "results.parquet").exists():
            return _read(path / "results.parquet")
        raise InputError(f"{path} has no finished runs and no results.parquet.")
    if not path.exists():
        raise InputError(f"There are no results {path}. Pass Parquet or CSV files, or folders of runs.")
    try:
        with open(path, "rb") as stream:
            if path.suffix == ".csv":
                types = pacsv.ConvertOptions(column_types=SCHEMA, strings_can_be_null=True)
                table = pacsv.read_csv(stream, convert_options=types)
            else:
                table = pq.read_table(stream)
        for column in ("machine", "version", "split"):  # results from before these were recorded
            if column not in table.column_names:
                table = table.append_column(column, pa.nulls(len(table), pa.string()))
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowInvalid, KeyError) as error:
        raise InputError(f"{path} does not have the results of an experiment: {error}") from error
