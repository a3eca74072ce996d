"""The curves of a run: each evaluated metric, with baselines, limits and expectations."""

from engine.recipe.judgement import Guard, guards_on
from engine.recipe.schema import Recipe
from engine.report.chart import Bar, Chart, Drawing, Level, Line
from engine.report.history import History
from engine.report.table import in_order
from engine.tracking.numbered import is_numbered

_RESULT, _TRAINING = 1, 2


def draw_curves(history: History, recipe: Recipe) -> list[Drawing]:
    """A drawing of each evaluated metric, in order; those without a finite value are left out.

    Metrics that a guard or an expectation names are drawn too, evaluated or not. A drawing holds
    the metric in training and evaluation over steps, the baselines and the guards' limits as
    levels, and the expectations as bars. Figures that training does not move, such as a bitrate,
    are left out.
    """
    return [_chart(history, recipe, name).drawn() for name in shown_metrics(history, recipe)]


def shown_metrics(history: History, recipe: Recipe) -> list[str]:
    """The metrics of a run whose curves are drawn, the deciding one first."""
    evaluated = {
        n: n
        for event in history.all("eval")
        for n in event.metrics
        if n.startswith("eval/") and not is_numbered(n)
    }
    watched = [*(on.metric for on in guards_on(recipe.guard)), *recipe.expect]
    moving = {name: name for name in evaluated if not _stands_still(history.curve(name)[1])}
    named_metrics = [
        n for n in (*watched, recipe.training.best) if n and n.startswith(("eval/", "train/"))
    ]
    named = moving | {name: name for name in named_metrics}
    return [name for name in in_order(named, recipe) if history.curve(name)[0]]


def short_name(metric: str) -> str:
    """The name of a metric without `train/` or `eval/`."""
    return metric.removeprefix("eval/").removeprefix("train/")


def baselines(history: History, short: str) -> list[Level]:
    """The value of a metric for each untrained baseline."""
    found = []
    for path, value in history.standing("baseline").items():
        title, _, metric = path.partition("/")
        if metric == short and value is not None:
            found.append(Level(title.replace("_", " "), value, "baseline"))
    return found


def _chart(history: History, recipe: Recipe, name: str) -> Chart:
    short = short_name(name)
    evaluated = name.startswith("eval/")
    lines = [
        Line("evaluation", _points(history, f"eval/{short}"), _RESULT),
        Line("training", _points(history, f"train/{short}"), _TRAINING, decides=not evaluated),
    ]
    return Chart(
        short,
        [line for line in lines if line.points],
        [*baselines(history, short), *_limits(recipe, name)],
        _believed(history, recipe, name),
    )


def _points(history: History, name: str) -> list[tuple[float, float]]:
    return [*zip(*history.curve(name), strict=True)]


def _stands_still(values: list[float]) -> bool:
    return len(values) > 1 and len(set(values)) == 1


def _limits(recipe: Recipe, name: str) -> list[Level]:
    """The limits of guards."""
    guards = [on.guard for on in guards_on(recipe.guard) if on.metric == name]
    return [Level("guard", value, "guard") for guard in guards for value in _values(guard)]


def _values(guard: Guard) -> list[float]:
    given = (guard.below, guard.above, *(guard.between or ()))
    return [value for value in given if value is not None]


def _believed(history: History, recipe: Recipe, name: str) -> list[Bar]:
    """The expected ranges, at the steps where their points were or would be reached."""
    expectation = recipe.expect.get(name)
    if expectation is None or not (expectation.low and expectation.high):
        return []
    pace = next((e.step / e.epoch for e in reversed(history.events) if e.epoch and e.step), None)
    steps = [float(step) for step in expectation.steps or ()]
    if not steps and pace:
        steps = [round(epoch * pace) for epoch in expectation.epochs or ()]
    return [Bar(*each) for each in zip(steps, expectation.low, expectation.high, strict=False)]
