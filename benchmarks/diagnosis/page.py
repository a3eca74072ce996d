"""The results as results/diagnosis.json and .md."""

import json
from collections.abc import Iterator
from pathlib import Path

from attrs import asdict

from benchmarks.diagnosis.leave_out import Results, Score
from benchmarks.healthy.summary import RESULTS, share

BAR = "DeepFD's recall is 0.55 and its precision 0.37 (Humbatova et al., EMSE 2025)."


def write_results(results: Results, folder: Path = RESULTS) -> None:
    """Write both files."""
    text = json.dumps(asdict(results), indent=2, ensure_ascii=False) + "\n"
    (folder / "diagnosis.json").write_text(text, encoding="utf-8")
    (folder / "diagnosis.md").write_text("\n".join(_lines(results)) + "\n", encoding="utf-8")


def _lines(results: Results) -> Iterator[str]:
    yield "# Diagnosis"
    yield ""
    yield f"Command: `python -m benchmarks.diagnosis`. {BAR}"
    yield ""
    yield from _table(
        {
            "its system": results.by_system,
            "its family of faults": results.by_family,
            "its system and its family": results.by_both,
            "its part of the setup": results.by_part,
        },
        "the library lacks",
    )
    yield from ["", "## By system, where the library lacks it", ""]
    yield from _table(dict(results.of_system), "system")
    yield from ["", "## By part of the setup, where the library lacks the system", ""]
    yield from _table(dict(results.of_part), "part")


def _table(scores: dict[str, Score], title: str) -> Iterator[str]:
    columns = (title, "first named", "among three", "precision of the first", "false alarms")
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for name, one in scores.items():
        cells = (
            name,
            _share(one.top_1, one.faults),
            _share(one.top_3, one.faults),
            _share(one.top_1, one.named + one.false_alarms),
            _share(one.false_alarms, one.healthy),
        )
        yield f"| {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return share(part, whole) if whole else "no runs"
