"""The two checkpoints of a run whose loss and judges disagree, figure by figure."""

from collections.abc import Mapping

from attrs import frozen

from engine.recipe.schema import Recipe
from engine.report.history import ENTRIES, History


@frozen
class PartedRow:
    """A metric with the weights that the loss picks, and with those that the judge picks."""

    metric: str
    by_loss: float | None
    by_judges: float | None


@frozen
class Parted:
    """The table of both checkpoints on the page."""

    message: str
    titles: tuple[str, str]
    """The names of the two checkpoints, with their steps."""
    rows: tuple[PartedRow, ...]


def parted(history: History, recipe: Recipe) -> Parted | None:
    """The disagreeing checkpoints of a finished run; None without a disagreement."""
    found = history.facts("finish").get("parting")
    if not found:
        return None
    steps = found["by_loss"], found["by_judges"]
    titles = [f"{name}, step {step:,}" for name, step in zip(found["kept"], steps, strict=True)]
    loss, judges = (_evaluated(history, step) for step in steps)
    metrics = dict.fromkeys([recipe.training.best, recipe.loss_metric, *recipe.judged_metrics])
    known = [metric for metric in metrics if metric in loss and metric in judges]
    rows = (PartedRow(metric, loss[metric], judges[metric]) for metric in known)
    return Parted(found["message"], (titles[0], titles[1]), tuple(rows))


def _evaluated(history: History, step: int) -> Mapping[str, float | None]:
    """The results of a step; for step 0 those of the initial weights."""
    of_step = [event.metrics for event in history.all("eval") if event.step == step]
    metrics = of_step[-1] if of_step else {}
    entries = tuple(f"{entry}/" for entry in ENTRIES)
    return {
        f"eval/{name.partition('/')[2]}" if name.startswith(entries) else name: value
        for name, value in metrics.items()
    }
