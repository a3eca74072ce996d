"""Spectrograms as RVC has them: of magnitudes, not centred, their ends reflected."""

from typing import Literal

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

Floor = Literal["classic", "2026"]
_FLOORS = {"classic": (1e-6, 1e-5), "2026": (2e-7, 2e-6)}
"""Values added to a power, and the least mel magnitude. "classic" is that of RVC up to June 2024,
of Applio, and of the published weights; "2026" that of RVC WebUI since July 2026."""


@frozen(kw_only=True)
class SpectrogramSettings:
    """Lengths in samples. The window is Hann's, of n_fft samples."""

    sample_rate_hz: int
    n_fft: int
    hop_length: int
    num_mels: int
    floor: Floor = "classic"


class LinearSpectrogram(nn.Module):
    """Waveform [B, samples] to magnitudes [B, n_fft / 2 + 1, samples // hop].

    Frame i is centred on sample (i + 1/2) * hop. Clips must be longer than (n_fft - hop) / 2.
    """

    window: Tensor

    def __init__(self, settings: SpectrogramSettings) -> None:
        super().__init__()
        self.settings = settings
        window = torch.hann_window(settings.n_fft)
        self.register_buffer("window", window, persistent=False)

    def forward(self, waveform: Tensor) -> Tensor:
        """Magnitudes in float32, whatever autocast says."""
        n_fft, hop = self.settings.n_fft, self.settings.hop_length
        margin = (n_fft - hop) // 2
        with torch.autocast(waveform.device.type, enabled=False):
            padded = F.pad(waveform.float()[:, None], (margin, margin), mode="reflect")[:, 0]
            spectrum = torch.stft(
                padded, n_fft, hop, window=self.window, center=False, return_complex=True
            )
            power = torch.view_as_real(spectrum).square().sum(-1)
            return (power + _FLOORS[self.settings.floor][0]).sqrt()


class LogMel(nn.Module):
    """The natural logarithm of mel bands of magnitudes, by Slaney's scale and norm."""

    filters: Tensor

    def __init__(self, settings: SpectrogramSettings) -> None:
        super().__init__()
        self.settings = settings
        filters = melscale_fbanks(
            settings.n_fft // 2 + 1,
            0.0,
            settings.sample_rate_hz / 2,
            settings.num_mels,
            settings.sample_rate_hz,
            norm="slaney",
            mel_scale="slaney",
        )
        self.register_buffer("filters", filters.T.contiguous(), persistent=False)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """[B, bins, frames] to [B, num_mels, frames], in float32."""
        with torch.autocast(magnitudes.device.type, enabled=False):
            mel = self.filters @ magnitudes.float()
            return mel.clamp(min=_FLOORS[self.settings.floor][1]).log()
