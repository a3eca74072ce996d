"""Sounds that are as varied as speech, made of numbers: syllables of harmonics that glide."""

import numpy as np
import soxr

RATE_HZ = 16_000


def syllables(seed, seconds=1.0):
    """A clip float32 [samples] of syllables at random pitches and resonances, and pauses."""
    random = np.random.default_rng(seed)
    parts, length = [], 0
    while length < seconds * RATE_HZ:
        parts += [_syllable(random), np.zeros(int(random.integers(400, 1600)))]
        length = sum(map(len, parts))
    samples = np.concatenate(parts)[: round(seconds * RATE_HZ)]
    return (samples + 1e-4 * random.standard_normal(len(samples))).astype(np.float32)


def _syllable(random):
    size = int(random.integers(2000, 4800))
    pitch = random.uniform(90, 220) * np.linspace(1, random.uniform(0.8, 1.25), size)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    first = np.linspace(*random.uniform(300, 900, 2), size)
    second = np.linspace(*random.uniform(900, 2800, 2), size)
    spoken = np.zeros(size)
    for harmonic in range(1, 16):
        hertz = harmonic * pitch
        level = np.exp(-np.square((hertz - first) / 150)) + np.exp(
            -np.square((hertz - second) / 250)
        )
        spoken += level * np.sin(harmonic * phase)
    return 0.2 * random.uniform(0.5, 1) * spoken * np.hanning(size)


def with_noise(samples, decibels, seed=0):
    """White noise so many decibels below the clip."""
    noise = np.random.default_rng(seed).standard_normal(len(samples))
    level = np.sqrt(np.square(samples).mean()) * 10 ** (-decibels / 20)
    return (samples + level * noise).astype(np.float32)


def at_speed(samples, speed):
    """As a tape that runs faster."""
    return np.asarray(soxr.resample(samples, RATE_HZ * speed, RATE_HZ), np.float32)


def narrow(samples):
    """At 8 kHz, and back."""
    return np.asarray(soxr.resample(soxr.resample(samples, RATE_HZ, 8_000), 8_000, RATE_HZ))
