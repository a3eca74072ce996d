"""Writes the score of the campaign: `python -m benchmarks.mutants.report [RESULTS FOLDER]`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.mutants.__main__ import RESULTS
from benchmarks.mutants.campaign import read
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.project import HEALTHY
from benchmarks.mutants.setups import SETUPS
from benchmarks.mutants.summary import not_applied, scored, shares, survivors, table

_LETTERS = """\
B: named before step 1. M: named within 60 s of training. E: named at the end alone, by an
expectation, the verdict or a last check. -: survived. A lower-case letter: no sentence names the
right cause. n/a: the system has no such part. One letter a seed."""


def write(results: Path, folder: Path) -> None:
    """Write mutants.md and mutants.json into a folder."""
    lines = list(read(results))
    found = scored(lines)
    seen = [one for one in found if not one.operator.unseen]
    facts = {
        "runs": len(lines),
        "healthy_runs": sum(line["operator"] == HEALTHY for line in lines),
        "mutants": len(found),
        "operators": len(CATALOGUE),
        "commits": sorted({line["commit"] for line in lines}),
        "cpu_seconds": round(sum(line["cpu_seconds"] for line in lines)),
        "shares": shares(seen),
        "shares of unseen operators": shares([one for one in found if one.operator.unseen]),
        "by_system": {s: shares([one for one in seen if one.system == s]) for s in SETUPS},
    }
    (folder / "mutants.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    (folder / "mutants.md").write_text(_page(lines, facts), encoding="utf-8")


def _page(lines: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    found = scored(lines)
    said, of_unseen = (
        "\n".join(f"- {name}: {value}" for name, value in facts[key].items())
        for key in ("shares", "shares of unseen operators")
    )
    late, unapplied = survivors(found), [f"- {one}" for one in not_applied(lines)]
    sources = [f"- {one.name}: {one.mistake} ({one.reference})" for one in CATALOGUE.values()]
    parts = [
        "# Mutation score",
        f"{facts['mutants']} mutants and {facts['healthy_runs']} healthy runs, "
        f"{facts['cpu_seconds']} s of CPU time, code of {', '.join(facts['commits'])}. "
        "Shares with 95 % intervals (Clopper-Pearson).",
        said,
        "Of the operators in `faults/unseen_*.py`, by the checks that were there before them:",
        of_unseen,
        "## Operators and systems",
        _LETTERS,
        table(found),
        "## Not named in time",
        "\n".join(late) or "None.",
        "## Not applied",
        "\n".join(unapplied) or "None.",
        "## The operators",
        "\n".join(sources),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    write(results, Path(sys.argv[2]) if len(sys.argv) > 1 else results.parent)
