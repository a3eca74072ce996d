"""The report of a run: one page beside the checkpoint on its result, and how far to trust it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.files.atomic import write_atomically
from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.recipe.schema import Recipe
from engine.report.curves import draw_curves
from engine.report.ending import ending_in_words, level_in_words, time_in_words
from engine.report.gallery import exhibits
from engine.report.history import History
from engine.report.listening_tests import NO_TESTS, ShownTests
from engine.report.measured_with import measured_with
from engine.report.objections import besides_verdict
from engine.report.parting import parted
from engine.report.playable import playable
from engine.report.side_by_side import side_by_side
from engine.report.table import compare
from engine.report.trained import run_of, what_was_trained
from engine.report.watched import silent_guards_in_words
from engine.report.words import figure
from engine.tracking.numbered import numbered_tables


def build_report(
    folder: Path,
    recipe: Recipe,
    remark: str | None = None,
    listening: ShownTests = NO_TESTS,
) -> Path:
    """Write `report.html` into a run's or a model's folder; return the page.

    The folder holds events.jsonl, and recipe.toml and the samples that the events name. The page
    links to nothing outside it. It is made from the events, the present `remark` on the verdict and
    the present `listening` tests alone.
    """
    now = {"remark": remark, "listening": listening}
    content = _content(folder, recipe, History.of(folder).with_finish(listening.finish)) | now
    template = page_template(["engine.report"], visible_lines, "report.html", figure=figure)
    page = template.render(content)
    path = folder / "report.html"
    write_atomically(path, page)
    return path


def _content(folder: Path, recipe: Recipe, history: History) -> dict[str, Any]:
    start = history.facts("start")
    finish = history.facts("finish")
    resolved = folder / "recipe.toml"
    beside = side_by_side(history)
    return {
        "media": "'self' file: data:",
        "recipe": recipe,
        "run_of": run_of(start),
        "trained": what_was_trained(history, recipe),
        "demo_settings": start.get("demo_settings"),
        "silent_guards": silent_guards_in_words(history, recipe),
        "ending": ending_in_words(folder),
        "verdict": (verdict := finish.get("verdict")),
        "level": level_in_words(verdict) if verdict else "",
        "gain": finish.get("gain"),
        "objections": [one.says for one in besides_verdict(history)] if finish else [],
        "parted": parted(history, recipe),
        "comparisons": _comparisons(history),
        "table": compare(history, recipe),
        "numbered": numbered_tables(history.final),
        "expectations": judged_expectations(recipe, finish),
        "guards": history.all("guard"),
        "warnings": [event.facts["message"] for event in history.all("warning")],
        "checks": history.checks,
        "data": start.get("data", {}),
        "used": used_clips(start.get("data", {})),
        "evaluation_set": history.facts("eval").get("evaluation_set"),
        "measured_with": measured_with(history),
        "curves": draw_curves(history, recipe),
        "side_by_side": beside,
        "rows": [playable(row, folder) for row in (beside.rows if beside else ())],
        "exhibits": [playable(one, folder) for one in exhibits(history)],
        "facts": _facts(history),
        "resolved": resolved.read_text(encoding="utf-8") if resolved.is_file() else "",
    }


def judged_expectations(recipe: Recipe, finish: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The judgements of the finish event, each with the reason that the recipe gives."""
    return [
        item | {"because": belief.because}
        for item in finish.get("expectations", ())
        if (belief := recipe.expect.get(item["name"])) is not None
    ]


def _comparisons(history: History) -> list[tuple[int, int | None, str]]:
    """Step, the step of the best before it, and their difference clip by clip in words."""
    differences = [(event.step, event.facts.get("difference")) for event in history.all("eval")]
    return [
        (step, found.get("against_step"), found.get("said", ""))
        for step, found in differences
        if isinstance(found, dict)
    ]


def used_clips(data: Mapping[str, Any]) -> str | None:
    """The number of sound clips in the corpus, and of clips in the run, in words."""
    if "used" not in data or "found" not in data:
        return None
    sound = f"{figure(data['used'])} of {figure(data['found'])} clips in the corpus are sound"
    if "training" not in data or "evaluation" not in data:
        return f"{sound}."
    training, evaluation = figure(data["training"]), figure(data["evaluation"])
    return f"{sound}. This run has {training} clips for training, {evaluation} for evaluation."


def _facts(history: History) -> dict[str, str]:
    """Facts about a run besides its result: size, time, machine, command."""
    start, finish = history.facts("start"), next(iter(history.all("finish")), None)
    facts = {}
    if "parameters" in start:
        facts["parameters"] = figure(start["parameters"])
    if finish is not None:
        facts["length"] = f"{finish.step:,} steps ({round(finish.epoch, 2):g} epochs)"
        facts["best step"] = figure(finish.facts["best_step"])
        facts["time taken"] = time_in_words(history, finish.facts["seconds"])
    machine = start.get("machine", {})
    facts |= {str(key).replace("_", " "): str(value) for key, value in machine.items()}
    return facts | {key: str(start[key]) for key in ("command",) if key in start}
