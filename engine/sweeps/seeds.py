"""Runs of a recipe with several seeds, of which the figures of each clip are kept.

Each seed is trained by `cantus train --seed`, a run of its own, which goes on where it was killed.
What it measured is kept in `seeds/<recipe>`; its weights are deleted, since no seed is chosen.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from engine.errors import UserError
from engine.files.atomic import new_folder
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.report.ending import ending_in_words
from engine.report.kept_seeds import seed_folders
from engine.report.run_files import RunFiles
from engine.runs.children import run_as_child
from engine.runs.staleness import staleness
from engine.sweeps.collect import keep_measured
from engine.system_support.seed_runs import finished_seeds
from engine.tracking.recipe_refs import keep_refs_fresh
from engine.tracking.run_command import DESCRIPTION, newest_folder

STOPPED_BY_GUARD = 1
"""Exit code of a training that a guard stopped, which is a result of its seed."""
_STOPPED = "stopped.json"


@frozen
class SeedRuns:
    """The seeds of a recipe: which are trained, and which are missing."""

    project: Project
    recipe: Recipe
    params: Params
    seeds: Sequence[int]

    @property
    def folder(self) -> Path:
        """Where the figures of each seed are kept."""
        return self.project.seeds(self.recipe.name)

    def missing(self) -> list[int]:
        """The seeds without a result of the recipe, code and data as they are."""
        found = seed_folders(self.folder)
        return [seed for seed in self.seeds if seed not in found or self._stale(seed, found[seed])]

    def finished(self) -> dict[int, RunFiles]:
        """The finished runs among the seeds. Raises UserError where a file is damaged."""
        found = finished_seeds(self.folder)
        return {seed: found[seed] for seed in self.seeds if seed in found}

    def stopped(self) -> dict[int, str]:
        """Why seeds were stopped by a guard, in a sentence each."""
        found = {seed: self.place(seed) / _STOPPED for seed in self.seeds}
        return {
            seed: str(read_json_object(file).get("message"))
            for seed, file in found.items()
            if file.is_file()
        }

    def drop_others(self) -> None:
        """Delete what is kept of seeds that are not among these."""
        for seed, folder in seed_folders(self.folder).items():
            if seed not in self.seeds:
                shutil.rmtree(folder)

    @property
    def command(self) -> str:
        """The command that trains them, and continues."""
        return f"cantus seeds {self.recipe.name} --n {len(self.seeds)}"

    def train(self, seed: int, said: Path) -> int:
        """Train a seed, or go on with it; the exit code of its training, 0 where it has a result.

        A run that a guard stopped has one: the sentence of the guard. `said` is a file for the
        warnings that were said of other seeds, which are not said again.
        """
        name = self._name(seed)
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

    def _name(self, seed: int) -> str:
        return f"{self.recipe.name}_seed{seed}"

    def place(self, seed: int) -> Path:
        """The folder in which a seed's figures are kept."""
        return self.folder / f"seed_{seed}"

    def _stale(self, seed: int, folder: Path) -> bool:
        named = evolve(self.recipe, name=self._name(seed))
        try:
            trained = read_json_object(folder / DESCRIPTION)
        except UserError:
            return True
        return any(staleness(self.project, named, seed, trained))

    def _keep_stopped(self, seed: int) -> None:
        run = newest_folder(self.project, self._name(seed))
        assert run is not None, "a guard stops runs that have a folder"
        with new_folder(self.place(seed)) as folder:
            shutil.copy2(run / DESCRIPTION, folder / DESCRIPTION)
            message = json.dumps({"message": ending_in_words(run)})
            (folder / _STOPPED).write_text(message, encoding="utf-8")

    def _forget(self, name: str) -> None:
        """Delete all that the training of a seed leaves besides what is kept."""
        project = self.project
        for folder in (project.runs(name), project.model(name), project.plots(name)):
            shutil.rmtree(folder, ignore_errors=True)
        project.metrics(name).unlink(missing_ok=True)
        keep_refs_fresh(project)
