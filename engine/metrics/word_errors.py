"""How far from a text is what was recognized: word and character error rates."""

from collections.abc import Sequence

from engine.evaluation.texts import words_of


def word_error_rate(reference: str, recognized: str) -> float:
    """Words substituted, left out and put in, over the words of the reference (WER).

    Of both texts `words_of` counts: "3" and "három" are different words, so test sentences should
    hold no numbers. 0: every word was recognized; above 1: more words were recognized than said.
    """
    return _error_rate(words_of(reference).split(), words_of(recognized).split())


def character_error_rate(reference: str, recognized: str) -> float:
    """Character error rate (CER) of `recognized`, single spaces between words included."""
    return _error_rate(words_of(reference), words_of(recognized))


def _error_rate(reference: Sequence[str], recognized: Sequence[str]) -> float:
    assert reference, "there is nothing to be recognized in a text without words"
    return _edit_distance(reference, recognized) / len(reference)


def _edit_distance(reference: Sequence[str], recognized: Sequence[str]) -> int:
    """The fewest substitutions, deletions and insertions (Levenshtein, 1966)."""
    distances = list(range(len(recognized) + 1))
    for row, said in enumerate(reference, start=1):
        diagonal, distances[0] = distances[0], row
        for column, other in enumerate(recognized, start=1):
            substituted = diagonal + (said != other)
            diagonal = distances[column]
            distances[column] = min(substituted, diagonal + 1, distances[column - 1] + 1)
    return distances[-1]
