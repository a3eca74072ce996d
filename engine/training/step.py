"""One optimizer step over all turns: the only place that runs backward."""

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from types import MethodType
from typing import Any

import torch
from attrs import evolve, frozen
from torch import Tensor

from engine.errors import UserError
from engine.recipe.optimizers import Constant
from engine.recipe.schema import Recipe
from engine.training.balance import gradients_at, shares_of
from engine.training.clock import Position
from engine.training.devices import Device
from engine.training.meter import Meter
from engine.training.networks import Networks
from engine.training.optimizers import build_optimizer
from engine.training.ranks import ALONE, Ranks
from engine.training.schedules import Length, learning_rate
from engine.training.spread import part_of, whole, whole_values
from engine.training.state import Saved
from engine.training.system import Batch, System, Terms, Turn


@frozen
class _Share:
    """A turn with its optimizer."""

    turn: Turn
    optimizer: torch.optim.Optimizer
    clip: float | None


class Stepper:
    """Runs the turns of a system in order, each with its optimizer, schedule and clipping."""

    def __init__(
        self,
        device: Device,
        system: System,
        recipe: Recipe,
        length: Length,
        ranks: Ranks = ALONE,
        position: Position | None = None,
    ) -> None:
        self._device, self._recipe, self._length = device, recipe, length
        self._ranks, self._position = ranks, position or Position()
        check_turns(system)
        _compile(system, recipe.training.compile)
        self.networks = _networks(system, device, ranks)
        self._shares = _shares(self.networks, recipe)
        self._had_a_share: set[str] = set()
        self.meter = Meter(ranks)

    def step(self, micro_batches: Sequence[Batch], step: int, rates_of: int | None = None) -> None:
        """Do the step that follows `step` finished ones. Adds metrics to the meter.

        `rates_of` is another step whose learning rates are used: preflight learns at the peak.
        """
        clips = sum(_num_clips(batch) for batch in micro_batches)
        sizes = [_num_clips(batch) / clips for batch in micro_batches]
        due = [share for share in self._shares if share.turn.is_due(step)]
        self._had_a_share |= {share.turn.name for share in due}
        self.networks.module.begin(step)
        self.networks.let_gradients_flow([share.turn for share in due])
        self._set_rates(due, step if rates_of is None else rates_of)
        prepared: Iterable[Batch] = map(self._prepare, micro_batches)
        if len(due) > 1:  # what is prepared is shared; for one turn it may be freed early
            prepared = list(prepared)
        for share in due:
            self._turn(share, prepared, sizes, step)
        self.networks.finish_step()
        self.meter.count()

    def turns_since_last_asked(self) -> list[Turn]:
        """The turns that had a share in a step since this was last asked, in their order."""
        turns = [share.turn for share in self._shares if share.turn.name in self._had_a_share]
        self._had_a_share.clear()
        return turns

    def learning_rates(self, step: int) -> dict[str, float]:
        """Each turn's learning rate for the step that follows `step` finished ones."""
        return {share.turn.name: self._rate(share.turn.name, step) for share in self._shares}

    def state(self) -> Saved:
        """State of every optimizer by turn, whole."""
        own = {share.turn.name: share.optimizer.state_dict() for share in self._shares}
        return Saved(tensors=whole_values(own))

    def own_state(self) -> Saved:
        """A copy of what this process holds of it. No other process is waited for."""
        own = {share.turn.name: share.optimizer.state_dict() for share in self._shares}
        return Saved(tensors=deepcopy(own))

    def load(self, saved: Saved) -> None:
        """Take over saved optimizer state. The recipe's learning rate and betas win.

        Raises ValueError where it is that of other parameters.
        """
        for share in self._shares:
            state = saved.tensors.get(share.turn.name)
            if state is None:
                continue
            options = [dict(group) for group in share.optimizer.param_groups]
            share.optimizer.load_state_dict(_parts_of(state, share.optimizer))
            _require_shapes(share.optimizer)
            for group, own in zip(share.optimizer.param_groups, options, strict=True):
                group.update({key: value for key, value in own.items() if key != "params"})

    @property
    def schedule_from(self) -> int:
        """Finished steps of a parent that the schedules go on from."""
        return self._position.schedule_from

    def _rate(self, turn: str, step: int) -> float:
        peak = self._recipe.optimizer[turn].learning_rate
        schedule, before = self._recipe.schedule.get(turn, Constant()), self.schedule_from
        length = evolve(self._length, total_steps=before + self._length.total_steps)
        return learning_rate(peak, schedule, before + step, length)

    def _set_rates(self, shares: Sequence[_Share], step: int) -> None:
        for share in shares:
            for group in share.optimizer.param_groups:
                group["lr"] = self._rate(share.turn.name, step)

    def _prepare(self, batch: Batch) -> Batch:
        device = self._device.torch_device
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
        with self._device.autocast():
            prepared: Batch = self.networks.call("prepare", moved)
        return prepared

    def _turn(
        self, share: _Share, batches: Iterable[Batch], sizes: Sequence[float], step: int
    ) -> None:
        self.networks.let_gradients_flow([share.turn])
        share.optimizer.zero_grad(set_to_none=True)
        for number, (batch, size) in enumerate(zip(batches, sizes, strict=True), start=1):
            with self._device.autocast():
                terms: Terms = self.networks.call(share.turn.name, batch)
            loss = weigh(share.turn, terms, step)
            self._backward(share.turn, terms, loss, size, step, last=number == len(sizes))
            self._log(share.turn, terms, loss, size)
        self.networks.finish_gradients(share.turn)
        self._clip(share)
        self._device.step(share.optimizer)

    def _backward(
        self, turn: Turn, terms: Terms, loss: Tensor, size: float, step: int, *, last: bool
    ) -> None:
        """Backward of one micro-batch, the share `size` of a step; gradients add up."""
        logs = (step + 1) % self._recipe.training.log_every_steps == 0
        if terms.generator_output is not None and (logs or turn.balancer is not None):
            with self.networks.gradients_kept_back(True):
                loss = self._measured(turn, terms, loss, size, step)
        with self.networks.gradients_kept_back(not last):
            self._device.backward(loss * size if size != 1.0 else loss)

    def _measured(self, turn: Turn, terms: Terms, loss: Tensor, size: float, step: int) -> Tensor:
        """The loss, balanced where the turn balances; the terms' gradients are measured."""
        assert terms.generator_output is not None
        weights = turn.weights_at(step)
        gradients = gradients_at(terms.generator_output, terms.losses)
        if turn.balancer is None:
            weighed = {name: gradient * weights[name] for name, gradient in gradients.items()}
        else:
            weighed = turn.balancer.balance(gradients, weights, self._ranks.mean)
            others = {n: v * weights[n] for n, v in terms.losses.items() if n not in gradients}
            pull = torch.stack([*weighed.values()]).sum(0)
            loss = (terms.generator_output * pull).sum() + sum(others.values())
        shares = shares_of(weighed, self._ranks.mean)
        self.meter.add({f"train/gradient_share/{n}": v for n, v in shares.items()}, size)
        return loss

    def _log(self, turn: Turn, terms: Terms, loss: Tensor, size: float) -> None:
        """Name the figures as engine.recipe.metric_names lists them.

        train/loss is the sum over the turns that had a share in a step, mean over all steps.
        """
        self.meter.add({"train/loss": loss}, size)
        place, named = "train", {**terms.losses, **terms.metrics}
        if len(self._shares) > 1:
            place, named = f"train/{turn.name}", {**named, "loss": loss}
        self.meter.add({f"{place}/{name}": value for name, value in named.items()}, size)

    def _clip(self, share: _Share) -> None:
        """Measure, and where the recipe says so clip, the norm of the turn's gradient."""
        limit = math.inf if share.clip is None else share.clip
        norm = whole(self._device.clip(share.optimizer, limit))
        self.meter.add({f"train/gradient_norm/{share.turn.name}": norm})


