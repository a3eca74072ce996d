"""Untrusted files: errors of reading them become sentences."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import UserError

_MALFORMED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,  # RecursionError among them
    TypeError,
    ValueError,
)


@contextmanager
def as_user_error(sentence: str, *more: type[Exception]) -> Iterator[None]:
    """Raise UserError(sentence) where unexpected content breaks the code that reads it.

    `more` are a library's own errors. Use it only around the reading of a file, because mistakes in
    the engine's own code look the same (`--debug` shows them).
    """
    kinds: tuple[type[Exception], ...] = (*_MALFORMED, *more)
    try:
        yield
    except kinds as error:
        raise UserError(sentence) from error


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON object. Raises UserError where the file is damaged or holds something else.

    A pipe or a device in its place is never opened.
    """
    with as_user_error(f"{path} is damaged: it does not hold a JSON object.", OSError):
        if not path.is_file():
            raise ValueError("no plain file")
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError("no object")
        return content


def leads_inside(path: str) -> bool:
    """Whether a relative path stays below its folder, and is not a web address."""
    parts = PurePosixPath(path).parts
    return bool(parts) and parts[0] != "/" and ".." not in parts and not set(path) & set(":\\\0")
