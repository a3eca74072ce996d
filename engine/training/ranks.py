"""The processes that train one run together: what each is, and how they speak to each other.

Every process runs the same program over its share of each batch. Gradients are averaged, so their
weights stay the same bit for bit; the first process alone writes, evaluates and decides.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from attrs import frozen
from torch import Tensor, nn

from engine.errors import UserError

_BUCKET_BYTES = 64 * 1024 * 1024
"""Gradients are averaged in pieces of about this size: few messages, little memory beside."""

_T = TypeVar("_T")


class PeerLostError(UserError):
    """Another process of the run is gone, so this one cannot go on."""


@frozen
class Ranks:
    """A process among those of its run; by default the only one, for which all of this is free.

    Every method but the properties must be called by all processes, in the same order.
    """

    rank: int = 0
    world_size: int = 1
    place: int = 0
    """Number of this process on its machine: which of several GPUs it takes."""

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes, evaluates and speaks."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether there is no other."""
        return self.world_size == 1

    def from_first(self, make: Callable[[], _T]) -> _T:
        """What `make` returns in the first process, which alone calls it."""
        made: list[Any] = [make() if self.is_first else None]
        if not self.is_alone:
            with _connected():
                dist.broadcast_object_list(made)
        value: _T = made[0]
        return value

    def gather(self, value: _T) -> list[_T]:
        """What every process gives, by rank, in each of them. Tensors must be on the CPU."""
        if self.is_alone:
            return [value]
        values: list[Any] = [None] * self.world_size
        with _connected():
            dist.all_gather_object(values, value)
        return values

    def largest(self, numbers: Sequence[int]) -> list[int]:
        """The largest that any process gives, place by place. No device is waited for."""
        if self.is_alone:
            return list(numbers)
        found = torch.tensor(numbers)
        with _connected():
            dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return [int(number) for number in found.tolist()]

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes of a tensor that each has, of the same shape."""
        if self.is_alone:
            return values
        return self._mean_in_place(values.detach().clone(memory_format=torch.contiguous_format))

    def mean_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Put in place of every gradient its mean over the processes.

        A gradient that is missing here counts as zero where another process has it; one that is
        missing everywhere stays so.
        """
        if self.is_alone:
            return
        present = self.largest([int(p.grad is not None) for p in parameters])
        wanted = [p for p, there in zip(parameters, present, strict=True) if there]
        for parameter in wanted:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [p.grad for p in wanted if p.grad is not None]
        for bucket in _buckets(gradients):
            _copy_flat(self._mean_in_place(_flat(bucket)), bucket)

    def begin_alike(self, module: nn.Module, seed: int) -> None:
        """Give all processes the weights of the first, and each its own chance from here on.

        Dropout and the like should not hit every part of a batch in the same way.
        """
        if self.is_alone:
            return
        self._take_from_first(_tensors(module))
        if not self.is_first:
            torch.manual_seed(seed + self.rank)

    def share_buffers(self, module: nn.Module) -> None:
        """Put the first process's buffers into the module of every process.

        Forward passes change batch statistics and codebooks by each process's part of the batch;
        as in torch's DistributedDataParallel, those of the first count.
        """
        if self.is_alone:
            return
        buffers = [one for one in _tensors(module) if not isinstance(one, nn.Parameter)]
        self._take_from_first(buffers)

    def _mean_in_place(self, values: Tensor) -> Tensor:
        with _connected():
            dist.all_reduce(values)
        return values.div_(self.world_size)

    def _take_from_first(self, tensors: Sequence[Tensor]) -> None:
        for bucket in _buckets(tensors):
            flat = _flat(bucket)
            with _connected():
                dist.broadcast(flat.view(torch.uint8), 0)  # as bytes: no backend has every type
            if not self.is_first:
                _copy_flat(flat, bucket)


ALONE = Ranks()


def _tensors(module: nn.Module) -> list[Tensor]:
    """Parameters and persistent buffers: what a checkpoint holds of a module."""
    state = module.state_dict(keep_vars=True).values()
    return [value for value in state if isinstance(value, Tensor)]


@contextmanager
def _connected() -> Iterator[None]:
    """Inside, what torch raises where the connection to another process is lost gets its name."""
    try:
        yield
    except RuntimeError as error:
        raise PeerLostError(
            f"Another process of this run ended or cannot be reached any more ({error}). "
            "The same command goes on from the last checkpoint."
        ) from error


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """The tensors in groups of one type, each of about `_BUCKET_BYTES`."""
    groups: dict[torch.dtype, list[Tensor]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.dtype, []).append(tensor)
    for group in groups.values():
        bucket, room = [group[0]], _BUCKET_BYTES - group[0].nbytes
        for tensor in group[1:]:
            if tensor.nbytes > room:
                yield bucket
                bucket, room = [], _BUCKET_BYTES
            bucket.append(tensor)
            room -= tensor.nbytes
        yield bucket


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


@torch.no_grad()
def _copy_flat(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    parts = torch.split_with_sizes(flat, [tensor.numel() for tensor in tensors])
    views = [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]
    torch._foreach_copy_(list(tensors), views)
