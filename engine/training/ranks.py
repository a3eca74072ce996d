"""The processes that train one run together: what each is, and how they speak to each other.

Every process runs the same program over its share of each batch. `data_parallel.py` keeps their
weights alike; the first process alone writes, evaluates and decides.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.recipe.params import Strategy

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
    strategy: Strategy = "replicate"
    """Whether each process holds all weights, gradients and optimizer state, or its part."""

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
            with connected():
                dist.broadcast_object_list(made)
        value: _T = made[0]
        return value

    def gather(self, value: _T) -> list[_T]:
        """What every process gives, by rank, in each of them. Tensors must be on the CPU."""
        if self.is_alone:
            return [value]
        values: list[Any] = [None] * self.world_size
        with connected():
            dist.all_gather_object(values, value)
        return values

    def total(self, numbers: Sequence[int]) -> list[int]:
        """The sum over what all processes give, place by place. No device is waited for."""
        return self._over_all(numbers, dist.ReduceOp.SUM)

    def largest(self, numbers: Sequence[int]) -> list[int]:
        """The largest that any process gives, place by place. No device is waited for."""
        return self._over_all(numbers, dist.ReduceOp.MAX)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes of a tensor that each has, of the same shape."""
        if self.is_alone:
            return values
        mean = values.detach().clone(memory_format=torch.contiguous_format)
        with connected():
            dist.all_reduce(mean)
        return mean.div_(self.world_size)

    @torch.no_grad()
    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Put the sum over all processes in place of each tensor, of the same shape in each."""
        for tensor in [] if self.is_alone else tensors:
            with connected():
                dist.all_reduce(tensor)

    def _over_all(self, numbers: Sequence[int], what: dist.ReduceOp.RedOpType) -> list[int]:
        if self.is_alone:
            return list(numbers)
        found = torch.tensor(numbers)
        with connected():
            dist.all_reduce(found, op=what)
        return [int(number) for number in found.tolist()]

    @torch.no_grad()
    def take_from_first(self, tensors: Sequence[Tensor]) -> None:
        """Put the first process's tensors in place of those of the others."""
        groups: dict[torch.dtype, list[Tensor]] = {}
        for tensor in [] if self.is_alone else tensors:
            groups.setdefault(tensor.dtype, []).append(tensor)
        for group in groups.values():
            flat = torch.cat([tensor.detach().reshape(-1) for tensor in group])
            with connected():
                dist.broadcast(flat.view(torch.uint8), 0)  # as bytes: no backend has every type
            parts = torch.split_with_sizes(flat, [tensor.numel() for tensor in group])
            for tensor, part in zip(group, parts, strict=True):
                tensor.copy_(part.view_as(tensor))


ALONE = Ranks()


@contextmanager
def connected() -> Iterator[None]:
    """Inside, what torch raises where the connection to another process is lost gets its name."""
    try:
        yield
    except RuntimeError as error:
        raise _peer_lost(error) from error


@contextmanager
def connected_now_and_then() -> Iterator[None]:
    """As `connected`, around work in which torch also speaks to other processes."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise _peer_lost(error) from error
        raise


def _peer_lost(error: Exception) -> PeerLostError:
    return PeerLostError(
        f"Another process of this run ended or cannot be reached any more ({error}). "
        "The same command goes on from the last checkpoint."
    )
