"""Numbers as transcripts write them, rewritten so that every language's rules read them alike.

"1,00,000", "15 000" and "１２,５" become "100000", "15000" and "12.5", by the marks of the text's
language. Text that could be two numbers, or is not a number (a date, a version, a telephone
number), is refused: a clip is left out rather than trained on with words that were not said.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from engine.errors import UserError
from engine.files.text import visible
from engine.systems.xtts.text.number_marks import (
    ALWAYS_DECIMAL,
    ALWAYS_GROUP,
    NumberMarks,
    number_marks,
)
from engine.systems.xtts.text.number_words import MINUS

_JOINTS = re.escape(".,:/+*=×^_" + "".join(ALWAYS_GROUP | ALWAYS_DECIMAL)) + "\\-–−"
_CHAIN = re.compile(rf"\d+(?:[{_JOINTS}\s]\d+)*")
_SIGNS = "$£€%°"
_MINUS = "\N{MINUS SIGN}"
_UNWRITTEN = frozenset(["Nl", "No"])
"""Unicode's categories of fractions, raised, circled and Roman numerals as single characters."""
_ROMAN = re.compile(r"(?<!\w)(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})(?!\w)")
_ADDRESS = re.compile(r"://|(?<!\w)www\.")
_POINT_AND_WORD = re.compile(r"\d+\.\s+([^\W\d_])")
_ORDINAL_OR_END = frozenset(
    ["bs", "cs", "da", "et", "fi", "hr", "is", "lv", "nb", "no", "pl", "sk", "sl", "sr"]
)
"""Languages in which a point makes a number an ordinal, and may as well end a sentence."""
_MOST_RANGE_DIGITS = 4


def rewritten_numbers(text: str, language: str, suffixes: str = "(?!)") -> str:
    """Lower-case `text` with numbers as digits and one decimal point, and the word for "minus".

    `suffixes` is a pattern of what may be written behind a number without a space: "th", "km".
    Raises UserError where it is uncertain how something is read.
    """
    if not any(map(str.isdecimal, text)):
        return text
    text = "".join(str(unicodedata.decimal(char, char)) for char in text)
    marks, allowed = number_marks(language), re.compile(suffixes)
    parts, last = list[str](), 0
    for found in _CHAIN.finditer(text):
        _refuse_attached(found, allowed)
        start = found.start() - _is_negative(found)
        minus = _minus(language, found) if start < found.start() else ""
        parts += [text[last:start], minus, _read(found, marks)]
        last = found.end()
    return "".join([*parts, text[last:]])


def refuse_unreadable(text: str, language: str) -> None:
    """Raise UserError for text, in its own case, of which it is uncertain how it is read."""
    for char in text:
        if unicodedata.category(char) in _UNWRITTEN:
            raise _unreadable(char)
    money = re.search(r"[^\W\d_]+[$£€]", text if language != "pt" else text.replace("R$", ""))
    for found in filter(None, [_ADDRESS.search(text), _lone_roman(text), money]):
        raise _unreadable(found[0])
    for found in _POINT_AND_WORD.finditer(text):
        if language in _ORDINAL_OR_END or (language in {"hu", "tr"} and found[1].isupper()):
            raise _unreadable(found[0])


def refuse_unread_money(spoken: str) -> None:
    """Raise UserError where a currency's sign has no word in the language."""
    for char in spoken:
        if unicodedata.category(char) == "Sc":
            raise _unreadable(char)


def _lone_roman(text: str) -> re.Match[str] | None:
    """A Roman numeral of I, V and X among words that are not in capitals."""
    return None if text.isupper() else _ROMAN.search(text)


def _refuse_attached(found: re.Match[str], suffixes: re.Pattern[str]) -> None:
    """Refuse "B2B", "1990s", "+36": digits with letters or a plus sign, but for `suffixes`."""
    text, start, end = found.string, found.start(), found.end()
    before, behind = text[start - 1 : start], text[end : end + 1]
    if before == "+" or _is_attached(before):
        raise _unreadable(text[max(0, start - 1) : end])
    if behind in {"'", "’"} and text[end + 1 : end + 2] == "s":
        raise _unreadable(text[start : end + 2])
    if _is_attached(behind) and not suffixes.match(text, end):
        raise _unreadable(text[start : end + 1])


def _is_attached(char: str) -> bool:
    """Whether a letter or vowel sign belongs to a word; scripts without spaces have none that do.

    These have letters without case that are no part of an alphabet, such as Han, kana and Hangul.
    """
    if not char or unicodedata.category(char)[0] not in "LM":
        return False
    return not unicodedata.name(char, "").startswith(_WITHOUT_SPACES)


_WITHOUT_SPACES = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")


def _is_negative(found: re.Match[str]) -> bool:
    """Whether a minus sign stands before a number, or a hyphen that no word is before."""
    before = found.string[: found.start()]
    return before.endswith(_MINUS) or bool(re.search(r"(?:^|[\s(])-$", before))


