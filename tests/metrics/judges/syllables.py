"""Sounds that judges take for speech."""

import numpy as np


def syllables(seconds, rate, seed=0, hertz=150):
    """Bursts of harmonics with gaps between them: what PESQ takes for utterances."""
    time = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 20))
    gate = (time % 0.6 < 0.35) * np.sin(np.pi * np.clip(time % 0.6 / 0.35, 0, 1))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.1 * voice * gate + 1e-4 * noise).astype(np.float32)


def noisy(clip, level):
    """A clip with white noise of a level."""
    noise = np.random.default_rng(1).standard_normal(len(clip))
    return (clip + level * noise).astype(np.float32)
