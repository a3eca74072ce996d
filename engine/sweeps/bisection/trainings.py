"""Short runs of mixed recipes, trained here, one after the other, and kept.

What a run measured is kept under digits over all that it learned from, and its seed; so the same
search, and another one that needs the same run, does not train it again. A run that was interrupted
is continued. Nothing of the project's own runs and models is touched.

Only what follows from a recipe is an outcome of its run: its figures, a guard or a check that stops
it, weights that diverge, values that are refused. Any other error says nothing of a recipe, and
ends the search.
"""

import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from engine.errors import DivergedError, RefusedValuesError, UserError
from engine.evaluation.unit import Unit, why_apart
from engine.evaluation.unit_facts import unit_for
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.recipe import Recipe, RecipeError, recipe_of_values
from engine.recipe.params import Notify, Params, Tracking
from engine.report.paired_runs import figures_of_clips, why_not_compared
from engine.report.run_files import RunFiles
from engine.sweeps.bisection.evidence import Probe
from engine.sweeps.bisection.lines import Line, mixture
from engine.sweeps.bisection.trials import GOOD, Lines, UnresolvedError
from engine.sweeps.collect import keep_measured
from engine.sweeps.points import digits_of
from engine.system_support.discovery import recipe_classes
from engine.system_support.finished_run import run_files
from engine.tracking.comparable import short_digest

if TYPE_CHECKING:
    from engine.runs.run import Run

_STOPPED = "stopped.txt"
"""Why a run was stopped: a file in place of what it would have measured."""
_PREFLIGHT = "preflight: "
"""How the reason begins where preflight stopped it."""
_QUIET = Tracking(mirrors=(), notify=Notify())


@frozen
class Aside(Project):
    """The project, whose runs and models of one name are elsewhere."""

    name: str
    folder: Path

    def runs(self, recipe: str) -> Path:
        """See `Project`."""
        return self.folder / "runs" if recipe == self.name else super().runs(recipe)

    def model(self, recipe: str) -> Path:
        """See `Project`."""
        return self.folder / "model" if recipe == self.name else super().model(recipe)

    def metrics(self, recipe: str) -> Path:
        """See `Project`."""
        return self.folder / "metrics.json" if recipe == self.name else super().metrics(recipe)

    def plots(self, recipe: str) -> Path:
        """See `Project`."""
        return self.folder / "plots" if recipe == self.name else super().plots(recipe)


