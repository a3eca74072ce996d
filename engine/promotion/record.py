"""The checkpoint in use and its predecessors: `promoted/<name>.toml`, which git tracks.

Entries are added and never changed, so that the file is the history; the last one counts. The
model's files lie in `promoted/<name>`, which DVC tracks (`promoted/<name>.dvc`).
"""

import tomllib
from pathlib import Path
from typing import Any, Literal

import cattrs
import tomli_w
from attrs import asdict, field, frozen

from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.promotion.kept_files import KeptFile

_ENTRIES = "promotion"


@frozen(kw_only=True)
class Promotion:
    """One decision: a checkpoint was promoted or demoted."""

    decision: Literal["promoted", "demoted"]
    at: str
    """Date and time, UTC, ISO 8601."""
    recipe: str
    run: str
    """The identity of the run."""
    checkpoint: str
    """The checkpoint's name in the model: best, last, step_200."""
    step: int
    metric: str
    """The metric that picks the best checkpoint."""
    value: float | None = None
    """The metric's value for the checkpoint, where its step was evaluated."""
    evaluation_set: str = ""
    unit: str = ""
    """How the metric was measured, in words."""
    verdict: str = ""
    """The verdict at that time, in a phrase."""
    objections: tuple[str, ...] = ()
    """Objections at that time."""
    because: str = ""
    """The reason given for the decision."""
    commit: str = ""
    """The project's git commit."""
    files: dict[str, KeptFile] = field(factory=dict)
    """Files by their path below `promoted/<name>`."""


def folder_of(project: Project, name: str) -> Path:
    """Where the files of a promoted model lie."""
    return project.promoted / name


def promoted_names(project: Project) -> list[str]:
    """Every name under which a model is or was promoted."""
    return sorted(path.stem for path in project.promoted.glob("*.toml"))


def history_of(project: Project, name: str) -> list[Promotion]:
    """Every decision of a name, the first one first. Raises UserError where the file is damaged."""
    path = _file(project, name)
    if not path.is_file():
        return []
    with as_user_error(f"{path} is damaged: restore it from git.", tomllib.TOMLDecodeError):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return [_structured(entry) for entry in content[_ENTRIES]]


def in_use(project: Project, name: str) -> Promotion | None:
    """The present promotion of a name, or None. Raises UserError where the file is damaged."""
    history = history_of(project, name)
    return history[-1] if history and history[-1].decision == "promoted" else None


def add_decision(project: Project, name: str, decision: Promotion) -> None:
    """Write a decision below those before it."""
    entries = [_plain(one) for one in [*history_of(project, name), decision]]
    write_atomically(_file(project, name), tomli_w.dumps({_ENTRIES: entries}))


def _file(project: Project, name: str) -> Path:
    return project.promoted / f"{name}.toml"


def _plain(decision: Promotion) -> dict[str, Any]:
    """Plain values, without empty ones."""
    return {
        key: value for key, value in asdict(decision).items() if value not in (None, "", (), {})
    }


def _structured(entry: Any) -> Promotion:
    try:
        return cattrs.structure(entry, Promotion)
    except (cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError) as error:
        raise ValueError("no decision") from error
