"""The lines in which two recipes differ, and recipes with some of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from attrs import frozen

from engine.recipe import Recipe, to_plain
from engine.recipe.alternatives import ALTERNATIVES
from engine.recipe.diff import diff_recipes, leaves

Path = tuple[str, ...]
Values = Mapping[str, Any]

_NAMES = {"name", "system", "system_version"}
BUDGET = {
    "training.steps",
    "training.epochs",
    "training.evaluate_every",
    "training.checkpoint_every",
    "training.keep_every",
}
"""Keys that short runs set themselves, in all recipes alike."""


@frozen
class Edit:
    """A value or a table of the bad recipe; None where it has none there."""

    path: Path
    value: Any


@frozen
class Line:
    """A change that is tried as one: a key, or keys of which none is valid alone."""

    name: str
    """The key, or the table that is replaced whole: `model.quantizer`."""
    edits: tuple[Edit, ...]
    good: Any
    """The value of the good recipe, of a table its kind; None where there is none."""
    bad: Any

    @property
    def said(self) -> str:
        """The line as people read it."""
        return f"{self.name}: {shown(self.good)} -> {shown(self.bad)}"


def lines_of(good: Recipe, bad: Recipe) -> list[Line]:
    """What differs and affects training, in the order of the recipe; the budget's keys left out."""
    ours, theirs = to_plain(good), to_plain(bad)
    roots = dict.fromkeys(
        _root(tuple(change.path.split(".")), ours, theirs)
        for change in _changes(good, bad)
        if change.path not in BUDGET
    )
    return [_line(root, ours, theirs) for root in roots]


def not_tested(good: Recipe, bad: Recipe) -> list[str]:
    """Keys that differ and are not tried, since short runs set them."""
    return [change.path for change in _changes(good, bad) if change.path in BUDGET]


def mixture(good: Recipe, lines: Iterable[Line], steps: int) -> dict[str, Any]:
    """The good recipe's values with some lines of the bad one, for a short run."""
    values = deepcopy(to_plain(good))
    for line in lines:
        for edit in line.edits:
            _put(values, edit)
    training = values["training"]
    for key in BUDGET:
        training.pop(key.removeprefix("training."), None)
    every = f"step:{steps}"
    training |= {"steps": steps, "evaluate_every": every, "checkpoint_every": every}
    return values


def _changes(good: Recipe, bad: Recipe) -> Iterator[Any]:
    learned = (to_plain(one, identity_only=True) for one in (good, bad))
    for change in diff_recipes(*learned):
        if change.path not in _NAMES:
            yield change


def _root(path: Path, good: Values, bad: Values) -> Path:
    """The path that is replaced whole: of the table whose kind differs, or that one side lacks."""
    for depth in range(1, len(path)):
        tables = _at(good, path[:depth]), _at(bad, path[:depth])
        kinds = [table.get("kind") if isinstance(table, Mapping) else None for table in tables]
        if None in tables or kinds[0] != kinds[1]:
            return path[:depth]
    if path[-1] == "kind":
        return path[:-1]
    group = next((group for group in ALTERNATIVES if path[-1] in group), None)
    return path if group is None else (*path[:-1], "|".join(sorted(group)))


def _line(root: Path, good: Values, bad: Values) -> Line:
    *table, last = root
    paths = [(*table, key) for key in last.split("|")]
    pairs = [(path, _at(good, path), _at(bad, path)) for path in paths]
    changed = [(path, ours, theirs) for path, ours, theirs in pairs if ours != theirs]
    named = ".".join([*table, "|".join(path[-1] for path, _, _ in changed)])
    ours, theirs = ([pair[side] for pair in changed if pair[side] is not None] for side in (1, 2))
    edits = tuple(Edit(path, value) for path, _, value in changed)
    return Line(named, edits, _brief(ours), _brief(theirs))


def _brief(values: Sequence[Any]) -> Any:
    """A value, or the kind of a table; None for nothing."""
    value = values[0] if values else None
    return value.get("kind", leaves(value)) if isinstance(value, Mapping) else value


def _at(values: Any, path: Path) -> Any:
    for key in path:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _put(values: dict[str, Any], edit: Edit) -> None:
    *tables, last = edit.path
    for key in tables:
        values = values.setdefault(key, {})
    if edit.value is None:
        values.pop(last, None)
    else:
        values[last] = deepcopy(edit.value)


def shown(value: Any) -> str:
    """A value as people read it."""
    return "-" if value is None else str(value)
