"""Two metrics files side by side, and their difference where they may be compared."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.cli.columns import aligned, cell
from engine.errors import UserError
from engine.project import Project
from engine.recipe.diff import leaves

_SET = "evaluation_set"


@frozen(kw_only=True)
class Figures:
    """A recipe's metrics file, and the words above its column."""

    recipe: str
    file: Path
    title: str


def compare_metrics(project: Project, left: Figures, right: Figures) -> Iterator[str]:
    """Lines: a row for each metric that either file holds; none without both files.

    Figures of different evaluation sets get no difference, and a sentence says so. Raises UserError
    where a file is damaged.
    """
    ours, theirs = _read(left), _read(right)
    if ours is None or theirs is None:
        missing = [one.file for one, found in ((left, ours), (right, theirs)) if found is None]
        names = ", ".join(str(file.relative_to(project.root)) for file in missing)
        yield f"\nNo metrics to compare. Missing until trained: {names}"
        return
    comparable = ours.get(_SET) is not None and ours.get(_SET) == theirs.get(_SET)
    yield ""
    yield from aligned(_rows(ours, theirs, left.title, right.title, comparable=comparable))
    if not comparable:
        yield (
            f"The figures are not comparable: {left.title} and {right.title} are not of the same "
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


def _read(figures: Figures) -> dict[str, Any] | None:
    if not figures.file.is_file():
        return None
    try:
        return leaves(json.loads(figures.file.read_text(encoding="utf-8")))
    except ValueError as error:
        raise UserError(
            f"{figures.file} is no JSON ({error}). Make it again: dvc repro -f {figures.recipe}"
        ) from error
