"""Power spectra of the loud frames of a clip: what is said in it, without its pauses."""

import numpy as np

_FRAME_SECONDS, _MOST_SECONDS = 0.032, 4.0
_LEAST_FRAMES = 4
_LOUD = 0.05
"""Share of the loudest frame's energy from which a frame is loud."""


def loud_power(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Power [frames, bins] of the loud frames in the first seconds of a clip of int16 samples.

    No frames where the clip is too short or silent. Bins are at equal distances from 0 to half of
    the sample rate.
    """
    size = round(_FRAME_SECONDS * sample_rate_hz)
    clip = samples[: round(_MOST_SECONDS * sample_rate_hz)].astype(np.float32)
    nothing = np.zeros((0, size // 2 + 1), np.float32)
    if len(clip) < _LEAST_FRAMES * size:
        return nothing
    frames = np.lib.stride_tricks.sliding_window_view(clip, size)[:: size // 2]
    energy = np.square(frames).mean(1)
    if not energy.max() > 0.0:
        return nothing
    loud = frames[energy >= _LOUD * energy.max()] * np.hanning(size).astype(np.float32)
    power: np.ndarray = np.abs(np.fft.rfft(loud, axis=1)) ** 2
    return power if len(power) >= _LEAST_FRAMES else nothing
