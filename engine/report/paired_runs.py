"""Two finished runs, compared metric by metric and clip by clip; or two recipes, over their seeds.

A metric is compared where both runs have its figure of each clip, of the same clips and in the same
unit. For every other metric there is a reason why it is not compared. Where both were trained with
several seeds, the interval is over seeds and clips and speaks of the recipes. Where one of them
was, the other borrows its spread over seeds. Otherwise it is over clips and speaks of the weights.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from attrs import evolve, frozen

from engine.evaluation.clip_table import ClipTable
from engine.evaluation.paired import Difference, Outcome, paired_difference
from engine.evaluation.two_level import (
    Borrowed,
    TwoLevelDifference,
    two_level,
    why_no_two_levels,
)
from engine.evaluation.unit import why_apart
from engine.recipe.metric_names import direction_of
from engine.recipe.training import Direction
from engine.report.history import History
from engine.report.run_files import RunFiles
from engine.tracking.comparable import short_digest

_RESULT, _BEST, _CLIPS = "eval/", "best/", "clips"

SpeaksOf = Literal["recipes", "recipes, by a borrowed spread", "weights"]


@frozen
class PairedMetric:
    """One metric of two runs, on the same clips."""

    difference: Difference
    """The difference, ours minus theirs."""
    direction: Direction | None
    """Whether lower or higher values are better; None where neither is."""
    num_stopped: tuple[int, int] = (0, 0)
    """Seeds of ours and of theirs that guards stopped, which the difference is without."""

    @property
    def speaks_of(self) -> SpeaksOf:
        """What the interval covers: seeds and clips, or clips alone."""
        if not isinstance(self.difference, TwoLevelDifference):
            return "weights"
        return "recipes" if self.difference.borrowed is None else "recipes, by a borrowed spread"

    @property
    def outcome(self) -> Outcome | None:
        """The outcome for ours; None where the metric has no direction."""
        return "undecided" if self.is_withheld else self.of_finished

    @property
    def of_finished(self) -> Outcome | None:
        """The outcome over the seeds that finished, without regard to those that did not."""
        return None if self._lowest is None else self.difference.outcome(lowest=self._lowest)

    @property
    def is_withheld(self) -> bool:
        """Whether the seeds that finished are better, and their recipe is not called so.

        That is where guards stopped a larger share of its seeds than of the other's: a stopped seed
        has no figure, and is worse than any that has one.
        """
        if self.speaks_of == "weights":
            return False
        ours, theirs = (stopped / max(1, of) for stopped, of in self.shares)
        return (self.of_finished == "better" and ours > theirs) or (
            self.of_finished == "worse" and theirs > ours
        )

    @property
    def shares(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """The seeds that guards stopped and all seeds, of ours and of theirs."""
        finished = getattr(self.difference, "num_seeds", (1, 1))
        (ours, new), (theirs, old) = zip(self.num_stopped, finished, strict=True)
        return (ours, ours + new), (theirs, theirs + old)

    def sentence(self) -> str:
        """The difference in words, with its interval."""
        return self.change() + self.difference.few

    def change(self) -> str:
        """The difference in words, without a remark on few clips."""
        if not self.is_withheld:
            return self.difference.change(lowest=self._lowest)
        (ours, of_ours), (theirs, of_theirs) = self.shares
        return (
            f"{self.difference.in_figures()}: undecided, because guards stopped {ours} of "
            f"{of_ours} seeds, against {theirs} of {of_theirs}; those that finished are "
            f"{self.of_finished}"
        )

    @property
    def reversed(self) -> "PairedMetric":
        """The comparison as theirs minus ours."""
        ours, theirs = self.num_stopped
        return evolve(self, difference=self.difference.reversed, num_stopped=(theirs, ours))

    @property
    def _lowest(self) -> bool | None:
        return None if self.direction is None else self.direction == "lowest"


@frozen
class PairedRuns:
    """Two runs compared, ours minus theirs: `cantus diff`, `compare` and `promote` show this."""

    runs: tuple[RunFiles, RunFiles]
    """Theirs, then ours: the order in which `cantus diff` names them."""
    compared: Mapping[str, PairedMetric]
    """Comparisons by metric (`eval/mel_ce`), the one that picks our best first."""
    left_out: Mapping[str, str]
    """Metrics that are not compared, each with the reason as a phrase."""

    @property
    def ours(self) -> str:
        """The name of the run that the differences are for."""
        return self.runs[1].name

    @property
    def theirs(self) -> str:
        """The name of the run that it is compared with."""
        return self.runs[0].name


def compare_runs(ours: RunFiles, theirs: RunFiles, lender: RunFiles | None = None) -> PairedRuns:
    """Compare two finished runs metric by metric: their recipes where seeds were repeated.

    `lender` is a recipe whose spread over seeds stands for that of a recipe with one seed; without
    one it is the other of the two. Raises UserError where one of them has no metrics, or a file of
    it is damaged.
    """
    compared: dict[str, PairedMetric] = {}
    left_out: dict[str, str] = {}
    for metric in _results(ours, theirs):
        difference = _difference(metric, ours, theirs, lender or _lender(ours, theirs))
        if not isinstance(difference, Difference):
            left_out[metric] = difference
            continue
        evaluations = _picked_from(metric, ours, theirs)
        direction = _direction(metric, ours, theirs)
        stopped = ours.num_stopped, theirs.num_stopped
        compared[metric] = PairedMetric(difference.over(evaluations), direction, stopped)
    return PairedRuns((theirs, ours), compared, left_out)


def _lender(ours: RunFiles, theirs: RunFiles) -> RunFiles | None:
    """The one of the two that was trained with several seeds."""
    return next((run for run in (ours, theirs) if len(run.of_seeds) > 1), None)


def _picked_from(metric: str, ours: RunFiles, theirs: RunFiles) -> int:
    """Evaluations from which a phase was picked by this metric, where one run continues the other.

    As in the verdict of the phase, the intervals of all of them hold at once. Of other pairs it is
    1: both were picked, which flatters both.
    """
    for phase, parent in ((ours, theirs), (theirs, ours)):
        start, events = phase.recipe.start, phase.folder / "events.jsonl"
        follows = start is not None and start.from_ == parent.recipe.name
        if follows and phase.recipe.training.best == metric and events.is_file():
            evaluations = History.of(phase.folder).all("eval")
            return max(1, sum(metric in event.metrics for event in evaluations))
    return 1


def _results(ours: RunFiles, theirs: RunFiles) -> list[str]:
    """Every metric of which either run has a value or figures of clips."""
    found = [name for side in (ours, theirs) for name in _named(side)]
    best = ours.recipe.training.best
    return list(dict.fromkeys([*([best] if best in found else []), *found]))


def _named(run: RunFiles) -> Iterator[str]:
    yield from (name.replace(".", "/") for name in run.figures if name.startswith("eval."))
    yield from (_RESULT + name for table in run.tables.values() for name in _measured(table))


def _measured(table: ClipTable) -> Iterator[str]:
    """Names of the best weights' figures in a table."""
    return (name.removeprefix(_BEST) for name in table.figures if name.startswith(_BEST))


