"""The output folder of a fit, while it is written: its lock, its record, and its final name.

A fit writes to ``DIR.partial`` beside ``DIR``: first the configuration, then checkpoints, then the output. When all
output is complete, the folder is renamed to ``DIR``. So ``DIR`` is always complete, an older ``DIR`` stays until the
new one is finished, and an interrupted run can resume.
"""

import json
import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from platform import platform, python_version
from typing import Any, Self

from topicml import __version__
from topicml.errors import InputError
from topicml.files import (
    atomic_file,
    atomic_folder,
    check_absent,
    claim,
    clean_leftovers,
    file_json,
    recover,
    replace_folder,
)
from topicml.runs.reading import Reading

FORMAT = 2
"""Format of ``run.json``. Format 1 had no identity: a finished run of it is read, an unfinished one cannot resume."""
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "pyro-ppl", "gensim", "spacy", "pyarrow", "safetensors")
_READING_TEXTS = ("text_column", "label_column", "encoding", "delimiter", "sheet")
_locked: dict[Any, str] = {}  # open lock files of this process, and their folders


class RunWriter:
    """Writes the folder of one fit, and its record ``run.json``.

    The process that holds a `RunWriter` holds the lock of the folder, until `release`, `discard`, `finish`, or the end
    of the process.

    Parameters
    ----------
    folder : Path
        Absolute path of the output.
    record : dict
        The content of ``run.json``.

    Attributes
    ----------
    folder, partial : Path
        The output folder, and the folder that is written until the fit is finished.
    record : dict
        The content of ``run.json``: format, state ("running" or "finished"), configuration, versions, and the facts
        that `note` adds.

    Raises
    ------
    InputError
        If another process holds the lock.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder = folder
        self.partial = partial_of(folder)
        self.record = record
        self._lock = _lock(self.partial)
        _locked[self._lock] = os.path.realpath(self.partial)

    @classmethod
    def begin(cls, folder: Path, configuration: Mapping[str, Any], *, overwrite: bool) -> Self:
        """Start a run.

        Parameters
        ----------
        folder : Path
            The output folder.
        configuration : mapping
            JSON-able; see `topicml.runs.FitSettings.to_record`.
        overwrite : bool
            Whether to replace an older output, or an interrupted run.

        Returns
        -------
        RunWriter
            In state "running".

        Raises
        ------
        InputError
            If `folder` exists and `overwrite` is false, if it was not written by topicml, or if it has an interrupted
            run.
        """
        folder = Path(os.path.abspath(folder))
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_of(folder)
        with claim(folder):  # until the new run has its own lock
            check_absent(folder, overwrite=overwrite)
            _check_ours(folder)
            if partial.exists():
                _check_ours(partial)
                _lock(partial).close()  # raises if the run is still active
                if not overwrite:
                    raise InputError(
                        f"{partial} holds an interrupted run. Resume it ({resume_command(folder)}), or start again "
                        "(--overwrite)."
                    )
                shutil.rmtree(partial)
            record = {
                "format": FORMAT,
                "state": "running",
                "configuration": dict(configuration),
                "versions": versions(),
                "started": _now(),
            }
            with atomic_folder(partial) as temporary:
                _write(temporary / "run.json", record)
            return cls(folder, record)

    @classmethod
    def reopen(cls, folder: Path) -> Self | None:
        """Open an interrupted run.

        Parameters
        ----------
        folder : Path
            The output folder, without ``.partial``.

        Returns
        -------
        RunWriter or None
            None if the run is finished.

        Raises
        ------
        InputError
            If there is no run, or an older topicml started it.
        """
        folder = Path(os.path.abspath(folder))
        recover(folder)
        partial = partial_of(folder)
        if partial.exists():
            with claim(folder):
                record = read_record(partial)
                if record["format"] < FORMAT:
                    raise InputError(
                        f"{partial} was started by an older topicml (run format {record['format']}; resuming needs "
                        f"format {FORMAT}), which did not record everything that decides the result. Fit again "
                        "(--overwrite)."
                    )
                writer = cls(folder, record)
            clean_leftovers(partial)
            return writer
        if folder.exists():
            read_record(folder)
            return None
        raise InputError(f"There is no run to resume at {folder}. Start one: topicml fit SOURCE --out {folder}")

    @property
    def checkpoint(self) -> Path:
        """Folder for the state of training."""
        return self.partial / "checkpoint"

    def note(self, **facts: Any) -> None:
        """Add facts to the record and write it.

        Parameters
        ----------
        **facts
            JSON-able values by name.
        """
        self.record |= facts
        with atomic_file(self.partial / "run.json") as temporary:
            _write(temporary, self.record)

    def release(self) -> None:
        """Release the lock, so that another process can resume the run."""
        _locked.pop(self._lock, None)
        self._lock.close()

    def discard(self) -> None:
        """Remove the unfinished folder; an older output stays."""
        self.release()
        shutil.rmtree(self.partial, ignore_errors=True)

    def finish(self, **facts: Any) -> None:
        """Record that all output is complete, and rename the folder to its final name.

        Parameters
        ----------
        **facts
            Added to the record, as by `note`.
        """
        self.note(state="finished", **facts, finished=_now())
        self.put_in_place()

    def put_in_place(self) -> None:
        """Rename the finished folder to its final name; an older output is removed only now."""
        shutil.rmtree(self.checkpoint, ignore_errors=True)

        def unlock() -> None:
            self.release()
            (self.partial / "lock").unlink(missing_ok=True)

        replace_folder(self.partial, self.folder, before=unlock)


def resume_command(folder: Path) -> str:
    """The command that resumes the run of `folder`; it imports the module of a user's model."""
    try:
        module = read_record(partial_of(folder))["configuration"]["model"].rpartition(":")[0]
    except (InputError, KeyError, TypeError, AttributeError):
        module = ""
    words = ["topicml", *(("--import", module) if module else ()), "fit", "--resume", str(folder)]
    return shlex.join(words)


