"""The processes that train one run together, and how they communicate.

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
    """Another process of the run is gone, so this one cannot continue."""


@frozen
class Ranks:
    """A process among those of its run; by default the only one, where nothing is exchanged.

    Every method but the properties must be called by all processes, in the same order.
    """

    rank: int = 0
    world_size: int = 1
    place: int = 0
    """Number of this process on its machine: the GPU it takes, where it sees those of all."""
    strategy: Strategy = "replicate"
    """Whether each process holds all weights, gradients and optimizer state, or its part."""

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes, evaluates and prints."""
        return self.rank == 0

    @property
    def is_alone(self) -> bool:
        """Whether the run has only this process."""
        return self.world_size == 1

    def from_first(self, make: Callable[[], _T]) -> _T:
        """The result of `make` in the first process, which alone calls it; in every process."""
        made: list[Any] = [make() if self.is_first else None]
        if not self.is_alone:
            with connected():
                dist.broadcast_object_list(made)
        value: _T = made[0]
        return value

    def gather(self, value: _T) -> list[_T]:
        """The values of all processes, by rank, in every process. Tensors must be on the CPU."""
        if self.is_alone:
            return [value]
        values: list[Any] = [None] * self.world_size
        with connected():
            dist.all_gather_object(values, value)
        return values

    def total(self, numbers: Sequence[int]) -> list[int]:
        """The sums over all processes, element by element. No device is waited for."""
        return self._over_all(numbers, dist.ReduceOp.SUM)

    def largest(self, numbers: Sequence[int]) -> list[int]:
        """The maxima over all processes, element by element. No device is waited for."""
        return self._over_all(numbers, dist.ReduceOp.MAX)

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over all processes, where it has the same shape."""
        if self.is_alone:
            return values
        mean = values.detach().clone(memory_format=torch.contiguous_format)
        with connected():
            dist.all_reduce(mean)
        return mean.div_(self.world_size)

    @torch.no_grad()
    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, where it has the same shape."""
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
        """Replace the tensors of the other processes by the first process's."""
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
    """Inside, torch's error for a lost process becomes a PeerLostError."""
    try:
        yield
    except RuntimeError as error:
        raise _peer_lost(error) from error


@contextmanager
def connected_now_and_then() -> Iterator[None]:
    """Like `connected`, around work that only partly communicates: other errors are kept."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise _peer_lost(error) from error
        raise


def _peer_lost(error: Exception) -> PeerLostError:
    return PeerLostError(
        f"Another process of this run ended or can no longer be reached ({error}). "
        "Run the same command to continue from the last checkpoint."
    )
