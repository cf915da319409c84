"""Finished runs on disk: a JSON file and an array file for each, written completely or not at all."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from topicml.corpus.npy_headers import reading
from topicml.errors import InputError
from topicml.experiment.outcome import Outcome
from topicml.files import atomic_file, clean_leftovers, file_json, temporary_folder

FORMAT = 2
"""Format of a record. Records of format 1 have no identity and no version."""

_ID = re.compile("[0-9a-f]{20}")


class Records:
    """A folder of finished runs.

    ``ID.json`` is the record of a run: its identity, version, names, topics, cost and scores, or its error. ``ID.npz``
    has theta and beta. The JSON file is written last: a run with a JSON file is finished.

    Records of format 1 (before versions were recorded) remain readable. Their version is unknown.

    Parameters
    ----------
    folder : path
        The folder; `lock` creates it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def read(self, run: str) -> dict[str, Any] | None:
        """Read the record of a run.

        Parameters
        ----------
        run : str
            The id of the run.

        Returns
        -------
        dict or None
            The record; None if the run is not finished.

        Raises
        ------
        InputError
            If the file is damaged, or was written by a newer topicml.
        """
        path = self._json(run)
        if not path.exists():
            return None
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _damaged(path, error) from error
        if missing := _missing_part(record):
            raise _damaged(path, f"it has no {missing}")
        if record.get("format", 1) > FORMAT:
            raise InputError(
                f"{path} has record format {record['format']}, from a newer topicml; this version reads formats up to "
                f"{FORMAT}. Install the newer version, or choose another folder."
            )
        return record

    def write(self, run: str, record: dict[str, Any], outcome: Outcome | None = None) -> None:
        """Write a run: first its arrays, if `outcome` is not None, then its record.

        Parameters
        ----------
        run : str
            The id of the run.
        record : dict
            JSON-able values.
        outcome : Outcome, optional
            Has theta (also that of the training documents, if documents are held out) and beta.
        """
        if outcome is not None:
            with atomic_file(self._arrays(run)) as temporary, open(temporary, "wb") as stream:
                arrays = {"theta": outcome.theta, "beta": outcome.beta, "training_theta": outcome.training_theta}
                np.savez(stream, allow_pickle=False, **{k: each for k, each in arrays.items() if each is not None})
        with atomic_file(self._json(run)) as temporary:
            temporary.write_text(file_json(record, indent=1), encoding="utf-8")

    def outcome(self, run: str) -> Outcome | None:
        """Read the outcome of a finished run.

        Parameters
        ----------
        run : str
            The id of the run.

        Returns
        -------
        Outcome or None
            None if the run is not finished, failed, or its arrays were removed.

        Raises
        ------
        InputError
            If a file is damaged.
        """
        record = self.read(run)
        if record is None or "error" in record or not self._arrays(run).exists():
            return None

        def read() -> Outcome:
            with np.load(self._arrays(run)) as arrays:
                return Outcome(
                    record["topics"],
                    arrays["theta"],
                    arrays.get("beta"),
                    record["cost"],
                    record.get("values", {}),
                    training_theta=arrays.get("training_theta"),
                    starting_topics=record.get("starting_topics"),
                )

        try:
            return reading(read)
        except (ValueError, KeyError, EOFError, OSError, BadZipFile) as error:
            raise _damaged(self._arrays(run), error) from error

    def drop_arrays(self, run: str) -> None:
        """Remove theta and beta of a run, to save space."""
        self._arrays(run).unlink(missing_ok=True)

    def all(self) -> list[dict[str, Any]]:
        """Read all records of the folder; other files are ignored. Raises as `read`."""
        ids = (path.stem for path in sorted(self.folder.glob("[!.]*.json")) if _ID.fullmatch(path.stem))
        return [record for run in ids if (record := self.read(run)) is not None]

    @contextmanager
    def lock(self) -> Iterator[Path]:
        """Context manager: lock the folder against other processes, and provide an empty folder for workers' input.

        Yields
        ------
        Path
            The folder for input; it is removed at the end.

        Raises
        ------
        InputError
            If another process has locked the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "a") as lock:
            _lock(lock.fileno(), self.folder)
            clean_leftovers(self.folder)  # of a process that was killed
            with temporary_folder("inputs", self.folder) as inputs:
                yield inputs

    def _json(self, run: str) -> Path:
        return self.folder / f"{run}.json"

    def _arrays(self, run: str) -> Path:
        return self.folder / f"{run}.npz"


def _missing_part(record: Any) -> str | None:
    """The first part that a record lacks or has with the wrong type."""
    if not isinstance(record, dict):
        return "table of parts"
    parts: dict[str, type] = {**dict.fromkeys(("id", "corpus", "model", "settings"), str), "definition": dict}
    parts |= dict.fromkeys(("n_topics", "seed"), int)
    parts |= {"format": int} if "format" in record else {}
    parts |= {"identity": dict} if record.get("format", 1) != 1 else {}
    parts |= {"error": str} if "error" in record else {"topics": list, "cost": dict}
    parts |= {"scores": dict} if "scoring" in record or "scores" in record else {}
    return next((name for name, kind in parts.items() if not isinstance(record.get(name), kind)), None)


def _damaged(path: Path, why: object) -> InputError:
    return InputError(f"{path} is damaged ({why}). Remove it, and the run is repeated.")


def _lock(descriptor: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no flock: two experiments in one folder repeat some runs of each other
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(f"Another experiment uses {folder}. Wait until it ends, or choose another folder.") from error
