"""Run an experiment in several processes. Each run is written as soon as it is finished, and is not repeated."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from topicml.errors import InputError, warn
from topicml.experiment.grid import Experiment, Run
from topicml.experiment.outcome import Outcome
from topicml.experiment.parts import CorpusParts
from topicml.experiment.plan import Plan, PlannedRun
from topicml.experiment.process import RunError, fit_in_process, write_corpus
from topicml.experiment.records import FORMAT, Records
from topicml.experiment.results import Results
from topicml.experiment.scoring import compute_scores, scoring_of
from topicml.metrics.completion import completion_perplexity, rows_in_both, split_tokens


def run_experiment(
    experiment: Experiment,
    folder: str | os.PathLike[str],
    *,
    jobs: int = 1,
    threads: int = 1,
    timeout: float | None = None,
    retry_failed: bool = False,
    keep_arrays: bool = True,
    keep_other_versions: bool = False,
    on_start: Callable[[Sequence[Run], Sequence[Mapping[str, Any]]], None] | None = None,
    on_run: Callable[[Run, Mapping[str, Any]], None] | None = None,
) -> Results:
    """Fit the runs that are not finished in `folder`, and return the results of all runs of the grid.

    A finished run is reused if its identity is unchanged: the version of topicml and of the packages that the entry
    lists, the model with all parameters (defaults included), the words of the corpus and the fields that contrasts
    read, how documents are held out, the number of topics and the seed (`topicml.experiment.identity`). An experiment
    that was killed continues where it stopped. A run that fails is recorded with its error, and the others continue.
    New measures are computed for finished runs without a new fit.

    Parameters
    ----------
    experiment : Experiment
        The grid.
    folder : path
        Folder of finished runs, with a JSON file and an array file for each. Several experiments may share it.
    jobs : int
        Number of runs at a time, each in its own process.
    threads : int
        Number of threads of the numerical libraries in each process.
    timeout : float, optional
        Seconds after which a run counts as failed.
    retry_failed : bool
        Whether to repeat runs that failed before.
    keep_arrays : bool
        Whether to keep theta and beta of a run after it is scored. Without them a new measure needs a new fit.
    keep_other_versions : bool
        Whether to keep runs that another version of topicml (or of the entry's packages) finished, instead of
        repeating them with the current one. Their results show that version. Records without a version (of an
        older topicml) count as another version, "not recorded".
    on_start : function, optional
        Called once, with the runs to fit and the records of the finished runs.
    on_run : function, optional
        Called with each run and its record when the run is finished.

    Returns
    -------
    Results
        One row per run and measure, in the order of the grid.

    Raises
    ------
    InputError
        If an argument is out of range, a corpus cannot be read, or another process uses `folder`.

    Warns
    -----
    TopicWarning
        If runs of another version are repeated, or a measure is left out.
    """
    for name, value in (("jobs", jobs), ("threads", threads)):
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be a whole number from 1; received {value!r}.")
    records = Records(folder)
    with records.lock() as inputs:
        corpora = {entry.name: entry.parts() for entry in experiment.corpora}
        plan = Plan(experiment, corpora, records, keep_other_versions=keep_other_versions)
        session = _Session(experiment, records, corpora, on_run or (lambda run, record: None))
        pending = session.to_fit(plan, retry_failed=retry_failed)
        plan.warn_of_other_versions()
        if on_start is not None:
            finished = [records.read(each.id) for each in plan.runs if each.id not in pending]
            on_start([each.run for each in pending.values()], [record for record in finished if record is not None])
        session.fit(pending, inputs, jobs=jobs, threads=threads, timeout=timeout)
        rows = [{**(records.read(each.id) or {}), **each.run.names, "id": each.id} for each in plan.runs]
        if not keep_arrays:
            for each in plan.runs:
                records.drop_arrays(each.id)
    _warn_of_missing_scores(rows, experiment.all_measures)
    return Results.from_records(rows, experiment.all_measures)


def finished_results(experiment: Experiment, folder: str | os.PathLike[str]) -> Results:
    """Return the results of the runs of a grid that are finished in `folder`, without fitting or scoring.

    Parameters
    ----------
    experiment : Experiment
        The grid.
    folder : path
        Folder of finished runs, as for `run_experiment`.

    Returns
    -------
    Results
        One row per finished run and measure, in the order of the grid. A run that only another version finished is
        included, with its version.

    Raises
    ------
    InputError
        If a corpus cannot be read, or a record is damaged.
    """
    records = Records(folder)
    corpora = {entry.name: entry.parts() for entry in experiment.corpora}
    plan = Plan(experiment, corpora, records, keep_other_versions=True)
    rows = [{**record, **each.run.names} for each in plan.runs if (record := records.read(each.id)) is not None]
    return Results.from_records(rows, experiment.all_measures)


class _Session:
    """One call of `run_experiment`: fits, scores and writes."""

    def __init__(
        self,
        experiment: Experiment,
        records: Records,
        corpora: Mapping[str, CorpusParts],
        on_run: Callable[[Run, Mapping[str, Any]], None],
    ) -> None:
        self.experiment, self.records, self.corpora, self.on_run = experiment, records, corpora, on_run
        self.scoring = {name: scoring_of(parts, experiment.topn) for name, parts in corpora.items()}
        self.stop = Event()

    def to_fit(self, plan: Plan, *, retry_failed: bool) -> dict[str, PlannedRun]:
        """Runs to fit, by id. Finished runs that lack a score are scored here."""
        pending: dict[str, PlannedRun] = {}
        for i, planned in enumerate(plan.runs):
            record = self.records.read(planned.id)
            if record is None or not self._is_done(planned, record, retry_failed):
                # A run of another version without arrays cannot be scored: repeat it with the current version.
                plan.runs[i] = planned.with_current_version()
                pending.setdefault(plan.runs[i].id, plan.runs[i])
        return pending

    def _is_done(self, planned: PlannedRun, record: dict[str, Any], retry_failed: bool) -> bool:
        if "error" in record:
            return not retry_failed
        return self._is_scored(planned.run, record) or self._score(planned, record)

    def fit(
        self, pending: Mapping[str, PlannedRun], inputs: Path, *, jobs: int, threads: int, timeout: float | None
    ) -> None:
        """Fit in other processes, but score in this one, so that the words of a corpus are counted only once."""
        names = dict.fromkeys(each.run.corpus for each in pending.values())
        folders = {name: inputs / str(i) for i, name in enumerate(names)}
        for name, folder in folders.items():
            write_corpus(self.corpora[name].train, folder)
            if (held_out := self.corpora[name].held_out) is not None:
                write_corpus(held_out, folder / "held_out", seen_halves=True)

        def fit_one(planned: PlannedRun) -> dict[str, Any]:
            return self._fit_one(planned, folders[planned.run.corpus], threads, timeout)

        pool = ThreadPoolExecutor(jobs)
        try:
            futures = {pool.submit(fit_one, each): each for each in pending.values()}
            for future in as_completed(futures):
                planned, record = futures[future], future.result()
                if "error" not in record:
                    self._score(planned, record)
                self.on_run(planned.run, self.records.read(planned.id) or record)
        except BaseException:
            self.stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _fit_one(self, planned: PlannedRun, folder: Path, threads: int, timeout: float | None) -> dict[str, Any]:
        """Fit a run, write its record and return it."""
        run, parts = planned.run, self.corpora[planned.run.corpus]
        record: dict[str, Any] = {
            "format": FORMAT,
            "id": planned.id,
            "version": planned.version,
            "identity": planned.identity,
            "definition": run.definition(parts.train.fingerprint, parts.identity),
            **run.names,
        }
        try:
            outcome = fit_in_process(
                run, folder, threads=threads, timeout=timeout, stop=self.stop, **self._wanted(run, parts, folder)
            )
            _check_theta(outcome, parts)
        except RunError as error:
            record |= {"error": str(error), "finished": _now()}
            self.records.write(planned.id, record)
            return record
        record |= {"topics": outcome.topics, "cost": outcome.cost, "finished": _now()}
        if values := {**outcome.values, **_perplexity(outcome, parts)}:
            record["values"] = values
        if outcome.starting_topics is not None:
            record["starting_topics"] = outcome.starting_topics
        self.records.write(planned.id, record, outcome)
        return record

    def _wanted(self, run: Run, parts: CorpusParts, folder: Path) -> dict[str, Any]:
        """Options of the fit for what measures need beyond topics and theta."""
        options: dict[str, Any] = {}
        if parts.held_out is not None:
            options |= {"held_out": folder / "held_out" / "corpus", "perplexity": True, "training_theta": True}
        if self._needs_start(run):
            options["start"] = True
        return options

    def _needs_start(self, run: Run) -> bool:
        return "learned_overlap" in self.experiment.measures and run.model.model is not None

    def _is_scored(self, run: Run, record: Mapping[str, Any]) -> bool:
        same = record.get("scoring") == self.scoring[run.corpus]
        return same and all(measure in record["scores"] for measure in self.experiment.measures_on(run.corpus))

    def _score(self, planned: PlannedRun, record: dict[str, Any]) -> bool:
        """Compute the missing measures and return True; return False if the run must be fitted again for them."""
        outcome = self.records.outcome(planned.id)
        if outcome is None or (outcome.starting_topics is None and self._needs_start(planned.run)):
            return False
        name = planned.run.corpus
        scores = record["scores"] if record.get("scoring") == self.scoring[name] else {}
        missing = [measure for measure in self.experiment.measures_on(name) if measure not in scores]
        parts = self.corpora[name]
        train = None if parts.held_out is None else parts.train
        own = self.experiment.own_measures
        new = compute_scores(outcome, parts.judged, missing, self.experiment.topn, own, train=train)
        self.records.write(planned.id, {**record, "scores": {**scores, **new}, "scoring": self.scoring[name]})
        return True


def _check_theta(outcome: Outcome, parts: CorpusParts) -> None:
    """Raise RunError if theta does not have a row per document."""
    thetas = [(outcome.theta, parts.judged.n_docs)]
    if parts.held_out is not None and outcome.training_theta is not None:
        thetas.append((outcome.training_theta, parts.train.n_docs))
    for theta, n_docs in thetas:
        if len(theta) != n_docs:
            raise RunError(f"theta has {len(theta):,} rows; the corpus has {n_docs:,} documents")


def _perplexity(outcome: Outcome, parts: CorpusParts) -> dict[str, float]:
    """Perplexity of an adapter's model, from theta of the seen halves and beta; empty without them."""
    if outcome.seen_theta is None or outcome.beta is None or parts.held_out is None:
        return {}
    seen, held_out = split_tokens(parts.held_out)
    half = held_out[rows_in_both(seen, held_out)]
    try:
        return {"perplexity": float(completion_perplexity(outcome.seen_theta, outcome.beta, half, normalize=True))}
    except InputError:  # weights that are not of a distribution have no likelihood
        return {}


def _warn_of_missing_scores(records: Iterable[Mapping[str, Any]], measures: Iterable[str]) -> None:
    """Warn of measures that were not computed, once for each corpus, model and measure, with the reason."""
    reasons: dict[str, None] = {}
    for record in records:
        for measure in measures:
            if reason := record.get("scores", {}).get(measure, {}).get("left_out"):
                reasons.setdefault(f"{measure} of {record['model']} on {record['corpus']}: {reason}")
    if reasons:
        shown = "; ".join(list(reasons)[:5]) + (f"; and {len(reasons) - 5} more" if len(reasons) > 5 else "")
        warn(f"Not measured: {shown}.")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
