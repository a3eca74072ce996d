"""Log mel spectrograms as content features: no weights, and more of the speaker in them."""

from functools import cache, cached_property
from typing import Literal

import numpy as np
import torch
from attrs import asdict, frozen
from torchaudio.functional import create_dct

from engine.analysis.content.encoder import HOP_LENGTH, SAMPLE_RATE_HZ
from engine.files.checksum import digest_of
from engine.nn.mel import MelSettings, MelSpectrogram

_N_FFT = 1024
_SMALLEST_POWER = 1e-8
"""-80 dB: what is below is as silent to the network as it is to the ear."""
_SMALLEST_DEVIATION = 1e-3
_SEED = 0


@frozen(kw_only=True, slots=False)
class LogMel:
    """Log mel bands, or their cepstral coefficients, 50 times a second, in `dim` dimensions.

    A fixed matrix with orthonormal rows turns them: lengths and angles stay as they are.
    """

    dim: int
    num_mels: int = 40
    num_cepstra: int = 0
    """Coefficients that take the place of the bands, the lowest: the spectrum smoothed; 0: none."""
    normalise: Literal["off", "clip"] = "clip"
    """Whether each one's mean and deviation over the audio are taken out."""

    @cached_property
    def digest(self) -> str:
        """Digest of the settings."""
        return digest_of(["logmel", sorted(asdict(self).items())])

    def num_frames(self, num_samples: int) -> int:
        """Frames of so many samples, centred on multiples of 320."""
        return num_samples // HOP_LENGTH + 1

    @torch.inference_mode()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Features of each frame: see `ContentEncoder`."""
        missing = max(0, _N_FFT - len(samples))
        waveform = torch.from_numpy(np.pad(samples.astype(np.float32, copy=False), (0, missing)))
        mel = _mel(self.num_mels)(waveform).clamp(min=_SMALLEST_POWER).log().numpy().T
        found = mel[: self.num_frames(len(samples))]
        if self.num_cepstra:
            found = found @ _cosines(self.num_mels, self.num_cepstra)
        if self.normalise == "clip":
            found = (found - found.mean(0)) / np.maximum(found.std(0), _SMALLEST_DEVIATION)
        turned: np.ndarray = found @ _turning(found.shape[1], self.dim)
        return turned


@cache
def _mel(num_mels: int) -> MelSpectrogram:
    return MelSpectrogram(
        MelSettings(
            sample_rate_hz=SAMPLE_RATE_HZ,
            n_fft=_N_FFT,
            hop_length=HOP_LENGTH,
            num_mels=num_mels,
            low_hz=50.0,
            high_hz=SAMPLE_RATE_HZ / 2,
            scale="slaney",
            norm="slaney",
            power=2.0,
        )
    )


@cache
def _cosines(num_mels: int, num_cepstra: int) -> np.ndarray:
    """From bands to the lowest cepstral coefficients [num_mels, num_cepstra], of length 1 each."""
    cosines: np.ndarray = create_dct(num_cepstra, num_mels, norm="ortho").numpy()
    return cosines


@cache
def _turning(size: int, dim: int) -> np.ndarray:
    """A matrix [size, dim] with orthonormal rows, the same on every machine."""
    random = np.random.default_rng(_SEED).standard_normal((dim, size))
    orthonormal, triangle = np.linalg.qr(random)
    signs = np.sign(np.diag(triangle))  # which of the two signs is a choice of the library
    return np.ascontiguousarray((orthonormal * signs).T, np.float32)
