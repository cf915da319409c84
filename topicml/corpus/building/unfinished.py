"""Begin an unfinished corpus, or continue it with what is counted of the same files; and enough disk."""

import json
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from topicml.corpus.building.groups import counted_shards
from topicml.corpus.sources.batches import Files
from topicml.errors import InputError, warn
from topicml.files import atomic_file, file_json

SPLITTING = "splitting.json"
"""How texts are split, as the first shard decided."""

SPLITTING_BEFORE = "splitting-before.json"
"""How the texts of the other files were split, if the file that decides about it has changed."""

_ON_DISK = 2.5  # of the size of the text: its columns, the words of the first pass, and the arrays
_OF_GROUP = re.compile("counted-([0-9]+)")  # a mark, or a shard, finished or not
_SHOWN = 3


def begin(work: Path, identity: dict[str, Any], *, overwrite: bool) -> None:
    """Begin or continue a corpus.

    What is counted of files that have changed since, such as a broken one that was repaired, is counted again.

    Parameters
    ----------
    work : Path
        The folder of what is needed until the corpus is finished, in the folder of the unfinished corpus.
    identity : dict
        Format, settings of the first pass, limits of the words, and sources: path, size and time of the files of each
        group.
    overwrite : bool
        Remove what is finished with other sources or settings.

    Raises
    ------
    InputError
        If something is finished with other sources or settings, or the folder has something else.
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
        if found is None or not _keep(work, found, identity, overwrite=overwrite):
            shutil.rmtree(work.parent)
    work.mkdir(parents=True, exist_ok=True)
    with atomic_file(file) as temporary:
        temporary.write_text(file_json(identity, indent=1), "utf-8")


def _keep(work: Path, found: dict[str, Any], identity: dict[str, Any], *, overwrite: bool) -> bool:
    """Remove the shards that are not of these sources and settings; False if no shard is."""
    is_known = found.get("format") == identity["format"]
    is_counted = (work / "selection.json").exists()  # the second pass has begun
    numbers = {int(shard.name.split("-")[1]) for shard in counted_shards(work)}
    before, now = found["sources"], identity["sources"]
    kept = set()
    if is_known and not is_counted and found["settings"] == identity["settings"]:
        kept = {number for number in numbers if before[number : number + 1] == now[number : number + 1]}
    changed = {number: _changed(before[number]) if is_known else [] for number in sorted(numbers - kept)}
    if (is_counted or not all(changed.values())) and not overwrite:
        raise InputError(
            f"{work.parent} is an unfinished corpus of {_difference(found, identity)}. To continue it, repeat the "
            "call or command that began it; to begin again, pass overwrite=True (--overwrite)."
        )
    if names := list(dict.fromkeys(name for each in changed.values() for name in each)):
        shown = ", ".join(names[:_SHOWN]) + ("" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN:,} more")
        warn(f"Files have changed since their documents were counted, so these are counted again: {shown}.")
    if not kept:
        return False
    for path in work.iterdir():
        match = _OF_GROUP.match(path.name)
        if match and int(match[1]) not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if before[: min(numbers) + 1] != now[: min(numbers) + 1]:
        with suppress(FileNotFoundError):
            (work / SPLITTING).replace(work / SPLITTING_BEFORE)
    return True


def _changed(sources: Sequence[Sequence[Any]]) -> list[str]:
    """The files that are not as they were. One that is gone may come back, with the disk that it is on."""
    there = [source for source in sources if Path(source[0]).exists()]
    return [source[0] for source in there if Files((Path(source[0]),)).identity() != [source]]


def _difference(found: dict[str, Any], identity: dict[str, Any]) -> str:
    if found.get("format") != identity["format"]:
        return "another version of topicml"
    if found["sources"] != identity["sources"]:
        paths = [[path for group in each["sources"] for path, *_ in group] for each in (found, identity)]
        return "other sources" if paths[0] != paths[1] else "sources that have changed since"
    before, now = (each["settings"] | each["limits"] for each in (found, identity))
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
