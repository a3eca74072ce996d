"""Faults of a recipe with their places, and the error that holds all of them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.files.nearest import nearest
from engine.files.text import visible

_SHOWN_FAULTS = 100
_SHOWN_KEY = 60
_SHOWN_MESSAGE = 2_000
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

KeyPath = tuple[str | int, ...]
"""A place in nested tables: keys, and positions in lists."""


@frozen(order=True)
class Place:
    """The place of a value: a file and line, or a command-line override (no line)."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@frozen
class Fault:
    """One fault: its place, its key, and what is allowed instead."""

    place: Place
    path: KeyPath
    message: str

    def __str__(self) -> str:
        where = f"{dotted(self.path)}: " if self.path else ""
        place = shortened(str(self.place), _SHOWN_MESSAGE)
        return visible(f"{place}  {where}{shortened(self.message, _SHOWN_MESSAGE)}")


class RecipeError(UserError):
    """Every fault of a recipe (or of params.toml), sorted by file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        once = dict.fromkeys(faults)
        self.faults = tuple(sorted(once, key=_by_place))
        assert self.faults, "an error needs a fault"
        lines = [str(fault) for fault in self.faults[:_SHOWN_FAULTS]]
        number = len(self.faults)
        if number > 1:
            lines.insert(0, f"{number} faults")
        if number > _SHOWN_FAULTS:
            lines.append(f"and {number - _SHOWN_FAULTS:,} more")
        super().__init__("\n".join(lines))


def dotted(path: KeyPath) -> str:
    """A key path as a person writes it: `guard.codes.between[1]`, odd keys in quotes."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{_key(step)}"
    return text


def _key(step: str) -> str:
    key = shortened(step, _SHOWN_KEY)
    return key if _BARE_KEY.fullmatch(step) else f'"{key}"'


def shortened(text: str, length: int) -> str:
    """A text of at most about `length` characters: of a longer one, its beginning and its end."""
    half = length // 2
    return text if len(text) <= length else f"{text[:half]} ... {text[-half:]}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'epochs'?` where a known word is near, and nothing where none is.

    Letters that look like others are named, since the difference is invisible.
    """
    near = nearest(word[:_SHOWN_KEY], known)[:1]
    said = "".join(f"; did you mean '{name}'?" for name in near)
    return said + _odd_letters(word[:_SHOWN_KEY])


def _odd_letters(word: str) -> str:
    odd = dict.fromkeys(char for char in word if not char.isascii())
    names = [f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip() for char in odd]
    return f"; it holds {', '.join(names[:3])}" if names else ""


def listed(words: Sequence[str]) -> str:
    """Words separated by commas; `none` where the list is empty."""
    return ", ".join(words) if words else "none"


def shown(path: Path) -> str:
    """A file as messages name it: relative to the working directory where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def _by_place(fault: Fault) -> tuple[str, int, str]:
    return fault.place.source, fault.place.line or 0, dotted(fault.path)
