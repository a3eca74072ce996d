"""What stands against acting on a verdict now: the other recipe may be trained anew at any time."""

from engine.project import Project
from engine.report.history import History
from engine.tracking.comparable import foreign_recipes


def remark_on_verdict(history: History, project: Project) -> str | None:
    """A sentence where the present figures of what a run's verdict names do not compare.

    It is true of this moment: events and verdict.json hold no such thing.
    """
    verdict = history.facts("finish").get("verdict") or {}
    named = verdict.get("proposed") or verdict.get("keep")
    if named is None or named == history.facts("start").get("recipe"):
        return None
    if named not in foreign_recipes(project, history.facts("eval").get("evaluation_set")):
        return None
    foreign = f"The present figures of {named} are not of these evaluation clips"
    if named == verdict.get("against"):
        return f"{foreign}: it was compared as it was when this run began."
    return (
        f"{foreign} and cannot be compared with these: evaluate both on the same clips before one "
        "is kept for the other."
    )
