"""The engine's own training step, and how far its losses and gradients are from another's."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.comparison import Batches, Training
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.schema import Recipe
from engine.system_support.build import build_system
from engine.system_support.discovery import recipe_classes
from engine.training.devices import make_device
from engine.training.part import weigh
from engine.training.schedules import Length
from engine.training.step import Stepper
from engine.training.system import Batch, System

_RECIPES = Path(__file__).parents[1] / "recipes"
_LENGTH = Length(1_000_000, 1_000)


class Cantus(Training):
    """Steps of a recipe in a project, as the engine takes them: `Stepper` on batches of `ClipSet`.

    The engine sorts the clips of 50 batches by length; here, those of a round, unless `as_drawn`.
    """

    def __init__(
        self, project: Project, recipe: str, overrides: Sequence[str] = (), as_drawn: bool = False
    ) -> None:
        table = recipe_of(recipe, overrides)
        params = load_params(project.params)
        self.precision = table.training.precision
        self.device = make_device(params.hardware, self.precision)
        self.system = build_system(table, project, params)
        self.stepper = Stepper(self.device, self.system, table, _LENGTH)
        self._as_drawn, self._random, self._done = as_drawn, np.random.default_rng(1), 0

    def steps(self, batches: Batches) -> None:
        """See `Training`."""
        super().steps(batches if self._as_drawn else self.by_length(batches))

    def step(self, clips: Sequence[int]) -> None:
        """See `Training`."""
        self.stepper.step([self._read(clips)], self._done)
        self._done += 1

    def _read(self, clips: Sequence[int]) -> Batch:
        return self.system.train_clips.batch(clips, self._random)

    def sections(self, batches: Batches) -> dict[str, float]:
        """See `Training`."""
        spent: dict[str, float] = defaultdict(float)
        module, turns = self.system.module, self.stepper._optimized
        sections: list[tuple[Any, str, str]] = [
            (self, "_read", "clips read"),
            (module, "prepare", "shared forward"),
            *((module, one.turn.name, f"{one.turn.name}, forward") for one in turns),
            (self.device, "backward", "backward"),
            (self.stepper, "_clip", "norms and clipping"),
            *((one.optimizer, "step", "optimizer") for one in turns),
        ]
        for owner, method, name in sections:
            setattr(owner, method, _timed(getattr(owner, method), name, spent))
        started = time.process_time()
        self.steps(batches)
        whole = time.process_time() - started
        for owner, method, _ in sections:
            delattr(owner, method)
        return {**spent, "everything else": whole - sum(spent.values())}

    def by_length(self, batches: Batches) -> Batches:
        """The clips of a round, in batches of like lengths."""
        lengths, size = self.system.train_clips.lengths, len(batches[0])
        clips = sorted((clip for batch in batches for clip in batch), key=lambda i: int(lengths[i]))
        return [clips[start : start + size] for start in range(0, len(clips), size)]


class Upstream(Protocol):
    """Training by another program, for comparison."""

    def weights(self) -> Mapping[str, Mapping[str, Tensor]]:
        """State dicts, by the part of our module that takes each."""

    def batch(self, system: System) -> Batch:
        """A batch to compare on; it may set the module so that nothing is drawn at random."""

    def gradients(self, batch: Batch) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
        """Losses by our names, and gradients by those of our parameters, of a prepared batch."""


def recipe_of(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe of the project, with what is overridden, and without figures logged now and then."""
    every = ["training.log_every_steps=1000000", *overrides]
    return load_recipe(_RECIPES / f"{name}.toml", classes=recipe_classes(), overrides=every)


def differences(
    project: Project, recipe: str, overrides: Sequence[str], upstream: Upstream
) -> dict[str, float]:
    """Largest relative difference of the losses, and of each turn's gradient norm."""
    table = recipe_of(recipe, overrides)
    system = build_system(table, project, load_params(project.params))
    for place, state in upstream.weights().items():
        getattr(system.module, place).load_state_dict(state)
    system.module.begin(0)
    prepared = system.module.prepare(upstream.batch(system))
    losses, gradients = upstream.gradients(prepared)
    found = {"losses": 0.0}
    with torch.autocast("cpu", torch.bfloat16, enabled=table.training.precision == "bf16"):
        terms = [(turn, getattr(system.module, turn.name)(prepared)) for turn in system.turns]
    for turn, made in terms:
        apart = (
            abs(float(one.detach() / losses[name].detach()) - 1)
            for name, one in made.losses.items()
        )
        found["losses"] = max(found["losses"], *apart)
        own = torch.autograd.grad(
            weigh(turn, made, 0), [*turn.parameters.values()], retain_graph=True
        )
        named = dict(zip(turn.parameters, own, strict=True))
        found[f"{turn.name} gradient"] = _apart(named, {n: gradients[n] for n in named})
    return found


def _apart(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> float:
    """Norm of the difference over the norm, of all tensors as one."""
    apart = whole = 0.0
    for name, wanted in theirs.items():
        own = ours[name]
        if own.shape != wanted.shape:  # channels last
            own = own.permute(0, 3, 1, 2).reshape(wanted.shape)
        apart += float((own - wanted).double().square().sum())
        whole += float(wanted.double().square().sum())
    return float((apart / whole) ** 0.5)


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.process_time()
        result = function(*args, **kwargs)
        spent[name] += time.process_time() - started
        return result

    return timed
