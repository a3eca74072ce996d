"""Which clips of a corpus a recipe can speak, as text tokens, and why the others are left out."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
from attrs import define, field, frozen

from engine.corpus.table.manifest import Clip
from engine.errors import RefusedValuesError, UserError
from engine.files.text import visible
from engine.system_support.left_out import LeftOut, by_reason, notes_of
from engine.system_support.lower_rates import recorded_lower
from engine.systems.xtts.recipe import MOST_TEXT_TOKENS, SAMPLE_RATE_HZ, Dataset
from engine.systems.xtts.text.tokenizer import Tokenizer

Reason = Literal[
    "language unknown",
    "other language",
    "too short",
    "too long",
    "recorded lower",
    "transcript missing",
    "alphabet unknown",
    "unspeakable",
    "too many tokens",
]

WAY_OUT: Mapping[Reason, str] = MappingProxyType(
    {
        "language unknown": "name it in the corpus, or set dataset.language",
        "other language": "add it to dataset.languages",
        "too short": "lower dataset.min_seconds; the conditioning encoder needs 0.34 s",
        "too long": "cut it into sentences, or raise dataset.max_seconds, at most to 28",
        "recorded lower": "record it again, or set dataset.upsampling = 'allow'",
        "transcript missing": "write what is said into the corpus's table",
        "alphabet unknown": "correct the transcript, or extend the vocabulary",
        "unspeakable": "write into the transcript what is said, in words",
        "too many tokens": "cut it into sentences, or raise dataset.max_text_tokens; the GPT "
        f"holds {MOST_TEXT_TOKENS}",
    }
)
"""What would make a clip usable, by reason."""
_SHOWN_CHARACTERS = 20


@frozen(eq=False)
class Eligible:
    """Clips that a recipe may use, and the reasons why others are left out."""

    rows: np.ndarray
    """Ascending rows of the manifest."""
    tokens: Sequence[np.ndarray]
    """Text tokens of each, int32, without START and STOP."""
    left_out: Sequence[LeftOut[Reason]]
    """By row."""

    @property
    def counts(self) -> dict[Reason, int]:
        """How many clips are left out, by reason."""
        return {reason: len(these) for reason, these in by_reason(self.left_out).items()}

    @property
    def notes(self) -> list[str]:
        """Sentences for the report."""
        return notes_of(self.left_out)


@define
class _Sorter:
    """Sorts clips into those that can be used and those that cannot."""

    dataset: Dataset
    tokenizer: Tokenizer
    rows: list[int] = field(factory=list)
    tokens: list[np.ndarray] = field(factory=list)
    left_out: list[LeftOut[Reason]] = field(factory=list)

    def add(self, row: int, clip: Clip) -> None:
        found = self._why_not(clip) or self._encoded(clip)
        if isinstance(found, tuple):
            self.left_out.append(LeftOut(row, clip.id, *found))
        else:
            self.rows.append(row)
            self.tokens.append(found)

    def _why_not(self, clip: Clip) -> tuple[Reason, str] | None:
        language, table = language_of(clip, self.dataset), self.dataset
        if language is None:
            return "language unknown", ""
        if language not in table.languages:
            return "other language", visible(language)
        if clip.seconds < table.min_seconds:
            return "too short", f"{clip.seconds:.4g} s, at least {table.min_seconds:g}"
        if clip.seconds > table.max_seconds:
            return "too long", f"{clip.seconds:.4g} s, at most {table.max_seconds:g}"
        if clip.sample_rate_hz < SAMPLE_RATE_HZ and table.upsampling == "leave_out":
            return "recorded lower", f"{clip.sample_rate_hz:,} Hz, at least {SAMPLE_RATE_HZ:,}"
        return None if (clip.text or "").strip() else ("transcript missing", "")

    def _encoded(self, clip: Clip) -> np.ndarray | tuple[Reason, str]:
        text, language = clip.text or "", language_of(clip, self.dataset) or ""
        try:
            unknown = self.tokenizer.unknown(text, language)
        except UserError as error:
            return "unspeakable", visible(str(error))
        if unknown:
            more = ", and more" if len(unknown) > _SHOWN_CHARACTERS else ""
            return "alphabet unknown", visible(" ".join(unknown[:_SHOWN_CHARACTERS])) + more
        tokens = self.tokenizer.encode(text, language)
        if len(tokens) > self.dataset.max_text_tokens:
            most = self.dataset.max_text_tokens
            return "too many tokens", f"{len(tokens)} tokens, at most {most}"
        return np.array(tokens, np.int32)


def eligible_clips(clips: Sequence[Clip], dataset: Dataset, tokenizer: Tokenizer) -> Eligible:
    """Sort a corpus's clips by the rules of a recipe's dataset table.

    Raises UserError where the vocabulary lacks one of its languages, where clips were recorded at a
    lower rate and the table refuses that, or where no clip is left.
    """
    recorded_lower(clips, dataset.corpus, SAMPLE_RATE_HZ, dataset.upsampling)
    for language in dataset.languages:
        tokenizer.encode("a", language)  # says which languages there are
    sorter = _Sorter(dataset, tokenizer)
    for row, clip in enumerate(clips):
        sorter.add(row, clip)
    found = Eligible(np.array(sorter.rows, np.int64), sorter.tokens, sorter.left_out)
    if not sorter.rows:
        raise RefusedValuesError(
            f"None of the {len(clips)} clips of corpus {dataset.corpus!r} can be used. "
            f"{' '.join(found.notes)} Change the dataset table, or the corpus."
        )
    return found


def language_of(clip: Clip, dataset: Dataset) -> str | None:
    """The language of a clip: its own, or what the recipe says of clips that name none."""
    return clip.language or dataset.language
