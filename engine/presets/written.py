"""Values in a recipe's file: a preset, with the reasons as comments, and what -S gives."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import tomlkit
from tomlkit.items import Table

from engine.recipe.alternatives import instead_of
from engine.recipe.overrides import parse_override
from engine.system_support.preset import Proposed

_DROPPED = ("expect",)
"""Tables of figures that were measured on the corpus of the extended recipe."""
_MEASURED = "measured"
_ALTERNATIVES = {"steps": "epochs", "warmup_steps": "warmup_share"}


def with_values(text: str, values: Iterable[Proposed]) -> str:
    """The text of a recipe's file with values for a corpus, each below its reason."""
    document = tomlkit.parse(text)
    for name in _DROPPED:
        document.pop(name, None)
    for guard in document.get("guard", {}).values():
        _without_measured(guard)
    for one in values:
        table = _table(document, one.path[:-1])
        last = one.path[-1]
        table.pop(_ALTERNATIVES.get(last, last), None)
        table.pop(last, None)
        table.add(tomlkit.comment(one.because))
        table.add(last, _item(one.value))
    return _spaced(tomlkit.dumps(document))


def with_overrides(text: str, overrides: Iterable[str]) -> str:
    """The text of a recipe's file with the values of -S, in place of what they replace."""
    document = tomlkit.parse(text)
    for one in overrides:
        _lay(document, parse_override(one).values)
    return _spaced(tomlkit.dumps(document))


def _lay(table: Any, values: Mapping[str, Any]) -> None:
    """Lay values over a table, as a recipe's layers are."""
    for key, value in values.items():
        for other in instead_of(key):
            table.pop(other, None)
        if isinstance(value, Mapping):
            if not isinstance(table.get(key), Mapping):
                table[key] = tomlkit.table()
            _lay(table[key], value)
        else:
            table[key] = _item(value)


def _without_measured(guard: Any) -> None:
    """Drop from a guard, or several, reasons that were measured on another corpus."""
    for table in guard if isinstance(guard, list) else [guard]:
        if str(table.get("because", "")).startswith(_MEASURED):
            del table["because"]


def _spaced(text: str) -> str:
    """With one empty line before each table, none below its name, one space before a brace."""
    text = re.sub(r"(?m) +\}$", " }", text)
    text = re.sub(r"(?<=[^\n])\n(?=\[[\w.]+\]\n)", "\n\n", text)
    return re.sub(r"(?m)^(\[[\w.]+\])\n\n+", r"\1\n", text)


def lines_of(values: Iterable[Proposed]) -> list[str]:
    """The values and their reasons, for a terminal."""
    return [f"  {one.key} = {_shown(one.value)}\n      {one.because}" for one in values]


def _table(document: Any, path: Iterable[str]) -> Table:
    """The table at a path, made where there is none; dotted and inline ones stay as they are."""
    for part in path:
        if part not in document:
            document.add(part, tomlkit.table())
        document = document[part]
    found: Table = document
    return found


def _item(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        array = tomlkit.array()
        for one in value:
            array.append(_item(one))
        return array.multiline(True)
    return value


def _shown(value: Any) -> str:
    """A value in a line; of the tables of guards the spans alone, or else all but the reason."""
    if isinstance(value, Mapping):
        spans = {key: one for key, one in value.items() if key.endswith("_steps")}
        shown = spans or {key: one for key, one in value.items() if key != "because"}
        return ", ".join(f"{key} {one}" for key, one in shown.items())
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "; ".join(map(_shown, value))
    return str(tomlkit.item(value).as_string())
