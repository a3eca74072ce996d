"""Hungarian text as it is spoken: ordinals by a point, suffixes by a hyphen, units, forints."""

import re

from engine.systems.xtts.text.normalize_words import (
    cardinal,
    expand_abbreviations,
    expand_symbols,
    ordinal,
)
from engine.systems.xtts.text.numbers import rewritten_numbers

_ABBREVIATIONS = {
    "dr": "doktor",
    "id": "idősebb",
    "ifj": "ifjabb",
    "ill": "illetve",
    "kb": "körülbelül",
    "nőv": "nővér",
    "pl": "például",
    "prof": "professzor",
    "stb": "satöbbi",
    "ún": "úgynevezett",
}
_SYMBOLS = {
    "&": "és",
    "@": "kukac",
    "%": "százalék",
    "#": "kettőskereszt",
    "$": "dollár",
    "£": "font",
    "€": "euró",
    "°": "fok",
}
_UNITS = {
    "km/h": "kilométer per óra",
    "km": "kilométer",
    "cm": "centiméter",
    "mm": "milliméter",
    "kg": "kilogramm",
    "dkg": "dekagramm",
    "ft": "forint",
    "°c": "celsius-fok",
}
_MONTHS = (
    "január|február|március|április|május|június|július|augusztus|szeptember|október|november|"
    "december"
)
_FRACTIONS = {1: "tized", 2: "század", 3: "ezred"}
# "15-én" and its like name the day of a month; "15-ért" and all others are suffixes of the number.
_DAY_SUFFIXES = {
    *("a", "ai", "e", "ei", "i", "án", "ára", "ától", "áig", "én", "ére", "étől", "éig"),
    *("je", "jei", "jén", "jére", "jétől", "jéig"),
}
# Stems before a suffix that begins with a short vowel: "3-as" is "hármas", "7-et" is "hetet".
_SHORT_STEMS = {"kettő": "kett", "három": "hárm", "hét": "het", "ezer": "ezr"}
_DAYS = {str(day) for day in range(1, 32)}

_SIGN = re.compile(r"([$£€])\s?([0-9]+(?:\.[0-9]+)?)")
_UNIT = re.compile(rf"(?<=[0-9])\s?({'|'.join(_UNITS)})(?![^\W_])(?:-(?=[^\W\d_]))?")
_DATE = re.compile(rf"({_MONTHS})\s+([0-9]{{1,2}})\.(?![.0-9])")
_YEAR = re.compile(rf"\b([0-9]{{4}})\.(?=\s+(?:{_MONTHS}))")
_NUMBER = re.compile(
    r"""
    (?P<whole>[0-9]+)
    (?:
        \.(?P<fraction>[0-9]+)
    |
        -?[aeoö]?(?P<written>dik)
    |
        (?P<point>\.)(?![.0-9])
    )?
    (?:-(?P<suffix>[^\W\d_]+))?
    """,
    re.VERBOSE,
)


def hungarian(text: str) -> str:
    """Lower-case `text` with numbers, amounts, units, abbreviations and symbols in words.

    A point after a number makes it an ordinal ("az 1. teszt": "az első teszt"), but not that of a
    year before its month, and not where it ends the text. A suffix is joined to the word it was
    written behind with a hyphen: "5%-os" is "öt százalékos", "12-kor" is "tizenkettőkor", "3-as"
    is "hármas", "15-én" is "tizenötödikén".
    """
    text = rewritten_numbers(text, "hu", rf"(?:{'|'.join(_UNITS)})(?![^\W_])|[aeoö]?dik")
    text = _SIGN.sub(r"\2 \1", text)  # "$20" is said as "20 $"
    text = _UNIT.sub(lambda found: f" {_UNITS[found[1]]}", text)
    text = _YEAR.sub(r"\1", text)
    text = _DATE.sub(lambda found: f"{found[1]} {_day(found[2], '')}", text)
    text = _NUMBER.sub(_spoken_number, text)
    text = expand_abbreviations(text, _ABBREVIATIONS)
    return expand_symbols(text, _SYMBOLS, join_suffixes=True)


def _spoken_number(found: re.Match[str]) -> str:
    whole, suffix = found["whole"], found["suffix"] or ""
    if found["fraction"]:
        return _joined(_decimal(whole, found["fraction"]), suffix)
    if found["written"]:
        return ordinal(whole, "hu") + suffix
    if found["point"] and not suffix and found.end() == len(found.string):
        return cardinal(whole, "hu") + "."
    if found["point"]:
        return ordinal(whole, "hu") + suffix
    if suffix in _DAY_SUFFIXES and whole.lstrip("0") in _DAYS:
        return _day(whole, suffix)
    return _joined(cardinal(whole, "hu"), suffix)


def _day(digits: str, suffix: str) -> str:
    """The day of a month: "15" is "tizenötödike", with the suffix "én" "tizenötödikén"."""
    words = ordinal(digits, "hu")
    if words == "első":
        return "else" + (suffix if suffix.startswith("j") else f"j{suffix or 'e'}")
    return words + (suffix or ("e" if words.endswith(("edik", "ödik")) else "a"))


def _decimal(whole: str, fraction: str) -> str:
    """A decimal number by tenths, hundredths or thousandths; longer fractions by their digits."""
    fraction = fraction.rstrip("0")
    if not fraction:
        return cardinal(whole, "hu")
    if len(fraction) in _FRACTIONS:
        parts = f"{cardinal(fraction, 'hu')} {_FRACTIONS[len(fraction)]}"
    else:
        parts = " ".join(cardinal(digit, "hu") for digit in fraction)
    return f"{cardinal(whole, 'hu')} egész {parts}"


def _joined(word: str, suffix: str) -> str:
    """A number's word and its suffix, written as one word."""
    if not suffix:
        return word
    if word.endswith("nulla"):
        return word[:-1] + "á" + suffix
    if word.endswith("kettő") and suffix.startswith(("szer", "féle")):
        return word.removesuffix("kettő") + "két" + suffix
    if suffix[0] in "aeoö":
        for stem, short in _SHORT_STEMS.items():
            if word.endswith(stem):
                return word.removesuffix(stem) + short + suffix
    if word[-2:] == suffix[:2] and suffix[:2] in {"gy", "sz"}:  # "egy" and "gyel" are "eggyel"
        return word[:-1] + suffix
    return word + suffix
