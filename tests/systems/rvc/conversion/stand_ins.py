"""A tiny synthesizer and stand-ins for what hears: the same on every machine, without a download.

Upstream's code was run with these as well: see reference/README.md.
"""

import zlib

import numpy as np
import torch
from attrs import frozen

from engine.systems.rvc.conversion.voice import Voice
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.synthesizer import Noise, Synthesizer

DIM = 768
RATE = 8000
SETTINGS = SynthesizerSettings(
    sample_rate_hz=RATE,
    n_fft=256,
    num_speakers=3,
    speaker_dim=8,
    latent_dim=8,
    hidden_dim=8,
    filter_dim=16,
    num_layers=2,
    posterior_layers=16,
    resblock_kernels=(3, 5),
    resblock_dilations=((1, 3, 5), (1, 3, 5)),
    upsample_rates=(10, 8),
    upsample_kernels=(20, 16),
    upsample_initial_channels=16,
)


def weights(shapes):
    """Weights by their names: numpy's old generator never changes."""
    return {
        name: torch.from_numpy(
            np.random.RandomState(zlib.crc32(name.encode())).normal(0.0, 0.25, shape)
        ).float()
        for name, shape in shapes.items()
    }


def synthesizer(settings=SETTINGS):
    network = Synthesizer(settings)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    network.load_state_dict(weights(shapes))
    return network.eval()


def frames_in(samples, length, hop):
    """Windows of samples [frames, length] that begin every `hop`."""
    return np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]


@frozen
class LocalContent:
    """Features of 400 samples each, as HuBERT has them before its transformer."""

    dim: int = DIM
    digest: str = "local"

    def num_frames(self, num_samples):
        return (num_samples - 400) // 320 + 1

    def __call__(self, samples):
        turning = np.random.RandomState(5).normal(0.0, 1.0, (400, self.dim))
        return np.tanh(frames_in(samples.astype(np.float64), 400, 320) @ turning).astype(np.float32)


@frozen
class LocalPitch:
    """Pitch by loudness, in whole multiples of `step_hz`; no voice where it is quiet."""

    step_hz: float = 37.0
    digest: str = "local"

    def __call__(self, samples):
        padded = np.pad(samples.astype(np.float64), 80)
        level = np.sqrt(np.square(frames_in(padded, 160, 160)).mean(1))
        f0 = self.step_hz * (2 + np.floor(level * 30))
        return np.where(level > 0.02, f0, 0.0).astype(np.float32)


def speech(seconds, seed=0):
    """Noise whose loudness changes four times a second, with pauses, at 16 kHz."""
    random = np.random.RandomState(seed)
    levels = np.repeat(random.choice([0.002, 0.05, 0.1, 0.2], int(4 * seconds) + 1), 4000)
    samples = random.normal(0.0, 1.0, len(levels)) * levels
    return np.clip(samples, -0.9, 0.9)[: int(16000 * seconds)].astype(np.float32)


def vectors():
    """Features of another recording, for an index."""
    return LocalContent()(speech(4, 9))


def noise_of(settings, num_frames, segment):
    """What is drawn for a segment."""
    random = np.random.RandomState(1000 + segment)
    latents = random.normal(0.0, 1.0, (1, settings.latent_dim, num_frames))
    source = random.normal(0.0, 1.0, (1, num_frames * settings.hop_length))
    return Noise(*(torch.from_numpy(values).float() for values in (latents, source)))


def voice(**changes):
    known = {
        "synthesizer": synthesizer(),
        "speaker": 1,
        "content": LocalContent(),
        "pitch": LocalPitch(),
        "unvoiced": "zero",
        "retrieval": None,
        "median_hz": None,
    }
    return Voice(**{**known, **changes})
