"""Untrusted text (file names, transcripts, labels) made safe for screens and pages."""

import unicodedata

# Controls, format characters (bidirectional and zero-width ones among them), surrogates, private
# use, unassigned, line and paragraph separators.
_UNSEEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Invisible characters that belong to the spelling of Indic and Arabic scripts."""

_VIRAMA = 9
"""The canonical combining class of the mark after which Indic scripts use joiners (RFC 5892, A)."""


def visible(text: str, *, keep: str = "") -> str:
    """Escape characters that are invisible or change the display of others: U+202E as \\u202e.

    A byte of a file name that is not UTF-8 becomes \\xe9. Joiners stay where a script needs them,
    and characters of `keep` (a line break, say) wherever they are.
    """
    if text.isascii() and text.isprintable():
        return text
    before = ["", *text]
    return "".join(
        _escaped(char) if is_unseen(char) and char not in keep and not _joins(last, char) else char
        for last, char in zip(before, text, strict=False)
    )


def visible_lines(text: str) -> str:
    """Apply `visible` to a message of several lines, whose line breaks are kept."""
    return visible(text, keep="\n")


def is_unseen(char: str) -> bool:
    """Whether a character is invisible and not a space."""
    return unicodedata.category(char) in _UNSEEN


def _joins(last: str, char: str) -> bool:
    """Whether `char` is a joiner behind an Indic virama or an Arabic letter."""
    if char not in JOINERS or not last:
        return False
    return unicodedata.combining(last) == _VIRAMA or unicodedata.bidirectional(last) == "AL"


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte that is not UTF-8, in Python
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")
