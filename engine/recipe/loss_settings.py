"""The loss settings in which a demo differs from its recipe, in a phrase."""

from typing import Any

from engine.recipe.diff import leaves
from engine.recipe.plain import to_plain
from engine.recipe.schema import Recipe


def loss_settings(demo: Recipe, written: Recipe) -> str | None:
    """`demo settings: hinge instead of least squares, mel 5 instead of 0`; None if none differs."""
    before, now = leaves(to_plain(written)), leaves(to_plain(demo))
    changed = [
        f"{_words(now.get(path))} instead of {_words(before.get(path))} {label}".rstrip()
        for path, label in demo.loss_settings.items()
        if now.get(path) != before.get(path)
    ]
    changed += [
        f"{_words(path.removeprefix('losses.'))} {_words(now.get(path))} instead of "
        f"{_words(before.get(path))}"
        for path in dict.fromkeys([*now, *before])
        if path.startswith("losses.") and now.get(path) != before.get(path)
    ]
    return f"demo settings: {', '.join(changed)}" if changed else None


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None else str(value).replace("_", " ").replace(".", " ")
