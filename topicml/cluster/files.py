"""Label many files: in this process, or by the workers of a Dask cluster. Finished files are skipped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from topicml.checks import require
from topicml.cluster.failures import named_failures
from topicml.cluster.labelling import Labelling, is_labelled, label_file
from topicml.corpus.sources.batches import Files
from topicml.corpus.sources.decoding import suffix_of
from topicml.errors import InputError
from topicml.paths import expanded

Outcomes = Iterator[tuple[tuple[Any, ...], Any]]


def label_files(
    sources: Sequence[Any],
    out: Any,
    labelling: Labelling,
    *,
    cluster: str | None = None,
    n_workers: int | None = None,
    timeout: float = 30.0,
    on_file: Callable[[Path, int, int, int], None] | None = None,
) -> int:
    """Write the documents of each file with their topics to a Parquet file of the same name.

    A file whose output is complete, of the same model and settings, is skipped: a call that was killed continues. Each
    file that fails is tried once more, and named at the end.

    Parameters
    ----------
    sources : sequence of path
        Files, folders of tables, and patterns such as ``data/*.parquet``.
    out : path
        The folder of the output.
    labelling : Labelling
        The model, and how to read and label.
    cluster : str, optional
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, or "local" for workers on this machine. By default
        this process labels all files. The workers must see the files and the run under the same paths.
    n_workers : int, optional
        Number of local workers; by default one per core.
    timeout : float
        Seconds to wait for the scheduler and its first worker.
    on_file : function, optional
        Called after each file with its path, its number of documents, the number of files that are done, and of all.

    Returns
    -------
    int
        Number of documents that this call labelled.

    Raises
    ------
    InputError
        If two files have the same name, an address does not answer, a worker lacks the package, or files failed.
    MissingExtraError
        If Dask is not installed and `cluster` is given.
    """
    require(timeout > 0, "timeout", timeout, "greater than 0")
    out = expanded(out).absolute()
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; the topics of several files are written to a folder.")
    outputs = _outputs(Files.of(sources).paths, out)
    identity = labelling.identity()
    waiting = {source: target for source, target in outputs.items() if not is_labelled(source, target, identity)}
    n_docs, done, failed = 0, len(outputs) - len(waiting), {}
    if not waiting:
        return 0
    out.mkdir(parents=True, exist_ok=True)
    with _engine(cluster, n_workers, timeout, labelling) as outcomes:
        items = [(source, target, labelling, identity) for source, target in waiting.items()]
        for (source, *_), outcome in outcomes(label_file, items):
            if isinstance(outcome, BaseException):
                failed[str(source)] = outcome
                continue
            n_docs, done = n_docs + outcome, done + 1
            if on_file is not None:
                on_file(source, outcome, done, len(outputs))
    if failed:
        raise InputError(
            f"{len(failed):,} of {len(outputs):,} files failed twice: {named_failures(failed)}. The other files "
            f"are finished in {out}; the same call continues with those that failed."
        )
    return n_docs


def _outputs(sources: Sequence[Path], out: Path) -> dict[Path, Path]:
    """The output of each file, which has its name without suffixes."""
    outputs: dict[Path, Path] = {}
    taken: dict[Path, Path] = {}
    for source in sources:
        target = out / f"{source.name.removesuffix(source.suffix).removesuffix(suffix_of(source))}.parquet"
        if target in taken:
            raise InputError(
                f"The topics of {taken[target]} and {source} would both be written to {target}. Label them in two "
                "calls, with two folders."
            )
        if target == source:
            raise InputError(f"The topics of {source} would be written over it. Choose another folder.")
        taken[target] = source
        outputs[source] = target
    return outputs


def _engine(
    cluster: str | None, n_workers: int | None, timeout: float, labelling: Labelling
) -> AbstractContextManager[Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Outcomes]]:
    """A function that calls another one for each file and yields the outcomes, inside a context."""
    if cluster is None:
        return nullcontext(_here)
    from topicml.cluster.dask import workers

    return workers(cluster, n_workers, timeout, Path(labelling.run))


def _here(function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> Outcomes:
    for item in items:
        try:
            yield item, function(*item)
        except Exception:
            try:
                yield item, function(*item)
            except Exception as error:
                yield item, error
