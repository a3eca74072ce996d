"""The memory of a step's forward and backward, measured without computing anything.

Both run on torch's fake tensors, which have shapes and types but no values, so that models too
large for this machine can be measured too.
"""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from attrs import frozen
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@frozen
class StepMemory:
    """Bytes beside the weights, without the gradients of weights."""

    forward: int
    """Peak bytes in forward."""
    backward: int
    """Peak bytes in backward."""

    def grown(self, other: "StepMemory", times: int) -> "StepMemory":
        """The memory with `times` more layers, where `other` is that of one layer more."""
        return StepMemory(
            self.forward + times * (other.forward - self.forward),
            self.backward + times * (other.backward - self.backward),
        )


def as_fake(module: nn.Module) -> Any:
    """A module of the meta device with fake tensors on the CPU. Called where tensors are fake."""
    for part in module.modules():
        for name, own in part.named_parameters(recurse=False):
            empty = torch.empty_like(own, device="cpu")
            setattr(part, name, nn.Parameter(empty, requires_grad=own.requires_grad))
        for name, buffer in part.named_buffers(recurse=False):
            setattr(part, name, torch.empty_like(buffer, device="cpu"))
    return module


def measure(module: nn.Module, loss: Callable[[], Tensor]) -> StepMemory:
    """The memory of a step of a module with fake tensors and inputs; `loss` is its forward."""
    live = _Live(module)
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.register_post_accumulate_grad_hook(live.has_gradient)  # type: ignore[no-untyped-call]
    with live:
        made = loss()
        forward, live.peak = live.peak, live.now
        made.backward()  # type: ignore[no-untyped-call]
    return StepMemory(forward, live.peak)


class _Live(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that operations make, until they are freed."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        tensors = [*module.parameters(), *module.buffers()]
        self._seen = {tensor.untyped_storage()._cdata for tensor in tensors}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self.now)
        return result

    def has_gradient(self, parameter: Tensor) -> None:
        """Leave a weight's gradient out of the count from here on."""
        if parameter.grad is not None:
            self.now -= parameter.grad.untyped_storage().nbytes()

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._seen:
            self._seen.add(key)
            self.now += storage.nbytes()
            weakref.finalize(storage, self._freed, storage.nbytes(), key)

    def _freed(self, num_bytes: int, key: int) -> None:
        self.now -= num_bytes
        self._seen.discard(key)
