"""Atomic output: write a file or folder completely, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topicml.errors import InputError
from topicml.paths import expanded


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context manager: yield a temporary path in the same folder; on success, it replaces `path` in one step.

    On any error, including Ctrl-C, the temporary file is removed and an existing `path` is unchanged.
    """
    path = expanded(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | os.PathLike[str], *, overwrite: bool = False, mark: str | None = None) -> Iterator[Path]:
    """Context manager: yield an empty temporary folder in the same parent; on success, it is renamed to `path`.

    On any error, including Ctrl-C, the temporary folder is removed and an existing `path` is unchanged.

    Parameters
    ----------
    path : str or path
        The folder to create. Its parents are created, too.
    overwrite : bool
        Replace an existing folder.
    mark : str, optional
        Name of a file that is in every folder of this kind. A non-empty folder without this file is never replaced.

    Yields
    ------
    Path
        The temporary folder.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false, or if `path` is not a folder of this kind.
    """
    path = expanded(path)
    check_absent(path, overwrite=overwrite)
    if mark is not None:
        _check_kind(path, mark)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            replaced = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=path.parent))
            os.replace(path, replaced / path.name)
            os.replace(temporary, path)
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_absent(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Check that `path` may be written.

    Parameters
    ----------
    path : str or path
        A file or folder.
    overwrite : bool
        Allow an existing path.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false.
    """
    if not overwrite and expanded(path).exists():
        raise InputError(
            f"{path} exists already. Choose another name, or allow replacing it (overwrite=True; --overwrite)."
        )


def _check_kind(path: Path, mark: str) -> None:
    """Raise `InputError` for a folder without `mark`: a typing error with overwrite=True must not delete user files."""
    if path.exists() and not (path / mark).is_file() and not (path.is_dir() and not any(path.iterdir())):
        raise InputError(
            f"{path} exists and holds something else: it has no {mark}. Choose another name, or remove it."
        )


def _sync(file: Path) -> None:
    with open(file, "rb") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
