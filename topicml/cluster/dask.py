"""Label files by the workers of a Dask cluster, or of this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import topicml
from topicml.cluster.labelling import Labelling, label_file
from topicml.errors import InputError, MissingExtraError

Outcome = tuple[Path, int | BaseException]


@contextmanager
def workers(
    cluster: str, n_workers: int | None, timeout: float, labelling: Labelling
) -> Iterator[Callable[[Sequence[tuple[Any, ...]]], Iterator[Outcome]]]:
    """Context manager: connect to a scheduler, or start workers on this machine; yield a function that labels files.

    Parameters
    ----------
    cluster : str
        Address of a scheduler, or "local".
    n_workers : int or None
        Number of local workers; None: one per core.
    timeout : float
        Seconds to wait for the scheduler and its first worker.
    labelling : Labelling
        The run must be readable for each worker.

    Yields
    ------
    function
        Takes the arguments of `label_file` for each file, and yields the outcome of each file when it is done.

    Raises
    ------
    InputError
        If the address does not answer in time, has no worker, or a worker lacks the package or cannot read the run.
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
            target = opened.enter_context(
                LocalCluster(n_workers=n_workers, threads_per_worker=1, dashboard_address=None, silence_logs=50)
            )
        try:
            client = opened.enter_context(Client(target, timeout=timeout, set_as_default=False))
            client.wait_for_workers(1, timeout=timeout)
        except (OSError, ValueError, TimeoutError) as error:
            raise InputError(
                f"The cluster {cluster} did not answer within {timeout:g} seconds, or has no worker ({error}). Give "
                "the address that `dask scheduler` prints, such as tcp://10.0.0.1:8786, and start workers: `dask "
                "worker ADDRESS`."
            ) from error
        _check_workers(client, labelling)

        def results(items: Sequence[tuple[Any, ...]]) -> Iterator[Outcome]:
            from distributed import as_completed

            futures = {client.submit(label_file, *item, pure=False, retries=1): item[0] for item in items}
            for future in as_completed(futures, loop=client.loop):
                error = future.exception()
                yield futures[future], future.result() if error is None else error
                future.release()

        yield results


def _check_workers(client: Any, labelling: Labelling) -> None:
    """Raise `InputError` if a worker has no topicml, another version of it, or no access to the run."""
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
    for address, is_there in client.run(Path.exists, Path(labelling.run), on_error="return").items():
        if is_there is not True:
            raise InputError(
                f"The worker {address} cannot read {labelling.run}. Put the run and the files into a folder that all "
                "workers see under the same path."
            )
