"""Whether torch.compile can trace a system's turns, without the minutes of a C++ compiler."""

import numpy as np
import torch
from attrs import evolve

from engine.training.devices import Device
from engine.training.schedules import Length
from engine.training.step import Stepper


def figures_of_steps(system, recipe, mode, monkeypatch, num_steps=2):
    """The figures of some logged steps, in which every graph is traced and differentiated."""
    plain = torch.compile
    with monkeypatch.context() as patch:
        patch.setattr(torch, "compile", lambda method, mode: plain(method, backend="aot_eager"))
        training = evolve(recipe.training, compile=mode, log_every_steps=1)
        recipe = evolve(recipe, training=training)
        stepper = Stepper(Device(torch.device("cpu")), system, recipe, Length(9, 3))
        system.module.train()
        batch = system.train_clips.batch(range(4), np.random.default_rng(0))
        for step in range(num_steps):
            torch.manual_seed(step)
            stepper.step([batch], step)
    return stepper.meter.read()
