"""Text of languages without rules of their own: numbers, and symbols whose word is beyond doubt.

Ordinals are read where a suffix that means nothing else marks them. Abbreviations stay as they
are, and so does a symbol without a word, which the tokenizer then reports as unknown.
"""

import re
from collections.abc import Mapping
from functools import cache

from engine.systems.xtts.text.normalise_words import (
    LONGEST_NUMBER,
    amount,
    decimal,
    expand_symbols,
    only_digits,
    ordinal,
)

_SIGNS = "&@%#$£€°"
_WORDS = {
    "ar": ("و", "", "في المئة", "رقم", "دولار", "جنيه", "يورو", "درجة"),
    "cs": ("a", "na", "procento", "křížek", "dolar", "libra", "euro", "stupně"),
    "de": ("und", "at", "prozent", "raute", "dollar", "pfund", "euro", "grad"),
    "es": ("y", "arroba", "por ciento", "numeral", "dolar", "libra", "euro", "grados"),
    "fr": ("et", "arobase", "pour cent", "dièse", "dollar", "livre", "euro", "degrés"),
    "hi": ("और", "ऐट दी रेट", "प्रतिशत", "हैश", "डॉलर", "पाउंड", "यूरो", "डिग्री"),
    "it": ("e", "chiocciola", "per cento", "cancelletto", "dollaro", "sterlina", "euro", "gradi"),
    "ko": ("그리고", "", "퍼센트", "번호", "달러", "파운드", "유로", "도"),
    "nl": ("en", "bij", "procent", "hekje", "dollar", "pond", "euro", "graden"),
    "pl": ("i", "małpa", "procent", "krzyżyk", "dolar", "funt", "euro", "stopnie"),
    "pt": ("e", "arroba", "por cento", "cardinal", "dólar", "libra", "euro", "graus"),
    "ru": ("и", "собака", "процентов", "номер", "доллар", "фунт", "евро", "градус"),
    "tr": ("ve", "at", "yüzde", "diyez", "dolar", "sterlin", "euro", "derece"),
}
_ORDINALS = {
    "de": r"\.(?=\s+[^\W\d_])",
    "es": "(?:[ºª]|er\\b)",
    "fr": r"(?:er|re|ère|e|ème)\b",
    "it": "[ºª]",
    "nl": r"(?:de|ste|e)\b",
    "pt": "[ºª]",
    "ru": r"-(?:й|я|е|ое|ье|го)\b",
    "tr": r"(?:\.(?=\s+[^\W\d_])|inci\b|nci\b|uncu\b|üncü\b)",
}
_CODES = {"$": "USD", "£": "GBP", "€": "EUR"}
# The currencies of which num2words knows the plurals.
_CURRENCIES = {
    **dict.fromkeys(("de", "es", "fr", "it", "nl", "pt"), frozenset("$£€")),
    **dict.fromkeys(("pl", "ru"), frozenset("$€")),
    "cs": frozenset("€"),
}
_NO_DECIMALS = {"tr"}  # num2words says 12.5 as 12.50, in one word


def other(text: str, language: str) -> str:
    """Lower-case `text` with numbers and symbols in words, as far as its language is known here.

    Raises UserError for digits in a language that num2words does not know.
    """

    def spoken(found: re.Match[str]) -> str:
        whole, fraction = only_digits(found["whole"]), found["fraction"] or ""
        sign = found["before"] or found["after"]
        if found["ordinal"]:
            return ordinal(whole, language)
        if sign in _CURRENCIES.get(language, ()) and len(whole) <= LONGEST_NUMBER:
            return amount(whole, fraction, _CODES[sign], language)
        return f"{decimal(whole, fraction, language)}{sign or ''}"  # the sign is a symbol below

    return expand_symbols(_number(language).sub(spoken, text), _symbols(language))


@cache
def _number(language: str) -> re.Pattern[str]:
    """Numbers in groups of three, as ordinals, with a fraction, with a sign of a currency."""
    groups = "," if language == "ru" else r".\s"
    fraction = r"(?!)(?P<fraction>)" if language in _NO_DECIMALS else "[.,](?P<fraction>[0-9]+)"
    return re.compile(
        rf"""
        (?:(?P<before>[$£€])\s?)?
        (?P<whole>[0-9]{{1,3}}(?:[{groups}][0-9]{{3}})+(?![0-9])|[0-9]+)
        (?:
            (?P<ordinal>{_ORDINALS.get(language, "(?!)")})
        |
            (?:{fraction})?
            (?:\s?(?P<after>[$£€])(?!\s?[0-9]))?
        )
        """,
        re.VERBOSE,
    )


@cache
def _symbols(language: str) -> Mapping[str, str]:
    words = zip(_SIGNS, _WORDS.get(language, ()), strict=False)
    return {sign: word for sign, word in words if word}
