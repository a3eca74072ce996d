"""The one switch of this folder: whether its kernels compute, or torch's own operators.

They compute what torch's own do, up to rounding, and pay on a CPU alone: a GPU's libraries have
fast forms of the plain operators.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_on = ContextVar("cpu_kernels", default=True)


def kernels_on(device: torch.device) -> bool:
    """Whether the CPU kernels compute what lies on `device`: on a CPU, unless switched off."""
    return device.type == "cpu" and _on.get()


@contextmanager
def plain_torch() -> Iterator[None]:
    """Inside, the kernels are off everywhere: for comparing the two."""
    token = _on.set(False)
    try:
        yield
    finally:
        _on.reset(token)
