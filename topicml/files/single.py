"""Atomic output of files: a regular file is replaced completely or not at all; a pipe is written in place."""

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from topicml.errors import InputError
from topicml.files.staging import real, staged_file
from topicml.paths import expanded


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context manager: yield a temporary path; on success, its content becomes that of `path` in one step.

    On any error, including Ctrl-C, the temporary file is removed and an existing `path` is unchanged. If `path` is a
    symbolic link, the file that it points to is replaced. A replaced file keeps its permissions and, if this process
    may set it, its owner. A pipe or a character device (``/dev/stdout``) is written in place, at the end.

    Parameters
    ----------
    path : str or path
        The file. Its folder is created if it is missing.

    Yields
    ------
    Path
        An empty file with the suffix of `path`.

    Raises
    ------
    InputError
        If `path` is a folder, a socket or a block device, or a pipe that nothing reads.
    """
    path = expanded(path)
    if _is_written_in_place(path):
        with tempfile.TemporaryDirectory(prefix="topicml-") as folder:
            temporary = Path(folder) / f"new{path.suffix}"
            temporary.touch()
            yield temporary
            _write_in_place(temporary, path)
        return
    target = real(path)
    if target.is_dir():
        raise InputError(f"{path} is a folder, and the output is a file. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with staged_file(target) as staging:
        temporary = staging.folder / f"new{target.suffix}"
        temporary.touch()
        yield temporary
        put_file(temporary, target, mode=staging.file_mode)


def put_file(temporary: Path, target: Path, *, mode: int) -> None:
    """Replace a file by another one of the same file system, in one step.

    Parameters
    ----------
    temporary : Path
        The new file. Its writer may have given it any permissions.
    target : Path
        The final name (`real`). An existing file passes on its permissions and its owner.
    mode : int
        Permissions if `target` does not exist.
    """
    with suppress(FileNotFoundError):
        old = target.stat()
        mode = stat.S_IMODE(old.st_mode)
        if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):
                os.chown(temporary, old.st_uid, old.st_gid)
    temporary.chmod(mode)
    with open(temporary, "rb") as stream:
        os.fsync(stream.fileno())
    temporary.replace(target)


def check_absent(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Check that `path` may be written.

    Parameters
    ----------
    path : str or path
        A file or folder. A pipe or character device may be written always: nothing is replaced.
    overwrite : bool
        Allow an existing path.

    Raises
    ------
    InputError
        If `path` exists and `overwrite` is false.
    """
    if not overwrite and expanded(path).exists() and not _is_written_in_place(expanded(path)):
        # The command line names its own option (`topicml.cli.wording`).
        raise InputError(f"{path} exists already. Choose another name, or allow replacing it: overwrite=True.")


@contextmanager
def utf8_name(path: Path) -> Iterator[str]:
    """Context manager: yield a name of an existing file for libraries that only accept UTF-8, such as safetensors."""
    with open(path, "rb") as stream:  # safetensors calls a file missing that may not be read
        try:
            os.fspath(path).encode()
        except UnicodeEncodeError:
            yield f"/dev/fd/{stream.fileno()}"
        else:
            yield os.fspath(path)


def _is_written_in_place(path: Path) -> bool:
    """Whether a path is a pipe or a character device, or a name of an open file of this process."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
        kind = "a socket" if stat.S_ISSOCK(mode) else "a block device"
        raise InputError(f"{path} is {kind}, which cannot be written as a file. Choose another name.")
    if stat.S_ISREG(mode):
        return _open_file(path) is not None  # a shell redirected it to a file
    return not stat.S_ISDIR(mode)


def _open_file(path: Path) -> int | None:
    """The number of the open file of this process that a path names: 1 for ``/dev/stdout``; None for other paths."""
    found = re.fullmatch("/dev/(?:fd/([0-9]+)|(stdout)|stderr)|/proc/self/fd/([0-9]+)", os.fspath(path))
    return None if found is None else int(found[1] or found[3] or (1 if found[2] else 2))


def _write_in_place(temporary: Path, path: Path) -> None:
    number = _open_file(path)
    if number is not None:
        sys.stdout.flush()
        descriptor = os.dup(number)  # not opened again: the output continues where this process and its shell are
    else:
        try:
            # Without O_NONBLOCK, opening a pipe without a reader would wait for ever.
            descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            raise InputError(f"{path} is a pipe that nothing reads. Start its reader first.") from error
        os.set_blocking(descriptor, True)
    with open(descriptor, "wb") as stream, open(temporary, "rb") as content:
        shutil.copyfileobj(content, stream)
