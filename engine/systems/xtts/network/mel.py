"""The two log mel spectrograms of XTTS v2: of the audio it is conditioned on, and of what is coded.

Both are upstream's (`TorchMelSpectrogram`) and differ in the length of the FFT alone.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.mel import MelSettings, MelSpectrogram

SAMPLE_RATE_HZ = 22_050
NUM_MELS = 80
HOP_LENGTH = 256
FRAMES_PER_CODE = 4
CODE_STRIDE = FRAMES_PER_CODE * HOP_LENGTH
"""Samples from one audio code to the next."""

_WINDOW_LENGTH = 1024
_SMALLEST_POWER = 1e-5


class LogMel(nn.Module):
    """Waveform [..., samples] in -1..1 at 22,050 Hz to log mel [..., 80, frames], normalized.

    Frames lie 256 samples apart, samples // 256 + 1 of them. The logarithm of each band's power is
    divided by the band's value in `mel_stats` [80], which comes with published weights. Audio
    shorter than the FFT is followed by silence. Never computed in half precision.
    """

    mel_stats: Tensor

    def __init__(self, mel_stats: Tensor, n_fft: int) -> None:
        super().__init__()
        assert mel_stats.shape == (NUM_MELS,), tuple(mel_stats.shape)
        settings = MelSettings(
            sample_rate_hz=SAMPLE_RATE_HZ,
            n_fft=n_fft,
            hop_length=HOP_LENGTH,
            num_mels=NUM_MELS,
            low_hz=0.0,
            high_hz=8_000.0,
            scale="htk",
            norm="slaney",
            power=2.0,
        )
        self.spectrogram = MelSpectrogram(settings, _WINDOW_LENGTH)
        self.register_buffer("mel_stats", mel_stats.detach().float().clone())

    def forward(self, waveform: Tensor) -> Tensor:
        """Normalized log mel spectrogram of a waveform."""
        missing = self.spectrogram.settings.n_fft - waveform.shape[-1]
        with torch.autocast(waveform.device.type, enabled=False):
            power = self.spectrogram(F.pad(waveform.float(), (0, max(0, missing))))
            mel: Tensor = power.clamp(min=_SMALLEST_POWER).log() / self.mel_stats[:, None]
            return mel

    def to_waveform(self, mel: Tensor, num_samples: int) -> Tensor:
        """Waveform [num_samples] whose spectrogram is near `mel` [80, frames], for listening.

        The last frame goes on where frames are missing, and what is beyond the end is left out.
        """
        num_frames = self.spectrogram.settings.num_frames(num_samples)
        frames = torch.arange(num_frames, device=mel.device).clamp(max=mel.shape[-1] - 1)
        power = (mel[:, frames] * self.mel_stats[:, None]).exp()
        return self.spectrogram.to_waveform(power, num_samples)


class ConditioningMel(LogMel):
    """The mel spectrogram of a reference recording, for conditioning: `n_fft` is 2048."""

    def __init__(self, mel_stats: Tensor) -> None:
        super().__init__(mel_stats, n_fft=2048)


class CodeMel(LogMel):
    """The mel spectrogram that is encoded to audio codes: `n_fft` is 1024."""

    def __init__(self, mel_stats: Tensor) -> None:
        super().__init__(mel_stats, n_fft=1024)
