"""What the text rules of all languages share: numbers, symbols and abbreviations in words."""

import re
from collections.abc import Mapping

from engine.errors import UserError
from engine.systems.xtts.text.number_words import DECIMAL_POINT

# No language names greater numbers in speech, and num2words ends somewhere: read digit by digit.
LONGEST_NUMBER = 15
_NO_SPACE_AFTER = ".,;:!?)-"


def cardinal(digits: str, language: str) -> str:
    """The number that `digits` write, in words: "12" is "twelve".

    More than 15 digits are read one by one. Raises UserError where num2words does not know the
    language.
    """
    if len(digits) > LONGEST_NUMBER:
        return _one_by_one(digits, language)
    try:
        return _words(int(digits), language)
    except OverflowError:  # Telugu ends at ten thousand million
        return _one_by_one(digits, language)


def ordinal(digits: str, language: str) -> str:
    """The ordinal number that `digits` write, in words: "12" is "twelfth"."""
    if len(digits) > LONGEST_NUMBER:
        return cardinal(digits, language)
    return _words(int(digits), language, to="ordinal")


def decimal(whole: str, fraction: str, language: str) -> str:
    """The decimal number `whole`.`fraction` in words; zeros that end it are not said."""
    if not fraction.strip("0"):
        return cardinal(whole, language)
    if language in DECIMAL_POINT:
        words = [cardinal(whole, language), DECIMAL_POINT[language]]
        return " ".join([*words, _one_by_one(fraction.rstrip("0"), language)])
    if len(whole + fraction) > LONGEST_NUMBER:
        return _one_by_one(whole + fraction, language)
    return _words(float(f"{whole}.{fraction}"), language)


def amount(whole: str, fraction: str, currency: str, language: str) -> str:
    """An amount of money: "20", "50" and "USD" are "twenty dollars, fifty cents"."""
    from num2words import num2words

    number = float(f"{whole}.{fraction or 0}")
    if currency == "BRL":
        reais: str = num2words(number, lang="pt_BR", to="currency")  # which knows no other
        return reais
    if not number.is_integer():
        words: str = num2words(number, lang=language, to="currency", currency=currency)
        return words
    both: str = num2words(number, lang=language, to="currency", currency=currency, separator="|")
    return both.split("|")[0]  # without "zero cents"


def expand_abbreviations(text: str, words: Mapping[str, str]) -> str:
    """Abbreviations with their point to words: "dr. who" becomes "doctor who"."""
    names = "|".join(map(re.escape, words))
    return re.sub(rf"\b({names})\.", lambda found: words[found[1]], text)


def expand_symbols(text: str, words: Mapping[str, str], *, join_suffixes: bool = False) -> str:
    """Symbols, of one character each, to words that stand apart but for punctuation behind them.

    With `join_suffixes`, the hyphen before a suffix goes, as in "5%-os": "5 százalékos".
    """
    if not words:
        return text
    suffix = r"(-(?=[^\W\d_]))?" if join_suffixes else "()"

    def spoken(found: re.Match[str]) -> str:
        before = "" if text[found.start() - 1 : found.start()] == "(" else " "
        joined = found[2] or text[found.end() : found.end() + 1] in {*_NO_SPACE_AFTER}
        return f"{before}{words[found[1]]}{'' if joined else ' '}"

    return re.sub(rf"\s*([{re.escape(''.join(words))}]){suffix}", spoken, text)


def _one_by_one(digits: str, language: str) -> str:
    return " ".join(_words(int(digit), language) for digit in digits)


def _words(number: float, language: str, to: str = "cardinal") -> str:
    from num2words import CONVERTER_CLASSES, num2words

    if language not in CONVERTER_CLASSES:
        raise UserError(
            f"Numbers cannot be put into words in the language {language!r}: write them out in "
            "the transcripts."
        )
    words: str = num2words(number, lang=language, to=to)
    return words
