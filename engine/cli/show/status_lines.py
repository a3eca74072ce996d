"""The status of a project as lines of a terminal, below 100 columns."""

from collections.abc import Iterator
from textwrap import wrap

from engine.cli.show.project_status import ProjectStatus, PromotedStatus, RecipeStatus
from engine.files.text import visible
from engine.report.words import figure
from engine.terminal.columns import aligned

_WIDTH = 98


def status_lines(status: ProjectStatus) -> list[str]:
    """Recipes in rows, with their verdict and what is stale below; then what is in use."""
    shown = [one for one in status.recipes if one.state != "never trained" or one.faults]
    rows = aligned([_row(one) for one in shown]) if shown else []
    lines: list[str] = []
    for one, row in zip(shown, rows, strict=True):
        lines += [row[:_WIDTH], *_below(one)]
    never = [one.name for one in status.recipes if one not in shown]
    if never:
        lines += _wrapped(f"never trained: {', '.join(never)}", "", "  ")
    seeds = [f"{one.name} ({one.seeds})" for one in status.recipes if one.seeds]
    if seeds:
        lines += _wrapped(
            f"seeds kept, as figures without a model: {', '.join(seeds)}; `cantus seeds RECIPE` "
            "shows how far they spread",
            "",
            "  ",
        )
    lines += ["", "In use:"] if status.promoted else ["", "Nothing is promoted."]
    for promoted in status.promoted:
        lines += _in_use(promoted)
    return lines


def _row(one: RecipeStatus) -> tuple[str, ...]:
    state = one.state if one.step is None else f"{one.state} at step {one.step:,}"
    if one.run is not None and one.state != "trained":
        state += ", trained before"
    if one.stale:
        state += ", stale"
    value = "" if one.value is None else f"{(one.metric or '')[5:]} {figure(one.value)}"
    return (one.name, state, value, f"keep {one.keep}" if one.keep else "")


def _below(one: RecipeStatus) -> Iterator[str]:
    if one.verdict:
        yield from _wrapped(f"these weights: {one.verdict}")
    if one.stale:
        yield from _wrapped(f"stale: {'; '.join(one.stale)}")
    if one.faults:
        yield from _wrapped(f"cannot be read: {one.faults}")


def _in_use(one: PromotedStatus) -> Iterator[str]:
    decision = one.decision
    if decision is not None:
        value = "" if decision.value is None else f", {decision.metric[5:]} {decision.value:.4g}"
        what = f"{decision.checkpoint} of {decision.recipe} {decision.run}, step {decision.step:,}"
        yield from _wrapped(f"{one.name}: {what}{value}, since {decision.at[:10]}", "", "  ")
        for said in decision.objections:
            yield from _wrapped(f"against it: {said}")
        if decision.because:
            yield from _wrapped(f"because: {decision.because}")
    else:
        yield f"{one.name}:"
    for said in filter(None, (one.wrong, one.newer)):
        yield from _wrapped(said)


def _wrapped(text: str, first: str = "  ", others: str = "    ") -> list[str]:
    return wrap(visible(text), _WIDTH, initial_indent=first, subsequent_indent=others, max_lines=4)
