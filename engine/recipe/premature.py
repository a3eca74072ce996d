"""Guards that would check discriminators before these have trained."""

from collections.abc import Iterator

from engine.recipe.judgement import Guards, guards_on

_OF_DISCRIMINATORS = ("train/discriminator/", "train/generator/feature")
"""Prefixes of metrics that mean something only once discriminators train."""


def premature_guards(
    guards: Guards, begin: int, steps_per_epoch: int | None
) -> Iterator[tuple[str, str]]:
    """Guards of discriminators at or before the step `begin`, their first: key path and fault.

    Guards at an epoch are checked where the steps of an epoch are known.
    """
    for named in guards_on(guards):
        guard = named.guard
        unit, _, count = guard.at.removeprefix("from ").partition(":")
        unknown = unit == "epoch" and steps_per_epoch is None
        if not named.metric.startswith(_OF_DISCRIMINATORS) or guard.at == "always" or unknown:
            continue
        step = int(count) * ((steps_per_epoch or 1) if unit == "epoch" else 1)
        if step <= begin:
            yield (
                f"guard.{named.metric}.at",
                f"'{guard.at}' is before the discriminators' step {begin}",
            )
