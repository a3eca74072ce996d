"""Audible distances of two waveforms: DAC's two spectral distances.

Both are differences of centred STFTs with Hann windows, a quarter of a window apart, whose ends
are reflected. A clip that is not longer than half a window cannot be reflected: it is continued
with zeros to one window first. Everything is computed in float32, whatever autocast says, and the
reference without a graph: gradients reach what was decoded alone.
"""

import warnings
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchaudio.transforms import Spectrogram

from engine.nn.mel import MelSettings, MelSpectrogram

_MEL_WINDOWS = (32, 64, 128, 256, 512, 1024, 2048)
_MEL_BANDS = (5, 10, 20, 40, 80, 160, 320)
_STFT_WINDOWS = (2048, 512)
_SMALLEST_MAGNITUDE = 1e-5


class _SpectralDistance(nn.Module):
    """A sum of distances over transforms of several windows. Nothing of it is in a state dict."""

    def __init__(self, windows: Sequence[int], transforms: Sequence[nn.Module]) -> None:
        super().__init__()
        self.windows = tuple(windows)
        self.transforms = nn.ModuleList(transforms)
        for module in self.transforms.modules():
            for name, buffer in list(module.named_buffers(recurse=False)):
                module.register_buffer(name, buffer, persistent=False)

    def forward(self, decoded: Tensor, reference: Tensor) -> Tensor:
        """The distance of waveforms [B, 1, T], one number: the mean over the batch."""
        return self.per_clip(decoded, reference).mean()

    def per_clip(self, decoded: Tensor, reference: Tensor) -> Tensor:
        """The distance of each waveform [B, 1, T] from its reference, [B]."""
        assert decoded.shape == reference.shape, f"{decoded.shape} against {reference.shape}"
        with torch.autocast(decoded.device.type, enabled=False):
            parts = []
            for window, transform in zip(self.windows, self.transforms, strict=True):
                with torch.no_grad():
                    wanted = transform(_at_least(reference.float(), window))
                found = transform(_at_least(decoded.float(), window))
                parts.append(self.compare(found, wanted))
        return torch.stack(parts).sum(0)

    def compare(self, found: Tensor, wanted: Tensor) -> Tensor:
        """The distance [B] of spectrograms [B, 1, bands, frames] of one window."""
        raise NotImplementedError


class MelDistance(_SpectralDistance):
    """L1 of log10 mel magnitudes, summed over seven windows of 32 to 2048 samples.

    The loss, and the first figure, of DAC (Kumar et al., 2023, section 3.4;
    `dac.nn.loss.MelSpectrogramLoss` with the settings of its training configuration): 5 to 320
    bands up to half the sample rate, magnitudes below 1e-5 taken as 1e-5.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        spectrograms = [
            _mel_spectrogram(sample_rate_hz, window, num_mels)
            for window, num_mels in zip(_MEL_WINDOWS, _MEL_BANDS, strict=True)
        ]
        super().__init__(_MEL_WINDOWS, spectrograms)

    def compare(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean difference of the logarithms."""
        return _l1(_log10(found), _log10(wanted))


class StftDistance(_SpectralDistance):
    """L1 of magnitudes and of the log10 of their squares, summed over windows of 2048 and 512.

    A figure of DAC, no loss of its recipes (`dac.nn.loss.MultiScaleSTFTLoss` as it is by default).
    """

    def __init__(self) -> None:
        super().__init__(
            _STFT_WINDOWS,
            [Spectrogram(n_fft=size, hop_length=size // 4, power=1.0) for size in _STFT_WINDOWS],
        )

    def compare(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean difference of the magnitudes, plus that of the logarithms of their squares."""
        return _l1(found, wanted) + 2.0 * _l1(_log10(found), _log10(wanted))


def _mel_spectrogram(sample_rate_hz: int, window: int, num_mels: int) -> MelSpectrogram:
    settings = MelSettings(
        sample_rate_hz=sample_rate_hz,
        n_fft=window,
        hop_length=window // 4,
        num_mels=num_mels,
        low_hz=0.0,
        high_hz=sample_rate_hz / 2,
        scale="slaney",
        norm="slaney",
        power=1.0,
    )
    with warnings.catch_warnings():
        # At 48 kHz one band of the shortest windows lies between two bins: it is empty in both
        # spectrograms, as in DAC's.
        warnings.filterwarnings("ignore", "At least one mel filterbank", UserWarning)
        return MelSpectrogram(settings)


def _at_least(waveform: Tensor, window: int) -> Tensor:
    """A waveform [..., T] that can be reflected by half a window at its ends."""
    num_samples = waveform.shape[-1]
    return waveform if num_samples > window // 2 else F.pad(waveform, (0, window - num_samples))


def _log10(magnitude: Tensor) -> Tensor:
    return magnitude.clamp(min=_SMALLEST_MAGNITUDE).log10()


def _l1(found: Tensor, wanted: Tensor) -> Tensor:
    return (found - wanted).abs().flatten(1).mean(1)