def partial_of(folder: Path) -> Path:
    """The folder that a run writes to until it is finished: beside the output folder, where a link to it leads."""
    folder = Path(os.path.realpath(folder)) if folder.is_symlink() else folder
    return folder.with_name(f"{folder.name}.partial")


def read_record(folder: Path) -> dict[str, Any]:
    """Read ``run.json``.

    Parameters
    ----------
    folder : Path
        The folder of a run, finished or partial.

    Returns
    -------
    dict
        The record, of this format or an older one.

    Raises
    ------
    InputError
        If there is no ``run.json``, it is damaged, or a newer topicml wrote it.
    """
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} was not written by topicml: it has no run.json.") from error
    except PermissionError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder / 'run.json'} cannot be read ({error}). Fit again.") from error
    if not isinstance(record, dict) or "configuration" not in record or not isinstance(record.get("format"), int):
        raise InputError(f"{folder / 'run.json'} was not written by topicml.")
    if record["format"] > FORMAT:
        found = record.get("versions")
        version = found.get("topicml") if isinstance(found, dict) else None
        raise InputError(f"{folder} was written by a newer topicml ({version}). Upgrade topicml.")
    _check_record(folder, record)
    return record


def _check_record(folder: Path, record: dict[str, Any]) -> None:
    """Raise `InputError` if a part that others read has another kind: a record may be damaged, or anybody's."""
    configuration = record["configuration"]
    configuration = configuration if isinstance(configuration, dict) else {}
    reading = configuration.get("reading")
    reading = reading if isinstance(reading, dict) else {"source": None}
    texts: dict[str, Any] = {"reading.source": reading.get("source"), "model": configuration.get("model")}
    texts |= {f"reading.{name}": reading.get(name) or "" for name in _READING_TEXTS}
    kinds: dict[str, tuple[Any, type]] = {name: (value, str) for name, value in texts.items()}
    kinds["reading.tokenized"] = (reading.get("tokenized", False), bool)
    kinds["reading.preprocessing"] = (reading.get("preprocessing", {}), dict)
    kinds |= {name: (record.get(name, {}), dict) for name in ("data", "versions")}
    for name, (value, kind) in kinds.items():
        if not isinstance(value, kind):
            raise InputError(f"{folder / 'run.json'} is damaged ({name} is {value!r:.60}). Fit again.")
    other = reading.keys() - {each.name for each in fields(Reading)}
    if other:
        raise InputError(f"{folder / 'run.json'} is damaged (reading has {min(other)!r:.60}). Fit again.")


def versions() -> dict[str, str]:
    """Versions of topicml, Python, the platform and the libraries that a result depends on."""
    ours = {"topicml": __version__, "python": python_version(), "platform": platform()}
    return ours | {name: metadata.version(name) for name in _LIBRARIES}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_ours(folder: Path) -> None:
    """Raise `InputError` unless topicml wrote `folder`: a mistyped --overwrite must not delete a home folder."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.is_file():
        raise InputError(f"{folder} is a file, and the output is a folder. Choose another name.")
    if folder.exists():
        read_record(folder)


def _lock(partial: Path) -> Any:
    """Lock the folder until the process ends; `InputError` if another process or thread holds the lock."""
    if os.path.realpath(partial) in _locked.values():  # a second lock of one process would succeed, and end the first
        raise _in_use(partial)
    stream = open(partial / "lock", "w")  # noqa: SIM115 - stays open as long as the run
    try:
        import fcntl
    except ImportError:  # Windows: two runs in one folder are not detected
        return stream
    try:
        # Not flock: worker processes would inherit it, and outlive a killed parent.
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise _in_use(partial) from error
    return stream


def _in_use(partial: Path) -> InputError:
    return InputError(
        f"Another topicml process or thread uses {partial}. Wait for it to end, or choose another folder."
    )


def _write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(file_json(record, indent=2, default=str) + "\n", "utf-8")
