"""One fit by several processes, the ranks of `torch.distributed`: what they share out, and what they agree on.

All ranks draw the same batches and the same noise, and make the same step. What costs most, the likelihood of the
documents of a batch, is shared out: each rank computes it for its documents, and the results and gradients are added up
over ranks. So moments of batch normalisation, contrasts and the balance are those of the whole batch, without a line of
their own. Without a process group, with one process, and outside of `together`, all functions here do nothing.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from torch import distributed as dist
from torch.autograd.function import once_differentiable

from topicml.errors import InputError
from topicml.identity import differences, digest
from topicml.nn.batch import Batch

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

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
    (total,) = _summed([torch.from_numpy(array).to(device)])
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


def shared_out(
    likelihood: Callable[[Tensor, Tensor, Tensor, Batch], Tensor],
    theta: Tensor,
    beta: Tensor,
    bias: Tensor,
    batch: Batch,
) -> Tensor:
    """Compute the likelihood of each document of a batch, each rank for a part of them.

    Parameters
    ----------
    likelihood : callable
        ``(theta, beta, bias, batch) -> (n_docs,)``; documents do not depend on each other.
    theta : Tensor, (n_docs, n_topics)
        One row per document; equal on all ranks, as are the others.
    beta, bias : Tensor
        Shared by all documents.
    batch : Batch
        The documents.

    Returns
    -------
    Tensor, (n_docs,)
        Equal on all ranks, and so are the gradients: those of the whole batch.
    """
    ranks = n_ranks()
    if ranks == 1:
        return likelihood(theta, beta, bias, batch)
    edges = np.linspace(0, len(batch), ranks + 1).astype(int)
    share = slice(int(edges[dist.get_rank()]), int(edges[dist.get_rank() + 1]))
    mine, beta, bias = _Enter.apply(theta, beta, bias, share)
    part = likelihood(mine, beta, bias, _documents(batch, share))
    return _Leave.apply(part, share, len(batch))


class _Enter(torch.autograd.Function):
    """From what all ranks have to what one rank works on; gradients are added up over ranks, in one message."""

    @staticmethod
    def forward(ctx: Any, theta: Tensor, beta: Tensor, bias: Tensor, share: slice) -> tuple[Tensor, Tensor, Tensor]:
        ctx.share, ctx.n_docs = share, len(theta)
        return theta[share].clone(), beta.view_as(beta), bias.view_as(bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, for_theta: Tensor, for_beta: Tensor, for_bias: Tensor) -> tuple[Tensor | None, ...]:
        whole = for_theta.new_zeros(ctx.n_docs, for_theta.shape[1])
        whole[ctx.share] = for_theta
        return *_summed([whole, for_beta, for_bias]), None


class _Leave(torch.autograd.Function):
    """From the documents of one rank to those of all; all ranks have the same gradient, and each takes its part."""

    @staticmethod
    def forward(ctx: Any, part: Tensor, share: slice, n_docs: int) -> Tensor:
        ctx.share = share
        whole = part.new_zeros(n_docs)
        whole[share] = part
        return _summed([whole])[0]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient[ctx.share], None, None


def _documents(batch: Batch, share: slice) -> Batch:
    """Some consecutive documents of a batch."""
    first, last = batch.offsets[share.start], batch.offsets[share.stop]
    return replace(
        batch,
        rows=batch.rows[share],
        word_ids=batch.word_ids[first:last],
        counts=batch.counts[first:last],
        offsets=batch.offsets[share.start : share.stop + 1] - first,
        lengths=batch.lengths[share],
        covariates=None if batch.covariates is None else batch.covariates[share],
        groups=None if batch.groups is None else batch.groups[share],
    )


def _summed(tensors: Sequence[Tensor]) -> list[Tensor]:
    """The sums of tensors over ranks: one message, and one order of additions for all ranks."""
    message = torch.cat([tensor.reshape(-1) for tensor in tensors])
    with _answered():
        dist.all_reduce(message)
    parts = message.split([tensor.numel() for tensor in tensors])
    return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]


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
