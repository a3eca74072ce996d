"""Preflight: checks on real batches before step 1, which leave no trace in the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice

import torch
from attrs import field, frozen
from torch import Tensor

from engine.evaluation.audio import rows_sharing_audio
from engine.evaluation.lineage import Ancestors
from engine.recipe.schema import Recipe
from engine.training.checks import Check
from engine.training.order import Order
from engine.training.part import weigh
from engine.training.probes import first_clips
from engine.training.randomness import random_state, set_random_state
from engine.training.rate_plan import rate_plans
from engine.training.schedules import Length, warmup_steps
from engine.training.spread import local
from engine.training.step import Stepper
from engine.training.system import Batch, System, Terms, Turn
from engine.training.updates import updates_check

_NOISE, _ROUNDING = 10.0, 1e-7
"""A loss counts as moved by so many times its random change, plus so much rounding error."""
_STEPS = 6
"""Steps of each turn in which each parameter must get a gradient, and the loss must fall."""

_ITSELF = "this recipe"
_MEMORY = "its figures would measure memorization, not skill"


@frozen
class Preflight:
    """All checks of a run before step 1, on one small real batch."""

    system: System
    recipe: Recipe
    order: Order
    length: Length
    stepper: Stepper
    ancestors: Ancestors = field(factory=dict)
    """The clips that each recipe before this one was trained on."""

    def checks(self) -> list[Check]:
        """All checks, the failed ones included. Weights, buffers and generators are put back."""
        batch = first_clips(self.system, self.order)
        found = [self._evaluation(), *self._held_out(), *self._inputs(batch), *self._rates()]
        if not all(check.ok for check in found):
            return found
        with _put_back(self.stepper) as before:
            found += self._conditioning(batch)
            found += self._learns(batch, before)
        return found

    def _evaluation(self) -> Check:
        """No evaluation clip was trained on, in any phase: known by its audio, not its name.

        Neither whole nor in part: a corpus may have been cut in another way since.
        """
        clips = self.system.eval_clips
        total = len(clips.ids)
        for name, trained in {_ITSELF: self.system.train_clips, **self.ancestors}.items():
            if rows := rows_sharing_audio(clips, trained):
                first = ", ".join(clips.ids[row] for row in rows[:3])
                are = "are" if name == _ITSELF else "were"
                said = f"{len(rows)} of the {total} evaluation clips {are} trained on by {name}"
                detail = f"{said} (first: {first}); {_MEMORY}. {_advice(name, self.recipe)}"
                return Check("evaluation set", False, detail)
        before = f", nor was by {' or '.join(self.ancestors)}" if self.ancestors else ""
        return Check("evaluation set", True, f"none of its {total} clips is trained on{before}")

    def _held_out(self) -> Iterator[Check]:
        """Other clips that are measured as held out were not trained on either."""
        for setting, clips in self.system.preflight.held_out.items():
            total = len(clips.digests)
            found = {
                name: len(rows_sharing_audio(clips, trained))
                for name, trained in {_ITSELF: self.system.train_clips, **self.ancestors}.items()
            }
            trained = [f"{number} by {name}" for name, number in found.items() if number]
            said = f"none of its {total} clips was trained on"
            if trained:
                said = f"of its {total} clips were trained on {' and '.join(trained)}; {_MEMORY}. "
                said += f"Hold out clips that are in no training set, or set {setting} to 0"
            yield Check(f"clips of {setting}", not trained, said)

    def _inputs(self, batch: Batch) -> Iterator[Check]:
        for name, tensor in batch.items():
            shape = "x".join(map(str, tensor.shape))
            if tensor.numel() == 0:
                yield Check(f"input {name}", False, _empty(shape))
            elif tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                yield Check(f"input {name}", False, f"it holds NaN or infinity (shape {shape})")
            else:
                yield Check(f"input {name}", True, f"{shape}, finite")

    def _rates(self) -> Iterator[Check]:
        low, high = self.system.preflight.learning_rate
        for plan in rate_plans(self.stepper, self.recipe, self.length):
            name = f"learning rate of {plan.turn}"
            said = f"{plan.peak:.3g} at its peak, {plan.said}"
            if not low <= plan.peak <= high:
                detail = f"{said}; this system learns between {low:.0e} and {high:.0e}"
                yield Check(name, False, detail)
            elif plan.warmup_steps >= plan.total_steps:
                detail = f"{said}; the warm-up outlasts the run ({plan.total_steps} steps)"
                yield Check(name, False, detail)
            else:
                yield Check(name, True, said)

    def _conditioning(self, batch: Batch) -> Iterator[Check]:
        for group in self.system.preflight.conditioning:
            names = (group,) if isinstance(group, str) else group
            name = f"conditioning {' with '.join(names)}"
            swapped = {entry: batch[entry].roll(1, dims=0) for entry in names}
            if all(torch.equal(swapped[entry], batch[entry]) for entry in names):
                yield Check(name, True, "not checked: it is the same in all clips of the batch")
                continue
            before, again = self._terms(batch), self._terms(batch)
            after = self._terms({**batch, **swapped})
            yield _influence_check(name, before, again, after)

    def _learns(self, batch: Batch, weights: Mapping[str, Tensor]) -> Iterator[Check]:
        """Six steps on one batch from `weights`: gradients, updates, and losses that must fall."""
        networks = self.stepper.networks
        at, turns = self._with_all_turns()
        silent = {name for turn in turns for name in turn.parameters}
        broken: set[str] = set()
        before, steps = self._terms(batch), self._steps(at, turns)
        for step in steps:
            self.stepper.step([batch], step, rates_of=self._peak())
            silent &= {name for turn in turns for name in networks.silent_parameters(turn)}
            broken |= set(networks.broken_parameters())
        yield _gradient_check(silent, broken, len(steps))
        if not silent and not broken:
            yield updates_check(turns, weights, len(steps), networks.ranks)
        after = self._terms(batch)
        for term in self.system.preflight.overfits:
            if term in before:
                yield _fall_check(term, before[term], after[term], len(steps))

    def _with_all_turns(self) -> tuple[int, list[Turn]]:
        """A step from which all turns and terms of this run are active, and these turns.

        Turns and terms that begin after the run's end are left out.
        """
        total = self.length.total_steps
        turns = [turn for turn in self.stepper.networks.turns if turn.starts_at_step < total]
        starts = [turn.starts_at_step for turn in turns]
        starts += [late for turn in turns for late in turn.late_terms.values() if late < total]
        return max([0, *starts]), turns

    def _steps(self, at: int, turns: list[Turn]) -> list[int]:
        """Steps of the run from `at` on, enough for each turn, however rare.

        The steps of a run that ends sooner are repeated.
        """
        chosen: set[int] = set()
        for turn in turns:
            due = range(turn.starts_at_step, self.length.total_steps, turn.every_steps)
            gone = -(-(at - turn.starts_at_step) // turn.every_steps)
            chosen.update((due[gone:] or due[-1:])[:_STEPS])
        return list(islice(cycle(sorted(chosen)), max(_STEPS, len(chosen))))

    def _peak(self) -> int:
        """A step with the peak learning rates: warm-ups are over, no decay has begun.

        When a late turn starts, the rates of other turns may have decayed, perhaps to zero.
        """
        length, schedules = self.stepper.schedule_length, self.recipe.schedule.values()
        warm = max([0, *(warmup_steps(schedule, length) for schedule in schedules)])
        return warm - self.stepper.schedule_from

    def _terms(self, batch: Batch) -> dict[str, float]:
        """Every loss term, named as it is logged, in single precision.

        They depend only on the weights and the batch: random choices (dropout, noise) are drawn
        again from the same seed, and buffers are restored.
        """
        torch.manual_seed(self.order.seed)
        networks = self.stepper.networks
        module = networks.module
        buffers = {name: tensor.clone() for name, tensor in module.named_buffers()}
        device = next(module.parameters()).device
        at, turns = self._with_all_turns()
        module.begin(at)
        found: dict[str, float] = {}
        with torch.no_grad():
            prepared = networks.call("prepare", {n: t.to(device) for n, t in batch.items()})
            for turn in turns:
                terms: Terms = networks.call(turn.name, prepared)
                place = "" if len(networks.turns) == 1 else f"{turn.name}/"
                found |= {f"{place}{n}": float(v) for n, v in terms.losses.items()}
                found[f"{place}loss"] = float(weigh(turn, terms, at))
            for name, tensor in module.named_buffers():
                tensor.copy_(buffers[name])
        return found


def _empty(shape: str) -> str:
    """What to do about an entry without numbers: shapes such as 0x128x3000 look computed."""
    return (
        f"it is empty (shape {shape}), so the part of the model that takes it gets nothing. Fill "
        "it in the dataset, or remove this entry and the part that takes it"
    )


def _influence_check(
    name: str, before: dict[str, float], again: dict[str, float], after: dict[str, float]
) -> Check:
    """Whether the swap has an effect: a loss changes more than when it is computed again."""
    moves = {
        term: abs(after[term] - value) / (abs(value) or 1.0)
        for term, value in before.items()
        if abs(after[term] - value) > _NOISE * abs(again[term] - value) + _ROUNDING * abs(value)
    }
    if not moves:
        said = "swapping it between clips changes no loss: it is not connected to the model"
        return Check(name, False, said)
    term = max(moves, key=lambda one: moves[one])
    said = f"swapping it between clips changes {term} by {moves[term]:.2g} of its value"
    return Check(name, True, said)


def _fall_check(term: str, before: float, after: float, num_steps: int) -> Check:
    """Whether a term fell on one batch, however little: how much depends on the learning rate.

    Random choices are the same in both measurements, so that only the weights differ: at a rate of
    1e-6 dropout changes a loss a thousand times as much as six steps do.
    """
    said = f"{before:.6g} -> {after:.6g} in {num_steps} steps on one batch"
    if after == before:
        said += ": the weights changed too little, or not at all; check the learning rate"
    return Check(f"{term} can be learned", after < before, said)


def _advice(name: str, recipe: Recipe) -> str:
    """How to evaluate on other clips than those that the recipe `name` learned from."""
    if name == _ITSELF or recipe.start is None:
        return "The system must hold evaluation clips out of its training clips"
    parent = recipe.start.name
    frozen = getattr(recipe.dataset, "evaluation", None)
    if frozen is not None:
        return (
            f"Pin another evaluation set than dataset.evaluation = '{frozen}', or remove that key: "
            f"the evaluation clips of {parent} are then inherited"
        )
    if recipe.start.evaluation == "own":
        return (
            "Set start.evaluation = 'inherited', which evaluates on the parent's own clips, or "
            "set dataset.evaluation to a pinned set"
        )
    return (
        f"None of the evaluation clips of {parent} is in this corpus, so there was nothing to "
        f"inherit. Segment the corpus as that of {parent}, add its evaluation clips, or set "
        "dataset.evaluation to a pinned set of clips that no earlier recipe was trained on"
    )


def _gradient_check(silent: set[str], broken: set[str], num_steps: int) -> Check:
    if broken:
        detail = f"not finite for {_list(broken)}"
        return Check("gradients", False, detail)
    if silent:
        return Check("gradients", False, f"none in {num_steps} steps for {_list(silent)}")
    return Check("gradients", True, "finite and present for every trainable tensor")


def _list(names: set[str]) -> str:
    first = sorted(names)[:3]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(first) + more


@contextmanager
def _put_back(stepper: Stepper) -> Iterator[Mapping[str, Tensor]]:
    """Restore weights, buffers, optimizers and torch's generator after the block.

    Yields the parameters as they will be restored, by name.

    No other process is waited for, so that an error in one of them is reported.
    """
    module = stepper.networks.module
    random, optimizers = random_state(), stepper.own_state()
    kept = {name: t.detach().clone() for name, t in module.state_dict().items()}
    module.train()
    try:
        yield {name: _as_kept(name, p, kept) for name, p in module.named_parameters()}
    finally:
        module.load_state_dict(kept)
        module.zero_grad(set_to_none=True)
        stepper.load(optimizers)
        stepper.meter.clear()
        set_random_state(random)


def _as_kept(name: str, parameter: Tensor, kept: Mapping[str, Tensor]) -> Tensor:
    """The kept copy of a parameter, or a new one where the state dict has another layout."""
    own, theirs = local(parameter).detach(), kept.get(name)
    if theirs is not None and theirs.shape == parameter.shape and torch.equal(local(theirs), own):
        return theirs
    return own.clone()
