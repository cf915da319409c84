"""Search for hyper-parameters on some documents, and score the best ones on others."""

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
from topicml.experiment.entries import DEFAULT, ModelEntry
from topicml.experiment.grid import Run
from topicml.experiment.identity import RunIdentities, run_id
from topicml.experiment.measures import FIT_MEASURES
from topicml.experiment.process import RunError, fit_in_process, write_corpus
from topicml.experiment.records import Records
from topicml.experiment.scoring import compute_scores, missing_input
from topicml.experiment.space import check_space, suggest
from topicml.experiment.statistics import Summary, summary
from topicml.metrics import MEASURES


@dataclass(frozen=True)
class Tuned:
    """The result of a search.

    Parameters
    ----------
    parameters : dict
        The best hyper-parameters, fixed ones included.
    value : float
        Their measure on the validation documents. It is optimistic, because they were chosen by it.
    final, default : Summary
        The measure on the test documents, over seeds, of the best parameters and of the fixed parameters alone. No
        trial used the test documents.
    trials : list of dict
        ``parameters``, ``value`` (None if the trial failed) and ``error`` of each trial.
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

    Each trial is fitted, in its own process, to the training documents and measured on the validation documents. At the
    end the best parameters are fitted to both and measured on the test documents, which no trial used.

    Parameters
    ----------
    corpus : Corpus
        The documents.
    space : mapping
        Hyper-parameter to a list of choices, or to a range ``{"low": 1e-4, "high": 0.1, "log": True}``; ranges of whole
        numbers may have a "step".
    measure : str
        A measure of a grid, or perplexity.
    folder : path
        Folder of the trials, each written when it ends. A search that was stopped continues from there, with the same
        version of topicml; another version starts a new search.
    model : str
        A model of topicml, by name.
    parameters : mapping, optional
        Hyper-parameters that are fixed.
    n_topics : int
        Number of topics.
    n_trials : int
        Number of trials, those of earlier calls included.
    final_seeds : int
        Number of seeds of the final fits.
    validation, test : float
        Shares of the documents, drawn at random by `seed`.
    seed : int
        Seed of the split, of the search and of each trial.
    jobs : int
        Trials at a time; the search then proposes as many at once.
    threads : int
        Threads of numerical libraries in each process.
    timeout : float, optional
        Seconds after which a trial counts as failed.
    topn : int
        Words per topic for measures whose default is ten.
    on_trial : function, optional
        Called after each trial with the number of finished trials, its parameters, and its value or error message.

    Returns
    -------
    Tuned
        The best parameters and their scores.

    Raises
    ------
    InputError
        If an argument is invalid, or all trials failed.
    MissingExtraError
        If Optuna is not installed.
    """
    check_known(
        measure,
        [*(name for name in FIT_MEASURES if name != "learned_overlap"), "perplexity"],
        "There is no measure to tune on:",
    )
    if measure in FIT_MEASURES and (reason := missing_input(measure, corpus)):
        raise InputError(f"{measure} cannot be tuned for: {reason}. Choose another measure.")
    fixed = dict(parameters or {})
    check_space(space, model, fixed)
    if not min(n_trials, final_seeds, jobs) >= 1:
        raise InputError(
            f"n_trials, final_seeds and jobs must be at least 1; received {n_trials!r}, {final_seeds!r} and {jobs!r}."
        )
    parts = split_documents(corpus.n_docs, (validation, test), seed)
    optuna = _optuna()
    higher = {**MEASURES, **FIT_MEASURES}[measure].higher_is_better
    fit = Run("corpus", ModelEntry(model, model=model), DEFAULT, fixed, n_topics, seed)
    identity = RunIdentities({"corpus": corpus}).of(fit) | {
        "space": space,
        "measure": measure,
        "validation": validation,
        "test": test,
        "topn": topn,
    }
    with Records(folder).lock() as inputs:
        fits = _Evaluation(fit, corpus, measure, topn, inputs, {"threads": threads, "timeout": timeout})
        journal = optuna.storages.journal.JournalFileBackend(str(Path(folder) / "trials.log"))
        study = optuna.create_study(
            storage=optuna.storages.JournalStorage(journal),
            study_name=run_id(identity),
            load_if_exists=True,
            direction="maximize" if higher else "minimize",
        )
        for unfinished in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):  # of a search that was killed
            study.tell(unfinished.number, state=optuna.trial.TrialState.FAIL)
        # The sampler must not propose the trials of earlier calls again, as it would with the same seed.
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials))
        fits.write_parts("search", parts[0], parts[1])
        _search(study, optuna, fits, space, fixed, n_trials, jobs, seed, on_trial)
        trials = [_trial(each, fixed) for each in study.trials]
        if all(each["value"] is None for each in trials):
            raise InputError(f"All {len(trials)} trials failed; the last with: {trials[-1]['error']}")
        best = {**fixed, **_values(study.best_trial)}
        fits.write_parts("final", np.sort(np.concatenate(parts[:2])), parts[2])
        final, default = (fits.over_seeds("final", each, range(seed, seed + final_seeds)) for each in (best, fixed))
    return Tuned(best, float(study.best_value), final, default, trials)


