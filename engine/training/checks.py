"""Checks: what was looked at before step 1, or again later, what was found, and what follows."""

from collections.abc import Sequence
from typing import Any, Protocol

from attrs import asdict, frozen

from engine.errors import UserError
from engine.recipe.schema import Recipe


@frozen
class Check:
    """One thing that was looked at, and what was found."""

    name: str
    ok: bool | None
    """None: the present weights cannot tell. Later ones are asked again."""
    detail: str


class Checked(Protocol):
    """The run that is looked at: the loop, which writes down and says what was found."""

    recipe: Recipe

    @property
    def step(self) -> int:
        """Finished steps."""

    def write(self, kind: str, **more: Any) -> None:
        """Add an event at the present step."""

    def warn(self, message: str) -> None:
        """Write a warning down for the report, and say it."""


def settle(checks: Sequence[Check], run: Checked) -> None:
    """Write down what was found. Raises UserError where a check failed: the run ends there."""
    _write(checks, run)
    failed = [check for check in checks if check.ok is False]
    if failed:
        message = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        run.write("stop", facts={"reason": "preflight", "message": message})
        when = f"at step {run.step}" if run.step else "before step 1"
        raise UserError(f"Preflight of {run.recipe.name} failed {when}. {message}.")


def settle_at_the_end(checks: Sequence[Check], run: Checked) -> None:
    """Write down what was found after the last step: what does not hold is a warning by then."""
    _write(checks, run)
    for check in checks:
        if not check.ok:
            run.warn(f"{check.name}: {check.detail}")


def _write(checks: Sequence[Check], run: Checked) -> None:
    run.write("preflight", facts={"checks": [asdict(check) for check in checks]})
