"""What a recipe's seeds show: how far its metrics move, and what it is better than."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import frozen

from engine.evaluation.seed_spread import SeedSpread, deviation_interval, seed_spread, why_no_spread
from engine.evaluation.two_level import FEW_SEEDS, against_fixed
from engine.recipe.metric_names import direction_of
from engine.recipe.schema import Recipe
from engine.report.paired_runs import PairedMetric, figures_of_clips, why_not_compared
from engine.report.run_files import RunFiles
from engine.report.same_recipe import covers_of
from engine.report.words import figure, listed_in_words
from engine.tracking.numbered import is_numbered
from engine.tracking.shown_metrics import short_name

NUMBERS = (2, 3, 5, 10, 20)
"""Numbers of seeds whose smallest difference is always shown."""
SMALLEST = (
    "The smallest difference is the true difference between two such recipes that is called in 80 "
    "of 100 comparisons, with so many seeds of each; smaller ones are mostly missed."
)


@frozen
class MetricSpread:
    """A metric over seeds: its values, and their spread or why there is none."""

    metric: str
    values: Sequence[float]
    """The value of the metric with each seed."""
    found: SeedSpread | None
    """The spread of its means over clips."""
    why: str = ""
    """Why there is no spread over seeds and clips: a phrase."""

    @property
    def of_seeds(self) -> Sequence[float]:
        """The value with each seed: its mean over clips where there is a spread of these."""
        return self.values if self.found is None else self.found.means

    @property
    def mean(self) -> float | None:
        """The mean over seeds: of means over clips, else of values; None without any."""
        if self.found is not None:
            return self.found.mean
        return sum(self.values) / len(self.values) if self.values else None

    @property
    def deviation(self) -> tuple[float, float, float] | None:
        """Standard deviation over seeds with its interval: of means over clips, else of values."""
        if self.found is not None:
            return self.found.deviation, self.found.low, self.found.high
        if len(self.values) < 2 or not all(map(math.isfinite, self.values)):
            return None
        deviation = statistics.stdev(self.values)
        return (deviation, *deviation_interval(deviation, len(self.values))) if deviation else None


@frozen
class Spread:
    """A recipe over its seeds."""

    recipe: Recipe
    seeds: Sequence[int]
    """Seeds that finished."""
    stopped: Mapping[int, str]
    """Why a guard stopped a seed, by seed."""
    metrics: Sequence[MetricSpread]
    """The metric that picks the best first."""
    sentences: Sequence[str]
    against: Sequence[str]
    """Sentences on the recipe and what learns nothing, over seeds; part of `sentences`."""
    covers: Mapping[str, Any]
    """What the identity of each seed covers."""

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of seeds whose smallest difference is shown: that of the seeds among them."""
        return sorted({*NUMBERS, *([len(self.seeds)] if len(self.seeds) > 1 else [])})

    def why_none(self) -> Iterator[str]:
        """Why metrics have no smallest difference: a sentence for each reason."""
        reasons: dict[str, list[str]] = {}
        for one in self.metrics:
            if one.found is None:
                reasons.setdefault(one.why, []).append(short_name(one.metric))
        for why, names in reasons.items():
            yield f"No smallest difference of {listed_in_words(names, most=len(names))}: {why}."


def spread_of(recipe: Recipe, runs: Mapping[int, RunFiles], stopped: Mapping[int, str]) -> Spread:
    """The spread of a recipe's runs, by seed. Raises UserError where a file is damaged."""
    found = [_metric(name, [*runs.values()]) for name in _metrics(recipe, [*runs.values()])]
    against = [*_against_baselines(recipe, [*runs.values()], len(stopped))]
    said = [
        *_of_stopped(stopped, len(runs)),
        *_of_best(recipe, [*runs], found),
        *against,
        *_of_phase(recipe),
    ]
    covers = covers_of(next(iter(runs.values())).folder)
    return Spread(recipe, [*runs], stopped, found, said, against, covers)


