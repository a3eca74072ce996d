"""The state of a run's parts, as checkpoints hold it."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import torch
from attrs import frozen
from torch import Tensor


@frozen
class Saved:
    """The state of one part of a run."""

    plain: Any = None
    """Values that JSON can hold, for the readable file of a checkpoint."""
    tensors: Any = None
    """Tensors by name, perhaps nested with plain values."""


class Stateful(Protocol):
    """A part of a run that changes while the run trains.

    Every process of a run calls both methods, in the same order: what is saved is the same in each
    and holds the state of all.
    """

    def state(self) -> Saved:
        """Everything that is needed to continue from here to the same weights."""

    def load(self, saved: Saved) -> None:
        """Take over what `state` gave."""


def as_tensors(figures: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Copies of arrays as a checkpoint takes them."""
    return {name: torch.from_numpy(np.array(values)) for name, values in figures.items()}


def as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """The arrays that such tensors hold."""
    return {name: tensor.numpy() for name, tensor in tensors.items()}
