"""Clip ids as part of a line of text: a file name may hold tabs and line ends."""

import json

_ODD_NAMES = "surrogateescape"
"""A file name need not be UTF-8: its odd bytes go through Python as surrogates, and back."""


def escaped(id_: str) -> str:
    """An id without tabs and line ends."""
    return json.dumps(id_, ensure_ascii=False)[1:-1]


def unescaped(text: str) -> str:
    """The id again. Raises ValueError where the text is none, or its id could not be written."""
    id_ = str(json.loads(f'"{text}"'))
    as_bytes(id_)
    return id_


def as_bytes(text: str) -> bytes:
    """Text that holds ids, as a file holds it. Raises ValueError for a lone surrogate."""
    return text.encode("utf-8", _ODD_NAMES)
