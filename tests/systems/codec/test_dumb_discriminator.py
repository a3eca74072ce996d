"""Discriminators that were made unable to learn, in the ways in which it happens; and a sound one.

Each is trained by the real loop for a few steps on one kind of clip; the guard of the shipped
recipe must stop the dumb ones and let the sound one pass.
"""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.recipe.judgement import Guard
from engine.recipe.optimizers import AdamW, Exponential
from engine.training.clock import Clock
from engine.training.devices import Device
from engine.training.guards import Guards, Moment
from engine.training.order import Order
from engine.training.record import Record
from engine.training.schedules import Length
from engine.training.step import Stepper

STEPS = 40
GUARD = Guard(at=f"step:{STEPS}", below=0.95)


def made(make_codec, loss):
    """A codec that decodes what anybody can tell from speech, and its recipe."""
    table = {"loss": loss, "reduction": "mean", "stft_windows": (64,)}
    system = make_codec(discriminator=table, steps=STEPS, log_every_steps=STEPS)
    recipe = evolve(
        system.recipe,
        guard={"train/discriminator/loss_over_chance": (GUARD,)},
        optimizer={
            "discriminator": AdamW(learning_rate=2e-3, betas=(0.8, 0.99)),
            "generator": AdamW(learning_rate=1e-6),
        },
    )
    return system, recipe


def trained(system, recipe, before_step=lambda stepper: None):
    """Breaches of the guard after the run."""
    stepper = Stepper(Device(torch.device("cpu")), system, recipe, Length(STEPS, 5))
    before_step(stepper)
    order = Order(system.train_clips.lengths, 4, 1)
    clock = Clock(Length(STEPS, 5))
    guards = Guards(recipe.guard, Record.of(recipe, 1).selection)
    for step, indices in order.steps(0):
        batch = system.train_clips.batch(indices.tolist(), np.random.default_rng(step))
        stepper.step([batch], step)
        if step + 1 == STEPS - 10:
            stepper.meter.read()
        if step + 1 == STEPS:
            break
    metrics = stepper.meter.read()
    return guards.watch(metrics, Moment(STEPS, clock.epoch(STEPS))), metrics


@pytest.mark.parametrize("loss", ["hinge", "least_squares"])
def test_one_that_learns_passes(make_codec, loss):
    breaches, metrics = trained(*made(make_codec, loss))
    assert breaches == []
    assert metrics["train/discriminator/accuracy"] > 0.6


def no_gradients(stepper):
    """Gradients are cleared in the wrong place: after backward, before the step."""
    (share,) = [share for share in stepper._optimized if share.turn.name == "discriminator"]

    def clear(optimizer, *_):
        for parameter in share.turn.parameters.values():
            parameter.grad.zero_()

    share.optimizer.register_step_pre_hook(clear)
    for group in share.optimizer.param_groups:
        group["weight_decay"] = 0.0


def frozen(stepper):
    """Parameters that never get a gradient, as after a freeze that is not undone."""
    (share,) = [share for share in stepper._optimized if share.turn.name == "discriminator"]
    for parameter in share.turn.parameters.values():
        parameter.register_hook(torch.zeros_like)


@pytest.mark.parametrize("loss", ["hinge", "least_squares"])
@pytest.mark.parametrize("dumb", [no_gradients, frozen])
def test_one_without_gradients_is_stopped(make_codec, loss, dumb):
    (breach,), _ = trained(*made(make_codec, loss), before_step=dumb)
    assert breach.name == "train/discriminator/loss_over_chance"
    assert breach.action == "stop"
    assert breach.value > 0.95


def test_one_whose_learning_rate_is_zero_is_stopped(make_codec):
    system, recipe = made(make_codec, "hinge")
    nothing = Exponential(gamma=0.0, every="step")
    recipe = evolve(recipe, schedule={"discriminator": nothing})
    (breach,), _ = trained(system, recipe)
    assert "train/discriminator/loss_over_chance" in breach.sentence()
