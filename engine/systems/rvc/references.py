"""What is known of the learned voices from their training slices."""

import numpy as np
from torch import Tensor

from engine.metrics.pitch import median_f0
from engine.systems.rvc.data.clips import VoiceSlices
from engine.systems.rvc.judge import Judge

_REFERENCE_SECONDS = 10
"""Of a voice's recordings, that a speaker encoder hears."""


def median_pitches(training: VoiceSlices, num_speakers: int) -> list[float]:
    """The median pitch of each speaker in Hz; nan where no frame has voice."""
    of_each = ([training.pitch[at] for at in _places(training, n)] for n in range(num_speakers))
    return [median_f0(np.concatenate([np.zeros(0, np.float32), *pitch])) for pitch in of_each]


def reference_voices(training: VoiceSlices, num_speakers: int, judge: Judge) -> list[Tensor | None]:
    """Each speaker's voice, by a speaker encoder from the longest slices; None without either."""
    if judge.similarity is None:
        return [None] * num_speakers
    samples = _REFERENCE_SECONDS * judge.sample_rate_hz
    found: list[Tensor | None] = []
    for number in range(num_speakers):
        places = sorted(_places(training, number), key=lambda at: -training.frames[at])
        audio = [training.audio(place) for place in places[:_REFERENCE_SECONDS]]
        found.append(judge.voice(np.concatenate(audio)[:samples]) if audio else None)
    return found


def _places(training: VoiceSlices, speaker: int) -> list[int]:
    places: list[int] = np.flatnonzero(training.speakers == speaker).tolist()
    return places
