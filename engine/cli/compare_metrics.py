"""Two recipes' metrics side by side, and their difference where they may be compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.cli.columns import aligned, cell
from engine.errors import UserError
from engine.project import Project
from engine.recipe.diff import leaves

_SET = "evaluation_set"


def compare_metrics(project: Project, left: str, right: str) -> Iterator[str]:
    """Lines: a row for each metric that either recipe's metrics file holds; none without both.

    Figures of different evaluation sets get no difference, and a sentence says so.
    """
    ours, theirs = _read(project.metrics(left)), _read(project.metrics(right))
    if ours is None or theirs is None:
        missing = [name for name, found in ((left, ours), (right, theirs)) if found is None]
        yield f"\nNo metrics to compare. Not trained yet: {', '.join(missing)}"
        return
    comparable = ours.get(_SET) is not None and ours.get(_SET) == theirs.get(_SET)
    yield ""
    yield from aligned(_rows(ours, theirs, left, right, comparable=comparable))
    if not comparable:
        yield (
            f"The figures are not comparable: {left} and {right} were not evaluated on the same "
            "clips, cut the same way."
        )


def _rows(
    ours: dict[str, Any], theirs: dict[str, Any], left: str, right: str, *, comparable: bool
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", left, right, *(["difference"] if comparable else []))]
    for name in dict.fromkeys([*ours, *theirs]):
        if name != _SET:
            pair = ours.get(name), theirs.get(name)
            difference = [_difference(*pair)] if comparable else []
            rows.append((name, *map(cell, pair), *difference))
    return rows


def _difference(ours: Any, theirs: Any) -> str:
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    return f"{theirs - ours:+.6g}" if numbers else "-"


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        return leaves(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(
            f"{path} is no JSON ({error}). Make it again: dvc repro -f {path.stem}"
        ) from error