def weigh(turn: Turn, terms: Terms, step: int) -> Tensor:
    """The weighted sum of a turn's loss terms in the step that follows `step` finished ones.

    Raises UserError where the recipe weighs a term that the module does not produce, or the
    module produces one that the recipe does not weigh.
    """
    weights = turn.weights_at(step)
    if terms.losses.keys() != weights.keys():
        missing = sorted(weights.keys() - terms.losses.keys())
        unweighed = sorted(terms.losses.keys() - weights.keys())
        raise UserError(
            f"The loss terms of turn '{turn.name}' do not match the recipe's [losses]: "
            f"weighed but never produced {missing or 'none'}, produced but not weighed "
            f"{unweighed or 'none'}."
        )
    weighed = [value * weights[name] for name, value in terms.losses.items()]
    return torch.stack(weighed).sum()


def check_turns(system: System) -> None:
    """Raise UserError unless every trainable tensor belongs to exactly one turn."""
    owners: dict[int, list[str]] = {}
    for turn in system.turns:
        for parameter in turn.parameters.values():
            owners.setdefault(id(parameter), []).append(turn.name)
    for name, parameter in system.module.named_parameters():
        turns = owners.get(id(parameter), [])
        if parameter.requires_grad and len(turns) != 1:
            raise UserError(
                f"The parameter {name} belongs to {len(turns)} turns "
                f"({', '.join(turns) or 'none'}); every trainable one must belong to exactly one."
            )


def _networks(system: System, device: Device, ranks: Ranks) -> Networks:
    if ranks.is_alone:
        return Networks(system, device)
    from engine.training.data_parallel import DataParallel  # what it imports takes a second

    return DataParallel(system, device, ranks)


def _shares(networks: Networks, recipe: Recipe) -> list[_Share]:
    """Each turn with an optimizer of its parameters, as they lie in this process."""
    shares = []
    for turn in networks.turns:
        table = recipe.optimizer[turn.name]
        optimizer = build_optimizer(table, turn.parameters, turn.undecayed)
        shares.append(_Share(turn, optimizer, table.clip_gradient_norm))
    return shares


def _compile(system: System, mode: str) -> None:
    """Compile each turn's method, where the recipe asks for it."""
    if mode == "off":
        return
    for turn in system.turns:
        plain = getattr(type(system.module), turn.name)
        compiled = torch.compile(plain, mode=None if mode == "default" else mode)
        setattr(system.module, turn.name, MethodType(compiled, system.module))


def _parts_of(state: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What this process holds of a whole optimizer state."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    parts = {
        place: {name: part_of(value, parameters[place]) for name, value in of_one.items()}
        for place, of_one in state["state"].items()
    }
    return {**state, "state": parts}


def _require_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError where an optimizer's state is that of other tensors: torch only counts."""
    for parameter, state in optimizer.state.items():
        for value in state.values():
            if value.ndim and value.shape != parameter.shape:
                raise ValueError(f"{tuple(value.shape)} is no state of {tuple(parameter.shape)}")


def _num_clips(batch: Batch) -> int:
    return len(next(iter(batch.values())))
