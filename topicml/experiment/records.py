"""Finished runs on disk: a JSON file and the arrays of each, written whole or not at all."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from topicml.errors import InputError
from topicml.experiment.process import Fit
from topicml.files import atomic_file

_ID = re.compile("[0-9a-f]{20}")


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
            raise _damaged(path, error) from error
        if lacks := _lacks(record):
            raise _damaged(path, f"it has no {lacks}")
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
        """What a finished run gave, or None where its arrays are no longer there.

        Raises
        ------
        InputError
            If a file is not what was written.
        """
        record = self.read(run)
        if record is None or "error" in record or not self._arrays(run).exists():
            return None
        try:
            with np.load(self._arrays(run)) as arrays:
                return Fit(record["topics"], arrays["theta"], arrays.get("beta"), record["cost"])
        except (ValueError, KeyError, EOFError, OSError, BadZipFile) as error:
            raise _damaged(self._arrays(run), error) from error

    def drop_arrays(self, run: str) -> None:
        """Remove theta and beta of a run, to save space."""
        self._arrays(run).unlink(missing_ok=True)

    def all(self) -> list[dict[str, Any]]:
        """All records of the folder; other files are left alone. Raises as `read`."""
        names = (path.stem for path in sorted(self.folder.glob("[!.]*.json")) if _ID.fullmatch(path.stem))
        return [record for name in names if (record := self.read(name)) is not None]

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


def _lacks(record: Any) -> str | None:
    """The first part that a record should have and has not, or not as it is written."""
    if not isinstance(record, dict):
        return "table of parts"
    parts: dict[str, type] = {**dict.fromkeys(("id", "corpus", "model", "settings"), str), "definition": dict}
    parts |= dict.fromkeys(("n_topics", "seed"), int)
    parts |= {"error": str} if "error" in record else {"topics": list, "cost": dict}
    parts |= {"scores": dict} if "scoring" in record or "scores" in record else {}
    return next((name for name, kind in parts.items() if not isinstance(record.get(name), kind)), None)


def _damaged(path: Path, why: object) -> InputError:
    return InputError(f"{path} is damaged ({why}). Remove it, and the run is done again.")


def _lock(descriptor: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: whoever starts two there does some runs twice
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(f"Another benchmark works in {folder}. Wait for its end, or choose another folder.") from error
