"""Text of languages without rules of their own: numbers, and symbols whose word is beyond doubt.

Ordinals are read where a suffix that means nothing else marks them. Abbreviations stay as they
are, and so does a symbol without a word, which the tokenizer then reports as unknown.
"""

import re
from collections.abc import Mapping
from functools import cache

from engine.systems.xtts.text.normalize_words import (
    LONGEST_NUMBER,
    amount,
    decimal,
    expand_symbols,
    ordinal,
)
from engine.systems.xtts.text.numbers import rewritten_numbers

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
_CODES = {"r$": "BRL", "$": "USD", "£": "GBP", "€": "EUR"}
# The currencies of which num2words knows the plurals.
_CURRENCIES = {
    **dict.fromkeys(("de", "es", "fr", "it", "nl"), frozenset("$£€")),
    "pt": frozenset(["r$", *"$£€"]),
    **dict.fromkeys(("pl", "ru"), frozenset("$€")),
    "cs": frozenset("€"),
}


def other(text: str, language: str) -> str:
    """Lower-case `text` with numbers and symbols in words, as far as its language is known here.

    Raises UserError for digits in a language that num2words does not know.
    """

    def spoken(found: re.Match[str]) -> str:
        whole, fraction = found["whole"], found["fraction"] or ""
        sign = found["before"] or found["after"]
        if found["ordinal"]:
            return ordinal(whole, language)
        if sign in _CURRENCIES.get(language, ()) and len(whole) <= LONGEST_NUMBER:
            return amount(whole, fraction, _CODES[sign], language)
        return f"{decimal(whole, fraction, language)}{sign or ''}"  # the sign is a symbol below

    text = rewritten_numbers(text, language, _ORDINALS.get(language, "(?!)"))
    return expand_symbols(_number(language).sub(spoken, text), _symbols(language))


@cache
def _number(language: str) -> re.Pattern[str]:
    """Numbers as ordinals, with a fraction, with a sign of a currency."""
    return re.compile(
        rf"""
        (?:(?P<before>r\$|[$£€])\s?)?
        (?P<whole>[0-9]+)
        (?:
            (?P<ordinal>{_ORDINALS.get(language, "(?!)")})
        |
            (?:\.(?P<fraction>[0-9]+))?
            (?:\s?(?P<after>[$£€])(?!\s?[0-9]))?
        )
        """,
        re.VERBOSE,
    )


@cache
def _symbols(language: str) -> Mapping[str, str]:
    words = zip(_SIGNS, _WORDS.get(language, ()), strict=False)
    return {sign: word for sign, word in words if word}
