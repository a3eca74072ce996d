"""Checks before step 1, or repeated later: what was found, and what follows from it."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from attrs import asdict, frozen

from engine.errors import UserError
from engine.recipe.schema import Recipe


@frozen
class Check:
    """One check and its finding."""

    name: str
    ok: bool | None
    """None: the present weights cannot decide it. The check is repeated with later weights."""
    detail: str
    action: Literal["stop", "warn"] = "stop"
    """What a failure does. "warn" where a healthy run may fail too, if seldom."""

    @property
    def stops(self) -> bool:
        """Whether the run ends here."""
        return self.ok is False and self.action == "stop"


class PreflightError(UserError):
    """A run that does not pass preflight."""

    def __init__(self, recipe: str, when: str, findings: str) -> None:
        super().__init__(f"Preflight of {recipe} failed {when}. {findings}.")
        self.findings = findings
        """What the failed checks found."""


class Checked(Protocol):
    """The run that is checked: the loop, which records and prints findings."""

    recipe: Recipe

    @property
    def step(self) -> int:
        """Finished steps."""

    def write(self, kind: str, **more: Any) -> None:
        """Add an event at the present step."""

    def warn(self, message: str) -> None:
        """Record a warning for the report, and print it."""


def settle(checks: Sequence[Check], run: Checked) -> None:
    """Record the findings. Raises PreflightError where a check failed that ends the run."""
    _write(checks, run)
    failed = [check for check in checks if check.stops]
    if failed:
        message = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        run.write("stop", facts={"reason": "preflight", "message": message})
        when = f"at step {run.step}" if run.step else "before step 1"
        raise PreflightError(run.recipe.name, when, message)
    for check in checks:
        if check.ok is False:
            run.warn(f"{check.name}: {check.detail}")


def settle_at_the_end(checks: Sequence[Check], run: Checked) -> None:
    """Record the findings after the last step, where a failed check is a warning.

    It may stay undecided: at a low learning rate a run has too few steps for some probes.
    """
    _write(checks, run)
    for check in checks:
        if check.ok is False:
            run.warn(f"{check.name}: {check.detail}")


def _write(checks: Sequence[Check], run: Checked) -> None:
    run.write("preflight", facts={"checks": [asdict(check) for check in checks]})
