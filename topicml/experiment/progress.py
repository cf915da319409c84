"""How far an experiment is, and when it will be done."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from topicml.experiment.grid import Run


class Progress:
    """Tell of each finished run, and how long the others will take.

    What a run takes is guessed from finished ones, of earlier calls too: those of the same corpus, model, settings and
    K; else of the same corpus and model; else of the same model; else of any. How many go on at a time, and what is
    lost besides, shows in the time that passed since the start.

    Parameters
    ----------
    tell : function
        Called with a line of text.
    clock : function
        Seconds from any beginning.
    """

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock, self._began = tell, clock, clock()
        self._waiting: dict[tuple, tuple] = {}
        self._seconds: dict[tuple, list[float]] = {}
        self._total = self._done = 0
        self._spent = 0.0

    def start(self, waiting: Sequence[Run], finished: Iterable[Mapping[str, Any]]) -> None:
        """Take note of what is to be done, and of the records of what is done already."""
        self._began = self._clock()
        records = list(finished)
        for record in records:
            self._learn(record)
        self._waiting = {_key(run.names): _kinds(run.names)[0] for run in waiting}
        self._total, self._done = len(waiting) + len(records), len(records)
        if self._done:
            self._tell(f"{self._done:,} of {self._total:,} runs are finished already.")

    def run(self, run: Run, record: Mapping[str, Any]) -> None:
        """Tell of a finished run."""
        self._waiting.pop(_key(run.names), None)
        self._done += 1
        self._spent += self._learn(record)
        error = str(record.get("error", "")).strip()
        said = f"FAILED: {error.splitlines()[-1]}" if error else f"fit {record['cost']['fit_s']:.1f} s"
        self._tell(f"{self._done:>{len(str(self._total))}}/{self._total} {run}: {said}{self._outlook()}")

    def left(self) -> float | None:
        """Seconds that the waiting runs will take; None while nothing is known."""
        elapsed = self._clock() - self._began
        if not self._spent or elapsed <= 0:
            return None
        return elapsed / self._spent * sum(self._guess(kind) for kind in self._waiting.values())

    def _outlook(self) -> str:
        left = self.left()
        return f"; {in_words(left)} left" if self._waiting and left is not None else ""

    def _learn(self, record: Mapping[str, Any]) -> float:
        seconds = record.get("cost", {}).get("process_s")
        if seconds is None:
            return 0.0
        for kind in _kinds(record):
            self._seconds.setdefault(kind, []).append(seconds)
        return float(seconds)

    def _guess(self, kind: tuple) -> float:
        corpus, model, *_ = kind
        for each in (kind, (corpus, model), (model,), ()):
            if known := self._seconds.get(each):
                return sum(known) / len(known)
        return 0.0


def in_words(seconds: float) -> str:
    """A length of time as one would say it."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {minutes % 60:02d} min"


def _kinds(names: Mapping[str, Any]) -> list[tuple]:
    corpus, model = names["corpus"], names["model"]
    return [(corpus, model, names["settings"], names["n_topics"]), (corpus, model), (model,), ()]


def _key(names: Mapping[str, Any]) -> tuple:
    return tuple(names[each] for each in ("corpus", "model", "settings", "n_topics", "seed"))
