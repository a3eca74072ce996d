"""Whether a step learns the same however its batch is cut: in parts, and over processes."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from attrs import evolve
from torch import nn

from engine.training.devices import Device
from engine.training.ranks import ALONE
from engine.training.schedules import Length
from engine.training.spread import whole
from engine.training.step import Stepper
from tests.training.train_ranks import in_ranks

PARTS = ((0,), (1, 2), (3, 4, 5))
"""Rows of a batch of six clips, in unequal parts."""
OF_PROCESSES = (((0,), (1, 2)), ((3, 4), (5,)))
"""The same in two processes of as many clips, with two parts each."""


def require_same_step(system, recipe, batch, folder):
    """Compare a step of one part with one of unequal parts, and with one of two processes.

    Nothing may be drawn at random, and no rate is so high that one turn moves another's gradient.
    Returns what the step of one part left.
    """
    still = {turn: evolve(table, learning_rate=1e-12) for turn, table in recipe.optimizer.items()}
    recipe = evolve(recipe, optimizer=still, training=evolve(recipe.training, log_every_steps=1))
    given = SimpleNamespace(module=system.module, turns=system.turns)
    given.module.train()
    for module in given.module.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()  # in training mode each part has statistics of its own
    Stepper(Device(torch.device("cpu")), given, recipe, Length(9, 3)).step([batch], 0)  # codes
    for turn in given.turns:
        for parameter in turn.parameters.values():
            parameter.requires_grad_(True)
    torch.save((given, recipe, batch), folder / "given.pt")
    one = left_by_a_step(given, recipe, [batch])
    given, *_ = torch.load(folder / "given.pt", weights_only=False)
    require_alike(left_by_a_step(given, recipe, [rows(batch, part) for part in PARTS]), one)
    in_ranks(save_step, folder)
    require_alike(torch.load(folder / "left.pt"), one)
    return one


def save_step(folder, ranks):
    """In each of two processes: save what the step leaves there."""
    given, recipe, batch = torch.load(folder / "given.pt", weights_only=False)
    parts = [rows(batch, part) for part in OF_PROCESSES[ranks.rank]]
    left = left_by_a_step(given, recipe, parts, ranks)
    if ranks.is_first:
        torch.save(left, folder / "left.pt")


def left_by_a_step(given, recipe, parts, ranks=ALONE):
    """The gradients, the buffers and the logged figures after a step."""
    device = Device(torch.device("cpu"))
    stepper = Stepper(device, given, recipe, Length(9, 3), ranks)
    gradients = {}

    def keep(turn, *_):
        there = {name: p.grad for name, p in turn.parameters.items() if p.grad is not None}
        gradients.update({name: whole(gradient).clone() for name, gradient in there.items()})

    for one in stepper._optimized:
        one.optimizer.register_step_pre_hook(partial(keep, one.turn))
    stepper.step(parts, 1)
    buffers = {n: b.clone() for n, b in stepper.networks.module.named_buffers()}
    return {"gradients": gradients, "buffers": buffers, "figures": stepper.meter.read()}


def rows(batch, places):
    return {name: tensor[list(places)] for name, tensor in batch.items()}


def require_alike(found, wanted):
    close = partial(torch.testing.assert_close, rtol=1e-3)
    assert found["gradients"].keys() == wanted["gradients"].keys()
    ours, theirs = (flat(one["gradients"]) for one in (found, wanted))
    assert torch.cosine_similarity(ours, theirs, dim=0) > 1 - 1e-6
    close(ours.norm(), theirs.norm(), rtol=1e-4, atol=0.0)
    for name, gradient in wanted["gradients"].items():
        close(found["gradients"][name], gradient, atol=1e-4 * float(theirs.abs().max()))
    for name, value in wanted["buffers"].items():
        close(found["buffers"][name], value, atol=1e-5)
    for name, value in wanted["figures"].items():
        if name.endswith("loss") or "gradient_share" in name:
            assert found["figures"][name] == pytest.approx(value, rel=1e-3, abs=1e-5)


def flat(tensors):
    return torch.cat([tensor.flatten() for tensor in tensors.values()]).double()
