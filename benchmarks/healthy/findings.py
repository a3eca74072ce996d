"""What a run said of itself: how it ended, what it stopped for, warned of and missed."""

import re
from pathlib import Path
from typing import Any

from engine.report.history import History

REMARKS = (
    r"the evaluation set has \d+ clips: fewer than",
    r"the evaluation set is a single clip",
    r"the warm-up of \w+ takes .* of .* updates",
)
"""Warnings that are true of these settings and accuse nothing; all others count as false."""
REFUSED: dict[str, Any] = {
    "commit": None,
    "ending": "refused",
    "steps": 0,
    "stops": ["command line"],
    "warnings": [],
    "remarks": [],
    "undecided": [],
    "missed": [],
    "verdict": None,
}
"""The findings of a run that the command line did not begin."""


def findings_of(folder: Path) -> dict[str, Any]:
    """The ending, and the names of what stopped the run, warned and was missed."""
    history = History.of(folder)
    ending = history.ending
    spoken = history.all("guard")
    said = [str(event.facts["message"]) for event in history.all("warning")]
    failed = [check["name"] for check in history.checks if check["ok"] is False]
    reason = "killed"
    if ending is not None:
        reason = "finished" if ending.kind == "finish" else ending.facts["reason"]
    stops = [event.facts["name"] for event in spoken if event.facts["action"] == "stop"]
    warned = [event.facts["name"] for event in spoken if event.facts["action"] == "warn"]
    finish = history.facts("finish")
    expectations = finish.get("expectations", ())
    return {
        "commit": history.facts("start").get("commit"),
        "ending": reason,
        "steps": ending.step if ending else None,
        "stops": stops + (failed if reason == "preflight" else []),
        "warnings": sorted(set(warned)) + [one for one in said if not _is_remark(one)],
        "remarks": [one for one in said if _is_remark(one)],
        "undecided": [check["name"] for check in history.checks if check["ok"] is None],
        "missed": [one["name"] for one in expectations if one["met"] is False],
        "verdict": (finish.get("verdict") or {}).get("say"),
    }


def _is_remark(message: str) -> bool:
    return any(re.search(one, message) for one in REMARKS)
