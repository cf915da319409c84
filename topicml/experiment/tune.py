"""Search for hyper-parameters on some documents, and score what was found on others."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from topicml.checks import check_known
from topicml.corpus import Corpus
from topicml.errors import InputError, MissingExtraError
from topicml.experiment.grid import DEFAULT, ModelEntry, Run
from topicml.experiment.measures import FIT_MEASURES
from topicml.experiment.process import Fit, RunError, fit_in_process, hand_over
from topicml.experiment.records import Records
from topicml.experiment.scoring import lacking, scored
from topicml.experiment.space import check_space, suggest
from topicml.experiment.statistics import Summary, summary
from topicml.metrics import MEASURES


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Attributes
    ----------
    parameters : dict
        The best hyper-parameters, those held fixed included.
    value : float
        Their measure on the validation documents: it was chosen for, and flatters.
    final, default : Summary
        The measure on the test documents, over seeds, of the best and of the fixed parameters alone. No trial saw
        these documents.
    trials : list of dict
        ``parameters``, ``value`` (None: failed) and ``error`` of each trial.
    """

    parameters: dict[str, Any]
    value: float
    final: Summary
    default: Summary
    trials: list[dict[str, Any]]


def tune(
    corpus: Corpus,
    space: Mapping[str, Any],
    *,
    measure: str,
    folder: str | os.PathLike[str],
    model: str = "ProdLDA",
    parameters: Mapping[str, Any] | None = None,
    n_topics: int = 50,
    n_trials: int = 30,
    final_seeds: int = 3,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    jobs: int = 1,
    threads: int = 1,
    timeout: float | None = None,
    topn: int = 10,
    on_trial: Callable[[int, Mapping[str, Any], float | str], None] | None = None,
) -> Tuned:
    """Search with Optuna's tree-structured Parzen estimator.

    Each trial is fitted, in a process of its own, on the training documents and measured on the validation documents.
    At the end the best parameters are fitted on both and measured on the test documents, which no trial saw.

    Parameters
    ----------
    space : mapping
        A hyper-parameter to a list of choices, or to a range ``{"low": 1e-4, "high": 0.1, "log": True}``; ranges of
        whole numbers may have a "step".
    measure : str
        What a grid can measure, or perplexity.
    folder : path
        Where trials are written as they end; a search that was stopped goes on from there.
    parameters : mapping, optional
        Hyper-parameters that stay fixed.
    validation, test : float
        Shares of the documents, drawn at random by `seed`.
    jobs : int
        Trials at a time; the search then proposes so many at once.
    on_trial : function, optional
        Called with how many trials are done, the parameters of the last, and its value or what went wrong.

    Raises
    ------
    InputError
        If an argument is not fit, or all trials failed.
    MissingExtraError
        If Optuna is not installed.
    """
    check_known(measure, [*FIT_MEASURES, "perplexity"], "There is no measure to tune on:")
    if measure in FIT_MEASURES and (reason := lacking(measure, corpus)):
        raise InputError(f"{measure} cannot be tuned for: {reason}. Choose another measure.")
    fixed = dict(parameters or {})
    check_space(space, model, fixed)
    if not min(n_trials, final_seeds, jobs) >= 1:
        raise InputError("n_trials, final_seeds and jobs are at least 1.")
    parts = split_documents(corpus.n_docs, (validation, test), seed)
    optuna = _optuna()
    higher = {**MEASURES, **FIT_MEASURES}[measure].higher_is_better
    told: dict[str, Any] = {
        "corpus": corpus.fingerprint,
        "model": model,
        "fixed": fixed,
        "space": space,
        "measure": measure,
    }
    told |= {"n_topics": n_topics, "validation": validation, "test": test, "seed": seed, "topn": topn}
    name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:20]
    with Records(folder).claimed() as inputs:
        fits = _Fits(corpus, model, n_topics, measure, topn, inputs, {"threads": threads, "timeout": timeout})
        journal = optuna.storages.journal.JournalFileBackend(str(Path(folder) / "trials.log"))
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(journal),
            study_name=name,
            load_if_exists=True,
            direction="maximize" if higher else "minimize",
        )
        for left in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):  # of a search that was killed
            study.tell(left.number, state=optuna.trial.TrialState.FAIL)
        # Trials that went before must not be proposed again, as the same seed would.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
        fits.hand_over("search", parts[0], parts[1])
        _search(study, optuna, fits, space, fixed, n_trials, jobs, seed, on_trial)
        trials = [_trial(each, fixed) for each in study.trials]
        if all(each["value"] is None for each in trials):
            raise InputError(f"All {len(trials)} trials failed; the last with: {trials[-1]['error']}")
        best = {**fixed, **_values(study.best_trial)}
        fits.hand_over("final", np.sort(np.concatenate(parts[:2])), parts[2])
        final, default = (fits.over_seeds("final", each, range(seed, seed + final_seeds)) for each in (best, fixed))
    return Tuned(best, float(study.best_value), final, default, trials)


