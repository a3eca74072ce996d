"""The recorded runs: what was seen in each, and which fault was planted in it."""

import json
import string
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

HEALTHY = "healthy"
"""What stands for the part in runs in which no fault was planted."""
_FILE = Path(__file__).with_name("signatures.json")
_MISSING = "-"
_DIGITS = string.digits + string.ascii_letters
"""A character for each possible answer of a question."""


@frozen
class Signature:
    """One recorded run."""

    part: str
    """The part of the training setup that was broken, or HEALTHY."""
    family: str
    """The kind of fault in that part."""
    fault: str
    """The mistake, in words that follow "in which"; of healthy runs, what they are."""
    system: str
    seen: Mapping[str, str]
    """Answers by question: `observations.py`."""


@cache
def recorded() -> Sequence[Signature]:
    """The recorded runs that come with Cantus."""
    table: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    questions = table["questions"]
    return [
        Signature(part, family, fault, system, _read(seen, questions))
        for part, family, fault, system, seen in table["runs"]
    ]


def write_signatures(runs: Iterable[Signature], path: Path = _FILE) -> None:
    """Write recorded runs: a character for each answer."""
    runs = list(runs)
    names = list(dict.fromkeys(name for run in runs for name in run.seen))
    questions = {
        name: sorted({run.seen[name] for run in runs if name in run.seen}) for name in names
    }
    rows = [
        [run.part, run.family, run.fault, run.system, _written(run.seen, questions)] for run in runs
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    heading = json.dumps(questions, ensure_ascii=False)
    path.write_text(f'{{"questions": {heading},\n"runs": [\n{lines}\n]}}\n', encoding="utf-8")


def _written(seen: Mapping[str, str], questions: Mapping[str, Sequence[str]]) -> str:
    return "".join(
        _DIGITS[answers.index(seen[name])] if name in seen else _MISSING
        for name, answers in questions.items()
    )


def _read(written: str, questions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    pairs = zip(questions.items(), written, strict=True)
    return {
        name: answers[_DIGITS.index(digit)] for (name, answers), digit in pairs if digit != _MISSING
    }
