"""The pieces that are done, as tables."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from benchmarks.fingerprints.clips import LENGTHS
from benchmarks.fingerprints.false_matches import interval


def summary(known: Mapping[str, Any]) -> str:
    """Recall by transform and length, false matches, cost, scale, in Markdown."""
    parts = [_recall(known, name) for name in ("cantus", "haitsma_kalker", "chromaprint")]
    plain = {name: facts for name, facts in known.items() if not name.startswith("recall")}
    others = [f"{name}: {_in_line(facts)}" for name, facts in plain.items()]
    return "\n\n".join(["# Fingerprints", *parts, *others]) + "\n"


def _in_line(facts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items() if name != "which")


def _recall(known: Mapping[str, Any], method: str) -> str:
    found, of = defaultdict[tuple[str, str], int](int), defaultdict[tuple[str, str], int](int)
    for name, facts in known.items():
        for row in facts["rows"] if name.startswith("recall") else ():
            if method in row["found"]:
                place = row["transform"], row["length"]
                found[place] += row["found"][method]
                of[place] += row["of"]
    lines = [f"| {method} | {' | '.join(LENGTHS)} |", "|---|" + "---|" * len(LENGTHS)]
    for transform in dict.fromkeys(transform for transform, _ in of):
        cells = [_cell(found[transform, length], of[transform, length]) for length in LENGTHS]
        lines.append(f"| {transform} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(found: int, of: int) -> str:
    if not of:
        return "-"
    low, high = interval(found, of)
    return f"{found} of {of} ({100 * low:.1f} to {100 * high:.1f} %)"
