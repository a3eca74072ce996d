"""The standing of a recipe: its newest run and its model, read from the ends of files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen

from engine.errors import UserError
from engine.files.lock import is_held
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.tracking.events import last_event
from engine.tracking.run_command import DESCRIPTION, description

State = Literal[
    "never trained", "training", "trained", "killed", "interrupted", "stopped", "failed"
]
_STOPPED: Mapping[str, State] = {"guard": "stopped", "interrupted": "interrupted"}


@frozen(kw_only=True)
class Standing:
    """The newest run and the model of a recipe."""

    name: str
    state: State
    """State of the newest run; `trained` where it made the model, or where only a model exists."""
    step: int | None = None
    """The last step of the newest run, where it is not the model's."""
    run: str | None = None
    """The identity of the model's run; None where there is no model."""
    about: Mapping[str, Any] = field(factory=dict)
    """The model's description of its run (run.json)."""
    best_step: int | None = None
    metrics: Mapping[str, Any] = field(factory=dict)
    """The model's metrics."""
    verdict: Mapping[str, Any] = field(factory=dict)


def standing(project: Project, name: str) -> Standing:
    """Read a recipe's newest run and its model. A damaged file counts as missing."""
    model = project.model(name)
    about = description(model)
    run = str(about["identity"]) if "identity" in about else None
    state, step = _newest(project, name, run)
    if state is None:
        state = "never trained" if run is None else "trained"
    metrics = _table(model / "metrics.json")
    return Standing(
        name=name,
        state=state,
        step=step,
        run=run,
        about=about,
        best_step=metrics.get("step"),
        metrics=metrics,
        verdict=_table(model / "verdict.json"),
    )


def known_runs(project: Project) -> list[str]:
    """Every name that a run or a model has here."""
    found = [*project.runs("any").parent.glob(f"*/*/{DESCRIPTION}")]
    names = {path.parents[1].name for path in found}
    models = project.model("any").parent.glob(f"*/{DESCRIPTION}")
    return sorted(names | {path.parent.name for path in models})


def _newest(project: Project, name: str, model: str | None) -> tuple[State | None, int | None]:
    """State and last step of the newest run; None twice where it made the model."""
    note = project.latest_run(name)
    folder = project.runs(name) / note.read_text("utf-8").strip() if note.is_file() else None
    if folder is None or not folder.is_dir():
        return None, None
    if is_held(folder):
        last = last_event(folder / "events.jsonl")
        return "training", last.step if last else 0
    if (folder / "model").is_dir() or folder.name == model:
        return None, None
    last = last_event(folder / "events.jsonl")
    if last is None or last.kind not in ("stop", "finish"):
        return "killed", last.step if last else 0
    return _STOPPED.get(str(last.facts.get("reason")), "failed"), last.step


def _table(path: Path) -> Mapping[str, Any]:
    try:
        return read_json_object(path) if path.is_file() else {}
    except UserError:
        return {}
