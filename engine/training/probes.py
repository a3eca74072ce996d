"""Probes: a system's own checks of its weights on a real batch, before step 1 and again later.

Random weights cannot decide every check. Undecided ones are repeated at `ASKED_AGAIN_AT`, where a
failure ends the run as one of preflight does, and after the last step, where it is a warning.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from attrs import define, field

from engine.training.checks import Check, Checked, settle, settle_at_the_end
from engine.training.checks.evaluation import evaluation_checks
from engine.training.checks.moved import Moved
from engine.training.networks import Networks
from engine.training.order import Order
from engine.training.randomness import random_state, set_random_state
from engine.training.state import Saved
from engine.training.system import Batch, System

ASKED_AGAIN_AT = 50
"""Finished steps at which undecided probes are repeated: enough for a small model."""
_CLIPS = 8
"""Clips in the probed batch: enough to swap, few enough to take seconds."""


@define
class Probes:
    """Runs the probes of a system. Checkpoints hold the undecided ones."""

    system: System
    networks: Networks
    order: Order
    total_steps: int
    moved: Moved
    open: list[str] = field(factory=list)
    """Names of the undecided checks."""
    _begun: int = field(init=False, default=0)
    """Finished steps at which this process began to train."""

    def ask(self, step: int = 0) -> list[Check]:
        """The findings of all probes on the present weights, after so many finished steps.

        Every process calls this, and the first one computes, with whole weights, in evaluation
        mode and without gradients. No trace is left.
        """
        with self._looking():
            found = self.networks.ranks.from_first(lambda: self._found(step))
        self.open = [check.name for check in found if check.ok is None]
        return found

    def begin(self, step: int) -> None:
        """Training begins, or is resumed, after so many finished steps."""
        self._begun = step
        self.moved.begin(step)

    def ask_again(self, run: Checked) -> None:
        """Repeat undecided checks where due, and look whether all weights have moved.

        Raises UserError where a check fails before the end.
        """
        ends = run.step == self.total_steps
        checks = self._repeated(run.step) if ends or run.step == ASKED_AGAIN_AT else []
        if self._moves_by(run.step, ends):
            checks += self.moved.checks(run.step)
        if ends and checks:
            settle_at_the_end(checks, run)
        elif checks:
            settle(checks, run)

    def _repeated(self, step: int) -> list[Check]:
        """The undecided checks."""
        names = list(self.open)
        checks = [check for check in self.ask(step) if check.name in names] if names else []
        self.open = [name for name in self.open if name in names]
        return checks

    def _moves_by(self, step: int, ends: bool) -> bool:
        """Whether a turn has just had so many steps that its weights must have moved."""
        starts = {max(self._begun, turn.starts_at_step) for turn in self.networks.turns}
        return ends or step - ASKED_AGAIN_AT in starts

    def state(self) -> Saved:
        """The names of undecided checks."""
        return Saved(list(self.open), {})

    def load(self, saved: Saved) -> None:
        """Take over what a checkpoint holds."""
        self.open = list(saved.plain)

    def _found(self, step: int) -> list[Check]:
        bounds, batch = self.system.preflight, first_clips(self.system, self.order)
        found = [check for probe in bounds.probes for check in probe(batch, step)]
        if step == 0 and bounds.answers is not None:
            found += evaluation_checks(bounds.answers, self.system.module)
        return found

    @contextmanager
    def _looking(self) -> Iterator[None]:
        random, module = random_state(), self.system.module
        self.networks.show_system()
        module.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            module.train()
            set_random_state(random)


def first_clips(system: System, order: Order) -> Batch:
    """The first clips of the first epoch, at least two wherever there are two to swap."""
    clips = np.concatenate(order.epoch(0))[:_CLIPS].tolist()
    return system.train_clips.batch(clips, np.random.default_rng(order.seed))


def in_words(checks: Sequence[Check]) -> str:
    """How many checks passed, which warn, and which are undecided."""
    undecided = [check.name for check in checks if check.ok is None]
    warned = [check.name for check in checks if check.ok is False]
    said = f"{len(checks) - len(undecided) - len(warned)} checks passed"
    if warned:
        said += f"; warnings: {', '.join(warned)}"
    if undecided:
        said += (
            f"; undecided with the initial weights: {', '.join(undecided)} (checked again at step "
            f"{ASKED_AGAIN_AT} and after the last step)"
        )
    return said
