"""Resemblyzer's speaker encoder (Wan et al., 2018: GE2E): whether two recordings have one voice.

Its weights alone are used: the package imports what newer SciPy has no more, and a module in C.
"""

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn

from engine.files.packages import PackagedWeights
from engine.metrics.judges.judge import SAMPLE_RATE_HZ, JudgedAudio, resampled

_WEIGHTS = "pretrained.pt"
WEIGHTS = PackagedWeights(
    "resemblyzer",
    "resemblyzer",
    {_WEIGHTS: "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"},
    install="pip install --no-deps resemblyzer==0.1.4",
)
_NUM_MELS, _DIM, _NUM_LAYERS = 40, 256, 3
_WINDOW, _HOP = 400, 160
_FRAMES, _STEP = 160, 80
"""Windows of 1.6 s, half overlapping, which the network was trained on."""
_LOWEST_RMS = 10 ** (-30 / 20)
"""-30 dB: quieter recordings are made so loud."""
_FAINT_DB = 40.0
"""Windows so far below the loudest hold no speech, and are left out."""


@frozen(eq=False)
class Resemblyzer:
    """Embeds voices as vectors of length 1, and compares them by their cosine."""

    lstm: nn.LSTM
    linear: nn.Linear

    def score(self, audio: JudgedAudio) -> Mapping[str, float]:
        """One figure, 1 at most: in English two voices part at about 0.75. Silence has 0."""
        assert audio.voice is not None, "there is no voice to compare with"
        one, other = (
            self.embed(clip, audio.sample_rate_hz) for clip in (audio.voice, audio.samples)
        )
        return {"resemblyzer": float(one @ other)}

    @torch.inference_mode()
    def embed(self, samples: np.ndarray, sample_rate_hz: int) -> Tensor:
        """The voice in a clip [samples] as a vector [256] of length 1; of silence, 0."""
        at_16k = resampled(samples.astype(np.float32), sample_rate_hz)
        rms = float(np.sqrt(np.mean(np.square(at_16k)))) if len(at_16k) else 0.0
        if rms == 0.0:
            return torch.zeros(_DIM)
        windows = _windows(at_16k * max(1.0, _LOWEST_RMS / rms))
        _, (hidden, _) = self.lstm(windows)
        voices = F.normalize(F.relu(self.linear(hidden[-1])), dim=1)
        return F.normalize(voices.mean(0), dim=0)


def load() -> Resemblyzer:
    """The judge with its weights, which `WEIGHTS.fault` has found to be there."""
    saved = torch.load(WEIGHTS.path(_WEIGHTS), map_location="cpu", weights_only=True)["model_state"]
    lstm, linear = nn.LSTM(_NUM_MELS, _DIM, _NUM_LAYERS, batch_first=True), nn.Linear(_DIM, _DIM)
    for name, module in (("lstm", lstm), ("linear", linear)):
        module.load_state_dict({key: saved[f"{name}.{key}"] for key in module.state_dict()})
        module.requires_grad_(False)
    return Resemblyzer(lstm, linear)


def _windows(samples: np.ndarray) -> Tensor:
    """Mel power [windows, frames, mels] of the windows that are loud enough to hold speech."""
    from librosa.feature import melspectrogram

    num = max(1, 1 + -(-(len(samples) // _HOP - _FRAMES) // _STEP))
    padded = np.pad(samples, (0, max(0, (num - 1) * _STEP + _FRAMES) * _HOP - len(samples)))
    mel = melspectrogram(
        y=padded, sr=SAMPLE_RATE_HZ, n_fft=_WINDOW, hop_length=_HOP, n_mels=_NUM_MELS
    ).T
    windows = np.stack([mel[start * _STEP :][:_FRAMES] for start in range(num)])
    power = windows.mean((1, 2))
    loud = power >= power.max() * 10 ** (-_FAINT_DB / 10)
    return torch.from_numpy(windows[loud].astype(np.float32))
