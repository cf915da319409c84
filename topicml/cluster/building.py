"""Build a corpus from files by the workers of a Dask cluster, or of this machine."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from topicml.checks import require
from topicml.cluster.dask import workers
from topicml.cluster.failures import named_failures
from topicml.corpus import building
from topicml.corpus.preprocessing.pipelines import import_without_torch
from topicml.corpus.sources.batches import Files
from topicml.errors import InputError


def build_corpus(
    sources: Sequence[Any],
    folder: str | os.PathLike[str],
    text_column: str | None = None,
    label_column: str | None = None,
    preprocessor: Any = None,
    *,
    cluster: str = "local",
    n_workers: int | None = None,
    timeout: float = 30.0,
    **options: Any,
) -> Path:
    """Build a corpus of many parts from files, as `topicml.corpus.building.build_corpus`, by the workers of a cluster.

    Each worker reads files, splits their texts into words and counts them; then each writes parts of the corpus in the
    vocabulary of all. The corpus is that of one process, to the bit. A call that was killed continues, also without a
    cluster, and the reverse. What fails is tried once more, and named at the end of the pass.

    Parameters
    ----------
    sources : sequence of path
        Files, folders of tables, and patterns such as ``data/*.parquet``. A file is read by one worker; small ones are
        read together.
    folder : path
        The folder to create. The workers must see it and the files under the same paths.
    text_column, label_column, preprocessor, **options
        As in `topicml.corpus.building.build_corpus`.
    cluster : str
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, or "local" for workers on this machine. In a
        script, "local" needs ``if __name__ == "__main__":`` before the call, because each worker imports the script.
    n_workers : int, optional
        Number of local workers; by default one per core.
    timeout : float
        Seconds to wait for the scheduler and its first worker.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If an address does not answer, a worker lacks the package or cannot read the files, something failed twice, or
        as in `topicml.corpus.building.build_corpus`.
    MissingExtraError
        If Dask is not installed.
    """
    require(timeout > 0, "timeout", timeout, "greater than 0")
    needed = Files.of(sources).paths[0]
    is_blank = preprocessor is not False and getattr(preprocessor, "pipeline", None) is None
    with workers(cluster, n_workers, timeout, needed, import_without_torch if is_blank else None) as outcomes:
        columns = (text_column, label_column)
        return building.build_corpus(
            sources, folder, *columns, preprocessor, workers=_all_or_named(outcomes), **options
        )


def _all_or_named(outcomes: Callable[..., Any]) -> building.Workers:
    """Workers that raise `InputError` after all calls if some failed; the first argument of a call names it."""

    def results(
        function: Callable[..., Any], items: Sequence[tuple[Any, ...]]
    ) -> Iterator[tuple[tuple[Any, ...], Any]]:
        failed: dict[str, BaseException] = {}
        for item, outcome in outcomes(function, items):
            if isinstance(outcome, BaseException):
                failed[str(item[0])] = outcome
            else:
                yield item, outcome
        if failed:
            raise InputError(
                f"{len(failed):,} of {len(items):,} pieces of work failed twice: {named_failures(failed)}. What is "
                "finished is kept; the same call continues with those that failed."
            )

    return results
