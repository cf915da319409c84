"""Run an experiment: several processes, each finished run written at once, nothing repeated."""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from topicml.corpus import Corpus
from topicml.errors import InputError, TopicWarning
from topicml.experiment.grid import Experiment, Run
from topicml.experiment.process import RunError, fit_in_process, hand_over
from topicml.experiment.records import Records
from topicml.experiment.results import Results
from topicml.experiment.scoring import scored, scoring_of

FORMAT = 1


def run_experiment(
    experiment: Experiment,
    folder: str | os.PathLike[str],
    *,
    jobs: int = 1,
    threads: int = 1,
    timeout: float | None = None,
    retry_failed: bool = False,
    keep_arrays: bool = True,
    on_start: Callable[[Sequence[Run], Sequence[Mapping[str, Any]]], None] | None = None,
    on_run: Callable[[Run, Mapping[str, Any]], None] | None = None,
) -> Results:
    """Do the runs that are not in `folder` yet, and return the results of all.

    A run is identified by its corpus's fingerprint, model, parameters, number of topics and seed. What was killed goes
    on where it was; a run that fails is recorded with its error and does not stop the rest. New measures are taken of
    old runs without fitting again.

    Parameters
    ----------
    folder : path
        Finished runs, a JSON file and arrays each; other experiments may have theirs there, too.
    jobs : int
        Runs at a time, a process each.
    threads : int
        Threads of numerical libraries in each process.
    timeout : float, optional
        Seconds after which a run counts as failed.
    retry_failed : bool
        Whether to do again what failed before.
    keep_arrays : bool
        Whether theta and beta of a run stay when it is scored. Without them a new measure means a new fit.
    on_start : function, optional
        Called once with the runs that are to be done, and the records of those that are done already.
    on_run : function, optional
        Called with each run of this call and its record when it is finished.

    Returns
    -------
    results : Results
        One row a run and measure, in the order of the grid.

    Raises
    ------
    InputError
        If an argument is not fit, a corpus cannot be read, or another process works in `folder`.
    """
    for name, value in (("jobs", jobs), ("threads", threads)):
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} is a whole number from 1; received {value!r}.")
    records = Records(folder)
    with records.claimed() as inputs:
        corpora = {entry.name: entry.read() for entry in experiment.corpora}
        cells = [(run, run.id(corpora[run.corpus].fingerprint)) for run in experiment.runs()]
        session = _Session(experiment, records, corpora, on_run or (lambda run, record: None))
        waiting = session.to_fit(cells, retry_failed=retry_failed)
        if on_start is not None:
            done = [name for _, name in cells if name not in waiting]
            on_start(list(waiting.values()), [record for name in done if (record := records.read(name)) is not None])
        session.fit(waiting, inputs, jobs=jobs, threads=threads, timeout=timeout)
        found = [{**(records.read(name) or {}), **run.names, "id": name} for run, name in cells]
        if not keep_arrays:
            for _, name in cells:
                records.drop_arrays(name)
    _warn_of_left_out(found, experiment.taken)
    return Results.from_records(found, experiment.taken)


class _Session:
    """One call: what is scored, and how what is finished is written."""

    def __init__(
        self,
        experiment: Experiment,
        records: Records,
        corpora: Mapping[str, Corpus],
        on_run: Callable[[Run, Mapping[str, Any]], None],
    ) -> None:
        self.experiment, self.records, self.corpora, self.on_run = experiment, records, corpora, on_run
        self.scoring = {name: scoring_of(corpus, experiment.topn) for name, corpus in corpora.items()}
        self.stop = Event()

    def to_fit(self, cells: Iterable[tuple[Run, str]], *, retry_failed: bool) -> dict[str, Run]:
        """Runs that must be fitted, by id; what is fitted and lacks a score gets it here."""
        waiting: dict[str, Run] = {}
        for run, name in cells:
            record = self.records.read(name)
            if record is None or not self._is_done(run, name, record, retry_failed):
                waiting.setdefault(name, run)
        return waiting

    def _is_done(self, run: Run, name: str, record: dict[str, Any], retry_failed: bool) -> bool:
        if "error" in record:
            return not retry_failed
        return self._is_scored(run, record) or self._score(run, name, record)

    def fit(self, waiting: Mapping[str, Run], inputs: Path, *, jobs: int, threads: int, timeout: float | None) -> None:
        """Fit in processes, and score here, where what is counted of a corpus is counted once."""
        places = {name: inputs / str(i) for i, name in enumerate(dict.fromkeys(r.corpus for r in waiting.values()))}
        for corpus, place in places.items():
            hand_over(self.corpora[corpus], place)

        def fitted(run: Run, name: str) -> dict[str, Any]:
            return self._fitted(run, name, places[run.corpus], threads, timeout)

        pool = ThreadPoolExecutor(jobs)
        try:
            futures = {pool.submit(fitted, run, name): (run, name) for name, run in waiting.items()}
            for future in as_completed(futures):
                run, name = futures[future]
                record = future.result()
                if "error" not in record:
                    self._score(run, name, record)
                self.on_run(run, self.records.read(name) or record)
        except BaseException:
            self.stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _fitted(self, run: Run, name: str, place: Path, threads: int, timeout: float | None) -> dict[str, Any]:
        """Fit, and write what came of it at once."""
        corpus = self.corpora[run.corpus]
        record: dict[str, Any] = {
            "format": FORMAT,
            "id": name,
            "definition": run.definition(corpus.fingerprint),
            **run.names,
        }
        try:
            fit = fit_in_process(run, place, threads=threads, timeout=timeout, stop=self.stop)
            if fit.theta.shape[0] != corpus.n_docs:
                raise RunError(f"theta has {fit.theta.shape[0]:,} rows, and the corpus {corpus.n_docs:,} documents")
        except RunError as error:
            record |= {"error": str(error), "finished": _now()}
            self.records.write(name, record)
            return record
        record |= {"topics": fit.topics, "cost": fit.cost, "finished": _now()}
        self.records.write(name, record, fit)
        return record

    def _is_scored(self, run: Run, record: Mapping[str, Any]) -> bool:
        same = record.get("scoring") == self.scoring[run.corpus]
        return same and all(measure in record["scores"] for measure in self.experiment.taken)

    def _score(self, run: Run, name: str, record: dict[str, Any]) -> bool:
        """Take the measures that are missing; false if that needs a fit."""
        fit = self.records.fit(name)
        if fit is None:
            return False
        same = record.get("scoring") == self.scoring[run.corpus]
        scores = record["scores"] if same else {}
        missing = [measure for measure in self.experiment.taken if measure not in scores]
        corpus, own = self.corpora[run.corpus], self.experiment.own_measures
        found = scored(fit, corpus, missing, self.experiment.topn, own)
        self.records.write(name, {**record, "scores": {**scores, **found}, "scoring": self.scoring[run.corpus]})
        return True


def _warn_of_left_out(records: Iterable[Mapping[str, Any]], measures: Iterable[str]) -> None:
    """Say once for each corpus, model and measure what could not be measured, and why."""
    told: dict[str, None] = {}
    for record in records:
        for measure in measures:
            if reason := record.get("scores", {}).get(measure, {}).get("left_out"):
                told.setdefault(f"{measure} of {record['model']} on {record['corpus']}: {reason}")
    if told:
        shown = "; ".join(list(told)[:5]) + (f"; and {len(told) - 5} more" if len(told) > 5 else "")
        warnings.warn(f"Not measured: {shown}.", TopicWarning, stacklevel=3)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
