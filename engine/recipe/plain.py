"""A recipe as nested plain values, and as the TOML file that is written beside every checkpoint."""

from pathlib import Path
from typing import Any

import attrs
import tomli_w

from engine.files.atomic import write_atomically
from engine.recipe.schema import Recipe
from engine.recipe.tables import keys_of, kind_of, toml_key


def to_plain(table: Any, *, identity_only: bool = False) -> dict[str, Any]:
    """The table (a recipe, params, any part of one) as TOML holds it, defaults filled in.

    None is left out and kinds are included. With `identity_only`, settings that do not affect
    training are left out, and the version of the system's code is included. Tables of judged clips
    are kept, since judges may pick the best weights.
    """
    kind = kind_of(type(table))
    plain: dict[str, Any] = {} if kind is None else {"kind": kind}
    if identity_only and isinstance(table, Recipe):
        plain["system_version"] = table.version
    for key in keys_of(type(table)):
        value = getattr(table, key.name)
        if identity_only and not key.metadata["identity"] and not getattr(value, "judges", ()):
            continue
        if value is not None:
            plain[toml_key(key)] = _plain_value(value, identity_only)
    return plain


def to_toml(table: Any) -> str:
    """The table as TOML text, every setting included."""
    return tomli_w.dumps(to_plain(table))


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write the resolved recipe, its folder included. An identical file is left alone."""
    write_where_new(path, to_toml(recipe))


def write_where_new(path: Path, text: str) -> None:
    """Write a file, its folder included. An identical file is left alone."""
    content = text.encode()
    if not path.is_file() or path.read_bytes() != content:
        write_atomically(path, content)


def _plain_value(value: Any, identity_only: bool) -> Any:
    if attrs.has(type(value)):
        return to_plain(value, identity_only=identity_only)
    if isinstance(value, dict):
        return {key: _plain_value(inner, identity_only) for key, inner in value.items()}
    if isinstance(value, tuple) and len(value) == 1 and attrs.has(type(value[0])):
        return to_plain(value[0], identity_only=identity_only)
    if isinstance(value, tuple | list):
        return [_plain_value(inner, identity_only) for inner in value]
    return value
