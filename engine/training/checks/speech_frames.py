"""Spectra and cepstra of the first seconds of a clip, and which of its frames are loud."""

import numpy as np
import torch
from attrs import frozen
from scipy.fft import dct
from torchaudio.functional import melscale_fbanks

_FRAME_SECONDS, _MOST_SECONDS = 0.032, 4.0
_LEAST_FRAMES = 4
_LOUD = 0.05
"""Share of the loudest frame's energy from which a frame is loud."""
_BANDS, _COEFFICIENTS = 24, 20
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 3600.0


@frozen(eq=False)
class SpeechFrames:
    """Frames of 32 ms, every 16 ms, of the first seconds of a clip."""

    power: np.ndarray
    """[frames, bins], at equal distances from 0 to half of the sample rate."""
    is_loud: np.ndarray
    """[frames]"""
    sample_rate_hz: int

    @property
    def loud_power(self) -> np.ndarray:
        """Power of the loud frames [loud frames, bins]: what is said, without its pauses."""
        loud: np.ndarray = self.power[self.is_loud]
        return loud

    def cepstra(self) -> np.ndarray:
        """Mel-frequency cepstral coefficients of all frames, without the level [frames, 19]."""
        highest = min(_HIGHEST_HZ, self.sample_rate_hz / 2)
        with torch.no_grad():
            filters = melscale_fbanks(
                self.power.shape[1], _LOWEST_HZ, highest, _BANDS, self.sample_rate_hz
            ).numpy()
        floor = 1e-8 * self.loud_power.mean() + 1e-20
        found: np.ndarray = dct(np.log(self.power @ filters + floor), axis=1)[:, 1:_COEFFICIENTS]
        return found


def speech_frames(samples: np.ndarray, sample_rate_hz: int) -> SpeechFrames | None:
    """The frames of a clip of int16 samples; None where it is too short or silent."""
    size = round(_FRAME_SECONDS * sample_rate_hz)
    clip = samples[: round(_MOST_SECONDS * sample_rate_hz)].astype(np.float32)
    if len(clip) < _LEAST_FRAMES * size:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(clip, size)[:: size // 2]
    energy = np.square(frames).mean(1)
    is_loud = energy >= _LOUD * energy.max()
    if not energy.max() > 0.0 or is_loud.sum() < _LEAST_FRAMES:
        return None
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
    return SpeechFrames(power, is_loud, sample_rate_hz)