def split_documents(n_docs: int, shares: Sequence[float], seed: int) -> list[np.ndarray]:
    """Split documents at random.

    Parameters
    ----------
    n_docs : int
        Number of documents.
    shares : sequence of float
        Shares of all parts but the first.
    seed : int
        Seed of the permutation.

    Returns
    -------
    list of ndarray
        Row numbers of each part, ascending. The first part has the documents that the shares leave.

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


class _Evaluation:
    """Fit on some documents, and measure on others."""

    def __init__(
        self, fit: Run, corpus: Corpus, measure: str, topn: int, inputs: Path, options: dict[str, Any]
    ) -> None:
        self.fit, self.corpus, self.measure, self.topn = fit, corpus, measure, topn
        self.inputs, self.options, self.stop = inputs, options, Event()
        self.references: dict[str, Corpus] = {}

    def write_parts(self, name: str, fit_rows: np.ndarray, held_out_rows: np.ndarray) -> None:
        """Write the documents to fit and those to measure on, for the workers."""
        write_corpus(self.corpus[fit_rows], self.inputs / name)
        self.references[name] = self.corpus[held_out_rows]
        self.references[name].save(self.inputs / name / "held_out")

    def value(self, part: str, parameters: Mapping[str, Any], seed: int) -> float:
        """The measure of one fit; raises RunError if the fit failed or has no value."""
        run = Run(part, self.fit.model, DEFAULT, parameters, self.fit.n_topics, seed)
        outcome = fit_in_process(
            run,
            self.inputs / part,
            held_out=self.inputs / part / "held_out",
            perplexity=self.measure == "perplexity",
            stop=self.stop,
            **self.options,
        )
        if self.measure in outcome.values:
            return outcome.values[self.measure]
        score = compute_scores(outcome, self.references[part], [self.measure], self.topn)[self.measure]
        if score["mean"] is None:
            raise RunError(f"{self.measure}: {score.get('left_out', 'not a number')}")
        return float(score["mean"])

    def over_seeds(self, part: str, parameters: Mapping[str, Any], seeds: Sequence[int]) -> Summary:
        """The measure over seeds."""
        try:
            return summary([self.value(part, parameters, seed) for seed in seeds])
        except RunError as error:
            raise InputError(f"The final fit with {dict(parameters)!r} failed: {error}") from error


def _search(
    study: Any,
    optuna: Any,
    fits: _Evaluation,
    space: Mapping[str, Any],
    fixed: dict,
    n_trials: int,
    jobs: int,
    seed: int,
    on_trial: Callable[[int, Mapping[str, Any], float | str], None] | None,
) -> None:
    """Propose and fit until `n_trials` trials have ended, successfully or with an error."""
    state = optuna.trial.TrialState

    def n_done() -> int:
        return len([t for t in study.trials if t.state == state.COMPLETE or "error" in t.user_attrs])

    def value_or_error(trial: Any) -> float | str:
        try:
            return fits.value("search", {**fixed, **_values(trial)}, seed)
        except RunError as error:
            return str(error)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            while (left := n_trials - n_done()) > 0:
                proposed = [study.ask() for _ in range(min(jobs, left))]
                for trial in proposed:
                    suggest(trial, space)
                for trial, result in zip(proposed, pool.map(value_or_error, proposed), strict=True):
                    if isinstance(result, str):
                        trial.set_user_attr("error", result)
                        study.tell(trial, state=state.FAIL)
                    else:
                        study.tell(trial, result)
                    if on_trial is not None:
                        on_trial(n_done(), _values(trial), result)
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
