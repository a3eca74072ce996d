"""Differences between the recipes of several runs: a row for each value that differs."""

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from engine.recipe.diff import leaves
from engine.recipe.plain import to_plain
from engine.report.compare.runs import ComparedRun
from engine.terminal.columns import cell

_NAMES = frozenset(["name", "summary"])


@frozen
class Value:
    """A value of the recipes that differs."""

    path: str
    values: tuple[str, ...]


@frozen
class RecipeDifferences:
    """Differing values: those that affect training, and the rest."""

    learned: tuple[Value, ...]
    judged: tuple[Value, ...]
    note: str
    """A note where the recipes belong to several systems."""


def recipe_differences(runs: Sequence[ComparedRun]) -> RecipeDifferences:
    """Compare the recipes as they were trained. Keys that not all systems have are left out."""
    plain = [leaves(to_plain(run.files.recipe)) for run in runs]
    systems = dict.fromkeys(run.files.recipe.system for run in runs)
    paths = [path for path in dict.fromkeys(p for one in plain for p in one) if path not in _NAMES]
    if len(systems) > 1:
        paths = [path for path in paths if all(path in one for one in plain)]
    differing = [
        Value(path, tuple(cell(one.get(path)) for one in plain))
        for path in paths
        if not _alike([one.get(path) for one in plain])
    ]
    counts = {
        path for run in runs for path in leaves(to_plain(run.files.recipe, identity_only=True))
    }
    judged = tuple(one for one in differing if one.path not in counts)
    several = f"Of {len(systems)} systems ({', '.join(systems)}): only shared keys are listed."
    return RecipeDifferences(
        tuple(one for one in differing if one not in judged),
        judged,
        several if len(systems) > 1 else "",
    )


def _alike(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)
