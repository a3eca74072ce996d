"""The note on its speakers in an exported model, for conversion."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.analysis.pitch.fcpe import Fcpe
from engine.analysis.pitch.method import PitchMethod
from engine.systems.rvc.conversion.pitch_names import name_of
from engine.systems.rvc.notes import OURS, PitchNote, Speaker, VoiceNote, from_json, to_json
from engine.systems.rvc.recipe import RvcRecipe

if TYPE_CHECKING:  # conversion reads notes, and none of the corpus
    from engine.systems.rvc.data.recordings import Recordings

_NOTE = "voice"
"""Key of the note among the entries of a `.pth` that are the engine's."""


def voice_note(recordings: "Recordings", recipe: RvcRecipe) -> Mapping[str, str]:
    """The note of a trained model, as one of the entries of its `.pth` that are the engine's."""
    from engine.systems.rvc.references import median_pitches

    names = recordings.speaker_names
    speakers = [
        Speaker(name=name, row=row, median_hz=None if isnan(hertz) else round(hertz, 2))
        for row, (name, hertz) in enumerate(
            zip(names, median_pitches(recordings.spoken, len(names)), strict=True)
        )
    ]
    note = VoiceNote(
        speakers=tuple(speakers),
        content=recordings.methods.content.digest,
        pitch=_pitch_note(recordings.methods.pitch, recipe),
        unvoiced=recipe.dataset.unvoiced,
    )
    return {_NOTE: to_json(note)}


def read_voice_note(facts: Mapping[str, Any], path: Path) -> VoiceNote | None:
    """The note among the entries of a `.pth`; None where another program wrote the file.

    Raises UserError where it is damaged.
    """
    own = facts.get(OURS)
    text = own.get(_NOTE) if isinstance(own, Mapping) else None
    return None if text is None else from_json(str(text), VoiceNote, path)


def _pitch_note(method: PitchMethod | None, recipe: RvcRecipe) -> PitchNote | None:
    """The note on the pitch method in use, which may be fcpe in place of the recipe's rmvpe."""
    if method is None:
        return None
    kind = "fcpe" if isinstance(method, Fcpe) else name_of(recipe.dataset.pitch)
    return PitchNote(kind=kind, digest=method.digest)
