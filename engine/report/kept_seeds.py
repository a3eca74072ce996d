"""The seeds of a recipe that are kept in `seeds/<recipe>`: finished, stopped, and not counted.

This is the one place that decides whether a kept seed counts. `cantus seeds` asks whether it is of
the recipe as it is, `cantus diff` and `cantus compare` whether it is of the model's recipe. Seeds
that count are of one recipe, code and data, and were measured alike.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.report.same_recipe import covers_of, differing, measured_apart, units_in
from engine.report.words import listed_in_words
from engine.tracking.run_command import DESCRIPTION

STOPPED = "stopped.json"
"""The file of a seed that a guard stopped: its sentence."""
_METRICS = "metrics.json"

Differs = Callable[[int, Path], Sequence[str]]
"""Why a seed in a folder does not count, in phrases; none where it does."""


@frozen
class KeptSeeds:
    """The seeds that are kept of a recipe, by seed: each is finished, stopped or apart."""

    recipe: str
    finished: Mapping[int, Path]
    """The folders of seeds that finished."""
    stopped: Mapping[int, str]
    """Why a guard stopped a seed: a sentence."""
    apart: Mapping[int, Sequence[str]]
    """What differs of seeds that do not count, in phrases."""

    @property
    def counted(self) -> list[int]:
        """The seeds that have a result which counts."""
        return sorted({*self.finished, *self.stopped})

    def among(self, seeds: Collection[int]) -> "KeptSeeds":
        """The part of them that is among these seeds."""
        finished = {seed: folder for seed, folder in self.finished.items() if seed in seeds}
        stopped = {seed: why for seed, why in self.stopped.items() if seed in seeds}
        apart = {seed: why for seed, why in self.apart.items() if seed in seeds}
        return KeptSeeds(self.recipe, finished, stopped, apart)

    @property
    def of_stopped(self) -> str:
        """How many seeds guards stopped, in a sentence without its full stop; empty for none."""
        if not self.stopped:
            return ""
        were = "was" if len(self.stopped) == 1 else "were"
        return (
            f"{len(self.stopped)} of {len(self.counted)} seeds of {self.recipe} {were} stopped by "
            "a guard, and no figure over seeds includes them"
        )

    @property
    def of_apart(self) -> str:
        """Which seeds do not count and what differs, as a phrase."""
        names = dict.fromkeys(name for differs in self.apart.values() for name in differs)
        return f"{seeds_in_words([*self.apart])}; what differs: {listed_in_words([*names])}"


def kept_seeds(project: Project, recipe: str, differs: Differs = lambda *_: ()) -> KeptSeeds:
    """The seeds that are kept of a recipe. Raises UserError where a file is damaged."""
    found = seed_folders(project.seeds(recipe))
    apart = {seed: why for seed, folder in found.items() if (why := differs(seed, folder))}
    counted = {seed: folder for seed, folder in found.items() if seed not in apart}
    finished = {seed: folder for seed, folder in counted.items() if is_finished(folder)}
    stopped = {
        seed: str(read_json_object(folder / STOPPED).get("message"))
        for seed, folder in counted.items()
        if seed not in finished
    }
    return KeptSeeds(recipe, finished, stopped, apart)


def seeds_of_one(project: Project, recipe: str, differs: Differs = lambda *_: ()) -> KeptSeeds:
    """Kept seeds of which those that count are one recipe: that of the seed trained last.

    Raises UserError where a file is damaged.
    """
    found = {
        seed: folder
        for seed, folder in seed_folders(project.seeds(recipe)).items()
        if not differs(seed, folder)
    }
    if not found:
        return kept_seeds(project, recipe, differs)
    alike = unlike(max(found.values(), key=lambda folder: _trained_at(folder)))
    return kept_seeds(project, recipe, lambda *one: differs(*one) or alike(*one))


def unlike(reference: Path) -> Differs:
    """Why seeds do not count for the run in a folder: another recipe, or measured otherwise."""

    @cache
    def expected() -> tuple[Mapping[str, object], Mapping[str, object]]:
        return covers_of(reference), units_in(reference)

    def differs(_: int, folder: Path) -> list[str]:
        covers, units = expected()
        measured = measured_apart(units, units_in(folder)) if is_finished(folder) else []
        return [*differing(covers, covers_of(folder)), *measured]

    return differs


def is_finished(folder: Path) -> bool:
    """Whether a seed's folder holds figures."""
    return (folder / _METRICS).is_file()


def seed_folders(folder: Path) -> dict[int, Path]:
    """The folders in `seeds/<recipe>` that hold a result, of a finished seed or a stopped one."""
    found = {path: path.name.removeprefix("seed_") for path in folder.glob("seed_*")}
    return {
        int(digits): path
        for path, digits in sorted(found.items(), key=lambda one: (len(one[1]), one[1]))
        if digits.isdecimal()
        and (path / DESCRIPTION).is_file()
        and (is_finished(path) or (path / STOPPED).is_file())
    }


def recipes_with_seeds(project: Project) -> Mapping[str, int]:
    """The number of finished seeds kept of each recipe that has any."""
    folders = sorted(project.seeds("any").parent.glob("*/"))
    return {folder.name: found for folder in folders if (found := num_finished(folder))}


def num_finished(folder: Path) -> int:
    """The number of seeds in `seeds/<recipe>` that have figures, whether they count or not."""
    return sum(map(is_finished, seed_folders(folder).values()))


def kept_seeds_in_words(project: Project, recipe: str) -> str:
    """A sentence on the seeds that are kept of a recipe and what they are for; empty without any.

    It is for where a model is looked for: seeds have none.
    """
    number = recipes_with_seeds(project).get(recipe)
    if number is None:
        return ""
    kept = "1 seed is" if number == 1 else f"{number:,} seeds are"
    return (
        f"{kept} kept in seeds/{recipe}, as figures without a model: `cantus seeds {recipe}` shows "
        f"how far they spread, and `cantus diff` uses them once {recipe} is trained."
    )


def seeds_in_words(seeds: Iterable[int]) -> str:
    """Seeds as a sentence names them: `seed 4`, `seeds 1 and 3`, `seeds 1 to 5`."""
    ordered = sorted(seeds)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"seeds {ordered[0]} to {ordered[-1]}"
    listed = listed_in_words([*map(str, ordered)], most=len(ordered))
    return f"seed{'s' if len(ordered) > 1 else ''} {listed}"


def _trained_at(folder: Path) -> float:
    try:
        return (folder / DESCRIPTION).stat().st_mtime
    except OSError as error:
        raise UserError(f"{folder / DESCRIPTION} cannot be read: {error}") from error
