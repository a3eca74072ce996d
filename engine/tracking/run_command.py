"""The command that trains a run: its recipe's stage, or its own one with -S."""

from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files.lock import is_held
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.tracking.events import last_event

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


def is_without_step(project: Project, name: str) -> bool:
    """Whether the latest run of that name ended before its first step, and left no model."""
    folder = newest_folder(project, name)
    if folder is None or project.model(name).is_dir() or is_held(folder):
        return False
    last = last_event(folder / "events.jsonl")
    return last is not None and last.step == 0


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
    own = about["command"] if "of" in about and "command" in about else f"dvc repro {name}"
    return str(about.get("part_of") or own)
