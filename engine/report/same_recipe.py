"""Whether two runs are of one recipe: the same values, code, data and initial weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.recipe.diff import diff_recipes
from engine.tracking.run_command import description

_ALIKE = {
    "code": "code",
    "data": "data",
    "training_set": "training clips",
    "evaluation_set": "evaluation clips",
    "judges": "judges",
    "parent": "initial weights",
}
"""What an identity covers besides settings and seed, in words."""


def covers_of(folder: Path) -> Mapping[str, Any]:
    """All that the identity of a folder's run covers; empty where it is not recorded."""
    covers = description(folder).get("covers")
    return covers if isinstance(covers, dict) else {}


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """What differs in what two runs' identities cover, their names and seeds apart."""
    if not (ours and theirs):
        return ["what they cover is not recorded"]
    parts = [change.path for change in diff_recipes(_settings(ours), _settings(theirs))]
    return parts + [words for key, words in _ALIKE.items() if ours.get(key) != theirs.get(key)]


def _settings(covers: Mapping[str, Any]) -> dict[str, Any]:
    settings = covers.get("settings")
    return {k: v for k, v in settings.items() if k != "name"} if isinstance(settings, dict) else {}
