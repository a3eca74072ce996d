"""One optimizer step over all turns: the only place that runs backward."""

import math
from collections.abc import Iterable, Sequence
from types import MethodType

import torch
from attrs import evolve, frozen
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch import Tensor, nn

from engine.errors import UserError
from engine.recipe.optimizers import Constant
from engine.recipe.schema import Recipe
from engine.training.balance import gradients_at, shares_of
from engine.training.clock import Position
from engine.training.meter import Meter
from engine.training.optimizers import build_optimizer
from engine.training.ranks import ALONE, Ranks
from engine.training.schedules import Length, learning_rate
from engine.training.state import Saved
from engine.training.system import Batch, System, Terms, Turn


@frozen
class _Share:
    """A turn with its optimizer."""

    turn: Turn
    parameters: list[nn.Parameter]
    optimizer: _FabricOptimizer
    clip: float | None


class Stepper:
    """Runs the turns of a system in order, each with its optimizer, schedule and clipping."""

    def __init__(
        self,
        fabric: Fabric,
        system: System,
        recipe: Recipe,
        length: Length,
        ranks: Ranks = ALONE,
        position: Position | None = None,
    ) -> None:
        self._fabric, self._system, self._recipe, self._length = fabric, system, recipe, length
        self._ranks, self._position = ranks, position or Position()
        check_turns(system)
        _compile(system, recipe.training.compile)
        self._shares, self._module = _set_up(fabric, system, recipe)
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
        self._system.module.begin(step)
        _let_gradients_flow(due, self._shares)
        self._set_rates(due, step if rates_of is None else rates_of)
        prepared: Iterable[Batch] = map(self._prepare, micro_batches)
        if len(due) > 1:  # what is prepared is shared; for one turn it may be freed early
            prepared = list(prepared)
        for share in due:
            self._turn(share, prepared, sizes, step)
        self._ranks.share_buffers(self._system.module)
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
        """State of every optimizer by turn."""
        return Saved(tensors={one.turn.name: one.optimizer.state_dict() for one in self._shares})

    def load(self, saved: Saved) -> None:
        """Take over saved optimizer state. The recipe's learning rate and betas win.

        Raises ValueError where it is that of other parameters.
        """
        for share in self._shares:
            state = saved.tensors.get(share.turn.name)
            if state is None:
                continue
            options = [dict(group) for group in share.optimizer.param_groups]
            share.optimizer.optimizer.load_state_dict(state)
            _require_shapes(share.optimizer.optimizer)
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
        device = self._fabric.device
        moved = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
        with self._fabric.autocast():
            prepared: Batch = self._module.prepare(moved)
        return prepared

    def _turn(
        self, share: _Share, batches: Iterable[Batch], sizes: Sequence[float], step: int
    ) -> None:
        _let_gradients_flow([share], self._shares)
        share.optimizer.zero_grad(set_to_none=True)
        for batch, size in zip(batches, sizes, strict=True):
            with self._fabric.autocast():
                terms: Terms = getattr(self._module, share.turn.name)(batch)
            loss = weigh(share.turn, terms, step)
            self._backward(share.turn, terms, loss, size, step)
            self._log(share.turn, terms, loss, size)
        self._ranks.mean_gradients(share.parameters)
        self._clip(share)
        share.optimizer.step()

    def _backward(self, turn: Turn, terms: Terms, loss: Tensor, size: float, step: int) -> None:
        """Backward of one micro-batch, the share `size` of a step; gradients add up."""
        logs = (step + 1) % self._recipe.training.log_every_steps == 0
        if terms.generator_output is not None and (logs or turn.balancer is not None):
            loss = self._measured(turn, terms, loss, size, step)
        self._fabric.backward(loss * size if size != 1.0 else loss)

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
        norm = self._fabric.clip_gradients(
            self._module, share.optimizer, max_norm=limit, error_if_nonfinite=False
        )
        assert norm is not None
        self.meter.add({f"train/gradient_norm/{share.turn.name}": norm})


def silent_parameters(turn: Turn) -> list[str]:
    """Names of the turn's parameters whose present gradient is missing or exactly zero."""
    gradients = {name: p.grad for name, p in turn.parameters.items() if p.grad is not None}
    norms = torch._foreach_norm(list(gradients.values())) if gradients else ()
    sizes = torch.stack(norms).tolist() if norms else []  # one transfer for all of them
    moved = {name for name, size in zip(gradients, sizes, strict=True) if size != 0.0}
    return [name for name in turn.parameters if name not in moved]


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


def _set_up(fabric: Fabric, system: System, recipe: Recipe) -> tuple[list[_Share], _FabricModule]:
    optimizers = [
        build_optimizer(recipe.optimizer[turn.name], turn.parameters, turn.undecayed)
        for turn in system.turns
    ]
    module, *wrapped = fabric.setup(system.module, *optimizers)
    module.mark_forward_method("prepare")
    shares = []
    for turn, optimizer in zip(system.turns, wrapped, strict=True):
        module.mark_forward_method(turn.name)
        clip = recipe.optimizer[turn.name].clip_gradient_norm
        shares.append(_Share(turn, list(turn.parameters.values()), optimizer, clip))
    return shares, module


def _compile(system: System, mode: str) -> None:
    """Compile each turn's method, where the recipe asks for it."""
    if mode == "off":
        return
    for turn in system.turns:
        plain = getattr(type(system.module), turn.name)
        compiled = torch.compile(plain, mode=None if mode == "default" else mode)
        setattr(system.module, turn.name, MethodType(compiled, system.module))


def _require_shapes(optimizer: torch.optim.Optimizer) -> None:
    """Raise ValueError where an optimizer's state is that of other tensors: torch only counts."""
    for parameter, state in optimizer.state.items():
        for value in state.values():
            if value.ndim and value.shape != parameter.shape:
                raise ValueError(f"{tuple(value.shape)} is no state of {tuple(parameter.shape)}")


def _let_gradients_flow(into: Sequence[_Share], shares: Sequence[_Share]) -> None:
    """Let gradients flow into some turns' parameters alone: none is computed and thrown away."""
    if len(shares) == 1:
        return
    for share in shares:
        wanted = any(share is one for one in into)
        for parameter in share.parameters:
            parameter.requires_grad_(wanted)


def _num_clips(batch: Batch) -> int:
    return len(next(iter(batch.values())))
