"""Remarks on verdicts: what the recipe's seeds show, and whether the other was trained again."""

from engine.evaluation.unit import why_apart
from engine.files.untrusted import read_json_object
from engine.project import Project
from engine.report.history import History
from engine.report.measured_with import unit_in
from engine.report.same_recipe import covers_of, differing
from engine.tracking.comparable import foreign_recipes
from engine.tracking.run_command import newest_folder
from engine.tracking.shown_metrics import read_shown, short_name

SPREAD = "spread.json"
"""The file in `seeds/<recipe>` with what its seeds show."""


def remark_on_verdict(history: History, project: Project) -> str | None:
    """Sentences on a verdict that hold at present only, and that events do not contain."""
    said = (_over_seeds(history, project), _outdated(history, project))
    return " ".join(filter(None, said)) or None


def _over_seeds(history: History, project: Project) -> str | None:
    """What the seeds of the run's recipe show of it, where they are kept and of its newest run."""
    name = str(history.facts("start").get("recipe"))
    file, run = project.seeds(name) / SPREAD, newest_folder(project, name)
    if run is None or not file.is_file():
        return None
    spread = read_json_object(file)
    if differing(covers_of(run), spread.get("covers") or {}):
        return None
    return " ".join(map(str, spread.get("against") or ())) or None


def _outdated(history: History, project: Project) -> str | None:
    """A sentence where the verdict's other recipe now has figures of other evaluation clips."""
    verdict = history.facts("finish").get("verdict") or {}
    named = verdict.get("proposed") or verdict.get("keep")
    if named is None or named == history.facts("start").get("recipe"):
        return None
    if named in foreign_recipes(project, history.facts("eval").get("evaluation_set")):
        foreign = f"The present figures of {named} are not of these evaluation clips"
    elif why := _measured_otherwise(history, project, str(verdict["metric"]), named):
        foreign = f"The present figures of {named} were not measured like these ({why})"
    else:
        return None
    if named == verdict.get("against"):
        return f"{foreign}: the verdict compares with the figures at the start of this run."
    return f"{foreign} and cannot be compared: evaluate both alike before choosing."


def _measured_otherwise(history: History, project: Project, metric: str, named: str) -> str | None:
    """Why the other recipe's figure may not be subtracted; None where it may, or there is none."""
    file, name = project.metrics(named), short_name(metric)
    theirs = read_shown(file) if file.is_file() else None
    if theirs is None or name not in theirs.figures:
        return None
    own = str(history.facts("start").get("recipe"))
    return why_apart(unit_in(history, metric), theirs.units.get(name), own, named)
