"""Finds the folder of a run by its recipe's name or by its path."""

from pathlib import Path

from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.project import Project
from engine.report.history import History
from engine.report.kept_seeds import kept_seeds_in_words
from engine.report.unknown_name import unknown_name


def find_run(project: Project, run: str) -> Path:
    """The folder `run` names: itself, or the newest run or model of the recipe of that name.

    Raises UserError where there is none.
    """
    if _has_events(Path(run)):
        return Path(run)
    latest = _latest(project, run)
    runs = [latest] if latest else [*project.runs(run).glob("*")]
    found = [folder for folder in (*runs, project.model(run)) if _has_events(folder)]
    if not found:
        raise unknown_name(project, run) or _no_run(project, run)
    return max(found, key=_last_moment)


def _has_events(folder: Path) -> bool:
    return (folder / "events.jsonl").is_file()


def _latest(project: Project, recipe: str) -> Path | None:
    """The latest run of a recipe here, where that was recorded."""
    note = project.latest_run(recipe)
    folder = project.runs(recipe) / note.read_text("utf-8") if note.is_file() else None
    return folder if folder and _has_events(folder) else None


def _last_moment(folder: Path) -> tuple[float, bool]:
    # A model may come from another machine, and then only the clocks show which is newer: the dates
    # of events, not of files, since DVC restores a model at any time. A finished run and its model
    # have the same events, and the model has samples and a report too.
    events = History.of(folder).events
    return (events[-1].time if events else 0.0, folder.parent.name == "models")


def _no_run(project: Project, run: str) -> UserError:
    """The error about a recipe that was not run, or a folder without a run."""
    files = [
        *project.root.glob("runs/*/*/events.jsonl"),
        *project.root.glob("models/*/events.jsonl"),
    ]
    kept = kept_seeds_in_words(project, run)
    runs = sorted({file.relative_to(project.root).parts[1] for file in files})
    said = f"'{run}' has no run here: there is no events.jsonl below runs/{run} or models/{run}."
    if "/" in run or run.endswith(".toml"):
        said = f"'{run}' is no run: there is no {run}/events.jsonl."
    if kept:
        return UserError(f"{said} {kept}", runs)
    if not runs:
        return UserError(f"{said} No recipe was run yet: start with `dvc repro`.")
    name_one = f"Name one of the runs there are: {', '.join(runs)}; or the folder of one."
    return UserError(f"{said}{suggestion(run, runs)} {name_one}", runs)
