"""What stands in for a synthesizer in tests: it sings at the pitch it is given, or does not."""

import numpy as np

from tests.systems.rvc.conftest import RATE

HOP = RATE // 100


def sung(f0):
    """A buzz [T * hop] at a pitch [T] in Hz, silent where there is none."""
    hertz = np.repeat(f0.astype(np.float64), HOP)
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    buzz = sum(np.sin(k * phase) / k for k in range(1, 8))
    return (0.2 * buzz * (hertz > 0)).astype(np.float32)


def follows(part, f0, speaker):
    return sung(f0)


def ignores_pitch(part, f0, speaker):
    return sung(part.f0)


def monotonous(part, f0, speaker):
    return sung(np.where(f0 > 0, 200.0, 0.0))


def silent(part, f0, speaker):
    return 1e-4 * sung(f0)


def mute(part, f0, speaker):
    return np.zeros_like(sung(f0))


def clicking(part, f0, speaker):
    made = sung(f0)
    made[::1000] += 2.0
    return made


def offset(part, f0, speaker):
    return sung(f0) - 0.2


def lost(part, f0, speaker):
    return np.full_like(sung(f0), np.nan)
