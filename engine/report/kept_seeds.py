"""The seeds of recipes that are kept, as `cantus seeds` left them."""

from collections.abc import Mapping
from pathlib import Path

from engine.project import Project
from engine.tracking.run_command import DESCRIPTION


def seed_folders(folder: Path) -> dict[int, Path]:
    """The folders of seeds in `seeds/<recipe>`, finished or stopped, by seed."""
    found = {path: path.name.removeprefix("seed_") for path in folder.glob("seed_*")}
    return {
        int(digits): path
        for path, digits in sorted(found.items(), key=lambda one: (len(one[1]), one[1]))
        if digits.isdecimal() and (path / DESCRIPTION).is_file()
    }


def recipes_with_seeds(project: Project) -> Mapping[str, int]:
    """The number of seeds kept of each recipe that has any."""
    folders = sorted(project.seeds("any").parent.glob("*/"))
    return {folder.name: found for folder in folders if (found := len(seed_folders(folder)))}


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
