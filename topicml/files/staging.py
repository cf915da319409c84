"""Staging folders, in which output is built before it gets its name.

A staging folder is hidden and has the same parent as its target. Its name is ``.NAME.topicml-new`` for a folder, which
only one process can claim at a time, and ``.NAME.topicml-XXXXXXXX`` for a file or for temporary files. Its file
``lock`` is locked while its process runs. If the lock is free, the process was killed: the next process that writes or
opens NAME undoes the incomplete work, and removes the staging folder. No other files are removed.
"""

import json
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from topicml.errors import InputError
from topicml.paths import expanded

_MARK = "topicml staging folder"
_NAME = re.compile(r"\.(?P<name>.+)\.topicml-(new|[0-9a-f]{8})")
_LONGEST = 200  # bytes; file systems allow 255


class Staging:
    """A staging folder that this process holds.

    Parameters
    ----------
    folder : Path
        The staging folder.
    target : Path
        The file or folder to write.
    descriptor : int
        The locked file.

    Attributes
    ----------
    folder, target : Path
        As given.
    new, old : Path
        The new content, while it is built; and the content that it replaces, on systems that cannot exchange two names.
    """

    def __init__(self, folder: Path, target: Path, descriptor: int) -> None:
        self.folder, self.target, self._descriptor = folder, target, descriptor
        self.new, self.old = folder / "new", folder / "old"

    @property
    def file_mode(self) -> int:
        """Permissions of a new file: those that the umask allows."""
        return stat.S_IMODE(os.fstat(self._descriptor).st_mode)

    def note_origin(self, origin: Path) -> None:
        """Record the folder that will be moved to `new`, so that `undo` can give it its name back."""
        names = {"target": os.fsencode(self.target.name).hex(), "origin": os.fsencode(origin.name).hex()}
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, json.dumps({"mark": _MARK, **names, "inode": _inode(origin)}).encode())

    def undo(self) -> None:
        """Restore the old content of a target that is not replaced yet, and the name of a moved folder."""
        if os.path.lexists(self.old) and not os.path.lexists(self.target):
            self.old.rename(self.target)
        name, inode = self._origin()
        if name and os.path.lexists(self.new) and _inode(self.new) == inode:  # else `new` is the replaced folder
            place = self.target.with_name(name)
            if not os.path.lexists(place):
                self.new.rename(place)

    def remove(self) -> None:
        """Remove the staging folder, and release the lock."""
        try:
            for entry in list(self.folder.iterdir()):
                if entry.name == "lock":
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    with suppress(OSError):
                        entry.unlink()
            if os.name == "nt":  # where an open file cannot be removed
                self.release()
            with suppress(OSError):  # another process may have claimed the folder between the two calls
                (self.folder / "lock").unlink()
                self.folder.rmdir()
        except FileNotFoundError:
            pass
        finally:
            self.release()

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)

    def _origin(self) -> tuple[str, Any]:
        """Name and inode that `note_origin` recorded; an empty name if it recorded nothing."""
        try:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            record = json.loads(os.read(self._descriptor, 1 << 16) or b"{}")
            if record.get("mark") != _MARK or bytes.fromhex(record["target"]) != os.fsencode(self.target.name):
                return "", None
            name = os.fsdecode(bytes.fromhex(record["origin"]))
            return (name if name == Path(name).name else ""), record["inode"]
        except (ValueError, KeyError, AttributeError, TypeError):
            return "", None


@contextmanager
def claim(target: Path) -> Iterator[Staging]:
    """Context manager: hold the staging folder of `target`, so that no other process or thread can write it.

    It first undoes the incomplete work of a process that was killed.

    Parameters
    ----------
    target : Path
        A folder, or the name of a new one, in an existing folder. Symbolic links are followed.

    Yields
    ------
    Staging
        Empty. It is removed at the end, after `Staging.undo`.

    Raises
    ------
    InputError
        If another process or thread writes `target`.
    """
    target = real(target)
    staging = _hold(staging_of(target), target)
    if staging is None:
        raise InputError(f"Another process or thread is writing {target}. Wait until it ends, or choose another name.")
    try:
        staging.undo()
        for left in (staging.new, staging.old):
            shutil.rmtree(left, ignore_errors=True)
        yield staging
    finally:
        staging.undo()
        staging.remove()