def split_documents(n_docs: int, shares: Sequence[float], seed: int) -> list[np.ndarray]:
    """Row numbers of a part without a share, and of one for each share; drawn at random, ascending.

    Raises
    ------
    InputError
        If a part would have fewer than two documents.
    """
    sizes = [int(n_docs * share) for share in shares]
    if min(shares) <= 0 or sum(shares) >= 1 or min(*sizes, n_docs - sum(sizes)) < 2:
        raise InputError(
            f"{n_docs} documents cannot be split by the shares {', '.join(f'{each:g}' for each in shares)}: every part "
            "needs at least two, and the shares must add up to less than 1."
        )
    rows = np.random.default_rng([seed, n_docs]).permutation(n_docs)
    parts = np.split(rows, np.cumsum(sizes))
    return [np.sort(each) for each in (parts[-1], *parts[:-1])]


class _Fits:
    """Fits on some documents, measured on others."""

    def __init__(
        self, corpus: Corpus, model: str, n_topics: int, measure: str, topn: int, inputs: Path, options: dict[str, Any]
    ) -> None:
        self.corpus, self.entry = corpus, ModelEntry(model, model=model)
        self.n_topics, self.measure, self.topn = n_topics, measure, topn
        self.inputs, self.options, self.stop = inputs, options, Event()
        self.references: dict[str, Corpus] = {}

    def hand_over(self, name: str, fitted: np.ndarray, measured: np.ndarray) -> None:
        """Write both parts for the workers."""
        hand_over(self.corpus[fitted], self.inputs / name)
        self.references[name] = self.corpus[measured]
        self.references[name].save(self.inputs / name / "held_out")

    def value(self, part: str, parameters: Mapping[str, Any], seed: int) -> float:
        """The measure of one fit; RunError if there is none."""
        run = Run(part, self.entry, DEFAULT, parameters, self.n_topics, seed)
        fit: Fit = fit_in_process(
            run,
            self.inputs / part,
            held_out=self.inputs / part / "held_out",
            perplexity=self.measure == "perplexity",
            stop=self.stop,
            **self.options,
        )
        if self.measure in fit.values:
            return fit.values[self.measure]
        score = scored(fit, self.references[part], [self.measure], self.topn)[self.measure]
        if score["mean"] is None:
            raise RunError(f"{self.measure}: {score.get('left_out', 'not a number')}")
        return float(score["mean"])

    def over_seeds(self, part: str, parameters: Mapping[str, Any], seeds: Sequence[int]) -> Summary:
        """The measure's summary over seeds."""
        try:
            return summary([self.value(part, parameters, seed) for seed in seeds])
        except RunError as error:
            raise InputError(f"The final fit with {dict(parameters)!r} failed: {error}") from error


def _search(
    study: Any,
    optuna: Any,
    fits: _Fits,
    space: Mapping[str, Any],
    fixed: dict,
    n_trials: int,
    jobs: int,
    seed: int,
    on_trial: Callable[[int, Mapping[str, Any], float | str], None] | None,
) -> None:
    """Propose and fit until there are so many trials that ended by themselves."""
    state = optuna.trial.TrialState

    def done() -> int:
        return len([t for t in study.trials if t.state == state.COMPLETE or "error" in t.user_attrs])

    def outcome(trial: Any) -> float | str:
        try:
            return fits.value("search", {**fixed, **_values(trial)}, seed)
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            while (left := n_trials - done()) > 0:
                asked = [study.ask() for _ in range(min(jobs, left))]
                for trial in asked:
                    suggest(trial, space)
                for trial, found in zip(asked, pool.map(outcome, asked), strict=True):
                    if isinstance(found, str):
                        trial.set_user_attr("error", found)
                        study.tell(trial, state=state.FAIL)
                    else:
                        study.tell(trial, found)
                    if on_trial is not None:
                        on_trial(done(), _values(trial), found)
        except BaseException:
            fits.stop.set()
            raise


def _values(trial: Any) -> dict[str, Any]:
    return dict(trial.params)


def _trial(trial: Any, fixed: Mapping[str, Any]) -> dict[str, Any]:
    error = trial.user_attrs.get("error") or (None if trial.value is not None else "it was stopped")
    return {"parameters": {**fixed, **_values(trial)}, "value": trial.value, "error": error}


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("The search needs Optuna. Install it with: pip install 'topicml[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
