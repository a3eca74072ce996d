"""From a packed clip to the mel spectrogram in decibels that the networks read."""

from typing import Literal

import numpy as np
import torch
from attrs import asdict, frozen
from torch import Tensor

from engine.corpus.audio.pcm import FULL_SCALE
from engine.nn.mel import MelSettings, MelSpectrogram, db_to_power, power_to_db
from engine.systems.vqvae.recipe import Dataset
from engine.systems.vqvae.shapes import HIGH_HZ, HOP_LENGTH, NUM_FRAMES, NUM_MELS


@frozen
class FrontEnd:
    """One clip is one window of audio and one mel spectrogram [1, NUM_MELS, NUM_FRAMES]."""

    sample_rate_hz: int
    num_samples: int
    window: Literal["first", "loudest"]
    mel: MelSpectrogram

    @classmethod
    def of(cls, dataset: Dataset) -> "FrontEnd":
        """The front end of a recipe's dataset table."""
        num_samples = round(dataset.clip_seconds * dataset.sample_rate_hz)
        settings = MelSettings(
            sample_rate_hz=dataset.sample_rate_hz,
            n_fft=1024,
            hop_length=HOP_LENGTH,
            num_mels=NUM_MELS,
            low_hz=0.0,
            high_hz=HIGH_HZ,
            scale="htk",
            norm=None,
            power=2.0,
        )
        assert settings.num_frames(num_samples) == NUM_FRAMES, "the recipe's cross checks see to it"
        return cls(dataset.sample_rate_hz, num_samples, dataset.window, MelSpectrogram(settings))

    @property
    def facts(self) -> dict[str, str | int | float | None]:
        """Everything that the decibels of a given clip depend on."""
        return {"num_samples": self.num_samples, "window": self.window, **asdict(self.mel.settings)}

    def start(self, samples: np.ndarray) -> int:
        """Index of the sample at which the window of a clip, int16 [samples], starts."""
        return _loudest(samples, self.num_samples) if self.window == "loudest" else 0

    def cut(self, samples: np.ndarray) -> np.ndarray:
        """The window of a clip, int16 [samples], as float32 [num_samples] in -1..1, zero-padded."""
        start = self.start(samples)
        kept = samples[start : start + self.num_samples].astype(np.float32) / FULL_SCALE
        return np.pad(kept, (0, self.num_samples - len(kept)))

    @torch.no_grad()
    def mel_db(self, waveforms: Tensor) -> Tensor:
        """Waveforms [B, num_samples] to mel spectrograms [B, 1, NUM_MELS, NUM_FRAMES] in dB."""
        return power_to_db(self.mel(waveforms))[:, None]

    def to_waveform(self, mel_db: Tensor) -> Tensor:
        """Mel spectrograms [B, 1, NUM_MELS, NUM_FRAMES] in dB to waveforms, for listening."""
        return self.mel.to_waveform(db_to_power(mel_db[:, 0]), self.num_samples)


def _loudest(samples: np.ndarray, length: int) -> int:
    """Index at which the `length` consecutive samples of greatest energy start."""
    if len(samples) <= length:
        return 0
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    return int(np.argmax(energy[length:] - energy[:-length]))
