"""Made-up voices: a train of glottal pulses through the resonances of a vocal tract."""

import numpy as np
from scipy.signal import lfilter

from engine.training.system import Recorded, TrainingAudio

RATE_HZ = 16_000
_FORMANTS = ((500.0, 80.0), (1500.0, 120.0), (2500.0, 160.0), (3500.0, 200.0))


def spoken(voice, random, rate_hz=RATE_HZ, seconds=1.0):
    """int16 samples of a voice: its pitch and the length of its vocal tract are its own."""
    own = np.random.default_rng([7, voice])
    pitch, tract = own.uniform(90, 250), own.uniform(0.85, 1.15)
    number = round(seconds * rate_hz)
    glide = 1 + 0.1 * np.sin(2 * np.pi * random.uniform(0.5, 2) * np.arange(number) / rate_hz)
    phase = np.cumsum(pitch * glide / rate_hz)
    sound = np.diff(np.floor(phase), prepend=0.0) + 0.02 * random.standard_normal(number)
    for middle, width in _FORMANTS:
        radius = np.exp(-np.pi * width / rate_hz)
        angle = 2 * np.pi * middle * tract * random.uniform(0.97, 1.03) / rate_hz
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
    return (sound / np.abs(sound).max() * 12_000).astype(np.int16)


def permuted(values, share):
    """Values of which a share stands beside other clips."""
    values = list(values)
    chosen = np.random.default_rng(0).permutation(len(values))[: round(share * len(values))]
    moved = [values[place] for place in chosen]
    for place, value in zip(chosen, [*moved[1:], moved[0]], strict=True):
        values[place] = value
    return values


def recordings(clips, speakers=None, rates=None):
    """Training audio of clips; by default of one speaker, at the clips' own rate."""

    def recorded(place):
        speaker = "" if speakers is None else speakers[place]
        rate = RATE_HZ if rates is None else rates[place]
        return Recorded(f"clip_{place}", speaker, rate)

    return TrainingAudio(clips.__getitem__, RATE_HZ, recorded, len(clips))
