"""Pitch, recordings and speaker embeddings of the trained voices, from their slices."""

import numpy as np
from torch import Tensor

from engine.metrics.pitch import median_f0
from engine.systems.rvc.data.clips import VoiceSlices
from engine.systems.rvc.judge import Judge

_REFERENCE_SECONDS = 10
"""Length of a voice's recordings that a speaker encoder takes."""


def median_pitches(training: VoiceSlices, num_speakers: int) -> list[float]:
    """The median pitch of each speaker in Hz; NaN where no frame has voice."""
    of_each = ([training.pitch[at] for at in _places(training, n)] for n in range(num_speakers))
    return [median_f0(np.concatenate([np.zeros(0, np.float32), *pitch])) for pitch in of_each]


def reference_recordings(
    training: VoiceSlices, num_speakers: int, sample_rate_hz: int
) -> list[np.ndarray | None]:
    """Up to ten seconds of each speaker's longest slices, float32 [samples]; None without any."""
    found: list[np.ndarray | None] = []
    for number in range(num_speakers):
        places = sorted(_places(training, number), key=lambda at: -training.frames[at])
        audio = [training.audio(place) for place in places[:_REFERENCE_SECONDS]]
        samples = _REFERENCE_SECONDS * sample_rate_hz
        found.append(np.concatenate(audio)[:samples] if audio else None)
    return found


def reference_voices(training: VoiceSlices, num_speakers: int, judge: Judge) -> list[Tensor | None]:
    """The speaker embedding of each speaker's recordings; None without recordings or encoder."""
    if judge.similarity is None:
        return [None] * num_speakers
    recordings = reference_recordings(training, num_speakers, judge.sample_rate_hz)
    return [None if audio is None else judge.voice(audio) for audio in recordings]


def _places(training: VoiceSlices, speaker: int) -> list[int]:
    places: list[int] = np.flatnonzero(training.speakers == speaker).tolist()
    return places