def why_not_compared(metric: str, ours: RunFiles, theirs: RunFiles) -> str | None:
    """Why a metric of two runs is not compared clip by clip: a phrase; None where it is."""
    return _why_not(metric, ours, theirs) or _without_figures(metric, ours, theirs)


def figures_of_clips(metric: str, run: RunFiles) -> np.ndarray:
    """The metric's figures [clips] of a run that keeps them."""
    name, column = _table(metric, run), _BEST + metric.removeprefix(_RESULT)
    assert name is not None, f"{run.name} keeps no figure of each clip"
    return run.tables[name].figures[column]


def _why_not(metric: str, ours: RunFiles, theirs: RunFiles) -> str | None:
    """The reason why two values of a metric cannot be compared, or None."""
    lacking = [side.name for side in (ours, theirs) if metric not in {*_named(side)}]
    if lacking:
        return f"{lacking[0]} does not measure it"
    if ours.recipe.system != theirs.recipe.system:
        return f"they are of different systems, {ours.recipe.system} and {theirs.recipe.system}"
    if why := why_apart(ours.unit(metric), theirs.unit(metric), ours.name, theirs.name):
        return why
    sets = ours.evaluation_set, theirs.evaluation_set
    if _table(metric, ours) in (None, _CLIPS) and (None in sets or sets[0] != sets[1]):
        first, second = map(short_digest, sets)
        return f"they are not of the same evaluation clips (set {first} and set {second})"
    return None


def _without_figures(metric: str, ours: RunFiles, theirs: RunFiles) -> str | None:
    """The reason why figures of each clip cannot be compared, or None."""
    place, other = _table(metric, ours), _table(metric, theirs)
    if place is None and other is None:
        return "it is one figure for all clips"
    if place is None or other is None:
        return f"{ours.name if place is None else theirs.name} keeps no figure of each clip"
    left, right = ours.tables[place], theirs.tables[other]
    if place != other or not np.array_equal(left.digests, right.digests):
        return "their figures are not of the same clips"
    column = _BEST + metric.removeprefix(_RESULT)
    if left.units.get(column) != right.units.get(column):
        return "their figures of each clip are not in the same unit"
    return None if len(left.ids) > 1 else "one clip is too few"


def _difference(
    metric: str, ours: RunFiles, theirs: RunFiles, lender: RunFiles | None
) -> Difference | str:
    """The difference by seed and clip where there are seeds, else clip by clip; or why not."""
    of_all = (*ours.of_seeds, *theirs.of_seeds, *(lender.of_seeds if lender else ()))
    why = (why_not_compared(metric, run, theirs) for run in of_all)
    if (reason := next(filter(None, why), None)) is not None:
        return reason
    if lender is None:
        return _of_weights(metric, ours, theirs)
    new, old, lent = (
        [figures_of_clips(metric, run) for run in side.of_seeds] for side in (ours, theirs, lender)
    )
    borrowed = Borrowed(lender.name, lent)
    return why_no_two_levels(new, old, borrowed=borrowed) or two_level(new, old, borrowed=borrowed)


def _of_weights(metric: str, ours: RunFiles, theirs: RunFiles) -> Difference | str:
    """The difference clip by clip, or why there is no interval."""
    new, old = figures_of_clips(metric, ours), figures_of_clips(metric, theirs)
    if np.array_equal(new, old):
        return "both have the same figures on every clip"
    found = paired_difference(new, old)
    return found.why_no_interval or found


def _table(metric: str, run: RunFiles) -> str | None:
    """The table in which a run keeps the figure of each clip."""
    column = _BEST + metric.removeprefix(_RESULT)
    return next((name for name, table in run.tables.items() if column in table.figures), None)


def _direction(metric: str, ours: RunFiles, theirs: RunFiles) -> Direction | None:
    """The direction of a metric, where both recipes agree on it."""
    direction = direction_of(metric, ours.recipe)
    return direction if direction == direction_of(metric, theirs.recipe) else None
