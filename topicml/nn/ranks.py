"""One fit by several processes, the ranks of `torch.distributed`: what they share out, and what they agree on.

All ranks draw the same batches and the same noise, and make the same step. What costs most, the likelihood of the
documents of a batch, is shared out: each rank computes the part of its words (`topicml.nn.log_softmax`), and all get
the whole. So moments of batch normalisation, contrasts and the balance are those of the whole batch, without a line of
their own. Without a process group, with one process, and outside of `together`, all functions here do nothing.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from itertools import pairwise
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch import distributed as dist

from topicml.errors import InputError
from topicml.identity import differences, digest

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

if dist.is_available():
    # Its functions take the process group as a default value. PyTorch imports it in the first step of an optimiser,
    # and it would then hold on to the group that is up: gloo's threads would outlive `destroy_process_group`, and a
    # process that ends beside them may abort (SIGABRT, "terminate called without an active exception").
    import torch.distributed.nn.functional

_TOGETHER = threading.Lock()
_owner: int | None = None  # the thread that fits together with other ranks
_this_thread = threading.local()  # .apart: whether it works without them for now


def n_ranks() -> int:
    """Number of processes that fit together; 1 outside of `together`."""
    return dist.get_world_size() if _owner == threading.get_ident() and not _is_apart() else 1


def is_first() -> bool:
    """Whether this is the process that writes files: the first rank, or the only process."""
    return n_ranks() == 1 or dist.get_rank() == 0


@contextmanager
def together() -> Iterator[None]:
    """Context manager: inside, this thread works together with all other ranks of the process group, if there is one.

    Every rank must run the same code. Blocks may be nested.

    Raises
    ------
    InputError
        If another thread of this process fits together with other ranks.
    """
    global _owner
    up = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
    if not up or _is_apart() or _owner == threading.get_ident():
        yield
        return
    if not _TOGETHER.acquire(blocking=False):
        raise InputError(
            "Another thread of this process fits a model together with other processes, and the messages of two such "
            "fits would be mixed up. Fit one model after the other."
        )
    _owner = threading.get_ident()
    try:
        yield
    finally:
        _owner = None
        _TOGETHER.release()


def jointly(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """Decorator: run a function in `together`."""

    @wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        with together():
            return function(*args, **kwargs)

    return run


@contextmanager
def apart() -> Iterator[None]:
    """Context manager: inside, each rank works on its own, as in callbacks of users; `together` has no effect."""
    before = _is_apart()
    _this_thread.apart = True
    try:
        yield
    finally:
        _this_thread.apart = before


def _is_apart() -> bool:
    return getattr(_this_thread, "apart", False)


@contextmanager
def launched(device: str = "auto") -> Iterator[None]:
    """Context manager: join the process group of the processes that ``torchrun`` started; leave it at the end.

    Does nothing in other processes, or if there is a process group.

    Parameters
    ----------
    device : str
        Device of the network, as in `Training`. On CUDA each process takes one GPU, and NCCL connects them; elsewhere
        gloo does.

    Raises
    ------
    InputError
        If there are more processes on this machine than GPUs.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or not dist.is_available() or dist.is_initialized():
        yield
        return
    on_cuda = device.startswith("cuda") or (device == "auto" and torch.cuda.is_available())
    if on_cuda:
        local, n_devices = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= n_devices:
            raise InputError(
                f"This machine has {n_devices} GPUs for {os.environ['LOCAL_WORLD_SIZE']} processes. Start one process "
                "for each GPU (--nproc_per_node), or use --device cpu."
            )
        torch.cuda.set_device(local)
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_cuda else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def from_first(compute: Callable[[], Value]) -> Value:
    """Compute a value on the first rank, and send it to all.

    Parameters
    ----------
    compute : callable
        Called on the first rank alone. If it raises an `InputError`, all ranks raise it.

    Returns
    -------
    object
        What `compute` returned.
    """
    if n_ranks() == 1:
        return compute()
    message: list[Any] = [None, None]
    failure: BaseException | None = None
    if is_first():
        try:
            with apart():
                message = [compute(), None]
        except Exception as error:
            failure = error
            message = [None, f"{error}"]
    with _answered():
        dist.broadcast_object_list(message, src=0)
    if failure is not None:
        raise failure
    if message[1] is not None:
        raise InputError(f"The first process of the fit failed: {message[1]}")
    value: Value = message[0]
    return value


def any_rank(value: bool) -> bool:
    """Whether `value` is true on any rank."""
    return value if n_ranks() == 1 else any(_gathered(value))


