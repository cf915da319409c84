"""Modules that a user names on the command line."""

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from topicml.errors import InputError


def find_modules_here() -> None:
    """Let imports find modules in the current folder, after all installed ones."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def import_modules(names: Sequence[str]) -> None:
    """Import modules, for example ones that register models.

    Parameters
    ----------
    names : sequence of str
        Modules that are installed, or in the current folder.

    Raises
    ------
    InputError
        If a module cannot be imported.
    """
    if not names:
        return
    find_modules_here()
    for name in names:
        try:
            import_module(name)
        except Exception as error:  # the module is the user's and may raise anything
            raise InputError(
                f"--import {name}: the module cannot be imported ({type(error).__name__}: {error}). "
                "--debug shows where the error comes from."
            ) from error
