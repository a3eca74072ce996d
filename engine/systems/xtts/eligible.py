"""Which clips of a corpus a recipe can speak, as text tokens, and why the others are left out."""

from collections.abc import Sequence

import numpy as np
from attrs import define, field, frozen

from engine.corpus.manifest import Clip
from engine.errors import UserError
from engine.systems.xtts.recipe import Dataset
from engine.systems.xtts.tokenizer import Tokenizer
from engine.text import visible

_SHOWN = 3


@frozen(eq=False)
class Eligible:
    """Clips that a recipe may use, and what is known of the rest."""

    rows: np.ndarray
    """Ascending rows of the manifest."""
    tokens: Sequence[np.ndarray]
    """Text tokens of each, int32, without START and STOP."""
    left_out: dict[str, list[str]]
    """Ids of clips by the reason for which they are not used."""

    @property
    def notes(self) -> list[str]:
        """Sentences for the report."""
        return [
            f"Left out, {reason}: {len(ids)} (first: {_some(ids)})."
            for reason, ids in self.left_out.items()
        ]


@define
class _Sorter:
    """Sorts clips into those that can be used and those that cannot."""

    dataset: Dataset
    tokenizer: Tokenizer
    rows: list[int] = field(factory=list)
    tokens: list[np.ndarray] = field(factory=list)
    left_out: dict[str, list[str]] = field(factory=dict)

    def add(self, row: int, clip: Clip) -> None:
        found = self._why_not(clip) or self._encoded(clip)
        if isinstance(found, str):
            self.left_out.setdefault(found, []).append(clip.id)
        else:
            self.rows.append(row)
            self.tokens.append(found)

    def _why_not(self, clip: Clip) -> str | None:
        language = clip.language or self.dataset.language
        if language is None:
            return "of no known language (dataset.language names that of such clips)"
        if language not in self.dataset.languages:
            return f"of a language that the recipe does not train ({visible(language)})"
        if clip.seconds < self.dataset.min_seconds:
            return f"shorter than {self.dataset.min_seconds:g} s"
        if clip.seconds > self.dataset.max_seconds:
            return f"longer than {self.dataset.max_seconds:g} s"
        return None if (clip.text or "").strip() else "without a transcript"

    def _encoded(self, clip: Clip) -> np.ndarray | str:
        text, language = clip.text or "", clip.language or self.dataset.language or ""
        try:
            unknown = self.tokenizer.unknown(text, language)
        except UserError:
            return "whose transcript cannot be spoken (nothing but signs, or numbers to write out)"
        if unknown:
            return f"with characters that the vocabulary lacks ({visible(' '.join(unknown))})"
        tokens = self.tokenizer.encode(text, language)
        if len(tokens) > self.dataset.max_text_tokens:
            return f"with more than {self.dataset.max_text_tokens} text tokens"
        return np.array(tokens, np.int32)


def eligible_clips(clips: Sequence[Clip], dataset: Dataset, tokenizer: Tokenizer) -> Eligible:
    """Sort a corpus's clips by the rules of a recipe's dataset table.

    Raises UserError where the vocabulary lacks one of its languages, or no clip is left.
    """
    for language in dataset.languages:
        tokenizer.encode("a", language)  # says which languages there are
    sorter = _Sorter(dataset, tokenizer)
    for row, clip in enumerate(clips):
        sorter.add(row, clip)
    found = Eligible(np.array(sorter.rows, np.int64), sorter.tokens, sorter.left_out)
    if not sorter.rows:
        raise UserError(
            f"None of the {len(clips)} clips of corpus {dataset.corpus!r} can be used. "
            f"{' '.join(found.notes)} Change the dataset table, or the corpus."
        )
    return found


def _some(ids: Sequence[str]) -> str:
    return ", ".join(visible(one) for one in ids[:_SHOWN])
