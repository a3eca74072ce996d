"""What is wrong with a recipe, where it was written, and the error that carries every fault."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from attrs import frozen

from engine.errors import UserError

KeyPath = tuple[str | int, ...]
"""A place in nested tables: keys, and positions in lists."""


@frozen(order=True)
class Place:
    """Where a value was written: a file and its line, or a command-line override (no line)."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@frozen
class Fault:
    """One thing that is wrong: where, at which key, and what is allowed instead."""

    place: Place
    path: KeyPath
    message: str

    def __str__(self) -> str:
        where = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.place}  {where}{self.message}"


class RecipeError(UserError):
    """Every fault of a recipe (or of params.toml), sorted by file and line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        once = dict.fromkeys(faults)
        self.faults = tuple(sorted(once, key=_by_place))
        assert self.faults, "an error needs a fault"
        lines = [str(fault) for fault in self.faults]
        super().__init__(
            lines[0] if len(lines) == 1 else "\n".join((f"{len(lines)} faults", *lines))
        )


def dotted(path: KeyPath) -> str:
    """A key path as a person writes it: `guard.codes.between[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'epochs'?` where a known word is near, and nothing where none is."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def listed(words: Sequence[str]) -> str:
    """Words between commas; `none` where there are none."""
    return ", ".join(words) if words else "none"


def shown(path: Path) -> str:
    """A file as messages name it: relative to the working directory where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def _by_place(fault: Fault) -> tuple[str, int, str]:
    return fault.place.source, fault.place.line or 0, dotted(fault.path)
