"""One optimizer step over all turns: the only place that runs backward."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from attrs import evolve, frozen

from engine.errors import UserError
from engine.recipe.optimizers import Constant
from engine.recipe.schema import Recipe
from engine.training.balance import Gradients, gradients_at, shares_of
from engine.training.batch_norms import BatchNorms
from engine.training.clock import Position
from engine.training.compiling import compile_turns, compiler_in_words
from engine.training.devices import Device
from engine.training.meter import Meter
from engine.training.networks import Networks
from engine.training.optimizers import build_optimizer
from engine.training.part import Part, weighed_terms
from engine.training.ranks import ALONE, Ranks
from engine.training.schedules import Length, learning_rate
from engine.training.shares import Share, part_shares
from engine.training.spread import part_of, whole, whole_values
from engine.training.state import Saved
from engine.training.system import Batch, System, Terms, Turn


@frozen
class _Optimized:
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
        compile_turns(system, recipe.training.compile)
        self.is_compiling = recipe.training.compile != "off"
        """Whether torch compiles the networks in the next step, which takes minutes."""
        self.networks = _networks(system, device, ranks)
        self._optimized = _optimized(self.networks, recipe)
        self._had_a_share: set[str] = set()
        self._norms = BatchNorms(self.networks.module)
        self.meter = Meter(ranks)

    def step(self, micro_batches: Sequence[Batch], step: int, rates_of: int | None = None) -> None:
        """Do the step that follows `step` finished ones. Adds metrics to the meter.

        `rates_of` names a step whose learning rates are used instead: preflight takes the peak's.
        """
        shares = part_shares(self.networks.module, micro_batches, self._ranks)
        due = [one for one in self._optimized if one.turn.is_due(step)]
        self._had_a_share |= {one.turn.name for one in due}
        self.networks.module.begin(step)
        self.networks.let_gradients_flow([one.turn for one in due])
        self._set_rates(due, step if rates_of is None else rates_of)
        prepared: Iterable[Batch] = self._prepared(micro_batches, shares)
        if len(due) > 1:  # turns share what is prepared; for one turn it may be freed early
            prepared = list(prepared)
        with compiler_in_words(self._recipe.training.compile, self._device.torch_device):
            for one in due:
                self._turn(one, prepared, shares, step)
        self.is_compiling = False
        self.networks.finish_step()
        self.meter.count()

    def turns_since_last_asked(self) -> list[Turn]:
        """The turns that had a share in a step since the last call, in their order."""
        turns = [one.turn for one in self._optimized if one.turn.name in self._had_a_share]
        self._had_a_share.clear()
        return turns

    def learning_rates(self, step: int) -> dict[str, float]:
        """Each turn's learning rate for the step that follows `step` finished ones."""
        return {one.turn.name: self._rate(one.turn.name, step) for one in self._optimized}

    def state(self) -> Saved:
        """State of every optimizer by turn, whole."""
        own = {one.turn.name: one.optimizer.state_dict() for one in self._optimized}
        return Saved(tensors=whole_values(own))

    def own_state(self) -> Saved:
        """A copy of this process's part of the state. No other process is waited for."""
        own = {one.turn.name: one.optimizer.state_dict() for one in self._optimized}
        return Saved(tensors=deepcopy(own))

    def load(self, saved: Saved) -> None:
        """Take over saved optimizer state. The recipe's learning rate and betas win.

        Raises ValueError where the state belongs to other parameters.
        """
        for one in self._optimized:
            state = saved.tensors.get(one.turn.name)
            if state is None:
                continue
            options = [dict(group) for group in one.optimizer.param_groups]
            one.optimizer.load_state_dict(_parts_of(state, one.optimizer))
            _require_shapes(one.optimizer)
            for group, own in zip(one.optimizer.param_groups, options, strict=True):
                group.update({key: value for key, value in own.items() if key != "params"})

    @property
    def schedule_from(self) -> int:
        """Finished steps of a parent whose schedules are continued."""
        return self._position.schedule_from

    @property
    def schedule_length(self) -> Length:
        """How long the schedules are, a parent's finished steps included."""
        return evolve(self._length, total_steps=self.schedule_from + self._length.total_steps)

    def _rate(self, turn: str, step: int) -> float:
        peak = self._recipe.optimizer[turn].learning_rate
        schedule = self._recipe.schedule.get(turn, Constant())
        return learning_rate(peak, schedule, self.schedule_from + step, self.schedule_length)

    def _set_rates(self, optimized: Sequence[_Optimized], step: int) -> None:
        for one in optimized:
            for group in one.optimizer.param_groups:
                group["lr"] = self._rate(one.turn.name, step)

    def _prepared(self, micro_batches: Sequence[Batch], shares: Sequence[Share]) -> Iterator[Batch]:
        device = self._device.torch_device
        for part, batch in enumerate(micro_batches):
            moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
            yield self._call("prepare", moved, shares, part)

    def _call(self, method: str, batch: Batch, shares: Sequence[Share], part: int) -> Any:
        """The result of a method of the module for one part of a step."""
        self._norms.expect(shares, part)
        with self._device.autocast():
            return self.networks.call(method, batch)

    def _turn(
        self, one: _Optimized, batches: Iterable[Batch], shares: Sequence[Share], step: int
    ) -> None:
        self.networks.let_gradients_flow([one.turn])
        one.optimizer.zero_grad(set_to_none=True)
        parts: Iterable[Part] = self._parts(one.turn, batches, shares, step)
        if one.turn.balancer is not None:
            parts = self._balanced(one.turn, parts, step)
        measured = []
        for number, part in enumerate(parts, start=1):
            with self.networks.gradients_kept_back(number < len(shares)):
                self._device.backward(part.loss)
            measured.append(part.gradients)
        self._log_gradient_shares(measured)
        self.networks.finish_gradients(one.turn)
        self._clip(one)
        self._device.step(one.optimizer)

    def _parts(
        self, turn: Turn, batches: Iterable[Batch], shares: Sequence[Share], step: int
    ) -> Iterator[Part]:
        """Each part's loss, in its share of the step; the terms' gradients where they are wanted.

        Gradients are measured where the turn balances, and for the log.
        """
        logs = (step + 1) % self._recipe.training.log_every_steps == 0
        for number, (batch, share) in enumerate(zip(batches, shares, strict=True)):
            terms: Terms = self._call(turn.name, batch, shares, number)
            part = Part(terms, weighed_terms(turn, terms, step, share))
            self._log(turn, part, share)
            if terms.generator_output is not None and (logs or turn.balancer is not None):
                with self.networks.gradients_kept_back(True):
                    losses = self._device.scaled(part.losses)
                    found = gradients_at(terms.generator_output, losses)
                    part.gradients = self._device.unscaled(found)
            yield part

    def _balanced(self, turn: Turn, parts: Iterable[Part], step: int) -> list[Part]:
        """The parts with losses whose gradients at the generator's output are balanced.

        All parts are needed before the first backward: norms are those of the whole batch.
        """
        assert turn.balancer is not None
        parts = list(parts)
        measured = [part.gradients for part in parts]
        found = turn.balancer.balance(measured, turn.weights_at(step), self._ranks)
        for part, balanced in zip(parts, found, strict=True):
            part.balance(balanced)
        return parts

    def _log_gradient_shares(self, measured: Sequence[Gradients]) -> None:
        if measured and measured[0]:
            shares = shares_of(measured, self._ranks)
            self.meter.add({f"train/gradient_share/{n}": v for n, v in shares.items()})

    def _log(self, turn: Turn, part: Part, share: Share) -> None:
        """Name the figures as engine.recipe.metric_names lists them.

        train/loss is the sum over the turns that had a share in a step, mean over all steps.
        """
        loss, terms = part.loss.detach(), part.terms
        named = {n: v.detach() * share.of(n) for n, v in {**terms.losses, **terms.metrics}.items()}
        place = "train"
        if len(self._optimized) > 1:
            place, named = f"train/{turn.name}", {**named, "loss": loss}
        self.meter.add({f"{place}/{name}": value for name, value in named.items()})
        self.meter.add({"train/loss": loss})

    def _clip(self, one: _Optimized) -> None:
        """Measure, and where the recipe says so clip, the norm of the turn's gradient."""
        limit = math.inf if one.clip is None else one.clip
        norm = whole(self._device.clip(one.optimizer, limit))
        self.meter.add({f"train/gradient_norm/{one.turn.name}": norm})


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
    from engine.training.data_parallel import DataParallel  # its imports take a second

    return DataParallel(system, device, ranks)


def _optimized(networks: Networks, recipe: Recipe) -> list[_Optimized]:
    """Each turn with an optimizer of its parameters, as they lie in this process."""
    shares = []
    for turn in networks.turns:
        table = recipe.optimizer[turn.name]
        optimizer = build_optimizer(table, turn.parameters, turn.undecayed)
        shares.append(_Optimized(turn, optimizer, table.clip_gradient_norm))
    return shares


def _parts_of(state: Mapping[str, Any], optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Part, in this process, of a whole optimizer state."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    parts = {
        place: {name: part_of(value, parameters[place]) for name, value in of_one.items()}
        for place, of_one in state["state"].items()
    }
    return {**state, "state": parts}


def _require_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError where an optimizer's state has wrong shapes: torch checks only the count."""
    for parameter, state in optimizer.state.items():
        for value in state.values():
            if value.ndim and value.shape != parameter.shape:
                raise ValueError(f"{tuple(value.shape)} is no state of {tuple(parameter.shape)}")
