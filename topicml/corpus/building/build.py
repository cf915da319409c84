"""Build a corpus from files, with processes of this machine; a build that was killed continues."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.checks import require
from topicml.corpus.building.counting import Splitting, count_shard
from topicml.corpus.building.processes import in_order
from topicml.corpus.building.selecting import Selection, select, total_of
from topicml.corpus.building.writing import write_shard
from topicml.corpus.columns import plain_column
from topicml.corpus.opening import is_saved, open_folder
from topicml.corpus.parts import name_of_part, sizes_of_part, write_manifest
from topicml.corpus.sources.batches import Files
from topicml.corpus.sources.column_types import TextTypes
from topicml.corpus.sources.tables import is_tokens, text_and_label
from topicml.corpus.sources.texts import report_empty
from topicml.corpus.vocabulary import Vocabulary
from topicml.errors import InputError
from topicml.files import atomic_file, check_absent, claim, file_json, recover, replace_folder
from topicml.paths import expanded

_FORMAT = 1  # of an unfinished corpus
_WORK = "building"  # folder of what is needed until the corpus is finished
_PACKED = (".parquet", ".gz", ".zst", ".xlsx")
_UNPACKED = 4  # size of unpacked text, as a multiple
_ON_DISK = 2.5  # of the size of the text: its columns, the words of the first pass, and the arrays


class BuildObserver:
    """Is told how far a corpus is built; override the method."""

    def on_progress(self, stage: str, n_docs: int, share: float | None, seconds: float) -> None:
        """Called after each shard.

        Parameters
        ----------
        stage : {"reading", "writing"}
            The first or the second pass.
        n_docs : int
            Documents of this pass that this call has processed; those of an earlier call are not counted.
        share : float or None
            The share of this pass that is done, with what an earlier call has done; None if it is not known.
        seconds : float
            Time since this call began the pass.
        """


def build_corpus(
    sources: Sequence[Any],
    folder: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessor: Any = None,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    sheet: str | int | None = None,
    shard_rows: int = 50_000,
    n_jobs: int = -1,
    overwrite: bool = False,
    observer: BuildObserver | None = None,
) -> Path:
    """Build a corpus of many parts from files, with memory for a few parts only.

    While it is built, the folder is called ``FOLDER.partial``. If the process is killed, the same call continues with
    the first shard that is not finished. The result does not depend on the number of processes, and is the same, to the
    bit, as that of `Corpus.read` and `Corpus.save`.

    Parameters
    ----------
    sources : sequence of path
        Tables (``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``, …) or text files with a document in each line, all of one
        format; folders of tables; patterns such as ``data/*.parquet``.
    folder : path
        The folder to create, for `Corpus.open`.
    text_column, label_column : str, optional
        Columns of a table, as in `Corpus.from_frame`. By default the first shard decides about the column of texts.
    preprocessor : Preprocessor or False, optional
        As in `Corpus.from_texts`; without phrases and compounds, which are learned from all documents at once.
    encoding, delimiter, sheet
        As in `Corpus.read`.
    shard_rows : int
        Documents of a part. The memory holds about two parts for each process.
    n_jobs : int
        Number of processes; -1: one per core.
    overwrite : bool
        Replace a corpus that was saved there before, or an unfinished one of other sources or settings.
    observer : BuildObserver, optional
        Is told about progress.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If a source cannot be read, files have different columns, the disk is too small, the folder exists, or an
        unfinished corpus has other sources or settings.
    """
    require(shard_rows >= 1, "shard_rows", shard_rows, "at least 1")
    require(n_jobs == -1 or n_jobs >= 1, "n_jobs", n_jobs, "-1 or at least 1")
    files = Files.of(sources, encoding=encoding, delimiter=delimiter, sheet=sheet)
    preprocessor = _checked(preprocessor)
    settings = {
        "text_column": text_column,
        "label_column": label_column,
        "preprocessor": None if preprocessor is None else preprocessor.to_config(),
        "shard_rows": shard_rows,
        **{"encoding": encoding, "delimiter": delimiter, "sheet": sheet},
    }
    folder = Path(os.path.abspath(expanded(folder)))
    recover(folder)
    check_absent(folder, overwrite=overwrite)
    if folder.exists() and not is_saved(folder):
        raise InputError(f"{folder} exists and is not a corpus. Choose another name, or remove it.")
    partial = folder.with_name(folder.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with claim(partial):
        work = partial / _WORK
        _begin(work, {"format": _FORMAT, "sources": files.identity(), "settings": settings}, overwrite=overwrite)
        _check_disk(files, partial)
        build = _Build(partial, files, preprocessor, shard_rows, _n_jobs(n_jobs), observer or BuildObserver())
        build.count(text_column, label_column)
        build.write()
        replace_folder(partial, folder)
        shutil.rmtree(folder / _WORK, ignore_errors=True)
    report_empty(open_folder(folder), "" if preprocessor is None else " left after preprocessing")
    return folder


class _Build:
    """The two passes over all shards."""

    def __init__(
        self, partial: Path, files: Files, preprocessor: Any, shard_rows: int, n_jobs: int, observer: BuildObserver
    ) -> None:
        self.partial, self.work = partial, partial / _WORK
        self.files, self.preprocessor = files, preprocessor
        self.shard_rows, self.n_jobs, self.observer = shard_rows, n_jobs, observer

    def count(self, text_column: str | None, label_column: str | None) -> None:
        """The first pass, over the shards that are not counted yet; then the selection of the vocabulary."""
        if (self.work / "selection.json").exists():
            return
        begin, n_docs, n_shards, share = time.perf_counter(), 0, 0, None
        splitting: Splitting | None = None
        shares: dict[Path, float | None] = {}

        def items() -> Iterator[tuple[Path, pa.Table, Splitting]]:
            nonlocal splitting, n_shards
            for number, (table, read) in enumerate(self.files.batches(self.shard_rows)):
                if splitting is None:
                    splitting = self._splitting(table, text_column, label_column)
                n_shards = number + 1
                if not (counted := self._counted(number)).exists():
                    shares[counted] = read
                    yield counted, table, splitting

        for item, n in in_order(count_shard, items(), self.n_jobs, self._begin_process):
            n_docs, share = n_docs + n, shares.pop(item[0])
            self.observer.on_progress("reading", n_docs, share, time.perf_counter() - begin)
        if not n_shards:
            raise InputError(f"There are no documents in {', '.join(map(str, self.files.paths[:3]))}.")
        counted = [self._counted(number) for number in range(n_shards)]
        select(counted, self.work / "vocabulary.json", self._used_preprocessor()).write(self.work / "selection.json")

    def write(self) -> None:
        """The second pass, over the shards that are not written yet; then the manifest."""
        selection = Selection.read(self.work / "selection.json")
        begin, n_docs, total = time.perf_counter(), 0, selection.before[-1].n_docs
        parts = [self.partial / name_of_part(number) for number in range(len(selection.before) - 1)]
        vocabulary = self.work / "vocabulary.json"
        items = [
            (part, self._counted(number), vocabulary, selection.columns, selection.before[number])
            for number, part in enumerate(parts)
            if not part.exists()
        ]
        done_before = total - sum(selection.before[int(item[0].name[5:]) + 1].n_docs - item[4].n_docs for item in items)
        for item, sizes in in_order(write_shard, items, self.n_jobs):
            shutil.rmtree(item[1], ignore_errors=True)
            n_docs += sizes["n_docs"]
            share = (done_before + n_docs) / max(total, 1)
            self.observer.on_progress("writing", n_docs, share, time.perf_counter() - begin)
        sizes_of_parts = [sizes_of_part(part) for part in parts]
        if total_of(sizes_of_parts) != selection.before[-1]:
            raise InputError(f"The parts in {self.partial} do not fit together. Remove this folder, and build again.")
        words = Vocabulary(json.loads(vocabulary.read_text("utf-8")))
        write_manifest(self.partial, words, self._used_preprocessor(), sizes_of_parts)

    @property
    def _begin_process(self) -> Callable[[], None] | None:
        """What a process does first that splits texts."""
        if self.preprocessor is None or self.preprocessor.pipeline is not None:
            return None
        from topicml.corpus.preprocessing.pipelines import import_without_torch

        return import_without_torch

    def _counted(self, number: int) -> Path:
        return self.work / f"counted-{number:05d}"

    def _used_preprocessor(self) -> Any:
        """The preprocessor; None if the column of texts has lists of tokens, which are not preprocessed."""
        return None if (self.work / "tokens").exists() else self.preprocessor

    def _splitting(self, table: pa.Table, text_column: str | None, label_column: str | None) -> Splitting:
        """How all shards are split, from the first one."""
        strings_only = self.files.has_strings_only
        name = str(self.files.paths[0]) if len(self.files.paths) == 1 else f"the {len(self.files.paths):,} files"
        columns = {each: plain_column(table.column(each)) for each in table.column_names}
        if strings_only:
            columns = {each: TextTypes.of(values).cast(values) for each, values in columns.items()}
        if not table.num_rows:
            raise InputError(f"There are no rows in {name}.")
        text, label = text_and_label(pa.table(columns), text_column, label_column, name)
        preprocessor = self.preprocessor
        if is_tokens(columns[text].type):
            (self.work / "tokens").touch()
        elif preprocessor is not None:
            preprocessor.check_language([each or "" for each in columns[text].to_pylist()])
        return Splitting(text, label, preprocessor, strings_only)


def _checked(given: Any) -> Any:
    """The preprocessor in the form in which processes get it."""
    if given is False:
        return None
    from topicml.corpus.preprocessing import Preprocessor

    preprocessor = Preprocessor() if given is None else given
    if not isinstance(preprocessor, Preprocessor):
        raise InputError(
            f"A corpus that is built in parts takes a topicml.Preprocessor, or False for tokens separated by blanks; "
            f"received {type(preprocessor).__name__}."
        )
    for name in ("phrases", "compounds"):
        if getattr(preprocessor, name) is not False:
            raise InputError(
                f"{name.capitalize()} are learned from all documents at once, so a corpus that is built in parts has "
                f"none: leave out {name} (--{name}). For a corpus that fits into the memory use topicml.Corpus.read."
            )
    if not isinstance(preprocessor.pipeline, str | None):
        raise InputError("Pass the pipeline by its name: other processes open it.")
    preprocessor = replace(preprocessor, n_jobs=1, progress=False)
    preprocessor.tokens([""])  # opens the pipeline, and warns once of what is not installed
    return preprocessor


def _n_jobs(n_jobs: int) -> int:
    from joblib import effective_n_jobs

    return int(effective_n_jobs(n_jobs))


def _begin(work: Path, identity: dict[str, Any], *, overwrite: bool) -> None:
    """Begin or continue: `identity` must be that of the unfinished corpus, if there is one."""
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


def _check_disk(files: Files, partial: Path) -> None:
    """Raise `InputError` if the corpus will hardly fit on the disk."""
    sizes = [path.stat().st_size * (_UNPACKED if path.suffix.lower() in _PACKED else 1) for path in files.paths]
    used = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
    needed, free = int(_ON_DISK * sum(sizes)) - used, shutil.disk_usage(partial).free
    if needed > free:
        raise InputError(
            f"The corpus needs about {_amount(needed)} in {partial.parent} while it is built, and "
            f"{_amount(free)} are free. Free some space, or choose another folder."
        )


def _amount(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:,.2f} MB"
