"""Untrained baselines to use instead of a run, for `cantus compare` and `cantus diff`."""

from collections.abc import Sequence

from engine.recipe.schema import Recipe
from engine.report.history import History
from engine.report.table import costless_outcomes
from engine.report.verdict import NOTHING
from engine.report.words import listed_in_words


def rivals(history: History, recipe: Recipe) -> list[str]:
    """Untrained baselines that are better than a run, and that its verdict keeps instead.

    A verdict keeps baselines that its recipe names; where it keeps nothing, all that are better.
    """
    found = costless_outcomes(history, recipe)
    worse_than = [name for name, outcome in found.items() if outcome == "worse"]
    reached = history.facts("finish").get("verdict") or {}
    if reached.get("keep") == NOTHING:
        return worse_than
    named = () if recipe.verdict is None else recipe.verdict.keep or ()
    return [name for name in worse_than if name in named]


def use_none(names: Sequence[str]) -> str:
    """The advice to use none of several runs, because these baselines are better."""
    named, are = baselines_in_words(names)
    return f"Use none of them: {named} {are} better."


def baselines_in_words(names: Sequence[str]) -> tuple[str, str]:
    """The names of baselines in words, and the verb that follows them."""
    listed = listed_in_words([name.replace("_", " ") for name in names], most=len(names))
    if len(names) == 1:
        return f"{listed}, an untrained baseline,", "is"
    return f"{listed}, untrained baselines,", "are"
