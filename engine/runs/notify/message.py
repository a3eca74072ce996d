"""Notifications about a run: it ended, or a guard fired. They name neither machine nor data.

Schema 1, which docs/trackers.md describes: a key is never renamed or dropped without a new number.
"""

from pathlib import Path
from typing import Any, Literal

from engine.files.text import visible_lines
from engine.project import Project
from engine.report.ending import ending_in_words
from engine.report.history import History
from engine.report.remark import remark_on_verdict
from engine.tracking.events import Event
from engine.tracking.mirrors.event_writer import guard_text
from engine.tracking.run_command import description

SCHEMA = 1
_VERDICT = ("metric", "value", "keep", "say")


def message_of_end(folder: Path, project: Project) -> dict[str, Any]:
    """The end of the run in a folder: the sentence of `cantus why`, and the verdict if any."""
    history = History.of(folder)
    verdict = history.facts("finish").get("verdict") if _ending(history) == "finished" else None
    return _message(
        "end",
        folder,
        step=history.events[-1].step if history.events else 0,
        ending=_ending(history),
        verdict={key: verdict.get(key) for key in _VERDICT} if verdict else None,
        sentence=ending_in_words(folder, remark_on_verdict(history, project)),
    )


def message_of_guard(folder: Path, event: Event) -> dict[str, Any]:
    """A guard fired, and the run continues."""
    recipe = description(folder).get("recipe")
    said = f"A guard of {recipe} fired at step {event.step:,} ({guard_text(event.facts)})."
    return _message("guard", folder, step=event.step, ending=None, verdict=None, sentence=said)


def _message(kind: Literal["end", "guard"], folder: Path, **facts: Any) -> dict[str, Any]:
    about = description(folder)
    facts["sentence"] = visible_lines(facts["sentence"])
    names = {"recipe": about.get("recipe"), "identity": about.get("identity")}
    return {"schema": SCHEMA, "kind": kind, **names, **facts}


def _ending(history: History) -> str:
    """`finished`, why it was stopped (`guard`, `preflight`, `interrupted`, ...), or `killed`."""
    if history.ending is None:
        return "killed"
    if history.ending.kind == "finish":
        return "finished"
    return str(history.ending.facts.get("reason", "failed"))
