"""A block that leaves no trace in weights, buffers, optimizers and random generators."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy

import torch
from attrs import frozen
from torch import Tensor

from engine.training.randomness import random_state, set_random_state
from engine.training.spread import local
from engine.training.state import Saved
from engine.training.step import Stepper


@frozen(eq=False)
class Before:
    """The state before a block."""

    parameters: Mapping[str, Tensor]
    """Copies of the parameters by name."""
    _stepper: Stepper
    _weights: Mapping[str, Tensor]
    _optimizers: Saved

    def restore(self) -> None:
        """Put weights, buffers and optimizers back; gradients stay as they are."""
        self._stepper.networks.module.load_state_dict(self._weights)
        self._stepper.load(deepcopy(self._optimizers))  # a step changes what was loaded in place


@contextmanager
def put_back(stepper: Stepper) -> Iterator[Before]:
    """Restore weights, buffers, optimizers and torch's generator after the block.

    No other process is waited for, so that an error in one of them is reported.
    """
    module = stepper.networks.module
    random = random_state()
    kept = {name: t.detach().clone() for name, t in module.state_dict().items()}
    parameters = {name: _as_kept(name, p, kept) for name, p in module.named_parameters()}
    before = Before(parameters, stepper, kept, stepper.own_state())
    module.train()
    try:
        yield before
    finally:
        before.restore()
        module.zero_grad(set_to_none=True)
        stepper.meter.clear()
        set_random_state(random)


def _as_kept(name: str, parameter: Tensor, kept: Mapping[str, Tensor]) -> Tensor:
    """The kept copy of a parameter, or a new one where the state dict has another layout."""
    own, theirs = local(parameter).detach(), kept.get(name)
    if theirs is not None and theirs.shape == parameter.shape and torch.equal(local(theirs), own):
        return theirs
    return own.clone()
