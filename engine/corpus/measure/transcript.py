"""What makes a transcript unusable. Pure functions of the text."""

import unicodedata

from engine.corpus.audio.decode import UnusableError

MOST_MARKS = 30
"""Marks in a row that text may hold: Unicode's stream-safe text format (UAX #15, D3)."""

_SPACES = "\t\n\r\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_LOST = "\N{REPLACEMENT CHARACTER}"
# Controls, format characters (bidirectional and zero-width ones), surrogates, private use,
# unassigned.
_REFUSED = frozenset(["Cc", "Cf", "Cs", "Co", "Cn"])
_SHOWN = 5


def check_transcript(text: str | None, *, required: bool, alphabet: str) -> str | None:
    """The transcript as it is learned from; None where there is none and none is required.

    White space becomes single spaces and the rest Unicode's form NFC; nothing else is altered. A
    text without a letter or digit is no transcript. Raises UnusableError ("transcript missing";
    "alphabet unknown" for letters, marks and symbols that `alphabet` lacks in either case, and
    whatever the alphabet for control, format, private and unassigned characters, for U+FFFD and for
    more than MOST_MARKS marks in a row). Joiners, which Indic and Arabic scripts spell with,
    digits, punctuation and spaces are in every alphabet; an empty one holds all.
    """
    if text is None or not any(map(str.isalnum, text)):
        if required:
            raise UnusableError("transcript missing", _what_is_there(text))
        return None
    _require_short_marks(text)
    _refuse("it holds", [char for char in text if _is_refused(char)])
    clean = unicodedata.normalize("NFC", " ".join(text.split()))
    if alphabet:
        _refuse("the alphabet lacks", _not_in(clean, alphabet))
    return clean


def num_spoken(text: str) -> int:
    """Letters and digits of a text, without spaces, marks and punctuation."""
    return sum(map(str.isalnum, text))


def _what_is_there(text: str | None) -> str:
    if not text:
        return "no text is given, and transcripts = 'required'"
    return "the text holds no letter and no digit, and transcripts = 'required'"


def _require_short_marks(text: str) -> None:
    """Longer runs carry no meaning, and normalization takes quadratic time on them."""
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char)[0] == "M" else 0
        if marks > MOST_MARKS:
            raise UnusableError("alphabet unknown", f"more than {MOST_MARKS} marks on one letter")


def _is_refused(char: str) -> bool:
    if char in _SPACES or char in _JOINERS:
        return False
    return char == _LOST or unicodedata.category(char) in _REFUSED


def _not_in(text: str, alphabet: str) -> list[str]:
    known = {char.casefold() for char in unicodedata.normalize("NFC", alphabet)}
    return [char for char in text if not _is_free(char) and char.casefold() not in known]


def _is_free(char: str) -> bool:
    """Whether a character is in every alphabet: digits, punctuation, spaces and joiners."""
    return unicodedata.category(char)[0] in "NPZ" or char in _JOINERS


def _refuse(what: str, chars: list[str]) -> None:
    distinct = sorted(set(chars))
    if distinct:
        names = ", ".join(_named(char) for char in distinct[:_SHOWN])
        more = f" and {len(distinct) - _SHOWN} more" if len(distinct) > _SHOWN else ""
        raise UnusableError("alphabet unknown", f"{what} {names}{more}")


def _named(char: str) -> str:
    name = unicodedata.name(char, unicodedata.category(char))
    kinds = {"Cc": "control character", "Cs": "surrogate", "Co": "private", "Cn": "unassigned"}
    return f"U+{ord(char):04X} {kinds.get(name, name)}"
