"""Curves as PNG, one picture a metric, readable on a dark and on a light page."""

import io
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

from engine.files.atomic import write_atomically
from engine.files.safe_names import file_name
from engine.recipe.judgement import Expectation, Guard, guards_on
from engine.recipe.schema import Recipe
from engine.report.history import History
from engine.report.table import in_order
from engine.tracking.numbered import is_numbered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#808080"
_RESULT, _TRAINING, _BASELINE, _BELIEF = "#d9622b", "#4a90c2", "#8a8a8a", "#59a14f"
_GUARD = "#b07aa1"


def draw_curves(history: History, recipe: Recipe, folder: Path) -> list[str]:
    """Draw a PNG for each evaluated metric into `folder`; return the metrics drawn, in order.

    So is each that a guard or an expectation names, evaluated or not. A picture holds the metric
    in training and evaluation over steps, the baselines and the guards' limits as lines and the
    expectations as bars. Metrics with no number are left out, and those that never change.
    """
    evaluated = {
        n: n
        for event in history.all("eval")
        for n in event.metrics
        if n.startswith("eval/") and not is_numbered(n)
    }
    watched = [*(on.metric for on in guards_on(recipe.guard)), *recipe.expect]
    moving = {name: name for name in evaluated if not _stands_still(history.curve(name)[1])}
    told = [n for n in (*watched, recipe.training.best) if n and n.startswith(("eval/", "train/"))]
    named = moving | {name: name for name in told}
    drawn = [name for name in in_order(named, recipe) if history.curve(name)[0]]
    if drawn:
        folder.mkdir(parents=True, exist_ok=True)
    for name in drawn:
        _draw(history, recipe, name, folder / f"{picture_name(name)}.png")
    return drawn


def _stands_still(values: list[float]) -> bool:
    """Whether a figure is one that training does not move, such as a bitrate."""
    return len(values) > 1 and len(set(values)) == 1


def picture_name(metric: str) -> str:
    """Turn a metric's name into that of its picture, without the ending."""
    return file_name(metric.removeprefix("eval/"))


def _draw(history: History, recipe: Recipe, name: str, path: Path) -> None:
    from matplotlib.figure import Figure  # takes half a second: only when a report is made

    short = name.removeprefix("eval/").removeprefix("train/")
    drawing = Figure(figsize=(5.6, 3.2), dpi=160, layout="constrained")
    axes = drawing.subplots()
    _line(axes, history, f"train/{short}", "training", _TRAINING, width=1.0)
    _line(axes, history, f"eval/{short}", "evaluation", _RESULT, width=2.0)
    _baselines(axes, history, short)
    for on in guards_on(recipe.guard):
        if on.metric == name:
            _limit(axes, on.guard)
    if name in recipe.expect:
        _believe(axes, history, recipe.expect[name])
    _dress(axes, short)
    content = io.BytesIO()
    drawing.savefig(content, format="png", transparent=True, metadata={"Software": None})
    write_atomically(path, content.getvalue())


def _baselines(axes: "Axes", history: History, short: str) -> None:
    styles = cycle(("--", ":", "-."))
    for baseline, value in history.standing("baseline").items():
        title, _, metric = baseline.partition("/")
        if metric == short and value is not None:
            axes.axhline(value, color=_BASELINE, linestyle=next(styles), linewidth=1, label=title)


def _limit(axes: "Axes", guard: Guard) -> None:
    """Lines at the figures that a guard does not let pass."""
    limits = [v for v in (guard.below, guard.above, *(guard.between or ())) if v is not None]
    for value, label in zip(limits, ("guard", None), strict=False):
        axes.axhline(value, color=_GUARD, linestyle=":", linewidth=1.2, label=label)


def _line(axes: "Axes", history: History, name: str, label: str, color: str, width: float) -> None:
    steps, values = history.curve(name)
    if steps:
        marker = "o" if len(steps) < 30 else None
        axes.plot(
            steps, values, color=color, linewidth=width, marker=marker, markersize=3, label=label
        )


def _believe(axes: "Axes", history: History, expectation: Expectation) -> None:
    """Bars from low to high at the step where each believed point was, or would be, reached."""
    pace = next((e.step / e.epoch for e in reversed(history.events) if e.epoch and e.step), None)
    steps = list(expectation.steps or ())
    if not steps and pace:
        steps = [round(epoch * pace) for epoch in expectation.epochs or ()]
    if expectation.low and expectation.high:
        for step, low, high in zip(steps, expectation.low, expectation.high, strict=False):
            axes.plot([step, step], [low, high], color=_BELIEF, linewidth=5, alpha=0.5)
        axes.plot([], [], color=_BELIEF, linewidth=5, alpha=0.5, label="expected")


def _dress(axes: "Axes", title: str) -> None:
    axes.set_title(title, color=_GREY, fontsize=11, loc="left")
    axes.set_xlabel("step", color=_GREY)
    axes.tick_params(colors=_GREY)
    axes.grid(visible=True, color=_GREY, alpha=0.2, linewidth=0.6)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_GREY)
    axes.legend(frameon=False, labelcolor=_GREY, fontsize=8)
