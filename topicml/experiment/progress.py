"""Progress of an experiment, and an estimate of the time left."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from topicml.experiment.grid import Run


class Progress:
    """Report each finished run, and estimate the time that the others need.

    The seconds of a run are estimated from finished ones, earlier calls included: from those of the same corpus, model,
    settings and number of topics; else of the same corpus and model; else of the same model; else from all. The
    estimate is scaled by the wall time per second of finished runs, which accounts for runs side by side and for
    overhead.

    Parameters
    ----------
    tell : function
        Called with a line of text.
    clock : function
        Returns the current time in seconds.
    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock, self._began = tell, clock, clock()
        self._pending: dict[tuple, tuple] = {}
        self._seconds: dict[tuple, list[float]] = {}
        self._total = self._done = 0
        self._spent = 0.0

    def start(self, pending: Sequence[Run], finished: Iterable[Mapping[str, Any]]) -> None:
        """Start the clock; pass this as ``on_start`` to `run_experiment`.

        Parameters
        ----------
        pending : sequence of Run
            Runs to fit.
        finished : iterable of mapping
            Records of finished runs.
        """
        self._began = self._clock()
        records = list(finished)
        for record in records:
            self._learn(record)
        self._pending = {_key(run.names): _levels(run.names)[0] for run in pending}
        self._total, self._done = len(pending) + len(records), len(records)
        if self._done:
            self._tell(f"{self._done:,} of {self._total:,} runs are finished already.")

    def run(self, run: Run, record: Mapping[str, Any]) -> None:
        """Report a finished run; pass this as ``on_run`` to `run_experiment`.

        Parameters
        ----------
        run : Run
            The run.
        record : mapping
            Its record.
        """
        self._pending.pop(_key(run.names), None)
        self._done += 1
        self._spent += self._learn(record)
        error = str(record.get("error", "")).strip()
        result = f"FAILED: {error.splitlines()[-1]}" if error else f"fit {record['cost']['fit_s']:.1f} s"
        self._tell(f"{self._done:>{len(str(self._total))}}/{self._total} {run}: {result}{self._time_left()}")

    def left(self) -> float | None:
        """Estimated seconds until all runs are finished; None before the first run is finished."""
        elapsed = self._clock() - self._began
        if not self._spent or elapsed <= 0:
            return None
        return elapsed / self._spent * sum(self._estimate(levels) for levels in self._pending.values())

    def _time_left(self) -> str:
        left = self.left()
        return f"; {in_words(left)} left" if self._pending and left is not None else ""

    def _learn(self, record: Mapping[str, Any]) -> float:
        seconds = record.get("cost", {}).get("process_s")
        if seconds is None:
            return 0.0
        for level in _levels(record):
            self._seconds.setdefault(level, []).append(seconds)
        return float(seconds)

    def _estimate(self, finest: tuple) -> float:
        corpus, model, *_ = finest
        for level in (finest, (corpus, model), (model,), ()):
            if seconds := self._seconds.get(level):
                return sum(seconds) / len(seconds)
        return 0.0


def in_words(seconds: float) -> str:
    """A duration in words, such as "about 2 h 05 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


def _levels(names: Mapping[str, Any]) -> list[tuple]:
    """Groups of similar runs that a run belongs to, finest first."""
    corpus, model = names["corpus"], names["model"]
    return [(corpus, model, names["settings"], names["n_topics"]), (corpus, model), (model,), ()]


def _key(names: Mapping[str, Any]) -> tuple:
    return tuple(names[each] for each in ("corpus", "model", "settings", "n_topics", "seed"))
