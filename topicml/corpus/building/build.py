"""Build a corpus from files, with processes of this machine or other workers; a build that was killed continues."""

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.checks import require
from topicml.corpus.building.counting import CountedShard, Splitting, count_shard
from topicml.corpus.building.groups import FileGroup, count_group, counted_shards
from topicml.corpus.building.processes import in_order
from topicml.corpus.building.selecting import Selection, select, total_of
from topicml.corpus.building.unfinished import SPLITTING, SPLITTING_BEFORE, begin, check_disk
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
from topicml.files import check_absent, claim, recover, replace_folder
from topicml.paths import expanded

Workers = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterator[tuple[tuple[Any, ...], Any]]]

_FORMAT = 3  # of an unfinished corpus
_WORK = "building"  # folder of what is needed until the corpus is finished
_GROUP = 64_000_000  # bytes of text that a worker reads from small files at a time
_LIMITS = ("min_df", "max_df", "max_features")  # of the words: the first pass does not depend on them


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
    workers: Workers | None = None,
    overwrite: bool = False,
    observer: BuildObserver | None = None,
) -> Path:
    """Build a corpus of many parts from files, with memory for a few parts only.

    While it is built, the folder is called ``FOLDER.partial``. If the process is killed, the same call continues with
    the shards that are not finished. Until the second pass begins, so does a call with other limits of the words
    (`min_df`, `max_df`, `max_features`), or with files that have changed, whose documents are counted again. The result
    does not depend on the processes, and is the same, to the bit, as that of `Corpus.read` and `Corpus.save`.

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
    workers : function, optional
        Calls a function with each tuple of arguments, in any process that has the files and the folder under the same
        paths, and yields the tuples with the results, in any order. By default, this process reads all files, and
        `n_jobs` processes split the texts; with workers, each reads files of its own. See `topicml.cluster`.
    overwrite : bool
        Replace a corpus that was saved there before, or what is finished of one with other sources or settings.
    observer : BuildObserver, optional
        Is told about progress.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If a source cannot be read, files have different columns, the disk is too small, the folder exists, or something
        is finished of a corpus with other sources or settings.
    """
    require(shard_rows >= 1, "shard_rows", shard_rows, "at least 1")
    require(n_jobs == -1 or n_jobs >= 1, "n_jobs", n_jobs, "-1 or at least 1")
    files = Files.of(sources, encoding=encoding, delimiter=delimiter, sheet=sheet)
    preprocessor = _checked(preprocessor)
    groups = files.groups(_GROUP)
    config = {} if preprocessor is None else preprocessor.to_config()
    limits = {name: config.pop(name) for name in _LIMITS if name in config}
    settings = {
        "text_column": text_column,
        "label_column": label_column,
        "preprocessor": config,
        "shard_rows": shard_rows,
        **{"encoding": encoding, "delimiter": delimiter, "sheet": sheet},
    }
    sources_of_groups = [group.identity() for group in groups]
    identity = {"format": _FORMAT, "settings": settings, "limits": limits, "sources": sources_of_groups}
    folder = Path(os.path.abspath(expanded(folder)))
    recover(folder)
    check_absent(folder, overwrite=overwrite)
    if folder.exists() and not is_saved(folder):
        raise InputError(f"{folder} exists and is not a corpus. Choose another name, or remove it.")
    partial = folder.with_name(folder.name + ".partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with claim(partial):
        work = partial / _WORK
        begin(work, identity, overwrite=overwrite)
        check_disk(files, partial)
        observer = observer or BuildObserver()
        build = _Build(partial, files, groups, preprocessor, shard_rows, _n_jobs(n_jobs), workers, observer)
        build.count(text_column, label_column)
        build.write()
        replace_folder(partial, folder)
        shutil.rmtree(folder / _WORK, ignore_errors=True)
    report_empty(open_folder(folder), "" if preprocessor is None else " left after preprocessing")
    return folder


class _Build:
    """The two passes over all shards."""

    def __init__(
        self,
        partial: Path,
        files: Files,
        groups: Sequence[Files],
        preprocessor: Any,
        shard_rows: int,
        n_jobs: int,
        workers: Workers | None,
        observer: BuildObserver,
    ) -> None:
        self.partial, self.work = partial, partial / _WORK
        self.files, self.preprocessor = files, preprocessor
        self.n_jobs, self.workers, self.observer = n_jobs, workers, observer
        self.groups = [
            FileGroup(number, group, files.paths[0], shard_rows, self.work) for number, group in enumerate(groups)
        ]

    def count(self, text_column: str | None, label_column: str | None) -> None:
        """The first pass, over the shards that are not counted yet; then the selection of the vocabulary."""
        if (self.work / "selection.json").exists():
            return
        groups = [group for group in self.groups if not group.mark.exists()]
        counting = self._by_this_process if self.workers is None else self._by_workers
        begin, n_docs = time.perf_counter(), 0
        for n, share in counting(groups, text_column, label_column):
            n_docs += n
            self.observer.on_progress("reading", n_docs, share, time.perf_counter() - begin)
        counted = counted_shards(self.work)
        if not counted:
            raise self._no_documents()
        select(counted, self.work / "vocabulary.json", self._used_preprocessor()).write(self.work / "selection.json")

    def _by_this_process(
        self, groups: Sequence[FileGroup], text_column: str | None, label_column: str | None
    ) -> Iterator[tuple[int, float | None]]:
        """Read the files here, and count their shards by processes; yield documents and the share that is read."""
        share_of: dict[Path, float | None] = {}

        def items() -> Iterator[tuple[Path, pa.Table, Splitting]]:
            splitting = self._splitting()
            for group in groups:
                for folder, table, share in group.shards(splitting):
                    if splitting is None:
                        splitting = self._decided(table, text_column, label_column)
                    if not folder.exists():
                        share_of[folder] = None if share is None else self._share(group, share)
                        yield folder, table, splitting

        for item, n_docs in in_order(count_shard, items(), self.n_jobs, self._begin_process):
            yield n_docs, share_of.pop(item[0])

    def _by_workers(
        self, groups: Sequence[FileGroup], text_column: str | None, label_column: str | None
    ) -> Iterator[tuple[int, float | None]]:
        """Let workers read and count; yield documents and the share of the files that is done."""
        assert self.workers is not None
        splitting = self._splitting()
        if splitting is None:
            table = next((table for group in groups for _, table, _ in group.shards()), None)
            if table is None:
                raise self._no_documents()
            splitting = self._decided(table, text_column, label_column)
        before: Counter[str] = Counter()
        for shard in counted_shards(self.work):
            before[shard.name.rpartition("-")[0]] += CountedShard(shard).information["n_docs"]
        waiting, total = sum(group.files.n_bytes for group in groups), max(self.files.n_bytes, 1)
        for item, n_docs in self.workers(count_group, [(group, splitting) for group in groups]):
            waiting -= item[0].files.n_bytes
            yield n_docs - before[item[0].mark.name], 1 - waiting / total

    def write(self) -> None:
        """The second pass, over the shards that are not written yet; then the manifest."""
        selection = Selection.read(self.work / "selection.json")
        begin, n_docs, total = time.perf_counter(), 0, selection.before[-1].n_docs
        parts = [self.partial / name_of_part(number) for number in range(len(selection.shards))]
        vocabulary = self.work / "vocabulary.json"
        items = [
            (part, self.work / shard, vocabulary, selection.columns, before)
            for part, shard, before in zip(parts, selection.shards, selection.before[:-1], strict=True)
            if not part.exists()
        ]
        done_before = total - sum(selection.before[int(item[0].name[5:]) + 1].n_docs - item[4].n_docs for item in items)
        written = (
            in_order(write_shard, items, self.n_jobs) if self.workers is None else self.workers(write_shard, items)
        )
        for item, sizes in written:
            shutil.rmtree(item[1], ignore_errors=True)
            n_docs += sizes["n_docs"]
            share = (done_before + n_docs) / max(total, 1)
            self.observer.on_progress("writing", n_docs, share, time.perf_counter() - begin)
        sizes_of_parts = [sizes_of_part(part) for part in parts]
        if total_of(sizes_of_parts) != selection.before[-1]:
            raise InputError(f"The parts in {self.partial} do not fit together. Remove this folder, and build again.")
        words = Vocabulary(json.loads(vocabulary.read_text("utf-8")))
        write_manifest(self.partial, words, self._used_preprocessor(), sizes_of_parts)
        for half in self.partial.glob("part-*.new"):
            shutil.rmtree(half, ignore_errors=True)

    @property
    def _begin_process(self) -> Callable[[], None] | None:
        """What a process does first that splits texts."""
        if self.preprocessor is None or self.preprocessor.pipeline is not None:
            return None
        from topicml.corpus.preprocessing.pipelines import import_without_torch

        return import_without_torch

    def _splitting(self) -> Splitting | None:
        """How all shards are split; None if no shard has been read yet."""
        file = self.work / SPLITTING
        return Splitting.read(file, self.preprocessor) if file.exists() else None

    def _used_preprocessor(self) -> Any:
        """The preprocessor; None if the column of texts has lists of tokens, which are not preprocessed."""
        splitting = self._splitting()
        return None if splitting is None or splitting.tokens else self.preprocessor

    def _decided(self, table: pa.Table, text_column: str | None, label_column: str | None) -> Splitting:
        """How all shards are split, from the first one; kept for a call that continues."""
        strings_only = self.files.has_strings_only
        name = str(self.files.paths[0]) if len(self.files.paths) == 1 else f"the {len(self.files.paths):,} files"
        columns = {each: plain_column(table.column(each)) for each in table.column_names}
        if strings_only:
            columns = {each: TextTypes.of(values).cast(values) for each, values in columns.items()}
        if not table.num_rows:
            raise InputError(f"There are no rows in {name}.")
        text, label = text_and_label(pa.table(columns), text_column, label_column, name)
        preprocessor, tokens = self.preprocessor, is_tokens(columns[text].type)
        if preprocessor is not None and not tokens:
            preprocessor.check_language([each or "" for each in columns[text].to_pylist()])
        splitting = Splitting(text, label, preprocessor, strings_only, tuple(table.column_names), tokens)
        before = self.work / SPLITTING_BEFORE
        if before.exists() and Splitting.read(before, self.preprocessor) != splitting:
            raise InputError(
                f"{name} decided about the columns of all documents, and now has other ones than when the documents of "
                f"other files were counted. Remove {self.partial}, and build again."
            )
        splitting.write(self.work / SPLITTING)
        return splitting

    def _share(self, group: FileGroup, share: float) -> float:
        """The share of all files that is read, from that of a group."""
        before = sum(each.files.n_bytes for each in self.groups[: group.number])
        return (before + share * group.files.n_bytes) / max(self.files.n_bytes, 1)

    def _no_documents(self) -> InputError:
        return InputError(f"There are no documents in {', '.join(map(str, self.files.paths[:3]))}.")


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
