"""How far from a text is what was heard: word and character error rates."""

import unicodedata
from collections.abc import Sequence

_KEPT = frozenset("LMN")
"""Unicode's letters, the marks that belong to them, and numbers."""


def word_error_rate(reference: str, heard: str) -> float:
    """Words substituted, left out and put in, over the words of the reference (WER).

    Both texts are `bare`. 0: every word was heard; it exceeds 1 where more was heard than said.
    """
    return _error_rate(bare(reference).split(), bare(heard).split())


def character_error_rate(reference: str, heard: str) -> float:
    """The same of characters (CER), the single spaces between words included."""
    return _error_rate(bare(reference), bare(heard))


def bare(text: str) -> str:
    """The words of a text: case folded, in NFC, with a space for all that is no letter or number.

    Apostrophes go without leaving a space, so that "don't" is a word. Numbers stay as they are
    written: "3" and "három" are different words, so test sentences had better hold none.
    """
    text = unicodedata.normalize("NFC", text.casefold())
    text = text.replace("'", "").replace("’", "")
    kept = (char if unicodedata.category(char)[0] in _KEPT else " " for char in text)
    return " ".join("".join(kept).split())


def _error_rate(reference: Sequence[str], heard: Sequence[str]) -> float:
    assert reference, "there is nothing to be heard in a text without words"
    return _edit_distance(reference, heard) / len(reference)


def _edit_distance(reference: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest substitutions, deletions and insertions (Levenshtein, 1966)."""
    distances = list(range(len(heard) + 1))
    for row, said in enumerate(reference, start=1):
        diagonal, distances[0] = distances[0], row
        for column, other in enumerate(heard, start=1):
            substituted = diagonal + (said != other)
            diagonal = distances[column]
            distances[column] = min(substituted, diagonal + 1, distances[column - 1] + 1)
    return distances[-1]
