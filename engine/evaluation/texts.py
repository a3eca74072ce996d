"""Normalized texts for comparison: letters and digits, in one Unicode form."""

import unicodedata

_LETTERS_AND_DIGITS = frozenset(["Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No", "Mn", "Mc"])
"""Unicode categories that count. Marks do: vowels are marks in Telugu and Hindi."""
_LEFT_OUT = frozenset(["Cf", "Me"])
"""Categories that are removed: joiners, soft hyphens, directions; keycaps around a digit."""
_APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼʹ`´＇"))
_KASHIDA = "\N{ARABIC TATWEEL}"
_OPTIONAL_MARKS = (range(0x591, 0x5C8), range(0x64B, 0x653), range(0x670, 0x671))
"""Vowel points of Hebrew and Arabic, which a text may as well leave out."""
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_TURKISH = {"ı": "i", "i̇": "i"}
"""Turkish letters as one: the lower case of İ and I depends on the language."""


class _Counting(dict[int, str]):
    """The replacement of each character: itself, nothing, or a space. For `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = _counting(chr(code))
        return self[code]


_COUNTING = _Counting()


def words_of(text: str) -> str:
    """The words of a text, with single spaces between them: "Don't - it’s SO!" is "dont its so".

    Letters (with their marks) and digits count, with case folded, in NFKC, digits of any script as
    0 to 9. All else separates words, except apostrophes and invisible characters.
    """
    text = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES))
    text = unicodedata.normalize("NFKC", text.casefold())
    for written, folded in _TURKISH.items():
        text = text.replace(written, folded)
    words = text.translate(_COUNTING).split()
    return " ".join(word for word in words if word[0].isalnum() or any(map(str.isalnum, word)))


def sentence_key(text: str) -> str:
    """A key that texts of the same sentence share: the words without spaces.

    Empty for a text without letters and digits. Scripts without spaces, and words that are written
    apart in one table and together in another, need no rule of their own.
    """
    return words_of(text).replace(" ", "")


def _counting(char: str) -> str:
    code, category = ord(char), unicodedata.category(char)
    if category in _LEFT_OUT or char == _KASHIDA:
        return ""
    if any(code in span for span in (*_OPTIONAL_MARKS, *_SELECTORS)):
        return ""
    if category not in _LETTERS_AND_DIGITS:
        return " "
    return str(unicodedata.decimal(char, char))
