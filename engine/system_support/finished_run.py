"""Finds a finished run by the name of its recipe or by its folder."""

from pathlib import Path

from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.project import Project
from engine.recipe import load_recipe
from engine.report.run_files import RunFiles
from engine.report.unknown_name import unknown_name
from engine.system_support.discovery import recipe_classes


def finished_run(project: Project, run: str) -> RunFiles:
    """The finished run that `run` names: a recipe's model, or the folder of a run or a model.

    Raises UserError where there is none, or its recipe cannot be read.
    """
    given = Path(run)
    for folder in (project.model(run), given, given / "model"):
        if (folder / "metrics.json").is_file() and (folder / "recipe.toml").is_file():
            return run_files(_name(project, folder), folder)
    raise unknown_name(project, run) or _not_finished(project, run)


def _not_finished(project: Project, run: str) -> UserError:
    folders = project.model("any").parent.glob("*/metrics.json")
    finished = sorted(path.parent.name for path in folders)
    where = f"there is no models/{run}, and " if "/" not in run else ""
    return UserError(
        f"'{run}' is not a finished run: {where}no folder {run} with metrics.json and recipe.toml."
        f"{suggestion(run, finished)} Name a trained recipe, or the folder of a run.",
        finished,
    )


def run_files(name: str, folder: Path) -> RunFiles:
    """A finished run with its recipe. Raises UserError where that cannot be read."""
    return RunFiles(name, folder, load_recipe(folder / "recipe.toml", classes=recipe_classes()))


def _name(project: Project, folder: Path) -> str:
    """What sentences call a run: its recipe, with its identity where it is not in models/."""
    place = folder.resolve()
    if place.parent == project.model("any").parent.resolve():
        return place.name
    run = place.parent if place.name == "model" else place
    return f"{run.parent.name}/{run.name}"
