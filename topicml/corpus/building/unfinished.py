"""Begin an unfinished corpus, or continue it: the same sources and settings, and enough disk."""

import json
import shutil
from pathlib import Path
from typing import Any

from topicml.corpus.sources.batches import Files
from topicml.errors import InputError
from topicml.files import atomic_file, file_json

_ON_DISK = 2.5  # of the size of the text: its columns, the words of the first pass, and the arrays


def begin(work: Path, identity: dict[str, Any], *, overwrite: bool) -> None:
    """Begin or continue a corpus.

    Parameters
    ----------
    work : Path
        The folder of what is needed until the corpus is finished, in the folder of the unfinished corpus.
    identity : dict
        Format, sources and settings. They must be those of the unfinished corpus, if there is one.
    overwrite : bool
        Remove an unfinished corpus of other sources or settings.

    Raises
    ------
    InputError
        If there is an unfinished corpus of other sources or settings, or something else.
    """
    file = work / "identity.json"
    identity = json.loads(file_json(identity))
    if work.parent.exists():
        try:
            found = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            found = None
        if found == identity:
            return
        if found is None and any(each.is_file() for each in work.parent.rglob("[!.]*")):
            raise InputError(
                f"{work.parent} exists and is not an unfinished corpus. Choose another name, or remove it."
            )
        if found is not None and not overwrite:
            raise InputError(
                f"{work.parent} is an unfinished corpus of {_difference(found, identity)}. To continue it, repeat the "
                "call or command that began it; to begin again, pass overwrite=True (--overwrite)."
            )
        shutil.rmtree(work.parent)
    work.mkdir(parents=True)
    with atomic_file(file) as temporary:
        temporary.write_text(file_json(identity, indent=1), "utf-8")


def _difference(found: dict[str, Any], identity: dict[str, Any]) -> str:
    if found.get("format") != identity["format"]:
        return "another version of topicml"
    if found["sources"] != identity["sources"]:
        paths = [[source[0] for source in each["sources"]] for each in (found, identity)]
        return "other sources" if paths[0] != paths[1] else "sources that have changed since"
    before, now = found["settings"], identity["settings"]
    names = [name for name in now if before.get(name) != now[name]]
    return f"other settings ({', '.join(names)})"


def check_disk(files: Files, partial: Path) -> None:
    """Check that a corpus will fit on the disk.

    Parameters
    ----------
    files : Files
        The documents.
    partial : Path
        The unfinished corpus.

    Raises
    ------
    InputError
        If it will hardly fit.
    """
    used = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
    needed, free = int(_ON_DISK * files.n_bytes_of_text) - used, shutil.disk_usage(partial).free
    if needed > free:
        raise InputError(
            f"The corpus needs about {_amount(needed)} in {partial.parent} while it is built, and "
            f"{_amount(free)} are free. Free some space, or choose another folder."
        )


def _amount(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:,.2f} MB"
