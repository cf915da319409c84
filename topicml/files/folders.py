"""Atomic output of folders: at every moment, the name has the complete old folder or the complete new one."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from topicml.errors import InputError
from topicml.files.exchange import exchange
from topicml.files.single import check_absent
from topicml.files.staging import Staging, claim, real, recover_staging, staging_of


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, overwrite: bool = False, mark: str | None = None) -> Iterator[Path]:
    """Context manager: yield an empty temporary folder in the same parent; on success, it gets the name `path`.

    On any error, including Ctrl-C, the temporary folder is removed and an existing `path` is unchanged. An existing
    folder is exchanged for the new one in one step, so a process that is killed leaves either the old folder or the new
    one. If `path` is a symbolic link, the folder that it points to is replaced. A replaced folder and its files keep
    their permissions; new ones get the permissions that the umask allows.

    Parameters
    ----------
    path : str or path
        The folder to create. Missing parents are created.
    overwrite : bool
        Replace an existing folder.
    mark : str, optional
        Name of a file that every folder of this kind has. A non-empty folder without this file is never replaced.

    Yields
    ------
    Path
        The temporary folder.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false, if `path` is not a folder of this kind, or if another process writes
        it at the same time.
    """
    target = real(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with claim(target) as staging:
        check_absent(target, overwrite=overwrite)
        if mark is not None:
            _check_kind(target, mark)
        staging.new.mkdir()
        yield staging.new
        _set_modes(staging, mark)
        _sync(staging.new)
        _put_in_place(staging)


def replace_folder(finished: Path, target: Path, *, before: Callable[[], None] | None = None) -> None:
    """Give a finished folder the name of another folder in the same parent, which is removed.

    Parameters
    ----------
    finished : Path
        The new content. If the process is killed before it has replaced `target`, this folder keeps its name, or gets
        it back when `target` is next written or opened (`recover`).
    target : Path
        The final name, which may be that of an older folder.
    before : function, optional
        Called first, after other processes were locked out.

    Raises
    ------
    InputError
        If another process writes `target`.
    """
    with claim(target) as staging:
        target = staging.target
        if before is not None:
            before()
        if not target.exists():
            finished.rename(target)
            return
        finished.chmod(stat.S_IMODE(target.stat().st_mode))
        staging.note_origin(finished)
        finished.rename(staging.new)
        _put_in_place(staging)


def recover(path: str | os.PathLike[str]) -> None:
    """Undo the incomplete work of a process that was killed while it replaced `path`, and remove its staging folder.

    Call this before you open `path`. It costs one look-up, and does nothing while another process writes `path`.
    """
    with suppress(OSError, ValueError):  # such as a name with a NUL; opening it says what is wrong
        target = real(path)
        if target.name:
            recover_staging(staging_of(target), target)


def _put_in_place(staging: Staging) -> None:
    """Give the new content of a staging folder the name of its target; the old content moves to the staging folder."""
    try:
        if not staging.target.exists():
            staging.new.rename(staging.target)
        elif not exchange(staging.new, staging.target):
            staging.target.rename(staging.old)  # `Staging.undo` takes this back if the next step does not follow
            staging.new.rename(staging.target)
    except FileExistsError as error:
        raise InputError(f"{staging.target} exists already; another program has just written it.") from error


def _set_modes(staging: Staging, mark: str | None) -> None:
    """Set the permissions of all files: those of the replaced folder, or else those that the umask allows."""
    mode, target = staging.file_mode, staging.target
    if target.is_dir():
        staging.new.chmod(stat.S_IMODE(target.stat().st_mode))
        if mark is not None and (target / mark).is_file():
            mode = stat.S_IMODE((target / mark).stat().st_mode)
    for file in staging.new.rglob("*"):
        if file.is_file() and not file.is_symlink():
            file.chmod(mode)


def _check_kind(path: Path, mark: str) -> None:
    """Raise `InputError` for a folder without `mark`: a typing error with overwrite=True must not delete user files."""
    if path.exists() and not (path / mark).is_file() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(
            f"{path} exists and holds something else: it has no {mark}. Choose another name, or remove it."
        )


def _sync(folder: Path) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            with open(file, "rb") as stream:
                os.fsync(stream.fileno())
