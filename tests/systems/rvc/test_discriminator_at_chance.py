"""Discriminators that were made unable to learn, and sound ones, under the system's own guard."""

import numpy as np
import pytest
import torch
from attrs import evolve

from engine.recipe.optimizers import AdamW
from engine.systems.rvc.metrics import GUARDS
from engine.training.devices import Device
from engine.training.guards import Guards, Moment
from engine.training.order import Order
from engine.training.record import Record
from engine.training.schedules import Length
from engine.training.step import Stepper

STEPS = 60
METRIC = "train/discriminator/loss_over_chance"


@pytest.fixture
def breaches(make_rvc):
    """What the guard says after some steps of the real loop."""

    def trained(spoil=lambda system: None):
        system = make_rvc(steps=STEPS, log_every_steps=STEPS)
        spoil(system)
        recipe = evolve(
            system.recipe,
            guard={METRIC: (evolve(GUARDS[METRIC], at=f"step:{STEPS}"),)},
            optimizer={
                "discriminator": AdamW(learning_rate=2e-3, betas=(0.8, 0.99)),
                "generator": AdamW(learning_rate=1e-6),
            },
        )
        length = Length(STEPS, 5)
        stepper = Stepper(Device(torch.device("cpu")), system, recipe, length)
        order = Order(system.train_clips.lengths, 3, 1)
        for step, indices in order.steps(0):
            batch = system.train_clips.batch(indices.tolist(), np.random.default_rng(step))
            stepper.step([batch], step)
            if step + 1 == STEPS - 10:
                stepper.meter.read()
            if step + 1 == STEPS:
                break
        guards = Guards(recipe.guard, Record.of(recipe, 1).selection)
        return guards.watch(stepper.meter.read(), Moment(STEPS, 1))

    return trained


def test_those_that_learn_pass(breaches):
    assert breaches() == []


def test_those_that_get_no_gradient_are_warned_of(breaches):
    def frozen(system):
        for parameter in system.module.discriminators.parameters():
            parameter.register_hook(torch.zeros_like)

    (breach,) = breaches(frozen)
    assert breach.action == "warn"
    assert breach.value > 0.995


def test_those_that_hear_the_same_twice_are_warned_of(breaches, monkeypatch):
    def deaf(system):
        whole = system.module.discriminators.judge
        monkeypatch.setattr(system.module.discriminators, "judge", lambda a, _: whole(a, a))

    (breach,) = breaches(deaf)
    assert breach.name == METRIC
