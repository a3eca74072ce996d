"""The runs that a page compares, finished or not, and the comparison of each pair."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.paired import Outcome
from engine.report.history import History
from engine.report.paired_runs import PairedMetric, PairedRuns, compare_runs
from engine.report.run_files import RunFiles
from engine.tracking.run_command import description

FEWEST, MOST = 2, 6
"""Numbers of runs on one page: more cannot be distinguished in a chart."""


@frozen(eq=False, slots=False)
class ComparedRun:
    """A run on the page: its files, its events, and its colour."""

    files: RunFiles
    number: int
    """From 1 on, in the order in which the runs were named."""

    @property
    def name(self) -> str:
        """The run's name on the page."""
        return self.files.name

    @property
    def best(self) -> str:
        """The metric that picks the run's best checkpoint."""
        return self.files.recipe.training.best

    @cached_property
    def history(self) -> History:
        """The run's events."""
        return History.of(self.files.folder)

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """The run's description (run.json); empty where it has none."""
        return description(self.files.folder)

    @property
    def is_finished(self) -> bool:
        """Whether the run has a model, and so figures that can be compared."""
        return (self.files.folder / "metrics.json").is_file()

    @property
    def parent(self) -> str | None:
        """The recipe whose weights the run began with."""
        start = self.files.recipe.start
        return None if start is None else start.from_

    @property
    def evaluation_set(self) -> Any:
        """The digest of the latest evaluation clips; None before the first evaluation."""
        return self.history.facts("eval").get("evaluation_set")

    def unit(self, short: str) -> Any:
        """The digest of a metric's unit; None where it is not known."""
        scales = self.history.facts("eval").get("scales")
        return scales.get(short) if isinstance(scales, dict) else None

    def value(self, metric: str) -> float | None:
        """The result of a metric; of a run that has not finished, the latest evaluation's."""
        if self.is_finished:
            return self.files.result(metric)
        return self.history.final.get(metric)


@frozen
class ComparedRuns:
    """Runs in the order of the page, and each pair compared once."""

    runs: tuple[ComparedRun, ...]
    pairs: Mapping[tuple[int, int], PairedRuns]
    """Comparisons by the numbers of two runs, the later minus the earlier."""
    unfinished: str | None
    """A sentence that names unfinished runs, or None."""

    def of(self, metric: str, ours: ComparedRun, theirs: ComparedRun) -> PairedMetric | None:
        """A metric of two runs, ours minus theirs; None where they are not compared by it."""
        pair = self.pairs.get(_key(ours, theirs))
        found = None if pair is None else pair.compared.get(metric)
        return found if found is None or ours.number > theirs.number else found.reversed

    def outcome(self, metric: str, ours: ComparedRun, theirs: ComparedRun) -> Outcome | None:
        """The outcome of a metric for ours; None where not compared, or without a direction."""
        found = self.of(metric, ours, theirs)
        return None if found is None else found.outcome

    def why_not(self, metric: str, ours: ComparedRun, theirs: ComparedRun) -> str | None:
        """Why two runs are not compared by a metric, as a phrase; None where they are."""
        pair = self.pairs.get(_key(ours, theirs))
        if pair is None:
            lacking = next(run for run in (ours, theirs) if not run.is_finished)
            return f"{lacking.name} has not finished"
        return pair.left_out.get(metric)

    @property
    def reasons(self) -> dict[str, list[str]]:
        """Metrics by which some pair is not compared, by reason."""
        found: dict[str, list[str]] = {}
        for pair in self.pairs.values():
            for metric, why in pair.left_out.items():
                metrics = found.setdefault(why, [])
                if metric not in metrics:
                    metrics.append(metric)
        return found


def compared_runs(found: Sequence[RunFiles]) -> ComparedRuns:
    """Compare two to six runs pair by pair.

    Raises UserError where there are fewer or more, one is named twice, or a file is damaged.
    """
    if not FEWEST <= len(found) <= MOST:
        raise UserError(f"A page compares {FEWEST} to {MOST} runs; {len(found)} were named.")
    for one in found:
        if sum(one.name == other.name for other in found) > 1:
            raise UserError(f"{one.name} is named twice. Name each run once.")
    runs = tuple(ComparedRun(files, number) for number, files in enumerate(found, start=1))
    finished = [run for run in runs if run.is_finished]
    pairs = {
        (first.number, second.number): compare_runs(second.files, first.files)
        for first, second in combinations(finished, 2)
    }
    waiting = [run.name for run in runs if not run.is_finished]
    said = f"Not finished, and so in no comparison: {', '.join(waiting)}." if waiting else None
    return ComparedRuns(runs, pairs, said)


def _key(ours: ComparedRun, theirs: ComparedRun) -> tuple[int, int]:
    first, second = sorted((ours.number, theirs.number))
    return first, second
