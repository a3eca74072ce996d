"""Plain text in columns, which pipes well."""

from collections.abc import Sequence
from typing import Any

from engine.files.text import visible


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """One line a row, its cells padded to the width of their column; control characters shown."""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


_LONGEST = 60


def cell(value: Any) -> str:
    """A plain value as a cell: `-` where there is none, numbers to six digits, long words cut."""
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
