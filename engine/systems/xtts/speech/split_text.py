"""A text of any length, split into pieces that a GPT can speak: sentences, or parts of them."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

from attrs import frozen

from engine.errors import UserError

Fits = Callable[[str], bool]
"""Whether the GPT can speak a piece."""

# A full stop needs a space after it; what ends a sentence in Chinese, Japanese or Hindi does not.
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？।॥]+[”’」』）]*|\n")
_MARKED_LINE = re.compile(r"[.!?…]\s*\n$")
_NEXT = re.compile(r"\s*(\S?)")
_CLAUSE_END = re.compile(r"[,;:–—]+(?=\s)|[，、；：]+")
_WORD_END = re.compile(r"(?=\s)")
_LETTER_END = re.compile(r"(?!^)")


@frozen
class Piece:
    """A piece of text that is synthesized as a whole."""

    text: str
    ends_sentence: bool = True
    """Whether the piece ends a sentence; else the sentence was too long and was cut here."""


def split_text(text: str, fits: Fits) -> list[Piece]:
    """The sentences of a text, and the parts of those that do not fit.

    A sentence ends at its mark or at the end of a line, unless a small letter follows one of the
    two. A single word with a full stop, which may be an abbreviation, stays with what follows. What
    is too long is cut after a clause, else after a word, else within it. Pieces of punctuation
    alone are left out. Raises UserError where not even a letter fits.
    """
    return list(chain.from_iterable(_pieces(sentence, fits) for sentence in sentences(text)))


def num_cut(pieces: Sequence[Piece]) -> int:
    """How many sentences were too long, and were cut."""
    ends = [True, *(piece.ends_sentence for piece in pieces)]
    return sum(before and not after for before, after in pairwise(ends))


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each with single spaces, whatever their length."""
    start, held = 0, ""
    for end in (*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)):
        following = _NEXT.match(text, end)
        if following and following[1].islower() and not _MARKED_LINE.search(text, start, end):
            continue
        held, start = f"{held} {text[start:end]}".strip(), end
        if end < len(text) and _may_be_abbreviation(held):
            continue
        if not is_punctuation(held):
            yield " ".join(held.split())
        held = ""


def _pieces(sentence: str, fits: Fits) -> Iterator[Piece]:
    rest = sentence
    while not fits(rest):
        end = next(filter(None, (_longest(rest, fits, ends) for ends in _CUTS)), 0)
        if not end:
            raise UserError(
                f"The model cannot speak any part of {rest[:40]!r}: its limits are too low."
            )
        part, rest = rest[:end].strip(), rest[end:].strip()
        if not is_punctuation(part):
            yield Piece(part, ends_sentence=is_punctuation(rest))
    if not is_punctuation(rest):
        yield Piece(rest)


_CUTS = (_CLAUSE_END, _WORD_END, _LETTER_END)


def _longest(text: str, fits: Fits, ends: re.Pattern[str]) -> int:
    """Where the longest beginning of a text that fits ends; 0 where none does."""
    longest = 0
    for match in ends.finditer(text):
        if not fits(text[: match.end()]):
            break
        longest = match.end()
    return longest


def _may_be_abbreviation(sentence: str) -> bool:
    return sentence.endswith(".") and len(sentence.split()) == 1


def is_punctuation(text: str) -> bool:
    """Whether there is nothing but punctuation and spaces."""
    return all(unicodedata.category(char)[0] in "PZC" for char in text)
