"""English text as it is spoken."""

import re

from engine.systems.xtts.text.normalize_words import (
    LONGEST_NUMBER,
    amount,
    decimal,
    expand_abbreviations,
    expand_symbols,
    ordinal,
)
from engine.systems.xtts.text.numbers import rewritten_numbers

# The words that the published weights were trained on, "misess" among them.
_ABBREVIATIONS = {
    "capt": "captain",
    "co": "company",
    "col": "colonel",
    "dr": "doctor",
    "drs": "doctors",
    "esq": "esquire",
    "ft": "fort",
    "gen": "general",
    "hon": "honorable",
    "jr": "junior",
    "lt": "lieutenant",
    "ltd": "limited",
    "maj": "major",
    "mr": "mister",
    "mrs": "misess",
    "rev": "reverend",
    "sgt": "sergeant",
    "st": "saint",
}
_SYMBOLS = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "#": "hash",
    "$": "dollar",
    "£": "pound",
    "€": "euro",
    "°": "degree",
}
_CURRENCIES = {"$": ("USD", "dollars"), "£": ("GBP", "pounds"), "€": ("EUR", "euros")}
_NUMBER = re.compile(
    r"""
    (?:(?P<before>[$£€])\s?)?
    (?P<whole>[0-9]+)
    (?:
        (?P<ordinal>st|nd|rd|th)\b
    |
        (?:\.(?P<fraction>[0-9]+))?
        (?:\s(?P<scale>thousand|million|billion|trillion)\b)?
        (?:\s?(?P<after>[$£€])(?!\s?[0-9]))?
    )
    """,
    re.VERBOSE,
)


def english(text: str) -> str:
    """Lower-case `text` with numbers, amounts, ordinals, abbreviations and symbols in words."""
    text = rewritten_numbers(text, "en", r"(?:st|nd|rd|th)\b")
    text = _NUMBER.sub(_spoken_number, text)
    return expand_symbols(expand_abbreviations(text, _ABBREVIATIONS), _SYMBOLS)


def _spoken_number(found: re.Match[str]) -> str:
    whole, fraction = found["whole"], found["fraction"] or ""
    if found["ordinal"]:
        return ordinal(whole, "en")
    sign, scale = found["before"] or found["after"], found["scale"]
    if sign and not scale and len(whole) <= LONGEST_NUMBER:
        return amount(whole, fraction, _CURRENCIES[sign][0], "en")
    words = [decimal(whole, fraction, "en"), scale, sign and _CURRENCIES[sign][1]]
    return " ".join(word for word in words if word)
