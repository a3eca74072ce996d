"""A recipe's runs with several seeds, as `cantus seeds` keeps them, and those of a given run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from engine.errors import UserError
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.recipe.diff import diff_recipes
from engine.report.run_files import RunFiles
from engine.report.words import listed_in_words
from engine.system_support.finished_run import run_files

DESCRIPTION = "run.json"
_ALIKE = {
    "code": "code",
    "data": "data",
    "training_set": "training clips",
    "evaluation_set": "evaluation clips",
    "judges": "judges",
    "parent": "initial weights",
}
"""What an identity covers besides settings and seed, in words."""


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
    covers = _covers(run.folder)
    fitting, apart = {}, {}
    for seed, one in found.items():
        differs = differing(covers, _covers(one.folder))
        (apart if differs else fitting)[seed] = (one, differs)
    seeds = tuple(one for one, _ in fitting.values())
    remark = _remark(of, {seed: differs for seed, (_, differs) in apart.items()})
    return evolve(run, seeds=seeds if len(seeds) > 1 else (), remark=remark)


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
    first = _covers(seeds[0].folder)
    for one in seeds[1:]:
        if differs := differing(first, _covers(one.folder)):
            raise UserError(
                f"seeds/{recipe} holds seeds of different recipes: {seeds[0].name} and {one.name} "
                f"differ in {listed_in_words(differs)}. To train them again: cantus seeds {recipe}"
            )


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """What differs in what two runs' identities cover, their names and seeds apart."""
    if not (ours and theirs):
        return ["what they cover is not recorded"]
    changes = diff_recipes(_settings(ours), _settings(theirs))
    parts = [change.path for change in changes]
    return parts + [words for key, words in _ALIKE.items() if ours.get(key) != theirs.get(key)]


def _settings(covers: Mapping[str, Any]) -> dict[str, Any]:
    settings = covers.get("settings")
    return {k: v for k, v in settings.items() if k != "name"} if isinstance(settings, dict) else {}


def _covers(folder: Path) -> Mapping[str, Any]:
    file = folder / DESCRIPTION
    covers = read_json_object(file).get("covers") if file.is_file() else None
    return covers if isinstance(covers, dict) else {}


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
