"""How a run ended, in a sentence or three."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.files.lock import is_held
from engine.recipe.metric_names import LISTENING_RESULTS
from engine.report.history import History
from engine.report.objections import besides_verdict
from engine.report.words import duration, figure
from engine.tracking.events import Event
from engine.tracking.run_command import description

ON_WEIGHTS = "Verdict on these weights"
"""A run has one seed: its verdict is on its weights, and not on its recipe."""


def ending_in_words(
    folder: Path, remark: str | None = None, finish: Mapping[str, Any] = MappingProxyType({})
) -> str:
    """Say how the run in `folder` ended and why, or that it is still training.

    `remark` says why the verdict is outdated, `finish` replaces the verdict.
    """
    history = History.of(folder).with_finish(finish)
    ending = history.ending
    start = history.facts("start")
    recipe = start.get("recipe", folder.name)
    own = start["command"] if "of" in start else f"dvc repro {recipe}"
    again = str(description(folder).get("part_of") or own)
    if ending is not None and ending.kind == "finish":
        return _finished(recipe, history, ending, remark)
    said = (
        _unended(folder, recipe, history, again)
        if ending is None
        else _stopped(recipe, history, ending, again)
    )
    return f"{said} {history.facts('parting').get('message', '')}".rstrip()


def how_it_ended(folder: Path, history: History) -> str:
    """The ending in one word: `finished`, the reason of a stop, `training` or `killed`."""
    ending = history.ending
    if ending is None:
        return "training" if is_held(folder) else "killed"
    return "finished" if ending.kind == "finish" else str(ending.facts.get("reason", "failed"))


def verdict_in_words(history: History, remark: str | None = None) -> str:
    """The verdict of a finished run in sentences, with objections to it.

    First the comparisons, then the result to keep, then the level of the value by the recipe.
    """
    finish = history.facts("finish")
    verdict, gain = finish.get("verdict"), finish.get("gain")
    reached = (
        [_kept(verdict), level_in_words(verdict)] if verdict else ["The recipe holds no verdict."]
    )
    against = (one.says for one in besides_verdict(history))
    return " ".join(filter(None, [gain, *reached, *against, remark]))


def level_in_words(verdict: Mapping[str, Any]) -> str:
    """The level of a verdict's value by the recipe's table, in a sentence; empty without one."""
    if verdict["value"] is None and verdict["metric"] in LISTENING_RESULTS:
        return (
            f"{verdict['metric']} has no answers of listeners yet: `cantus listen` collects them."
        )
    within = f" ({verdict['within']})" if verdict.get("within") else ""
    of = f"By the recipe's table {verdict['metric']} of {figure(verdict['value'])}{within}"
    if verdict.get("level"):
        return f"{of} is: {verdict['level']}."
    proposed, against = verdict.get("proposed"), verdict.get("against")
    if proposed and against:
        return f"{of} would keep {proposed}; the comparison comes first."
    diff = f"cantus diff {verdict['keep']} {proposed}"
    return f"{of} would keep {proposed}: `{diff}` compares them." if proposed else ""


def _kept(verdict: Mapping[str, Any]) -> str:
    by_table = not (verdict.get("against") or verdict.get("proposed"))
    value = f" ({verdict['metric']} is {figure(verdict['value'])})" if by_table else ""
    return f"{ON_WEIGHTS}: {verdict['say']}{value}; keep {verdict['keep']}."


def time_in_words(history: History, seconds: float) -> str:
    """The time of the process that finished a run; for a resumed run only since the resume."""
    resumed = history.all("resume")
    since = f" since it was resumed at step {resumed[-1].step:,}" if resumed else ""
    return f"{duration(seconds)}{since}"


def _finished(recipe: str, history: History, ending: Event, remark: str | None) -> str:
    facts = dict(ending.facts)
    took = f" in {time_in_words(history, facts['seconds'])}" if "seconds" in facts else ""
    length = f"{ending.step:,} steps ({round(ending.epoch, 2):g} epochs)"
    return f"{recipe} finished after {length}{took}. {verdict_in_words(history, remark)}"


def _stopped(recipe: str, history: History, ending: Event, again: str) -> str:
    reason = ending.facts.get("reason")
    if reason == "guard":
        return _guarded(recipe, history, ending)
    if reason == "preflight":
        return _unfit(recipe, history, ending)
    if reason == "interrupted" and not ending.step:
        return f"{recipe} was interrupted before its first step. `{again}` starts it again."
    if reason == "interrupted":
        return (
            f"{recipe} was interrupted at step {ending.step:,}, and its state was saved. "
            f"`{again}` continues from there."
        )
    return (
        f"{recipe} failed at step {ending.step:,}: {ending.facts.get('message', 'no reason given')}"
    )


def _guarded(recipe: str, history: History, ending: Event) -> str:
    spoken = [event for event in history.all("guard") if event.facts["action"] == "stop"]
    if not spoken:
        return f"{recipe} was stopped by a guard at step {ending.step:,}: {ending.facts['message']}"
    facts = spoken[-1].facts
    because = f', because "{facts["because"]}"' if facts.get("because") else ""
    return (
        f"{recipe} was stopped by a guard at step {spoken[-1].step:,}: "
        f"{facts['metric']} was {figure(facts['value'])}, but {facts['condition']}{because}."
    )


def _unfit(recipe: str, history: History, ending: Event) -> str:
    checks = history.facts("preflight").get("checks", ())
    failed = [one for one in checks if one["ok"] is False and one.get("action") != "warn"]
    reasons = "; ".join(f"{check['name']}: {check['detail']}" for check in failed)
    what = "did not pass preflight, so nothing was trained"
    if ending.step:
        what = f"was stopped at step {ending.step:,} by a preflight check that was repeated"
    return f"{recipe} {what}. {reasons or ending.facts.get('message', '')}"


def _unended(folder: Path, recipe: str, history: History, again: str) -> str:
    last = history.events[-1].step if history.events else 0
    if is_held(folder):
        return f"{recipe} is training now: at least {last:,} steps are done."
    saved = _saved_step(folder)
    ahead = (
        f"`{again}` continues from its checkpoint at step {saved:,}."
        if saved is not None
        else f"It left no checkpoint: `{again}` starts at step 0."
    )
    return (
        f"{recipe} was killed after step {last:,}: its events end there without a reason (a kill, "
        f"a crash, no memory left or a power cut). {ahead}"
    )


def _saved_step(folder: Path) -> int | None:
    states = (folder / "checkpoints").glob("step_*/state.json")
    steps = [int(json.loads(state.read_text(encoding="utf-8"))["step"]) for state in states]
    return max(steps, default=None)
