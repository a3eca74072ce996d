"""Reading of a TOML file into a layer, without values that recipes may not hold."""

import math
import stat
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomli

from engine.files.nearest import nearest
from engine.recipe.faults import (
    Fault,
    KeyPath,
    Place,
    RecipeError,
    listed,
    shown,
)
from engine.recipe.layers import Layer
from engine.recipe.lines import key_lines
from engine.recipe.size import MAX_BYTES, check_size

_MISLEADING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that display the following text in another order than it is read."""


def read_layer(path: Path) -> Layer:
    """One TOML file. Raises RecipeError where it is missing, unreadable or not TOML."""
    text, file = _read_text(path), shown(path)
    try:
        values, lines = _parse(text, file)
    except tomli.TOMLDecodeError as error:
        raise _unreadable(path, f"not valid TOML: {error.msg.lower()}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"not valid TOML: {error}") from error
    return Layer(values, {at: Place(file, line) for at, line in lines.items()})


def forbidden_values(values: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Faults that TOML allows and a recipe does not: (key path, fault in words)."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _control_characters(key, (*path, key))
            yield from forbidden_values(value, (*path, key))
    elif isinstance(values, list):
        for position, value in enumerate(values):
            yield from forbidden_values(value, (*path, position))
    elif isinstance(values, str):
        yield from _control_characters(values, path)
    elif isinstance(values, float) and math.isnan(values):
        yield (
            path,
            "nan never equals itself, so DVC would rerun for ever; give a number",
        )
    elif isinstance(values, int) and not -(2**63) <= values < 2**63:
        yield path, "does not fit in 64 bits"
    elif not isinstance(values, int | float):
        yield (
            path,
            f"dates and times are not allowed, DVC cannot store them; write '{values}' in quotes",
        )


@lru_cache(maxsize=64)  # many recipes extend the same ones
def _parse(text: str, file: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    values = tomli.loads(text)
    check_size(values, Place(file))
    return values, key_lines(text)


def _read_text(path: Path) -> str:
    try:
        content = _read_bytes(path)
        if len(content) > MAX_BYTES:
            raise _unreadable(path, f"larger than {MAX_BYTES // 1024} kB; a recipe has about 3 kB")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        raise _missing(path) from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except OSError as error:
        raise _unreadable(path, f"cannot be read: {error.strerror}") from error


def _read_bytes(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for ever, a device has no end
        raise _unreadable(path, "cannot be read: not a plain file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _missing(path: Path) -> RecipeError:
    return _unreadable(path, f"no such file{neighbours(path)}")


def neighbours(path: Path) -> str:
    """The existing recipes in place of a missing file, the likeliest first."""
    files = {file.stem: file.name for file in sorted(path.parent.glob("*.toml"))}
    near = "".join(f"; did you mean '{files[stem]}'?" for stem in nearest(path.stem, files)[:1])
    return f"{near} (there are: {listed([*files.values()])})"


def _unreadable(path: Path, message: str, line: int | None = None) -> RecipeError:
    return RecipeError([Fault(Place(shown(path), line), (), message)])


def _control_characters(text: str, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    found = next((char for char in text if _is_control(char)), None)
    if found:
        yield path, f"holds a control character (U+{ord(found):04X}); remove it"


def _is_control(char: str) -> bool:
    control = unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t"
    return control or char in _MISLEADING
