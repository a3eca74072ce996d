"""A recipe's runs with several seeds, as `cantus seeds` keeps them, and those of a given run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve

from engine.errors import UserError
from engine.project import Project
from engine.report.run_files import RunFiles
from engine.report.same_recipe import covers_of, differing
from engine.report.words import listed_in_words
from engine.system_support.finished_run import run_files
from engine.tracking.run_command import DESCRIPTION


def seed_folders(folder: Path) -> dict[int, Path]:
    """The folders of seeds in `seeds/<recipe>`, finished or stopped, by seed."""
    found = {path: path.name.removeprefix("seed_") for path in folder.glob("seed_*")}
    return {
        int(digits): path
        for path, digits in sorted(found.items(), key=lambda one: (len(one[1]), one[1]))
        if digits.isdecimal() and (path / DESCRIPTION).is_file()
    }


def finished_seeds(folder: Path) -> dict[int, RunFiles]:
    """The finished runs in `seeds/<recipe>`, by seed. Raises UserError where one is damaged."""
    return {
        seed: run_files(f"{folder.name} with seed {seed}", path)
        for seed, path in seed_folders(folder).items()
        if (path / "metrics.json").is_file()
    }


def with_seeds(run: RunFiles, project: Project) -> RunFiles:
    """A finished run with those of its recipe's other seeds, where they are kept.

    Seeds that were trained with other values, data or code are not used, and a remark says so.
    Raises UserError where a file is damaged.
    """
    of = run.recipe.name
    found = finished_seeds(project.seeds(of))
    covers = covers_of(run.folder)
    differs = {seed: differing(covers, covers_of(one.folder)) for seed, one in found.items()}
    seeds = tuple(one for seed, one in found.items() if not differs[seed])
    apart = {seed: names for seed, names in differs.items() if names}
    return evolve(run, seeds=seeds if len(seeds) > 1 else (), remark=_remark(of, apart))


def lent_seeds(recipe: str, project: Project) -> RunFiles:
    """A recipe whose spread over seeds others borrow. Raises UserError where it has none."""
    seeds = tuple(finished_seeds(project.seeds(recipe)).values())
    if len(seeds) < 2:
        raise UserError(
            f"There are no seeds of {recipe} to borrow from in seeds/{recipe}: cantus seeds "
            f"{recipe} trains them."
        )
    _require_one_recipe(recipe, seeds)
    return evolve(seeds[0], name=recipe, seeds=seeds)


def _require_one_recipe(recipe: str, seeds: Sequence[RunFiles]) -> None:
    """Raise UserError where seeds were trained with different values, data or code."""
    first = covers_of(seeds[0].folder)
    for one in seeds[1:]:
        if differs := differing(first, covers_of(one.folder)):
            raise UserError(
                f"seeds/{recipe} holds seeds of different recipes: {seeds[0].name} and {one.name} "
                f"differ in {listed_in_words(differs)}. To train them again: cantus seeds {recipe}"
            )


def _remark(recipe: str, apart: Mapping[int, list[str]]) -> str:
    """A sentence on seeds of another recipe, or of other data or code."""
    if not apart:
        return ""
    names = dict.fromkeys(name for differs in apart.values() for name in differs)
    seeds = listed_in_words([*map(str, apart)], most=len(apart))
    return (
        f"seeds/{recipe} holds seeds of another recipe than this model's ({seeds}; what differs: "
        f"{listed_in_words([*names])}), which are not used. To train them again: cantus seeds "
        f"{recipe}"
    )
