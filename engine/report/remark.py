"""What stands against acting on a verdict now: the other recipe may be trained anew at any time."""

from engine.project import Project
from engine.report.history import History
from engine.tracking.comparable import foreign_recipes


def remark_on_verdict(history: History, project: Project) -> str | None:
    """A sentence where the figures of the recipe that a run's verdict keeps do not compare.

    It is true of this moment: events and verdict.json hold no such thing.
    """
    keep = (history.facts("finish").get("verdict") or {}).get("keep")
    if keep is None or keep == history.facts("start").get("recipe"):
        return None
    if keep not in foreign_recipes(project, history.facts("eval").get("evaluation_set")):
        return None
    return (
        f"The present figures of {keep} are not of these evaluation clips and cannot be compared "
        "with these: evaluate both on the same clips before one is kept for the other."
    )
