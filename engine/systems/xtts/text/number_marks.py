"""Which marks stand in a language's numbers: between groups of digits, and before decimals."""

from functools import cache
from typing import NamedTuple

ALWAYS_GROUP = frozenset("'’\N{ARABIC THOUSANDS SEPARATOR}\N{FULLWIDTH COMMA}")
"""Marks that no language has before decimals."""
ALWAYS_DECIMAL = frozenset("\N{ARABIC DECIMAL SEPARATOR}")


class NumberMarks(NamedTuple):
    """Marks of a language without a region, by the Unicode Common Locale Data Repository (CLDR)."""

    decimal: str
    group: str
    """" " for spaces of all kinds."""


@cache
def number_marks(language: str) -> NumberMarks:
    """The marks of a language; the decimal point and no groups where CLDR does not know it."""
    from babel import Locale, UnknownLocaleError  # half a second to import

    try:
        symbols = Locale.parse(language).number_symbols
    except (UnknownLocaleError, ValueError):
        return NumberMarks(".", "")
    latin = symbols.get("latn", symbols)  # of Arabic there are two sets of digits
    group = latin["group"]
    return NumberMarks(latin["decimal"], " " if group.isspace() else group)
