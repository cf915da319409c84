"""Finished runs on disk: a JSON file and the arrays of each, written whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from topicml.errors import InputError
from topicml.experiment.process import Fit
from topicml.files import atomic_file


class Records:
    """A folder of finished runs.

    ``ID.json`` holds what defines the run, its names, topics, cost and scores, or its error; ``ID.npz`` its theta and
    beta. The JSON file comes last: where it is, the run is finished.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def read(self, run: str) -> dict[str, Any] | None:
        """The record of a run, or None if it is not finished.

        Raises
        ------
        InputError
            If the file is not what was written.
        """
        path = self._json(run)
        if not path.exists():
            return None
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{path} is damaged ({error}). Remove it, and the run is done again.") from error
        return record

    def write(self, run: str, record: dict[str, Any], fit: Fit | None = None) -> None:
        """Write a run, first its arrays, where `fit` is given."""
        if fit is not None:
            with atomic_file(self._arrays(run)) as temporary, open(temporary, "wb") as stream:
                beta = {} if fit.beta is None else {"beta": fit.beta}
                np.savez(stream, allow_pickle=False, theta=fit.theta, **beta)
        with atomic_file(self._json(run)) as temporary:
            temporary.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")

    def fit(self, run: str) -> Fit | None:
        """What a finished run gave, or None where its arrays are no longer there."""
        record = self.read(run)
        if record is None or "error" in record or not self._arrays(run).exists():
            return None
        with np.load(self._arrays(run)) as arrays:
            beta = arrays.get("beta")
            return Fit(record["topics"], arrays["theta"], beta, record["cost"])

    def drop_arrays(self, run: str) -> None:
        """Remove theta and beta of a run, to save space."""
        self._arrays(run).unlink(missing_ok=True)

    def all(self) -> list[dict[str, Any]]:
        """All records of the folder."""
        found = (self.read(path.stem) for path in sorted(self.folder.glob("[!.]*.json")))
        return [record for record in found if record is not None and "definition" in record]

    @contextmanager
    def claimed(self) -> Iterator[Path]:
        """Keep other processes from working in this folder; yields an empty folder for what workers read.

        Raises
        ------
        InputError
            If another process works here.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "w") as lock:
            _lock(lock.fileno(), self.folder)
            for left in self.folder.glob(".*.*.*"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
            inputs = self.folder / ".inputs"
            shutil.rmtree(inputs, ignore_errors=True)
            inputs.mkdir()
            try:
                yield inputs
            finally:
                shutil.rmtree(inputs, ignore_errors=True)

    def _json(self, run: str) -> Path:
        return self.folder / f"{run}.json"

    def _arrays(self, run: str) -> Path:
        return self.folder / f"{run}.npz"


def _lock(descriptor: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: whoever starts two there does some runs twice
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(f"Another benchmark works in {folder}. Wait for its end, or choose another folder.") from error
