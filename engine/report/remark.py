"""Remarks on outdated verdicts: the recipe compared with may have been trained again since."""

from engine.project import Project
from engine.report.history import History
from engine.tracking.comparable import foreign_recipes


def remark_on_verdict(history: History, project: Project) -> str | None:
    """A sentence where the verdict's other recipe now has figures of other evaluation clips.

    It holds at present only, so events and verdict.json do not contain it.
    """
    verdict = history.facts("finish").get("verdict") or {}
    named = verdict.get("proposed") or verdict.get("keep")
    if named is None or named == history.facts("start").get("recipe"):
        return None
    if named not in foreign_recipes(project, history.facts("eval").get("evaluation_set")):
        return None
    foreign = f"The present figures of {named} are not of these evaluation clips"
    if named == verdict.get("against"):
        return f"{foreign}: the verdict compares with the figures at the start of this run."
    return f"{foreign} and cannot be compared: evaluate both on the same clips before choosing."
