"""Write outputs into a folder with other files, and record which files topicml wrote."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from topicml.errors import InputError
from topicml.files.single import atomic_file, put_file
from topicml.files.staging import real, staged_file
from topicml.files.text import file_json
from topicml.paths import expanded

MANIFEST = ".topicml.json"


class Outputs:
    """The output files of a command in a folder that may hold other files.

    ``.topicml.json`` in the folder records each file that topicml wrote, with its SHA-256. All other files, and those
    that changed since, are files of the user. They are replaced only if the user allows it.

    Parameters
    ----------
    folder : path
        The folder; the first write creates it.
    names : sequence of str
        Names of the files.
    """

    def __init__(self, folder: str | os.PathLike[str], names: Sequence[str]) -> None:
        self.folder, self.names = expanded(folder), tuple(names)

    def check(self, *, overwrite: bool) -> None:
        """Check that no file of the user would be replaced.

        Parameters
        ----------
        overwrite : bool
            Allow to replace files of the user.

        Raises
        ------
        InputError
            If a file exists that topicml did not write, or that changed since.
        """
        recorded = self._recorded()
        foreign = [
            name
            for name in self.names
            if (self.folder / name).exists() and _digest(self.folder / name) not in recorded.get(name, ())
        ]
        if foreign and not overwrite:
            raise InputError(
                f"{self.folder} has {', '.join(foreign)}, which this command did not write, or which changed since. "
                "Choose another folder (--out), or allow replacing (--overwrite)."
            )

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Context manager: yield an empty folder for the files; on success, record them and move them to `folder`.

        Yields
        ------
        Path
            Write the files here. Files with other names than `names` are left out.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with staged_file(self.folder / "outputs") as staging:
            staging.new.mkdir()
            yield staging.new
            new = {name: _digest(staging.new / name) for name in self.names if (staging.new / name).is_file()}
            recorded = self._recorded()
            # First record both contents: a process that is killed between two files leaves some new and some old.
            self._record({name: [*recorded.get(name, ()), digest] for name, digest in new.items()})
            for name in new:
                put_file(staging.new / name, real(self.folder / name), mode=staging.file_mode)
            self._record({name: [digest] for name, digest in new.items()})

    def _recorded(self) -> dict[str, list[str]]:
        try:
            record = json.loads((self.folder / MANIFEST).read_text("utf-8"))
            return {str(name): [str(each) for each in digests] for name, digests in record["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _record(self, changes: dict[str, list[str]]) -> None:
        with atomic_file(self.folder / MANIFEST) as temporary:
            record = {"about": "Files that topicml wrote here, and their SHA-256", "files": self._recorded() | changes}
            temporary.write_text(file_json(record, indent=1) + "\n", "utf-8")


def _digest(path: Path) -> str:
    if not path.is_file():
        return "no file"
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
