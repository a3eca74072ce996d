"""The one mel definition of all systems: settings, spectrogram, decibels, and back to audio."""

from typing import Literal

import torch
import torchaudio
from attrs import frozen
from torch import Tensor, nn

_SMALLEST_POWER = 1e-10


@frozen(kw_only=True)
class MelSettings:
    """A mel spectrogram in the terms of the field; lengths in samples, frequencies in hertz.

    Frames are centred on multiples of the hop and the ends are reflected, so that a signal of n
    samples has n // hop_length + 1 frames. The window is Hann's, as long as the FFT where
    `MelSpectrogram` has no other argument.
    """

    sample_rate_hz: int
    n_fft: int
    hop_length: int
    num_mels: int
    low_hz: float
    high_hz: float
    scale: Literal["htk", "slaney"]
    norm: Literal["slaney"] | None
    power: float

    def num_frames(self, num_samples: int) -> int:
        """Frames of a signal of `num_samples` samples."""
        return num_samples // self.hop_length + 1


class MelSpectrogram(nn.Module):
    """Waveform [..., samples] in -1..1 to mel spectrogram [..., num_mels, frames] of `power`.

    A `window_length` below that of the FFT puts the window into the FFT's middle, zeros around it.
    """

    def __init__(self, settings: MelSettings, window_length: int | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.window_length = settings.n_fft if window_length is None else window_length
        self.transform = torchaudio.transforms.MelSpectrogram(
            sample_rate=settings.sample_rate_hz,
            n_fft=settings.n_fft,
            win_length=self.window_length,
            hop_length=settings.hop_length,
            n_mels=settings.num_mels,
            f_min=settings.low_hz,
            f_max=settings.high_hz,
            mel_scale=settings.scale,
            norm=settings.norm,
            power=settings.power,
        )

    def forward(self, waveform: Tensor) -> Tensor:
        """Mel spectrogram of a waveform."""
        mel: Tensor = self.transform(waveform)
        return mel

    @torch.no_grad()
    def to_waveform(self, mel: Tensor, num_samples: int, num_iterations: int = 60) -> Tensor:
        """Waveform [..., num_samples] whose mel spectrogram is near `mel`, for listening.

        The filter bank is undone by its pseudo-inverse; phases come from the algorithm of Griffin
        and Lim (1984), started at zero so that the same mel gives the same audio.
        """
        filters = self.transform.mel_scale.fb
        spectrogram = (torch.linalg.pinv(filters.T) @ mel).clamp(min=0.0)
        waveform: Tensor = torchaudio.functional.griffinlim(
            spectrogram,
            window=self.transform.spectrogram.window,
            n_fft=self.settings.n_fft,
            hop_length=self.settings.hop_length,
            win_length=self.window_length,
            power=self.settings.power,
            n_iter=num_iterations,
            momentum=0.99,
            length=num_samples,
            rand_init=False,
        )
        return waveform


def power_to_db(power: Tensor) -> Tensor:
    """10 log10 of a power, not below -100 dB."""
    return 10.0 * power.clamp(min=_SMALLEST_POWER).log10()


def db_to_power(decibels: Tensor) -> Tensor:
    """The inverse of `power_to_db`."""
    return torch.pow(10.0, decibels / 10.0)
