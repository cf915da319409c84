"""A fit on its way to a folder.

All of it happens in ``DIR.partial`` beside ``DIR``: first the configuration, then the checkpoints, then the output.
When everything is there, the folder takes the name ``DIR``. So ``DIR`` is always whole, an old one stays until a new
one is finished, and an interrupted run can go on.
"""

import json
import os
import shlex
import shutil
import tempfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from platform import platform, python_version
from typing import Any, Self

from topicml import __version__
from topicml.errors import InputError
from topicml.files import atomic_file, atomic_folder, check_absent

FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "pyro-ppl", "gensim", "spacy", "pyarrow", "safetensors")


class Run:
    """The folder of a fit, and its record ``run.json``.

    Attributes
    ----------
    folder, partial : Path
        Where the output ends up, and where it is made.
    record : dict
        What ``run.json`` holds: format, state ("running" or "finished"), configuration, versions, and what `note` adds.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder = folder
        self.partial = partial_of(folder)
        self.record = record
        self._lock = _lock(self.partial)

    @classmethod
    def begin(cls, folder: Path, configuration: dict[str, Any], *, overwrite: bool) -> Self:
        """Start a run that ends up in `folder`.

        Raises
        ------
        InputError
            If `folder` exists and may not be replaced, is no output of topicml, or an interrupted run is in the way.
        """
        folder = Path(os.path.abspath(folder))
        check_absent(folder, overwrite=overwrite)
        _check_ours(folder)
        partial = partial_of(folder)
        if partial.exists():
            _check_ours(partial)
            _lock(partial).close()  # raises where the run is still going on
            if not overwrite:
                raise InputError(
                    f"{partial} holds an interrupted run. Go on with it ({resume_command(folder)}), or start anew in "
                    "its place (--overwrite)."
                )
            shutil.rmtree(partial)
        record = {
            "format": FORMAT,
            "state": "running",
            "configuration": configuration,
            "versions": versions(),
            "started": _now(),
        }
        with atomic_folder(partial) as temporary:
            _write(temporary / "run.json", record)
        return cls(folder, record)

    @classmethod
    def reopen(cls, folder: Path) -> Self | None:
        """Open the interrupted run of `folder`; None if it is finished.

        Raises
        ------
        InputError
            If there is no run.
        """
        folder = Path(os.path.abspath(folder))
        if partial_of(folder).exists():
            return cls(folder, read_record(partial_of(folder)))
        if folder.exists():
            read_record(folder)
            return None
        raise InputError(f"There is no run to resume at {folder}. Start one: topicml fit SOURCE --out {folder}")

    @property
    def checkpoint(self) -> Path:
        """Folder for the state of training."""
        return self.partial / "checkpoint"

    def note(self, **facts: Any) -> None:
        """Add to the record."""
        self.record |= facts
        with atomic_file(self.partial / "run.json") as temporary:
            _write(temporary, self.record)

    def release(self) -> None:
        """Let another process go on with the run."""
        self._lock.close()

    def discard(self) -> None:
        """Remove what was begun; an older output stays."""
        self.release()
        shutil.rmtree(self.partial, ignore_errors=True)

    def finish(self, **facts: Any) -> None:
        """Record that all output is there, and put it in its place."""
        self.note(state="finished", **facts, finished=_now())
        self.put_in_place()

    def put_in_place(self) -> None:
        """Give the finished output its name; what was there before goes only now."""
        shutil.rmtree(self.checkpoint, ignore_errors=True)
        self._lock.close()
        (self.partial / "lock").unlink(missing_ok=True)
        if not self.folder.exists():
            os.replace(self.partial, self.folder)
            return
        aside = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.old.", dir=self.folder.parent))
        os.replace(self.folder, aside / self.folder.name)
        os.replace(self.partial, self.folder)
        shutil.rmtree(aside, ignore_errors=True)


def resume_command(folder: Path) -> str:
    """What to type to go on with the run of `folder`."""
    return f"topicml fit --resume {shlex.quote(str(folder))}"


def partial_of(folder: Path) -> Path:
    """Where the run that ends up in `folder` is while it goes on."""
    return folder.with_name(f"{folder.name}.partial")


def read_record(folder: Path) -> dict[str, Any]:
    """Read ``run.json``.

    Raises
    ------
    InputError
        If there is none, it is damaged, or a newer topicml wrote it.
    """
    try:
        record = json.loads((folder / "run.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{folder} is no output of topicml: it has no run.json.") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'run.json'} cannot be read ({error}). Fit anew.") from error
    if not isinstance(record, dict) or "configuration" not in record or not isinstance(record.get("format"), int):
        raise InputError(f"{folder / 'run.json'} was not written by topicml.")
    if record["format"] > FORMAT:
        raise InputError(f"{folder} was written by a newer topicml ({record['versions']['topicml']}). Upgrade topicml.")
    return record


def versions() -> dict[str, str]:
    """Versions of what decides a result."""
    found = {"topicml": __version__, "python": python_version(), "platform": platform()}
    return found | {name: metadata.version(name) for name in _LIBRARIES}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _check_ours(folder: Path) -> None:
    """Never replace what is not ours: --overwrite with a slip of the hand must not cost a home folder."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.is_file():
        raise InputError(f"{folder} is a file, and the output is a folder. Choose another name.")
    if folder.exists():
        read_record(folder)


def _lock(partial: Path) -> Any:
    """Hold the run until the process ends, however it ends; InputError if another process holds it."""
    stream = open(partial / "lock", "w")  # noqa: SIM115 - open as long as the run
    try:
        import fcntl
    except ImportError:  # Windows: two runs at once are not noticed
        return stream
    try:
        # Not flock: worker processes would inherit it, and outlive a killed parent.
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        raise InputError(f"Another topicml is at work in {partial}. Wait for it, or choose another folder.") from error
    return stream


def _write(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2, default=str) + "\n", "utf-8")