@frozen(slots=False)
class Trainings:
    """An oracle that trains: the good recipe with some lines of the bad one, for some steps."""

    project: Project
    params: Params
    path: Path
    """The file of the good recipe."""
    good: Recipe
    lines: Mapping[str, Line]
    steps: int
    metric: str
    folder: Path
    """Where runs are kept."""

    def run(self, lines: Lines, seed: int) -> Probe:
        """Train, or take what was measured before.

        Raises UnresolvedError where the mixed recipe is not valid, its values are refused, or it
        measures other clips or another unit than the good recipe; and UserError for any other
        error, such as a full disk.
        """
        self._require_unchanged()
        place, recipe = self._place(lines, seed)
        if not (place / "metrics.json").is_file() and not (place / _STOPPED).is_file():
            self._train(recipe, seed, place)
        if (place / _STOPPED).is_file():
            return Probe(stopped=(place / _STOPPED).read_text(encoding="utf-8"))
        return self._measured(run_files(_named(lines), place))

    def preflight(self, lines: Lines, seed: int) -> str:
        """Why the mixed recipe does not pass preflight, by a run that is there or preflight alone.

        Empty where it passes. Raises UnresolvedError and UserError as `run` does.
        """
        self._require_unchanged()
        place, recipe = self._place(lines, seed)
        if not (place / "metrics.json").is_file() and not (place / _STOPPED).is_file():
            stopped = self._why_stopped(self._run(recipe, seed, place), _preflight)
            if stopped is None:
                return ""
            _keep_stopped(stopped, place)
        why = (place / _STOPPED).read_text("utf-8") if (place / _STOPPED).is_file() else ""
        return why if why.startswith(_PREFLIGHT) else ""

    def recipe(self, lines: Lines) -> Recipe:
        """The mixed recipe. Raises UnresolvedError where it is not valid."""
        chosen = [line for name, line in self.lines.items() if name in lines]
        values = mixture(self.good, chosen, self.steps) | {"name": self.good.name}
        for table in ("expect", "verdict"):
            values.pop(table, None)
        values["samples"] = {"num_clips": 0}
        try:
            return recipe_of_values(values, classes=recipe_classes(), source="the mixed recipe")
        except RecipeError as error:
            faults = "; ".join(fault.message for fault in error.faults)
            raise UnresolvedError(f"no valid recipe: {faults}") from error

    def recipe_of(self, lines: Iterable[str]) -> Recipe:
        """The recipe with these lines. Raises UserError where it is not valid."""
        try:
            return self.recipe(frozenset(lines))
        except UnresolvedError as error:
            raise UserError(
                f"{_named(frozenset(lines))} cannot be trained for {self.steps:,} steps: {error}"
            ) from error

    def _require_unchanged(self) -> None:
        """Raise UserError where runs would learn from other data or code than those before."""
        if self._digits(self.recipe(GOOD)) != self._digits_of_good:
            raise UserError(
                f"The corpus, the evaluation clips or the code of {self.good.name} have changed "
                "since this search began: runs before and after could not be compared. Give the "
                "same command again: it takes only runs that learned from what is there now."
            )

    @cached_property
    def _digits_of_good(self) -> str:
        """The digits of the good recipe when the search began."""
        return self._digits(self.recipe(GOOD))

    def _digits(self, recipe: Recipe) -> str:
        return digits_of(recipe, self.path, self.project)

    def _place(self, lines: Lines, seed: int) -> tuple[Path, Recipe]:
        recipe = self.recipe(lines)
        return self.folder / "runs" / f"{self._digits(recipe)}-seed{seed}", recipe

    def _train(self, recipe: Recipe, seed: int, place: Path) -> None:
        """Train a run and keep what it measured. Raises UnresolvedError where it is refused."""
        run = self._run(recipe, seed, place)
        stopped = self._why_stopped(run, _train)
        if stopped is None:
            keep_measured(run.project.model(run.recipe.name), place)
        else:
            _keep_stopped(stopped, place)
        shutil.rmtree(self._aside(place))

    def _why_stopped(self, run: "Run", begin: Callable[["Run"], str | None]) -> str | None:
        """Why a run that is begun is stopped; None where it is not.

        Raises UnresolvedError where its values are refused. Any other error is no outcome of the
        recipe, and is raised as it is.
        """
        from engine.training.checks import PreflightError

        try:
            return begin(run)
        except PreflightError as error:
            return f"{_PREFLIGHT}{error.findings}"
        except DivergedError as error:
            return f"evaluation: {str(error).rstrip('.')}"
        except UserError as error:
            said = str(error).replace(run.recipe.name, self.good.name)
            if isinstance(error, RecipeError | RefusedValuesError):
                raise UnresolvedError(said.rstrip(".")) from error
            if said == str(error):
                raise
            raise UserError(said, error.allowed) from error

    def _aside(self, place: Path) -> Path:
        """Where a run is trained."""
        return self.folder / "training" / place.name

    def _run(self, recipe: Recipe, seed: int, place: Path) -> "Run":
        """A run apart from the project's own."""
        from engine.runs.run import Run
        from engine.system_support.build import build_system
        from engine.training.watcher import Silent

        name = f"probe_{place.name.replace('-', '_')}"
        aside = Aside(self.project.root, name, self._aside(place))
        params = evolve(self.params, seed=seed, tracking=_QUIET)
        return Run(evolve(recipe, name=name), aside, params, build_system, Silent())

    def _measured(self, files: RunFiles) -> Probe:
        reference = self._reference()
        why = why_not_compared(self.metric, files, reference or files)
        why = why or (self._why_apart(files) if reference is None else None)
        if why is not None:
            raise UnresolvedError(f"not compared by {self.metric}: {why}")
        return Probe(figures_of_clips(self.metric, files))

    def _reference(self) -> RunFiles | None:
        """The good recipe's first run that finished; None where none has."""
        begins = f"{self._digits_of_good}-seed"
        places = (self.folder / "runs").glob(f"{begins}*/metrics.json")
        seeds = (file.parent.name.removeprefix(begins) for file in places)
        finished = sorted(int(seed) for seed in seeds if seed.isdecimal())
        place = self.folder / "runs" / f"{begins}{finished[0]}" if finished else None
        return None if place is None else run_files("the good recipe", place)

    def _why_apart(self, files: RunFiles) -> str | None:
        """Why a run is not compared with the good recipe, by what that would measure; or None."""
        evaluation_set, unit = self._measures_of_good
        if files.evaluation_set != evaluation_set:
            first, second = map(short_digest, (files.evaluation_set, evaluation_set))
            return f"they are not of the same evaluation clips (set {first} and set {second})"
        return why_apart(files.unit(self.metric), unit, files.name, "the good recipe")

    @cached_property
    def _measures_of_good(self) -> tuple[str, Unit | None]:
        """The evaluation set of the good recipe, and the metric's unit, without a run of it."""
        from engine.system_support.build import build_system

        recipe = self.recipe(GOOD)
        system = build_system(recipe, self.project, self.params)
        return system.evaluation_set, unit_for(self.metric, system.metric_units, recipe.system)


def _preflight(run: "Run") -> None:
    """Preflight alone."""
    run.preflight()


def _train(run: "Run") -> str | None:
    """Train; the sentence of the guard that stopped the run, None where none did."""
    outcome = run.train()
    assert outcome is not None, "a run of one process has an outcome"
    if outcome.ending == "interrupted":
        if outcome.signal == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + (outcome.signal or 0))
    return outcome.message if outcome.ending == "guard" else None


def _keep_stopped(why: str, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    write_atomically(place / _STOPPED, why)


def _named(lines: Lines) -> str:
    return f"the recipe with {', '.join(sorted(lines))}" if lines else "the good recipe"
