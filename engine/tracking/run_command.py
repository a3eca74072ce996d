"""The command that trains a run: its recipe's stage, or its own one with -S."""

from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files.untrusted import read_json_object
from engine.project import Project

DESCRIPTION = "run.json"
"""The file in a run's and a model's folder that describes the run."""


def newest_folder(project: Project, name: str) -> Path | None:
    """The latest run of that name here, else its model, else None.

    Both hold run.json and recipe.toml.
    """
    note = project.latest_run(name)
    runs = [project.runs(name) / note.read_text("utf-8")] if note.is_file() else []
    folders = [*runs, project.model(name)]
    return next((folder for folder in folders if (folder / DESCRIPTION).is_file()), None)


def description(folder: Path) -> dict[str, Any]:
    """The description of a folder's run; empty where it cannot be read."""
    try:
        return read_json_object(folder / DESCRIPTION)
    except UserError:
        return {}


def how_to_train(project: Project, name: str) -> str:
    """The command that trains the run or recipe `name`."""
    folder = None if project.recipe(name).is_file() else newest_folder(project, name)
    about = {} if folder is None else description(folder)
    return str(about["command"]) if "of" in about and "command" in about else f"dvc repro {name}"
