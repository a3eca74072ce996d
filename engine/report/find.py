"""Finds the folder of a run by its recipe's name or by its path."""

from pathlib import Path

from engine.errors import UserError
from engine.project import Project
from engine.report.history import History


def find_run(project: Project, run: str) -> Path:
    """The folder `run` names: itself, or the newest run or model of the recipe of that name.

    Raises UserError where there is none.
    """
    if _has_events(Path(run)):
        return Path(run)
    folders = [*project.runs(run).glob("*"), project.model(run)]
    found = [folder for folder in folders if _has_events(folder)]
    if not found:
        raise UserError(
            f"'{run}' has not been run here: there is no events.jsonl in {run}, in a folder below "
            f"runs/{run} or in models/{run}. {_known(project)}"
        )
    return max(found, key=_last_moment)


def _has_events(folder: Path) -> bool:
    return (folder / "events.jsonl").is_file()


def _last_moment(folder: Path) -> tuple[float, bool]:
    # The file's own date says nothing: DVC restores a model at any time. A finished run and its
    # model tell the same story, and the model is the one with samples and a report.
    events = History.of(folder).events
    return (events[-1].time if events else 0.0, folder.parent.name == "models")


def _known(project: Project) -> str:
    files = [
        *project.root.glob("runs/*/*/events.jsonl"),
        *project.root.glob("models/*/events.jsonl"),
    ]
    parts = {file.relative_to(project.root).parts[1] for file in files}
    if not parts:
        return "Nothing was run yet: start with `dvc repro`."
    return f"Recipes that were run: {', '.join(sorted(parts))}."
