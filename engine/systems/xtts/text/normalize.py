"""Transcripts as they are spoken: what XTTS's text tokens are made of."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from engine.errors import UserError
from engine.systems.xtts.text.normalize_en import english
from engine.systems.xtts.text.normalize_hu import hungarian
from engine.systems.xtts.text.normalize_others import other
from engine.systems.xtts.text.numbers import refuse_unread_money, refuse_unreadable

# Here NFC would take letters apart or put marks in another order than the weights know.
_AS_ENCODED = {"ar", "hi"}
# Upstream turns all punctuation of Chinese into commas. Symbols stay, to be reported as unknown.
_CHINESE_MARK = re.compile(r"[^\w\s&@%#$£€°]")


def normalize(text: str, language: str) -> str:
    """`text` in lower case, without straight double quotes, with numbers and symbols in words.

    Plain text comes out as from upstream's `multilingual_cleaners`, which the published weights
    were trained on. English and Hungarian have rules of their own (`english`, `hungarian`); in
    other languages numbers and symbols alone are put into words. Chinese, Japanese and Korean are
    romanized, by packages that are imported when they are needed. The language is a code without
    a region: "hu", "zh". Raises UserError where its package is missing, for numbers in a language
    that num2words does not know (Hindi, Chinese), and where it is uncertain how a number is read.
    """
    text = text.replace('"', "")
    refuse_unreadable(text, language)
    text = _composed(text, language)  # vocabularies hold "ő", not "o" and an accent
    if language == "tr":
        text = text.replace("İ", "i")  # lower() would leave a combining point behind
    spoken = _spoken(text.lower(), language).lower()  # num2words writes "Komma" in German
    refuse_unread_money(spoken)
    return " ".join(_composed(spoken, language).split())  # num2words takes Telugu apart


def _composed(text: str, language: str) -> str:
    return text if language in _AS_ENCODED else unicodedata.normalize("NFC", text)


def _spoken(text: str, language: str) -> str:
    match language:
        case "en":
            return english(text)
        case "hu":
            return hungarian(text)
        case "ja":
            return _japanese()(other(text, "ja"))
        case "ko":
            return _korean()(other(text, "ko"))
        case "zh":
            return _chinese()(other(text, "zh"))
        case _:
            return other(text, language)


@cache
def _japanese() -> Callable[[str], str]:
    """Kana and kanji to Latin letters, as in Hepburn's system."""
    try:
        import cutlet
    except ImportError as error:
        raise _missing("Japanese", "cutlet unidic-lite") from error
    romaji: Callable[[str], str] = cutlet.Cutlet().romaji
    return romaji


@cache
def _korean() -> Callable[[str], str]:
    """Hangul to Latin letters, syllable by syllable."""
    try:
        from ko_speech_tools import hangul_romanize
    except ImportError as error:
        raise _missing("Korean", "ko-speech-tools") from error
    romanized: Callable[[str], str] = hangul_romanize
    return romanized


@cache
def _chinese() -> Callable[[str], str]:
    """Characters to pinyin with the tone as a digit, the neutral tone as 5; marks to commas."""
    try:
        from pypinyin import Style, lazy_pinyin
    except ImportError as error:
        raise _missing("Chinese", "pypinyin") from error

    def pinyin(text: str) -> str:
        text = _CHINESE_MARK.sub(",", text)
        return "".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))

    return pinyin


def _missing(language: str, packages: str) -> UserError:
    return UserError(
        f"{language} text is written in Latin letters before it becomes tokens, which needs "
        f"another package: pip install {packages}."
    )
