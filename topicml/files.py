"""Atomic output: a file or folder appears whole under its name, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from topicml.errors import InputError


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path` in one step.

    On any error, Ctrl-C included, the temporary file is removed and an older `path` stays as it was.
    """
    path = Path(path)
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
    """Yield an empty temporary folder beside `path`; on success it takes the name `path`.

    On any error, Ctrl-C included, the temporary folder is removed and an older `path` stays as it was.

    Parameters
    ----------
    mark
        A file that every such folder holds: what has something in it, and no such file, is never replaced.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false, or it is something else than this replaces.
    """
    path = Path(path)
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
    """Raise `InputError` if `path` exists and may not be replaced."""
    if not overwrite and Path(path).exists():
        raise InputError(
            f"{path} exists already. Choose another name, or allow it to be replaced (overwrite=True; --overwrite)."
        )


def _check_kind(path: Path, mark: str) -> None:
    """With overwrite=True a slip of the hand must not cost a home folder."""
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
