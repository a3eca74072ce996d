"""Clip ids as part of a line of text: a file name may hold tabs and line ends."""

import json

_ODD_NAMES = "surrogateescape"
"""The error handler by which bytes of file names that are not UTF-8 survive in Python."""


def escaped(id_: str) -> str:
    """An id without tabs and line ends."""
    return json.dumps(id_, ensure_ascii=False)[1:-1]


def unescaped(text: str) -> str:
    """The id of an escaped text. Raises ValueError where the text is not an escaped id."""
    id_ = str(json.loads(f'"{text}"'))
    as_bytes(id_)
    return id_


def as_bytes(text: str) -> bytes:
    """Text that holds ids, as a file holds it. Raises ValueError for a lone surrogate."""
    return text.encode("utf-8", _ODD_NAMES)
