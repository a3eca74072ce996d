"""Preflight: checks on real batches before step 1, which leave no trace in the weights."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice

import torch
from attrs import field, frozen

from engine.evaluation.lineage import Ancestors
from engine.recipe.schema import Recipe
from engine.training.checks.check import Check
from engine.training.checks.clips import CLIPS, Drawn, content_checks, input_checks
from engine.training.checks.conditioning import conditioning_checks
from engine.training.checks.damage import damage_checks
from engine.training.checks.dynamics import dynamics_checks
from engine.training.checks.flow import flow_checks
from engine.training.checks.held_out import held_out_checks
from engine.training.checks.level import level_check, loudness_check
from engine.training.checks.loaded import Loaded
from engine.training.checks.losses import (
    dropped_check,
    fall_check,
    late_checks,
    modes_check,
    share_check,
    sign_check,
)
from engine.training.checks.made_again import made_again_checks
from engine.training.checks.neighbours import neighbours_check
from engine.training.checks.optimizer import clipping_checks, settings_checks
from engine.training.checks.order import order_check
from engine.training.checks.put_back import Before, put_back
from engine.training.checks.recorded_rates import recorded_rates_check
from engine.training.checks.rounding import Rounding
from engine.training.checks.same_texts import same_texts_check
from engine.training.checks.spectrum import spectrum_check
from engine.training.checks.steps import gradient_check, parts_check, repeated_check, size_check
from engine.training.checks.transcripts import TEXTS, transcripts_checks
from engine.training.checks.updates import ratio_checks, squared_norms, updates_check
from engine.training.checks.voices import voices_check
from engine.training.order import Order
from engine.training.part import weigh
from engine.training.probes import first_clips
from engine.training.rate_plan import rate_plans
from engine.training.schedules import Length, warmup_steps
from engine.training.shares import num_clips
from engine.training.step import Stepper
from engine.training.system import Batch, System, Terms, Turn

_STEPS = 6
"""Steps of each turn in which each parameter must get a gradient, and the loss must fall."""


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
    loaded: Loaded | None = None
    """Weights that were loaded into the run, where it does not begin with fresh weights."""

    def checks(self) -> list[Check]:
        """All checks, the failed ones included. Weights, buffers and generators are put back."""
        batch, bounds = first_clips(self.system, self.order), self.system.preflight
        found = [
            *held_out_checks(self.system, self.ancestors, self.recipe),
            *input_checks(batch),
            *self._rates(),
            *settings_checks(self.recipe.optimizer),
            order_check(self.order, self.system.train_clips.ids),
            *late_checks(self.system.turns, self.length.total_steps),
        ]
        if self.loaded is not None:
            found.append(self.loaded.check(self.stepper.networks.state().tensors))
        if any(check.stops for check in found):
            return found
        drawn = Drawn.of(self.system, self.order, CLIPS if bounds.spoken is None else TEXTS)
        found += content_checks(drawn, bounds)
        if any(check.stops for check in found):
            return found
        found += self._clips(drawn)
        with put_back(self.stepper) as before:
            found += conditioning_checks(bounds.conditioning, batch, drawn, self._terms)
            found += self._learns(batch, before)
        return found

    def _clips(self, drawn: Drawn) -> Iterator[Check]:
        """Training clips: stale features, transcripts, bandwidth, level."""
        bounds = self.system.preflight
        if bounds.made_again is not None:
            yield from made_again_checks(drawn, bounds.made_again)
        if bounds.spoken is not None:
            yield from transcripts_checks(drawn, bounds.spoken)
        if bounds.audio is not None:
            yield spectrum_check(drawn.places, bounds.audio)
            yield level_check(drawn.places, bounds.audio)
            if bounds.levels_matter:
                yield loudness_check(bounds.audio)
            yield from damage_checks(bounds.audio)
            if (speed := recorded_rates_check(bounds.audio)) is not None:
                yield speed
            if bounds.spoken and (alike := same_texts_check(bounds.audio)) is not None:
                yield alike
            is_speech = bounds.spoken is not None or bounds.learns_voices
            yield from dynamics_checks(bounds.audio, is_speech)
            if bounds.learns_voices:
                yield voices_check(bounds.audio)

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

    def _learns(self, batch: Batch, start: Before) -> Iterator[Check]:
        """Six steps on one batch: gradients, updates, and losses that must fall."""
        networks, weights = self.stepper.networks, start.parameters
        at, turns = self._with_all_turns()
        silent = {name for turn in turns for name in turn.parameters}
        broken: set[str] = set()
        before, steps = self._terms(batch), self._steps(at, turns)
        if networks.ranks.is_alone and self.recipe.training.compile == "off":
            yield from flow_checks(networks, turns, batch, self.system.preflight, at)
            clips, seed = self.system.train_clips, self.order.seed
            yield neighbours_check(clips, networks.module, self._terms_in_evaluation, seed)
        yield sign_check(turns, before, self.system.preflight.signed)
        yield dropped_check(turns, before)
        yield from share_check(turns, before, self.system.preflight.overfits)
        yield modes_check(
            networks.module, before, self._terms_in_evaluation(batch, self.order.seed)
        )
        yield from self._first_step(batch, steps[0], turns, start)
        rounding = Rounding()
        for number, step in enumerate(steps):
            if number:  # the first was done just now
                due = [turn for turn in turns if turn.is_due(step)]
                rounding.before_step(due)
                self.stepper.step([batch], step, rates_of=self._peak())
                rounding.after_step(due)
            silent &= {name for turn in turns for name in networks.silent_parameters(turn)}
            broken |= set(networks.broken_parameters())
        yield gradient_check(silent, broken, len(steps))
        if not silent and not broken:
            norms = squared_norms(turns, weights, networks.ranks)
            yield updates_check(norms, len(steps))
            yield from ratio_checks(turns, norms, len(steps))
            yield from rounding.checks(turns, networks.ranks)
        after = self._terms(batch)
        for term in self.system.preflight.overfits:
            if term in before:
                yield fall_check(term, before[term], after[term], len(steps))

    def _first_step(
        self, batch: Batch, step: int, turns: list[Turn], start: Before
    ) -> Iterator[Check]:
        """The first of the six steps, twice from the same state: its gradient and its size."""
        seed = self.order.seed
        first = self._step_at_peak([batch], step, seed)
        rates, ranks = self.stepper.learning_rates(self._peak()), self.stepper.networks.ranks
        for turn in turns:
            if turn.is_due(step):
                yield size_check(turn, start.parameters, rates[turn.name], ranks)
        yield from clipping_checks(self.recipe.optimizer, first)
        start.restore()
        yield repeated_check(first, self._step_at_peak([batch], step, seed))
        if self.recipe.training.num_micro_batches > 1 and ranks.is_alone and num_clips(batch) > 1:
            yield self._parts_check(batch, step, start)

    def _parts_check(self, batch: Batch, step: int, start: Before) -> Check:
        """Steps in evaluation mode, from the same state: of the whole batch and of its halves."""
        middle, module = num_clips(batch) // 2, self.stepper.networks.module
        halves = [
            {name: tensor[part] for name, tensor in batch.items()}
            for part in (slice(middle), slice(middle, None))
        ]
        seed, norms = self.order.seed, []
        module.eval()
        for parts, other in (([batch], 0), ([batch], 1), (halves, 0)):
            start.restore()
            metrics = self._step_at_peak(parts, step, seed + other)
            names = {t.name: f"train/gradient_norm/{t.name}" for t in self.stepper.networks.turns}
            norms.append({turn: metrics[name] for turn, name in names.items() if name in metrics})
        module.train()
        return parts_check(*norms)

    def _step_at_peak(self, parts: Sequence[Batch], step: int, seed: int) -> dict[str, float]:
        """The metrics of a step at the peak learning rates; random choices follow from `seed`."""
        torch.manual_seed(seed)
        self.stepper.meter.read()
        self.stepper.step(parts, step, rates_of=self._peak())
        return self.stepper.meter.read()

    def _terms_in_evaluation(self, batch: Batch, seed: int) -> dict[str, float]:
        module = self.stepper.networks.module
        module.eval()
        terms = self._terms(batch, seed)
        module.train()
        return terms

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

    def _terms(self, batch: Batch, seed: int | None = None) -> dict[str, float]:
        """Every loss term, named as it is logged, in single precision.

        They depend only on the weights and the batch: random choices (dropout, noise) are drawn
        again from the same seed, and buffers are restored.
        """
        torch.manual_seed(self.order.seed if seed is None else seed)
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
