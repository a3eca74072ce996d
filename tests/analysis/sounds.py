"""Sounds whose pitch is known."""

import numpy as np

RATE = 16_000


def glide(low_hz=150.0, high_hz=300.0, seconds=1.0, rate=RATE):
    """A voice-like sound that glides from one pitch to another, and its pitch at each sample."""
    times = np.arange(round(seconds * rate)) / rate
    hertz = low_hz * (high_hz / low_hz) ** (times / seconds)
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 8))
    return (0.2 * sound).astype(np.float32), hertz


def noise(seconds=1.0, level=0.1, seed=0):
    """White noise."""
    random = np.random.default_rng(seed)
    return random.normal(0.0, level, round(seconds * RATE)).astype(np.float32)
