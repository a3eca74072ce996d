"""Units in events and in files: the digest of each metric's unit, and once what it stands for."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from engine.evaluation.unit import Unit, unit_of
from engine.recipe.metric_names import unnumbered

if TYPE_CHECKING:  # it imports numpy, and `cantus check` reads units
    from engine.evaluation.clip_table import ClipTable

SCALE, UNITS = "scale", "units"
"""Groups of a metrics file: the digest of each metric's unit, and the units by their digests."""
_MEASURED = re.compile(r"(?:eval|untrained|parent|best\w*|baseline/[^/]+)/(.+)")


def measured_name(metric: str) -> str:
    """An evaluation's metric without what it is of: `mel` of `eval/mel` and of `best/mel`."""
    return _MEASURED.sub(r"\1", metric)


def unit_for(metric: str, known: Mapping[str, Unit], system: str) -> Unit | None:
    """The unit of an evaluation's metric (`eval/mel`, `parent/mel`, `best/mel`), else None.

    `known` are the units that a system states. One that it does not state has its name alone.
    """
    found = _MEASURED.fullmatch(metric)
    if found is None:
        return None
    name = found[1]
    unit = known.get(name, known.get(unnumbered(name)))
    return unit or Unit(definition=f"{system}/{unnumbered(name)}")


def unit_facts(metrics: Iterable[str], known: Mapping[str, Unit], system: str) -> dict[str, Any]:
    """How metrics are measured, as an event holds it."""
    units = {name: unit for name in metrics if (unit := unit_for(name, known, system))}
    short = {measured_name(name): unit for name, unit in units.items()}
    return {
        "scales": {name: unit.digest for name, unit in short.items()},
        UNITS: {unit.digest: unit.plain for unit in short.values()},
    }


def with_units(table: "ClipTable", known: Mapping[str, Unit], system: str) -> "ClipTable":
    """A table of clips whose columns name their units."""
    units = {name: unit for name in table.figures if (unit := unit_for(name, known, system))}
    return evolve(table, units={name: unit.digest for name, unit in units.items()})


def published(scales: Mapping[str, str], units: Mapping[str, Any]) -> dict[str, Any]:
    """Units as entries of a result's metrics: `scale/mel`, and `units/<digest>`."""
    used = {digest: units[digest] for digest in scales.values() if digest in units}
    return {f"{SCALE}/{name}": digest for name, digest in scales.items()} | {
        f"{UNITS}/{digest}": plain for digest, plain in used.items()
    }


def described(digest: object, units: object) -> Unit | str | None:
    """The unit of a digest by a file's table of units; the digest alone where it is not there.

    Raises TypeError or ValueError where the table is damaged.
    """
    if not isinstance(digest, str) or not digest:
        return None
    plain = units.get(digest) if isinstance(units, Mapping) else None
    if plain is None:
        return digest
    unit = unit_of(plain)
    if unit.digest != digest:
        raise ValueError("a digest is not that of its unit")
    return unit