@contextmanager
def temporary_folder(name: str, parent: str | os.PathLike[str]) -> Iterator[Path]:
    """Context manager: an empty folder for temporary files, readable by this user only.

    `clean_leftovers` removes it if the process is killed.

    Parameters
    ----------
    name : str
        What the folder is for; part of its name.
    parent : path
        An existing folder.

    Yields
    ------
    Path
        The folder; it is removed at the end.
    """
    staging = _unique(Path(parent), name)
    try:
        staging.new.mkdir()
        yield staging.new
    finally:
        staging.remove()


@contextmanager
def staged_file(target: Path) -> Iterator[Staging]:
    """Context manager: a staging folder for one write of a file; several processes may write the file at once.

    Parameters
    ----------
    target : Path
        The file, in an existing folder.

    Yields
    ------
    Staging
        Empty; it is removed at the end.
    """
    clean_leftovers(target.parent, target.name)
    staging = _unique(target.parent, target.name)
    try:
        yield staging
    finally:
        staging.remove()


def clean_leftovers(parent: str | os.PathLike[str], name: str | None = None) -> None:
    """Undo the incomplete work of killed processes in a folder, and remove their staging folders.

    Parameters
    ----------
    parent : path
        The folder. Staging folders of running processes, and all other files, stay.
    name : str, optional
        Only staging folders of this name.
    """
    try:
        entries = [entry.name for entry in os.scandir(parent) if entry.name.startswith(".")]
    except OSError:
        return
    short = None if name is None else _short(name)
    for entry in entries:
        match = _NAME.fullmatch(entry)
        if match is not None and short in (None, match["name"]):
            recover_staging(Path(parent) / entry, Path(parent) / (name or match["name"]))


def recover_staging(folder: Path, target: Path) -> None:
    """Undo and remove a staging folder that a killed process left; do nothing to one of a process that still runs.

    Parameters
    ----------
    folder : Path
        A staging folder, which may be absent.
    target : Path
        Its target.
    """
    try:
        found = os.lstat(folder)
    except OSError:
        return
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid not in (os.getuid(), 0)):
        return
    with suppress(OSError):  # a process that only reads needs no permission to clean
        if (staging := _hold(folder, target, create=False)) is not None:
            staging.undo()
            staging.remove()
        elif not any(folder.iterdir()):  # killed before it made the lock
            folder.rmdir()


def real(path: str | os.PathLike[str]) -> Path:
    """The file or folder that `path` stands for: absolute, with ``~`` expanded and symbolic links followed."""
    found = Path(os.path.realpath(expanded(path)))
    if found.is_symlink():
        raise InputError(f"{path} is a symbolic link that leads back to itself. Choose another name.")
    return found


def shown_place(path: str | os.PathLike[str]) -> str:
    """A path for messages: of a staging folder, or of what is in it, the folder that the output is for."""
    parts = Path(path).parts
    staged = next((number for number, part in enumerate(parts) if _NAME.fullmatch(part)), None)
    return os.fspath(path) if staged is None else os.fspath(Path(*parts[:staged]))


def staging_of(target: Path) -> Path:
    """The staging folder that `claim` holds for a target."""
    return target.with_name(f".{_short(target.name)}.topicml-new")


def _short(name: str) -> str:
    encoded = os.fsencode(name)
    return name if len(encoded) <= _LONGEST else sha256(encoded).hexdigest()[:32]


def _unique(parent: Path, name: str) -> Staging:
    while True:
        folder = parent / f".{_short(name)}.topicml-{secrets.token_hex(4)}"
        if not folder.exists() and (staging := _hold(folder, parent / name)) is not None:
            return staging


def _hold(folder: Path, target: Path, *, create: bool = True) -> Staging | None:
    """Lock a staging folder; None if another process holds it, or it is not to be created and is none of ours."""
    path = folder / "lock"
    while True:
        if create:
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        flags = os.O_RDWR | (os.O_CREAT if create else 0)
        for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_BINARY"):
            flags |= getattr(os, name, 0)
        try:
            descriptor = os.open(path, flags, 0o666)
        except FileNotFoundError:
            if create and folder.parent.is_dir():  # its last process has just removed it
                continue
            if create:
                raise
            return None
        try:
            locked = _lock(descriptor)
            if locked is False or (locked is None and not create):
                os.close(descriptor)
                return None
            now = path.stat()
            if (now.st_dev, now.st_ino) == tuple(_inode(descriptor)):
                return Staging(folder, target, descriptor)
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # locked after its last process removed it: try again


def _inode(file: Path | int) -> list[int]:
    found = os.fstat(file) if isinstance(file, int) else os.lstat(file)
    return [found.st_dev, found.st_ino]


def _lock(descriptor: int) -> bool | None:
    """Lock a file until it is closed; False if it is locked, None if the file system has no locks."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
