"""Whether two runs are of one recipe (values, code, data, initial weights) and measured alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import SCALE, UNITS, described
from engine.files.untrusted import as_user_error, read_json_object
from engine.recipe.diff import diff_recipes, leaves
from engine.report.words import listed_in_words
from engine.tracking.run_command import description

_RESULT = "eval."
_ALIKE = {
    "code": "code",
    "data": "data",
    "training_set": "training clips",
    "evaluation_set": "evaluation clips",
    "parent": "initial weights",
}
"""What an identity covers besides settings, seed and units, in words. Units are compared by the
figures themselves: `cantus measure` changes those of a model, and not what its run covers."""


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


def units_in(folder: Path) -> Mapping[str, Unit | str | None]:
    """The unit of each result in a folder's metrics file; None where it is not known.

    Raises UserError where the file is damaged.
    """
    file = folder / "metrics.json"
    content = read_json_object(file) if file.is_file() else {}
    figures, units = leaves(content), content.get(UNITS)
    names = [name.removeprefix(_RESULT) for name in figures if name.startswith(_RESULT)]
    with as_user_error(f"{file} is damaged: a unit cannot be read."):
        return {name: described(figures.get(f"{SCALE}.{name}"), units) for name in names}


def measured_apart(ours: Mapping[str, object], theirs: Mapping[str, object]) -> list[str]:
    """Why figures of theirs are not in the units of ours, in phrases: not known, or others.

    Where ours is not known, theirs are not held against it.
    """
    unknown = [name for name, unit in theirs.items() if not unit]
    shared = [name for name in theirs if ours.get(name) and theirs[name]]
    apart = [name for name in shared if _digest(ours[name]) != _digest(theirs[name])]
    said = [f"how {listed_in_words(unknown)} is measured, which is not recorded"] if unknown else []
    return said + ([f"how {listed_in_words(apart)} is measured"] if apart else [])


def _digest(unit: object) -> object:
    return unit.digest if isinstance(unit, Unit) else unit