def _minus(language: str, found: re.Match[str]) -> str:
    if language not in MINUS:
        raise _unreadable(f"-{found[0]}")
    return f"{MINUS[language]} "


def _read(found: re.Match[str], marks: NumberMarks) -> str:
    """A chain of digits and single marks: one number, a range, a time, or numbers apart."""
    chain, text = found[0], found.string
    before, behind = text[: found.start()].rstrip(), text[found.end() :].lstrip()
    signed = before.endswith(("$", "£", "€")) or behind.startswith(tuple(_SIGNS))
    read = _number(chain, marks, signed) or _range(chain, marks, signed) or _time(chain)
    read = read or _apart(chain, marks, signed)
    if not read:
        raise _unreadable(chain)
    return read


def _number(chain: str, marks: NumberMarks, signed: bool) -> str | None:
    """The number that a chain is, with "." before decimals; None for two numbers, or none."""
    parts, joints = re.findall(r"\d+", chain), [" " if j.isspace() else j for j in _joints(chain)]
    if not joints:
        return None if _begins_with_zero(parts[0]) else chain
    *groups, last = joints
    whole = "".join(parts[:-1])
    if _begins_with_zero(parts[0]) or len({*groups}) > 1:
        return None
    if groups and last != groups[0]:  # "1.234,56"
        sound = _are_groups(parts[:-1], groups[0]) and _may_group(groups[0])
        return f"{whole}.{parts[-1]}" if sound and _may_be_decimal(last) else None
    if last == marks.decimal or last in ALWAYS_DECIMAL:
        if not groups:
            return f"{whole}.{parts[-1]}"
        return whole + parts[-1] if _are_groups(parts, last) else None
    if last == marks.group or last in ALWAYS_GROUP:
        return whole + parts[-1] if _are_groups(parts, last) else None
    return _foreign(parts, last, signed)


def _foreign(parts: Sequence[str], mark: str, signed: bool) -> str | None:
    """A number with a mark that its language does not use, where it can be read in one way."""
    whole, last = "".join(parts[:-1]), parts[-1]
    if _may_group(mark) and _are_groups(parts, mark):
        no_number = any(_begins_with_zero(part) for part in parts[1:]) and mark == " "
        sure = len(parts) > 2 and mark != " "
        return whole + last if sure or no_number or last == "000" else None
    if mark != "." or len(parts) != 2:
        return None
    # "12.30" may be a time or a date.
    return f"{whole}.{last}" if len(last) != 2 or signed or not 0 < int(whole) <= 31 else None


def _range(chain: str, marks: NumberMarks, signed: bool) -> str | None:
    """Two numbers of which the second is greater, as "5-10": no parts of a telephone number."""
    ends = re.split("[-–]", chain)
    read = [_number(end, marks, signed) for end in ends]
    if len(ends) != 2 or not all(read):
        return None
    low, high = (str(end) for end in read)
    if max(len(low), len(high)) > _MOST_RANGE_DIGITS or not float(low) < float(high):
        return None
    if len(high) == _MOST_RANGE_DIGITS and len(low) != len(high):
        return None
    return f"{low}{chain[len(ends[0])]}{high}"


def _time(chain: str) -> str | None:
    """A time of day whose hours and minutes are said as numbers: not "5:00", "05:30", "5:07"."""
    found = re.fullmatch(r"(\d|1\d|2[0-3]):([1-5]\d)", chain)
    return chain if found else None


def _apart(chain: str, marks: NumberMarks, signed: bool) -> str | None:
    """Numbers that only spaces keep apart, where no two of them could be one."""
    parts = chain.split()
    read = [_number(part, marks, signed) or _range(part, marks, signed) for part in parts]
    if len(parts) < 2 or not all(read) or sum(len(part) > 2 for part in parts) > 1:
        return None
    if any(_are_groups(pair, " ") for pair in pairwise(parts)):
        return None
    return " ".join(map(str, read))


def _joints(chain: str) -> list[str]:
    return re.findall(r"\D", chain)


def _may_group(mark: str) -> bool:
    return mark in {".", ",", " ", *ALWAYS_GROUP}


def _may_be_decimal(mark: str) -> bool:
    return mark in {".", ",", *ALWAYS_DECIMAL}


def _are_groups(parts: Sequence[str], mark: str) -> bool:
    """Whether digits stand in groups of three, or as in India: 1,00,00,000."""
    first, *others = parts
    if not others or not first.isdigit() or first.startswith("0"):
        return False
    *between, last = map(len, others)
    thousands = len(first) <= 3 and {*between, last} == {3}
    lakhs = len(first) <= 2 and last == 3 and {*between} == {2} and mark == ","
    return thousands or lakhs


def _begins_with_zero(digits: str) -> bool:
    return len(digits) > 1 and digits.startswith("0")


def _unreadable(found: str) -> UserError:
    return UserError(
        f"It is uncertain how '{visible(found[:40])}' is read: write it in words, or numbers "
        "as the language writes them."
    )
