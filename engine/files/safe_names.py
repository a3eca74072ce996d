"""Untrusted text (labels, speakers, clip ids) as file names and table cells."""

import unicodedata

_LONGEST_NAME = 60
_FORMULA = frozenset("=+-@\t\r")
"""First characters of cells that a spreadsheet would compute."""


def file_name(text: str) -> str:
    """`text` as part of a file's name: its letters, digits, hyphens and underscores, at most 60.

    Everything else becomes an underscore, so that no name leads to another folder, is read as an
    option or a formula, or has a meaning in a link. Two texts may become one name.
    """
    kept = (char if unicodedata.category(char)[0] in "LMN" or char == "-" else "_" for char in text)
    return "".join(kept)[:_LONGEST_NAME].lstrip("-") or "_"


def table_cell(text: str | None) -> str | None:
    """`text` as a cell of a CSV file: no spreadsheet takes it for a formula."""
    return f"'{text}" if text and text[0] in _FORMULA else text
