"""Paths as users write them."""

import os
from pathlib import Path

from topicml.errors import InputError


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return the path with ``~`` as the home folder. The name of a user who does not exist stays as it is.

    It raises `InputError` for an empty string, which `Path` takes for the current folder.
    """
    if os.fspath(path) == "":
        raise InputError("A path is an empty string. Give the name of a file or folder; the current folder is '.'.")
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser raises for a user who does not exist
