"""Runs of a recipe with several seeds, of which the figures of each clip are kept.

Each seed is trained by `cantus train --seed`, a run of its own, which goes on where it was killed.
What it measured is kept in `seeds/<recipe>`; its weights are deleted, since no seed is chosen.
"""

import json
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import count, islice
from pathlib import Path

from attrs import evolve, frozen

from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.files.atomic import new_folder
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.report.ending import ending_in_words
from engine.report.kept_seeds import (
    STOPPED,
    KeptSeeds,
    seed_folders,
    seeds_of_one,
)
from engine.report.same_recipe import measured_apart, units_in
from engine.runs.children import run_as_child
from engine.runs.staleness import staleness
from engine.sweeps.collect import keep_measured
from engine.tracking.recipe_refs import keep_refs_fresh
from engine.tracking.run_command import DESCRIPTION, newest_folder

STOPPED_BY_GUARD = 1
"""Exit code of a training that a guard stopped, which is a result of its seed."""


@frozen
class SeedRuns:
    """The seeds that a recipe shall have, and what trains those that are missing."""

    project: Project
    recipe: Recipe
    params: Params
    seeds: Sequence[int]

    def kept(self) -> KeptSeeds:
        """The seeds that count for the recipe, code and data as they are."""
        return kept_seeds_of(self.project, self.recipe)

    def missing(self) -> list[int]:
        """The seeds without a result that counts."""
        counted = self.kept().counted
        return [seed for seed in self.seeds if seed not in counted]

    def others(self) -> list[int]:
        """Seeds that are kept and are not among these."""
        return [seed for seed in seed_folders(self.folder) if seed not in self.seeds]

    def drop(self, seeds: Iterable[int]) -> None:
        """Delete what is kept of seeds."""
        for seed in seeds:
            shutil.rmtree(self.place(seed), ignore_errors=True)

    def require_one_recipe(self, among: Collection[int]) -> KeptSeeds:
        """The kept ones of these seeds; raise UserError where one does not count, or is gone.

        Each training reads the recipe, the code and the data again, so an edit while seeds train
        gives seeds of two recipes, whose spread would be that of neither.
        """
        kept, name = self.kept().among(among), self.recipe.name
        lacking = [seed for seed in among if seed not in kept.counted]
        if lacking:
            apart = {seed: kept.apart.get(seed, ["its result is gone"]) for seed in lacking}
            raise UserError(
                f"Seeds of {name} are not of one recipe, code and data, because something changed "
                f"after the first was trained ({evolve(kept, apart=apart).of_apart}). A spread is "
                f"of one recipe, so nothing is written. To train again what is not of {name} as it "
                f"now is: {self.command}"
            )
        return kept

    @property
    def folder(self) -> Path:
        """Where the figures of each seed are kept."""
        return self.project.seeds(self.recipe.name)

    @property
    def command(self) -> str:
        """The command that trains them, and continues."""
        return f"cantus seeds {self.recipe.name} --n {len(self.seeds)}"

    def train(self, seed: int, said: Path) -> int:
        """Train a seed, or go on with it; the exit code of its training, 0 where it has a result.

        A run that a guard stopped has one: the sentence of the guard. `said` is a file for the
        warnings that were said of other seeds, which are not said again.
        """
        name = _name(self.recipe, seed)
        words = ["train", self.recipe.name, "--seed", str(seed), "--name", name]
        words += ["--part-of", self.command, "--say-once", str(said)]
        command = [sys.executable, "-P", "-m", "engine", *words]
        code = run_as_child(command, self.project.root)
        model = self.project.model(name)
        if code == 0 and model.is_dir():
            keep_measured(model, self.place(seed))
        elif code == STOPPED_BY_GUARD:
            self._keep_stopped(seed)
            code = 0
        else:
            return code or 2
        self._forget(name)
        return code

    def place(self, seed: int) -> Path:
        """The folder in which a seed's figures are kept."""
        return self.folder / f"seed_{seed}"

    def _keep_stopped(self, seed: int) -> None:
        run = newest_folder(self.project, _name(self.recipe, seed))
        assert run is not None, "a guard stops runs that have a folder"
        with new_folder(self.place(seed)) as folder:
            shutil.copy2(run / DESCRIPTION, folder / DESCRIPTION)
            message = json.dumps({"message": ending_in_words(run)})
            (folder / STOPPED).write_text(message, encoding="utf-8")

    def _forget(self, name: str) -> None:
        """Delete all that the training of a seed leaves besides what is kept."""
        project = self.project
        for folder in (project.runs(name), project.model(name), project.plots(name)):
            shutil.rmtree(folder, ignore_errors=True)
        project.metrics(name).unlink(missing_ok=True)
        keep_refs_fresh(project)


def seeds_to_have(kept: Collection[int], first: int, number: int) -> list[int]:
    """A number of seeds: those that are kept first, then new ones from `first` on.

    Where more are kept, those from `first` on stay before those below it.
    """
    there = sorted(kept, key=lambda seed: (seed < first, seed))
    new = (seed for seed in count(first) if seed not in kept)
    return sorted([*there[:number], *islice(new, max(0, number - len(there)))])


def kept_seeds_of(project: Project, recipe: Recipe) -> KeptSeeds:
    """The seeds that count for a recipe, code and data as they are.

    Raises UserError where a file is damaged.
    """

    def differs(seed: int, folder: Path) -> list[str]:
        named = evolve(recipe, name=_name(recipe, seed))
        try:
            trained, units = read_json_object(folder / DESCRIPTION), units_in(folder)
        except UserError:
            return ["its files are damaged"]
        unknown = measured_apart({}, units)
        return [
            *staleness(project, named, seed, trained),
            *unknown,
            *_other_versions(units.values()),
        ]

    return seeds_of_one(project, recipe.name, differs)


def _other_versions(units: Iterable[object]) -> Iterator[str]:
    """Packages that measured figures in another version than is installed, in phrases."""
    for unit in units:
        for package, measured in unit.programs.items() if isinstance(unit, Unit) else ():
            try:
                installed = version(package)
            except PackageNotFoundError:
                continue  # another machine's: what is installed here says nothing
            if installed != measured:
                yield f"measured with {package} {measured}, and {installed} is installed"


def _name(recipe: Recipe, seed: int) -> str:
    return f"{recipe.name}_seed{seed}"
