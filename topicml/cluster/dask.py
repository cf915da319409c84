"""Call functions by the workers of a Dask cluster, or of this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import topicml
from topicml.errors import InputError, MissingExtraError

Outcomes = Iterator[tuple[tuple[Any, ...], Any]]


@contextmanager
def workers(
    cluster: str, n_workers: int | None, timeout: float, needed: Path, begin: Callable[[], None] | None = None
) -> Iterator[Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Outcomes]]:
    """Context manager: connect to a scheduler, or start workers on this machine; yield a function that calls others.

    Parameters
    ----------
    cluster : str
        Address of a scheduler, or "local".
    n_workers : int or None
        Number of local workers; None: one per core.
    timeout : float
        Seconds to wait for the scheduler and its first worker.
    needed : Path
        A file or folder that each worker must have.
    begin : function, optional
        Called first in each worker of this machine.

    Yields
    ------
    function
        Takes a function and a tuple of arguments for each call. Calls that fail are tried once more. Yields each tuple
        with the result, or the exception, when it is done.

    Raises
    ------
    InputError
        If the address does not answer in time, has no worker, or a worker lacks the package or cannot read `needed`.
    MissingExtraError
        If Dask is not installed.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtraError(
            "Clusters need Dask. Install it here and on the workers with: pip install 'topicml[cluster]'"
        ) from error

    with ExitStack() as opened:
        target: Any = cluster
        if cluster == "local":
            # One thread in each process: torch has threads of its own, and a killed process loses one file only.
            options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
            try:
                target = opened.enter_context(LocalCluster(n_workers=n_workers, **options))
            except RuntimeError as error:
                raise InputError(
                    f"The workers on this machine did not start ({error}). In a script, put the call below "
                    '`if __name__ == "__main__":`, because each worker imports the script.'
                ) from error
        try:
            client = opened.enter_context(Client(target, timeout=timeout, set_as_default=False))
            client.wait_for_workers(1, timeout=timeout)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                f"The cluster {cluster} did not answer within {timeout:g} seconds, or has no worker ({error}). Give "
                "the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786, and start workers: `dask "
                "worker ADDRESS`."
            ) from error
        _check_workers(client, needed)
        if cluster == "local" and begin is not None:
            client.run(begin)

        def outcomes(function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> Outcomes:
            from distributed import as_completed

            futures = {client.submit(function, *item, pure=False, retries=1): item for item in items}
            for future in as_completed(futures, loop=client.loop):
                error = future.exception()
                yield futures[future], future.result() if error is None else error
                future.release()

        yield outcomes


def _check_workers(client: Any, needed: Path) -> None:
    """Raise `InputError` if a worker has no topicml, another version of it, or no access to a path."""
    # The functions are of Python itself, which a worker without topicml has too.
    versions = client.run(eval, "__import__('topicml').__version__", on_error="return")
    for address, version in versions.items():
        if isinstance(version, BaseException):
            raise InputError(
                f"The worker {address} cannot import topicml ({version}). Install it there: pip install "
                f"'topicml[cluster]=={topicml.__version__}'."
            )
        if version != topicml.__version__:
            raise InputError(
                f"The worker {address} has topicml {version}, and this is topicml {topicml.__version__}. Install the "
                "same version on all workers."
            )
    for address, is_there in client.run(Path.exists, needed, on_error="return").items():
        if is_there is not True:
            raise InputError(
                f"The worker {address} cannot read {needed}. Put the files, and the run or corpus, into a folder that "
                "all workers see under the same path."
            )
