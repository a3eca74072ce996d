"""Two metrics files side by side, and their difference where they may be compared."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.recipe.diff import leaves
from engine.report.paired_runs import compare_runs
from engine.report.run_files import RunFiles
from engine.system_support.finished_run import run_files
from engine.terminal.columns import aligned, cell
from engine.tracking.comparable import SCALE, scale_of

_SET = "evaluation_set"
_UNITS = f"{SCALE}."


@frozen(kw_only=True)
class Figures:
    """A recipe's metrics file, and the words above its column."""

    recipe: str
    file: Path
    title: str

    model: Path | None = None
    """The model's folder, where the figures of each clip lie."""


def compare_metrics(project: Project, left: Figures, right: Figures) -> Iterator[str]:
    """Lines: a row for each metric that either file holds; none without both files.

    Figures of different evaluation sets, or in units of each recipe's own, get no difference, and
    a sentence says so. Raises UserError where a file is damaged.
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
    if comparable:
        apart = _in_other_units(ours, theirs)
        if apart:
            yield (
                f"No difference is given of {', '.join(apart)}: {left.title} and {right.title} "
                "have them in units of their own, and these differ."
            )
        yield from _clip_by_clip(left, right)
    else:
        yield (
            f"The figures are not comparable: {left.title} and {right.title} are not of the same "
            "clips, cut the same way."
        )


def _in_other_units(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Names of the metrics, without their group, whose unit differs."""
    names = dict.fromkeys(name for name in (*ours, *theirs) if name.startswith(_UNITS))
    return [name.removeprefix(_UNITS) for name in names if ours.get(name) != theirs.get(name)]


def _clip_by_clip(left: Figures, right: Figures) -> Iterator[str]:
    """A line for each metric that both models hold figures of each clip of."""
    ours, theirs = _trained(right), _trained(left)
    if ours is None or theirs is None:
        return
    compared = compare_runs(ours, theirs).compared
    if compared:
        yield f"\nClip by clip, {right.title} minus {left.title}:"
    for metric, found in compared.items():
        yield f"{metric.replace('/', '.')}  {found.sentence()}"


def _trained(side: Figures) -> RunFiles | None:
    """The finished model, where its metrics are those that are shown."""
    if side.model is None:
        return None
    own = side.model / "metrics.json"
    if not own.is_file() or own.read_bytes() != side.file.read_bytes():
        return None
    return run_files(side.title, side.model)


def _rows(
    ours: dict[str, Any], theirs: dict[str, Any], left: str, right: str, *, comparable: bool
) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", left, right, *(["difference"] if comparable else []))]
    for name in dict.fromkeys([*ours, *theirs]):
        if name != _SET and not name.startswith(_UNITS):
            pair = ours.get(name), theirs.get(name)
            alike = scale_of(ours, name) == scale_of(theirs, name)
            difference = [_difference(*pair) if alike else "-"] if comparable else []
            rows.append((name, *map(cell, pair), *difference))
    return rows


def _difference(ours: Any, theirs: Any) -> str:
    numbers = isinstance(ours, int | float) and isinstance(theirs, int | float)
    with as_user_error("A figure is too large to be compared: a metrics file is damaged."):
        return f"{theirs - ours:+.6g}" if numbers else "-"


def _read(figures: Figures) -> dict[str, Any] | None:
    if not figures.file.is_file():
        return None
    again = f"Make it again: dvc repro -f {figures.recipe}"
    with as_user_error(f"{figures.file} is no JSON of metrics. {again}"):
        return dict(leaves(json.loads(figures.file.read_text(encoding="utf-8"))))
