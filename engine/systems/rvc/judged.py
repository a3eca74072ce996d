"""Converted clips as judges get them."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen

from engine.files.checksum import digest_of
from engine.metrics.judges.judge import JudgedAudio
from engine.system_support.judged_clips import MadeClip
from engine.systems.rvc.evaluate import Asked, Converted


def conversion_digest(asked: Asked, speaker: str, made_with: str) -> str:
    """Digest of everything that a conversion depends on except the weights.

    `speaker` is the voice's name, `made_with` what decides how any clip is converted.
    """
    moved = f", {asked.semitones:+.1f} semitones" if asked.semitones else ""
    return digest_of([[part.seed for part in asked.parts], speaker, moved, made_with])


@frozen(eq=False)
class JudgedConversions:
    """The clips that are converted at every evaluation, and the voices that they should have."""

    asked: Sequence[Asked]
    speakers: Sequence[str]
    """The names of the trained voices."""
    voices: Sequence[np.ndarray | None]
    """Recordings [samples] of the trained voices."""
    sample_rate_hz: int
    made_with: str

    @property
    def all_made_of(self) -> list[str]:
        """Digest of each conversion, in their order."""
        return [
            conversion_digest(one, self.speakers[one.target], self.made_with) for one in self.asked
        ]

    def made(self, converted: Sequence[Converted]) -> Iterator[MadeClip]:
        """The converted clips, for judges."""
        pairs = zip(converted, self.all_made_of, strict=True)
        for number, (one, digest) in enumerate(pairs, start=1):
            voice = self.voices[one.asked.target]
            audio = JudgedAudio(one.audio, self.sample_rate_hz, voice=voice)
            yield MadeClip(f"converted_{number}", digest, audio)