def check_same(describe: Callable[[], Mapping[str, Any]]) -> None:
    """Refuse to fit together if the ranks have different documents or settings.

    Parameters
    ----------
    describe : callable
        Returns the identity of the fit (`topicml.identity`); called only if there are several ranks.

    Raises
    ------
    InputError
        On all ranks; it names a rank and what differs.
    """
    if n_ranks() == 1:
        return
    identities = _gathered(dict(describe()))
    for rank, identity in enumerate(identities):
        if digest(identity) != digest(identities[0]):
            raise InputError(
                f"The processes of a fit must have the same documents and settings, and process {rank} differs from "
                f"process 0 in {', '.join(differences(identities[0], identity))}. Give all of them the same. To fit "
                "different models in the processes of one group, fit before the group is made."
            )


def share_of_rows(rows: np.ndarray) -> np.ndarray:
    """The part of some rows that this rank works on."""
    return rows if n_ranks() == 1 else rows[dist.get_rank() :: n_ranks()]


def summed_array(array: np.ndarray) -> np.ndarray:
    """The sum of the arrays of all ranks."""
    if n_ranks() == 1:
        return array
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    (total,) = summed([torch.from_numpy(array).to(device)])
    result: np.ndarray = total.cpu().numpy()
    return result


def summed_sparse(matrix: csr_matrix) -> csr_matrix:
    """The sum of the sparse matrices of all ranks."""
    if n_ranks() == 1:
        return matrix
    first, *others = _gathered(matrix)
    return sum(others, start=first)


@torch.no_grad()
def copy_from_first(tensors: Iterable[Tensor]) -> None:
    """Give all ranks the first one's values, in place.

    They are equal already if all processors round alike. On other hardware they drift apart without this.
    """
    if n_ranks() > 1:
        for tensor in tensors:
            with _answered():
                dist.broadcast(tensor, src=0)


def share_of_columns(n_columns: int) -> slice:
    """The columns of a matrix that this rank works on; all of them if it is alone."""
    ranks = n_ranks()
    return slice(0, n_columns) if ranks == 1 else _shares(n_columns, ranks)[dist.get_rank()]


def parts_of_all(part: Tensor) -> Tensor:
    """The parts of all ranks, which have one shape, in the order of the ranks: (n_ranks, ...)."""
    ranks = n_ranks()
    if ranks == 1:
        return part.unsqueeze(0)
    parts = [torch.empty_like(part) for _ in range(ranks)]
    with _answered():
        dist.all_gather(parts, part.contiguous())
    return torch.stack(parts)


def columns_of_all(part: Tensor, n_columns: int) -> Tensor:
    """Put together a matrix of which each rank has its columns (`share_of_columns`), in one message.

    Parameters
    ----------
    part : Tensor, (n_rows, n_mine)
        The columns of this rank.
    n_columns : int
        Columns of the whole matrix.

    Returns
    -------
    Tensor, (n_rows, n_columns)
        Equal on all ranks.
    """
    ranks = n_ranks()
    if ranks == 1:
        return part
    sizes = [share.stop - share.start for share in _shares(n_columns, ranks)]
    padded = part.new_zeros(len(part), max(sizes))
    padded[:, : part.shape[1]] = part
    return torch.cat([each[:, :size] for each, size in zip(parts_of_all(padded), sizes, strict=True)], dim=1)


def summed(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The sums of tensors over ranks: one message, and one order of additions for all ranks."""
    if n_ranks() == 1:
        return [*tensors]
    message = torch.cat([tensor.reshape(-1) for tensor in tensors])
    with _answered():
        dist.all_reduce(message)
    parts = message.split([tensor.numel() for tensor in tensors])
    return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


def _shares(n: int, ranks: int) -> list[slice]:
    """Parts of about equal size, in the order of the ranks."""
    edges = [n * rank // ranks for rank in range(ranks + 1)]
    return [slice(first, last) for first, last in pairwise(edges)]


def _gathered(value: Value) -> list[Value]:
    """The values of all ranks."""
    values: list[Any] = [None] * n_ranks()
    with _answered():
        dist.all_gather_object(values, value)
    return values


@contextmanager
def _answered() -> Iterator[None]:
    """Context manager: say what to do if another rank does not answer."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            "Another process of this fit ended, or does not answer. Its own message says why. Start all processes "
            "again; a fit with a checkpoint, or a run, continues where it was."
        ) from error
