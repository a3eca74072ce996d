"""What a run said about itself: its findings, each with when it was said."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from benchmarks.mutants.operator import Operator
from engine.tracking.events import Event, read_events

Stage = Literal["before", "training", "end"]
STAGES: Sequence[Stage] = ("before", "training", "end")
"""Before step 1; while it trains; by its result. What is said at the end of these short runs is
never counted as said while training, however soon it came."""
_SECONDS = 60.0
_ERROR = re.compile(r"^error: (.*)", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(e[-+]?\d+)?")
_MOST, _LONGEST_NAME = 400, 60


@frozen
class Finding:
    """A sentence of a run that says that something is wrong."""

    stage: Stage
    kind: str
    """check, guard, warning, expectation, verdict, error or crash."""
    name: str
    detail: str
    step: int = 0
    seconds: float = 0.0
    """Since step 1 began."""

    @property
    def said(self) -> str:
        """The finding in words."""
        return f"{self.kind} {self.name}: {self.detail}"

    @property
    def key(self) -> str:
        """Kind and name, without the numbers that differ from run to run."""
        return f"{self.kind} {_without_numbers(self.name)}"


def findings(events: Path | None, output: str, code: int) -> list[Finding]:
    """All findings of a run, from its events and what it printed, in their order."""
    found = list(_of_events(list(read_events(events)))) if events else []
    if code == 2 and not any(one.kind == "check" and one.step == 0 for one in found):
        stage: Stage = "training" if any(one.step for one in found) else "before"
        error = _ERROR.search(output)
        message = error.group(1).strip() if error else "exit code 2"
        if not any(one.detail in message for one in found):
            name = _without_numbers(message.split(".")[0])[:_LONGEST_NAME]
            found.append(Finding(stage, "error", name, message[:_MOST]))
    if code not in (0, 1, 2):
        last = output.strip().splitlines()[-1:] or [""]
        found.append(Finding("training", "crash", str(code), last[0][:_MOST]))
    return found


def _of_events(events: Sequence[Event]) -> Iterator[Finding]:
    began = max((one.time for one in events if one.step == 0), default=0.0)
    last = max((one.step for one in events), default=0)
    ended = any(one.kind == "finish" for one in events)
    for event in events:
        at_end = ended and event.step == last and event.kind in ("warning", "preflight", "parting")
        stage: Stage = "before" if event.step == 0 else "end" if at_end else "training"
        for kind, name, detail in _said(event):
            seconds = max(0.0, event.time - began)
            where: Stage = "end" if event.kind == "finish" else stage
            yield Finding(where, kind, name, detail[:_MOST], event.step, round(seconds, 1))


def _without_numbers(words: str) -> str:
    return _NUMBER.sub("#", words)


def _said(event: Event) -> Iterable[tuple[str, str, str]]:
    facts: dict[str, Any] = dict(event.facts)
    if event.kind == "preflight":
        failed = (one for one in facts["checks"] if one["ok"] is False)
        return [("check", one["name"], one["detail"]) for one in failed]
    if event.kind == "guard":
        detail = f"{facts['metric']} is {facts['value']}, but {facts['condition']}"
        return [("guard", facts["name"], detail)]
    if event.kind == "warning":
        message = str(facts["message"])
        return [("warning", _without_numbers(message)[:_LONGEST_NAME], message)]
    if event.kind == "parting":
        return [("parting", "loss and judges", "the best by each differ")]
    if event.kind == "finish":
        return [*_missed(facts), *_verdict(facts)]
    return []


def _missed(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in facts.get("expectations", ()):
        if one["met"] is False:
            yield "expectation", one["name"], one["detail"]


def _verdict(facts: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    verdict = facts.get("verdict")
    if verdict and verdict.get("say"):
        yield "verdict", str(verdict["say"]), str(verdict.get("keep"))


def is_named(found: Finding, operator: Operator) -> bool:
    """Whether a finding names the operator's right cause."""
    return any(re.search(pattern, found.said, re.IGNORECASE) for pattern in operator.named_by)


def in_time(found: Finding) -> bool:
    """Whether it was said before step 1 or within a minute of training."""
    return found.stage == "before" or (found.stage == "training" and found.seconds <= _SECONDS)
