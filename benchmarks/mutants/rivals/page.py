"""What other trainers noticed, as results/rivals.json and .md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.healthy.summary import RESULTS, share
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.rivals.causes import named_by
from benchmarks.mutants.rivals.piece import TRAINERS
from benchmarks.mutants.rivals.score import (
    HEALTHY,
    NOT_THERE,
    Noticed,
    last_steps,
    said_of_healthy,
    score,
)

Scores = Mapping[tuple[str, str, str], Sequence[Noticed]]
"""By trainer, operator and system: one score for each seed."""


def write_results(rows: Sequence[Mapping[str, Any]], folder: Path = RESULTS) -> None:
    """Write both files."""
    scores = _scores(rows)
    lines = ["# What other trainers notice", "", *_shares(scores), "", *_faults(scores), ""]
    (folder / "rivals.md").write_text("\n".join(lines), encoding="utf-8")
    facts = [
        {"trainer": trainer, "operator": operator, "system": system, "when": one.when}
        | {"said": one.said, "right cause": one.is_right}
        for (trainer, operator, system), noticed in scores.items()
        for one in noticed
    ]
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (folder / "rivals.json").write_text(text, encoding="utf-8")


def _scores(rows: Sequence[Mapping[str, Any]]) -> Scores:
    anyway, steps = said_of_healthy(rows), last_steps(rows)
    found: dict[tuple[str, str, str], list[Noticed]] = {}
    for row in rows:
        operator, place = CATALOGUE.get(row["operator"]), (row["trainer"], row["system"])
        if operator is None or operator.family in NOT_THERE:
            continue
        if "unfit" in row or not row["reached"]:
            continue
        last = steps[row["system"]]
        noticed = score(row, anyway.get(place, frozenset()), named_by(operator), last)
        found.setdefault((row["trainer"], row["operator"], row["system"]), []).append(noticed)
    return found


def _shares(scores: Scores) -> Iterator[str]:
    yield "| trainer | before step 1 | within 60 s of its start | by the end | right cause |"
    yield "|---|---|---|---|---|"
    for trainer in TRAINERS:
        ones = [one for key, noticed in scores.items() if key[0] == trainer for one in noticed]
        before = sum(one.when == "before step 1" for one in ones)
        soon = sum(one.when in ("before step 1", "within 60 s") for one in ones)
        ever = sum(one.when != "nothing" for one in ones)
        right = sum(one.is_right for one in ones)
        cells = [share(n, len(ones)) if ones else "no runs" for n in (before, soon, ever, right)]
        yield f"| {trainer} | {' | '.join(cells)} |"


def _faults(scores: Scores) -> Iterator[str]:
    pairs = sorted({(operator, system) for _, operator, system in scores if operator != HEALTHY})
    yield f"| fault | system | {' | '.join(TRAINERS)} |"
    yield f"|---|---|{'---|' * len(TRAINERS)}"
    for operator, system in pairs:
        cells = [_cell(scores.get((trainer, operator, system), ())) for trainer in TRAINERS]
        yield f"| {operator} | {system} | {' | '.join(cells)} |"


def _cell(noticed: Sequence[Noticed]) -> str:
    if not noticed:
        return "does not apply"
    first = noticed[0]
    cause = ", right cause" if first.is_right else ""
    return first.when + cause