def _metrics(recipe: Recipe, runs: Sequence[RunFiles]) -> list[str]:
    """The metric that picks the best, then others with a direction, then the rest."""
    named = [name.replace(".", "/") for run in runs for name in run.figures if name[:5] == "eval."]
    names = [name for name in dict.fromkeys(named) if not is_numbered(name)]
    ranked = sorted(names, key=lambda name: direction_of(name, recipe) is None)
    return [*dict.fromkeys([recipe.training.best, *ranked])]


def _metric(metric: str, runs: Sequence[RunFiles]) -> MetricSpread:
    values = [value for run in runs if (value := run.result(metric)) is not None]
    why = next((said for run in runs if (said := why_not_compared(metric, run, runs[0]))), None)
    if why is not None:
        return MetricSpread(metric, values, None, why)
    figures = [figures_of_clips(metric, run) for run in runs]
    why = why_no_spread(figures)
    found = None if why is not None else seed_spread(figures)
    return MetricSpread(metric, values, found, why or "")


def _of_stopped(stopped: Mapping[int, str], num_finished: int) -> Iterator[str]:
    yield from (f"Seed {seed}: {why}" for seed, why in stopped.items())
    if stopped:
        yield (
            f"What follows is of the {num_finished} seeds that finished; a recipe that fails with "
            f"{len(stopped)} of {len(stopped) + num_finished} seeds moves further than that."
        )


def _of_best(
    recipe: Recipe, seeds: Sequence[int], metrics: Sequence[MetricSpread]
) -> Iterator[str]:
    best = metrics[0]
    name, of = short_name(best.metric), f"{len(seeds)} seeds of {recipe.name}"
    if best.found is None:
        yield f"{of}: no spread of {name} is given, because {best.why}."
        return
    found = best.found
    yield (
        f"{of}: {name} is {figure(found.mean)} on average over {found.num_clips:,} clips, and its "
        f"seeds have a standard deviation of {figure(found.deviation)} (95 % CI "
        f"{figure(found.low)} to {figure(found.high)})."
    )
    half, smallest = found.shown_by(found.num_seeds)
    yield (
        f"Between two such recipes with {found.num_seeds} seeds each, the 95 % interval of the "
        f"difference reaches {figure(half)} to both sides, and a true difference of "
        f"{figure(smallest)} is called in 80 of 100 comparisons; smaller ones are mostly missed."
    )
    if found.num_seeds < FEW_SEEDS:
        yield f"Fewer than {FEW_SEEDS} seeds say little of the spread: its interval is that wide."


def _against_baselines(recipe: Recipe, runs: Sequence[RunFiles], num_stopped: int) -> Iterator[str]:
    """The recipe against each baseline that learns nothing, over seeds and clips."""
    metric = recipe.training.best
    if any(why_not_compared(metric, run, runs[0]) for run in runs):
        return
    new, direction = [figures_of_clips(metric, run) for run in runs], direction_of(metric, recipe)
    for name, fixed in _baselines(metric, runs[0]):
        if name in recipe.ceilings:
            continue
        found = against_fixed(new, fixed)
        if isinstance(found, str):
            yield f"{recipe.name} is not compared with {name} over seeds: {found}."
        else:
            said = PairedMetric(found, direction, (num_stopped, 0)).sentence()
            yield f"{recipe.name} against {name}, which is not trained, over seeds: {said}."


def _baselines(metric: str, run: RunFiles) -> Iterator[tuple[str, np.ndarray]]:
    short = metric.partition("/")[2]
    for table in run.tables.values():
        for column, figures in table.figures.items():
            kind, _, rest = column.partition("/")
            name, _, what = rest.partition("/")
            if kind == "baseline" and what == short:
                yield name, figures


def _of_phase(recipe: Recipe) -> Iterator[str]:
    if recipe.start is not None and recipe.start.from_ is not None:
        yield (
            f"All seeds continue the same weights of {recipe.start.from_}: the spread is that of "
            "this phase alone."
        )
