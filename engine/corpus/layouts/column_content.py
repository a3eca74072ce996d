"""What a column of a table holds, by its cells alone."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Literal

Content = Literal["nothing", "sentences", "languages", "few names", "many names", "facts"]
"""Names are short: of a few they come again and again. Facts are numbers and genders."""

_LANGUAGES = (
    "aa ab af ak am ar as ast ay az ba be bg bm bn bo br bs ca ceb ckb cmn co cs cv cy da de dv "
    "ee el en eo es et eu fa ff fi fil fo fr ga gd gl gn gu gv ha haw he hi hr ht hu hy ia id ig "
    "is it ja jp jv jw ka kab kk km kn ko ku ky la lb lg ln lo lt lv mg mi mk ml mn mr ms mt my "
    "nb ne nl nn no nso ny oc om or os pa pl ps pt qu rm ro ru rw sa sc sd sh si sk sl sm sn so "
    "sq sr st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ug uk ur uz vi vot wo xh yi yo yue "
    "zh zu"
)
_CODES = frozenset(_LANGUAGES.split())
_LANGUAGE = re.compile(r"(?:all_)?([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,:][0-9]+)*(?:e[-+]?[0-9]+)?")
_GENDERS = frozenset(
    ["m", "f", "o", "male", "female", "other", "man", "woman", "masculine", "feminine", "unknown"]
)

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)
_MIN_WORDS = 3
_MIN_UNSPACED = 5
_LARGEST_SPEAKER = 9_999


def content_of(cells: Sequence[str]) -> Content:
    """What the cells of one column are, most of them; empty ones say nothing."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return "nothing"
    if 2 * sum(map(_is_sentence, filled)) >= len(filled):
        return "sentences"
    lower = {cell.lower() for cell in filled}
    if all(_is_language(cell) for cell in lower):
        return "languages"
    comes_again = 2 * len(lower) <= len(filled)
    if is_gender(filled):
        return "facts"
    if all(map(_NUMBER.fullmatch, lower)):
        return "few names" if comes_again and all(map(_may_be_speaker, lower)) else "facts"
    return "few names" if comes_again else "many names"


def language_code(cell: str) -> str:
    """A language as it is meant: GPT-SoVITS writes `EN`, `all_ja` and `JP`."""
    code = cell.lower().removeprefix("all_")
    return {"jp": "ja"}.get(code, code)


def is_gender(cells: Sequence[str]) -> bool:
    """Whether the cells say who speaks, a man or a woman."""
    filled = {cell.lower() for cell in cells if cell}
    return bool(filled) and filled <= _GENDERS


def is_spelt(cells: Sequence[str]) -> bool:
    """Whether the cells are words taken apart, letter by letter."""
    parts = [part for cell in cells if _is_sentence(cell) for part in cell.split()]
    return 2 * sum(len(part) == 1 for part in parts) > len(parts) > 0


def is_same_text(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns hold the same texts, as a text and its normalized form do.

    Where one of the two is empty it stands for the other. Numbers and abbreviations may be spelt
    out, so rows of the same letters, or of mostly the same words, are half of the rows; what is
    a number alone (`9|nine`) says nothing where others speak.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a and b]
    pairs = [
        (a, b) for a, b in pairs if not (_NUMBER.fullmatch(a) or _NUMBER.fullmatch(b))
    ] or pairs
    return bool(pairs) and 2 * sum(_is_same(a, b) for a, b in pairs) >= len(pairs)


def _is_same(one: str, other: str) -> bool:
    if _letters(one) == _letters(other):
        return True
    words, others = (set(_WORD.findall(text.lower())) for text in (one, other))
    return 2 * len(words & others) >= max(min(len(words), len(others)), 1)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", text).casefold()))


def _is_sentence(cell: str) -> bool:
    return len(cell.split()) >= _MIN_WORDS or len(_UNSPACED.findall(cell)) >= _MIN_UNSPACED


def _is_language(cell: str) -> bool:
    match = _LANGUAGE.fullmatch(cell)
    return match is not None and match[1] in _CODES


def _may_be_speaker(number: str) -> bool:
    return number.isdigit() and int(number) <= _LARGEST_SPEAKER
