"""The comparison page: one file about two to six runs, with advice, figures and players."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.files.atomic import write_atomically
from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.report.compare.curves import compared_curves
from engine.report.compare.metrics import metric_rows
from engine.report.compare.recipes import recipe_differences
from engine.report.compare.runs import ComparedRun, ComparedRuns, compared_runs
from engine.report.compare.samples import sample_rows
from engine.report.compare.verdict import Advice, advise
from engine.report.compare.versions import VersionRow, version_rows
from engine.report.embedded import AudioFormat
from engine.report.ending import ending_in_words, time_in_words
from engine.report.listening_tests import NO_TESTS, ShownTests
from engine.report.page import judged_expectations, used_clips
from engine.report.run_files import RunFiles
from engine.report.watched import silent_guards_in_words
from engine.report.words import figure

_LARGEST_AS_FLAC = 9_000_000
"""Bytes of all samples as WAV: with more, the page would be above 15 MB as FLAC in base64."""


@frozen
class RunSection:
    """The section of the page on one run."""

    name: str
    number: int
    system: str
    summary: str
    ending: str
    """How the run ended, where it has not finished."""
    expectations: list[dict[str, Any]]
    guards: list[Any]
    warnings: list[str]
    silent_guards: str
    data: Mapping[str, Any]
    used: str | None
    evaluation_set: str | None
    facts: Mapping[str, str]
    """Date, commit, seed, version, and the command that makes the run again."""


def build_comparison(
    found: Sequence[RunFiles], path: Path, listening: ShownTests = NO_TESTS
) -> ComparedRuns:
    """Write the page, with listening tests of all its runs; return what was compared.

    The page needs no file beside it and makes no request. Raises UserError where the runs are fewer
    than two or more than six, one is named twice, or a file is damaged.
    """
    compared = compared_runs(found)
    template = page_template(["engine.report"], visible_lines, "compare.html", figure=figure)
    page = template.render(_content(compared) | {"listening": listening})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, page)
    return compared


def advice_in_words(advice: Sequence[Advice]) -> str:
    """The verdict of the page as sentences for a terminal."""
    return "\n".join(" ".join([one.say, *one.why, *one.against]) for one in advice)


def _content(compared: ComparedRuns) -> dict[str, Any]:
    runs = compared.runs
    rows = version_rows(runs)
    kind = _audio_format(rows)
    return {
        "media": "data:",
        "runs": [_section(run) for run in runs],
        "advice": advise(compared),
        "unfinished": compared.unfinished,
        "recipes": recipe_differences(runs),
        "metrics": metric_rows(compared),
        "left_out": compared.reasons,
        "curves": compared_curves(runs),
        "rows": sample_rows(rows, kind),
        "silent": [run.name for run in runs if not _has_samples(run, rows)],
        "audio": kind,
    }


def _audio_format(rows: Sequence[VersionRow]) -> AudioFormat:
    files = [one.file for row in rows for one in row.versions if one.kind == "audio"]
    return "FLAC" if sum(file.stat().st_size for file in files) <= _LARGEST_AS_FLAC else "Opus"


def _has_samples(run: ComparedRun, rows: Sequence[VersionRow]) -> bool:
    return any(run.name not in row.lacking for row in rows)


def _section(run: ComparedRun) -> RunSection:
    history, recipe = run.history, run.files.recipe
    data = history.facts("start").get("data", {})
    return RunSection(
        name=run.name,
        number=run.number,
        system=recipe.system,
        summary=recipe.summary,
        ending="" if run.is_finished else ending_in_words(run.files.folder),
        expectations=judged_expectations(recipe, history.facts("finish")),
        guards=history.all("guard"),
        warnings=[event.facts["message"] for event in history.all("warning")],
        silent_guards=silent_guards_in_words(history, recipe),
        data=data,
        used=used_clips(data),
        evaluation_set=run.evaluation_set,
        facts=_facts(run),
    )


def _facts(run: ComparedRun) -> dict[str, str]:
    """How to make the run again, and the time that takes; unrecorded facts are named as such."""
    history = run.history
    start = history.facts("start")
    machine = start.get("machine", {})
    finish = next(iter(history.all("finish")), None)
    facts = {
        "command": _command(run),
        "begun": _date(run),
        "commit": _commit(start),
        "seed": _known(run.about.get("seed")),
        "version": _known(start.get("version")),
        "identity": _known(run.about.get("identity")),
        "torch": _known(machine.get("torch")),
        "device": _known(machine.get("device")),
    }
    if finish is None:
        return facts
    return facts | {
        "length": f"{finish.step:,} steps ({round(finish.epoch, 2):g} epochs)",
        "best step": figure(finish.facts["best_step"]),
        "time taken": time_in_words(history, finish.facts["seconds"]),
    }


def _command(run: ComparedRun) -> str:
    """The command that trains the run, with its `-S` options where it has any."""
    start = run.history.facts("start")
    of_the_recipe = f"dvc repro {start.get('recipe', run.files.recipe.name)}"
    return str(start["command"]) if "of" in start and "command" in start else of_the_recipe


def _commit(start: Mapping[str, Any]) -> str:
    changed = ", with changes that were not committed" if start.get("uncommitted") else ""
    return f"{_known(start.get('commit'))}{changed}"


def _date(run: ComparedRun) -> str:
    events = run.history.events
    if not events:
        return _known(None)
    return datetime.fromtimestamp(events[0].time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _known(value: object) -> str:
    return "not recorded" if value is None else str(value)
