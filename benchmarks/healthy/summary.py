"""The figures of all healthy runs: false stops and false warnings, with exact intervals."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from engine.listening.intervals import share_right

Row = Mapping[str, Any]
RESULTS = Path(__file__).parents[1] / "results"
_COUNTED: Mapping[str, Callable[[Row], bool]] = {
    "false stops": lambda row: row["ending"] != "finished",
    "false warnings": lambda row: bool(row["warnings"]),
    "missed expectations": lambda row: bool(row["missed"]),
}


def write_summary(rows: Sequence[Row], num_planned: int) -> None:
    """Write results/healthy.json and .md."""
    facts = {
        "machine": machine(1),
        "runs": len(rows),
        "planned": num_planned,
        "cpu_seconds": round(sum(row["cpu_seconds"] for row in rows)),
        "all": _counts(rows),
        "by system": {name: _counts(of) for name, of in _grouped(rows, "system").items()},
        "by kind": {name: _counts(of) for name, of in _grouped(rows, "kind").items()},
        "false": [_false(row) for row in rows if _is_false(row)],
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    (RESULTS / "healthy.json").write_text(text, encoding="utf-8")
    (RESULTS / "healthy.md").write_text(_page(facts), encoding="utf-8")


def share(part: int, whole: int) -> str:
    """A share with its exact 95 % confidence interval (Clopper and Pearson, 1934)."""
    found = share_right(part, whole)
    return f"{part} of {whole} (95 % CI {100 * found.low:.1f} to {100 * found.high:.1f} %)"


def _counts(rows: Iterable[Row]) -> dict[str, str]:
    rows = list(rows)
    return {
        name: share(sum(map(is_counted, rows)), len(rows)) if rows else "no runs"
        for name, is_counted in _COUNTED.items()
    }


def _grouped(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[key], []).append(row)
    return grouped


def _is_false(row: Row) -> bool:
    return row["ending"] != "finished" or bool(row["warnings"])


def _false(row: Row) -> dict[str, Any]:
    kept = ("run", "recipe", "seed", "values", "ending", "stops", "warnings", "said")
    return {name: row[name] for name in kept}


def _page(facts: Mapping[str, Any]) -> str:
    lines = [
        "# Healthy runs",
        "",
        f"{facts['runs']} of {facts['planned']} planned runs, {facts['cpu_seconds']:,} s of CPU "
        "time. Command: `python -m benchmarks.healthy --keep FOLDER`.",
        "",
        f"| runs | {' | '.join(_COUNTED)} |",
        f"|---{'|---' * len(_COUNTED)}|",
    ]
    groups = {"all": facts["all"], **facts["by system"], **facts["by kind"]}
    lines += [f"| {name} | {' | '.join(counts.values())} |" for name, counts in groups.items()]
    lines += ["", "## False stops and warnings", ""]
    lines += [
        f"- {one['run']}: {one['ending']}; {', '.join(one['stops'] + one['warnings'])}"
        for one in facts["false"]
    ] or ["None."]
    return "\n".join(lines) + "\n"
