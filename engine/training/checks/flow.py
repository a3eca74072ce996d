"""Whether gradients flow where losses look: from what is made, and back to what is put in."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.networks import Networks
from engine.training.system import Batch, Terms, Turn

_LEAST = 0.01
"""Share of an input's numbers with a gradient: those of a batch's minimum and maximum are fewer."""


def flow_checks(
    networks: Networks, turns: Sequence[Turn], batch: Batch, paths: Mapping[str, str], at: int
) -> Iterator[Check]:
    """Checks of one forward pass, in the step that follows `at` finished ones.

    `paths` holds, by the entry of a batch, the loss term that must have a gradient there. Weights
    and buffers are not changed. Parameters get no gradient.
    """
    module = networks.module
    device = next(module.parameters()).device
    moved = {name: tensor.to(device) for name, tensor in batch.items()}
    leaves = {name: moved[name].clone().requires_grad_(True) for name in paths}
    networks.let_gradients_flow(turns)
    module.begin(at)
    with torch.enable_grad():
        prepared = networks.call("prepare", {**moved, **leaves})
        for turn in turns:
            networks.let_gradients_flow([turn])
            terms: Terms = networks.call(turn.name, prepared)
            place = "" if len(networks.turns) == 1 else f"{turn.name}/"
            named = {f"{place}{name}": loss for name, loss in terms.losses.items()}
            for entry, term in paths.items():
                if term in named:
                    yield _input_check(entry, term, _gradient(named[term], leaves[entry]))
            if terms.generator_output is not None:
                yield _output_check(turn, terms)


def _input_check(entry: str, term: str, gradient: Tensor | None) -> Check:
    name = f"gradients at {entry}"
    if gradient is not None and float((gradient != 0).float().mean()) > _LEAST:
        return Check(name, True, f"{term} has a gradient at the input of the model")
    said = f"{term} has no gradient at the input of the model: the path between is cut, by a "
    said += "detached tensor or a quantizer (codebook) without its straight-through copy"
    return Check(name, False, said)


def _output_check(turn: Turn, terms: Terms) -> Check:
    """Whether each term that compares what was made has a gradient there.

    Terms of other things, such as a codebook's, are connected to no part of it and are passed over
    where they have a gradient at all.
    """
    name = f"gradients at the output of {turn.name}"
    output = terms.generator_output
    assert output is not None
    cut = [
        term
        for term, loss in terms.losses.items()
        if not loss.requires_grad
        or ((found := _gradient(loss, output)) is not None and not bool(found.any()))
    ]
    if cut:
        said = f"{', '.join(cut)} has no gradient at what {turn.name} makes: it is detached, or "
        return Check(name, False, f"{said}hangs on something else")
    return Check(name, True, f"{len(terms.losses)} terms are connected")


def _gradient(loss: Tensor, to: Tensor) -> Tensor | None:
    if not loss.requires_grad:
        return None
    (found,) = torch.autograd.grad(loss, to, retain_graph=True, allow_unused=True)
    return found
