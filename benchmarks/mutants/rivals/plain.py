"""A plain PyTorch loop, with the checks that PyTorch's documentation recommends.

Anomaly detection, an error where a gradient's norm is not finite, and an evaluation now and then
whose result must be finite.
"""

import math
from pathlib import Path

import torch
from torch.nn.utils import clip_grad_norm_

from benchmarks.mutants.rivals.notices import Notices
from benchmarks.mutants.rivals.setting import Setting
from engine.training.system import Batch


def train(setting: Setting, notices: Notices, folder: Path) -> None:  # noqa: ARG001
    """Train to the end, or until something is raised."""
    optimizers = setting.optimizers()
    turns = setting.system.turns
    schedules = [setting.schedule(*one) for one in zip(turns, optimizers, strict=True)]
    setting.system.module.train()
    with torch.autograd.set_detect_anomaly(True):
        for batch in setting.batches():
            _step(setting, batch, optimizers)
            for schedule in schedules:
                schedule.step()
            if setting.step % setting.evaluate_every == 0:
                _evaluate(setting, notices)


def _step(setting: Setting, batch: Batch, optimizers: list[torch.optim.Optimizer]) -> None:
    module = setting.system.module
    module.begin(setting.step)
    prepared = module.prepare(batch)
    for place, turn in setting.due_turns():
        optimizers[place].zero_grad()
        setting.loss(turn, prepared).backward()  # type: ignore[no-untyped-call]
        limit = setting.clip_limit(turn) or math.inf
        clip_grad_norm_([*turn.parameters.values()], limit, error_if_nonfinite=True)
        optimizers[place].step()
    setting.finish_step()


def _evaluate(setting: Setting, notices: Notices) -> None:
    name, _ = setting.monitored
    value = setting.evaluate()[name]
    if not math.isfinite(value):
        notices.add("stop", f"{name} is {value}")
        raise FloatingPointError(f"{name} is {value}")
