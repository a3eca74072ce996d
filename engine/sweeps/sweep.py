"""A sweep: its points and seeds, trained as DVC experiments, and the results."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.programs import git
from engine.project import Project
from engine.sweeps import queue
from engine.sweeps.collect import collect, runs_in
from engine.sweeps.points import Point, dvc_settings, needs
from engine.sweeps.results import NOT_TRAINED, Results, results_of

_LOOK_SECONDS = 2.0


@frozen
class Sweep:
    """Points of a recipe, the first of which is the recipe as it is, and the seeds of each."""

    project: Project
    path: Path
    """The recipe's file, in which DVC sets values."""
    points: Sequence[Point]
    seeds: Sequence[int]
    folder: Path
    """Where its results go."""

    @property
    def recipe(self) -> str:
        """The name of the recipe, and of its stage."""
        return self.points[0].recipe.name

    @property
    def experiments(self) -> Mapping[str, tuple[Point, int]]:
        """Point and seed of each run, by the name of its experiment."""
        return {
            point.experiment(seed): (point, seed) for point in self.points for seed in self.seeds
        }

    def missing(self) -> list[str]:
        """The experiments that have no result yet."""
        done = queue.finished(self.project)
        return [name for name in self.experiments if name not in done]

    def waiting_besides(self) -> list[str]:
        """What else waits in DVC's queue: DVC trains all that waits, or nothing."""
        states = queue.states(self.project)
        return [
            name
            for name, state in states.items()
            if state == "Queued" and name not in self.experiments
        ]

    def train(self, jobs: int, say: Callable[[str], None]) -> None:
        """Train what is missing, so many runs at a time; one that fails stops no other.

        Raises UserError where git does not know the recipe's files, which experiments are made of,
        or DVC fails. Ctrl-C stops the runs; those that ended stay, and the rest stays queued.
        """
        names = self.missing()
        _require_known_to_git(self.project, self.points[0], self.path)
        self._enqueue(names, say)
        self.folder.mkdir(parents=True, exist_ok=True)
        process = queue.start(self.project, jobs, self.folder / "dvc.log")
        try:
            self._watch(process, names, say)
        except KeyboardInterrupt:
            queue.stop(self.project)
            process.wait()
            raise

    def results(self) -> Results:
        """Collect what there is and compare it. Raises UserError where a file is damaged."""
        done = queue.finished(self.project)
        commits = {name: done[name] for name in self.experiments if name in done}
        runs = self.folder / "runs"
        lacking = collect(self.project, self.recipe, commits, runs)
        failures = dict(one.split(": ", 1) for one in lacking) | self._failures(done)
        found = [
            runs_in(runs, {point.experiment(seed): seed for seed in self.seeds})
            for point in self.points
        ]
        return results_of(self.points, found, failures, self.seeds)

    def _failures(self, done: Mapping[str, str]) -> dict[str, str]:
        missing = [name for name in self.experiments if name not in done]
        states = queue.states(self.project) if missing else {}
        return {
            name: queue.reason(self.project, name) if states.get(name) == "Failed" else NOT_TRAINED
            for name in missing
        }

    def _enqueue(self, names: Sequence[str], say: Callable[[str], None]) -> None:
        states = queue.states(self.project)
        running = [name for name in names if states.get(name) == "Running"]
        if running:
            raise UserError(
                f"{running[0]} is being trained already: wait for it, or stop it with 'dvc queue "
                "stop --kill'."
            )
        queue.remove(self.project, [name for name in names if name in states])
        for place, name in enumerate(names, start=1):
            point, seed = self.experiments[name]
            queue.enqueue(
                self.project, self.recipe, name, dvc_settings(point, self.path, seed, self.project)
            )
            say(f"queued {place} of {len(names)}: {name}, {point.name}, seed {seed}")

    def _watch(
        self, process: "subprocess.Popen[bytes]", names: Sequence[str], say: Callable[[str], None]
    ) -> None:
        """Say of each run that it has finished, until DVC ends."""
        said = set[str]()
        while True:
            ended = process.poll() is not None
            for name in _finished_among(names, self.project) - said:
                said.add(name)
                say(f"finished {len(said)} of {len(names)}: {name}")
            if ended:
                return
            time.sleep(_LOOK_SECONDS)


def _finished_among(names: Sequence[str], project: Project) -> set[str]:
    return set(names) & queue.finished(project).keys()


def _require_known_to_git(project: Project, base: Point, path: Path) -> None:
    """Raise UserError where git does not know a file that an experiment needs."""
    files = git(project.root, "ls-files", "--others", "--exclude-standard").splitlines()
    names = {base.recipe.name, *needs(base.recipe), path.stem}
    lacking = [file for file in files if file.startswith("recipes/") and Path(file).stem in names]
    if lacking:
        raise UserError(
            f"git does not know {', '.join(lacking)}, and an experiment is made of what git knows. "
            f"Run: git add {' '.join(lacking)}"
        )
