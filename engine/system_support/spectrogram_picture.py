"""Spectrograms as pictures."""

from pathlib import Path

import numpy as np
import torch

_WINDOW_SECONDS = 0.032
_LOW_DB, _HIGH_DB = -80.0, 30.0
_SMALLEST = 1e-10


def draw_spectrogram(audio: np.ndarray, sample_rate_hz: int, path: Path) -> None:
    """A PNG of a waveform's [samples] power spectrum in dB: seconds across, kilohertz upwards."""
    from matplotlib.figure import Figure  # imported late: it is slow and seldom needed

    figure = Figure(figsize=(4.6, 2.4), layout="constrained", dpi=100)
    axes = figure.subplots()
    extent = (0.0, len(audio) / sample_rate_hz, 0.0, sample_rate_hz / 2000)
    axes.imshow(
        _decibels(audio, sample_rate_hz),
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=_LOW_DB,
        vmax=_HIGH_DB,
        extent=extent,
    )
    axes.set_xlabel("seconds")
    axes.set_ylabel("kHz")
    figure.savefig(path, metadata={"Software": None})


def _decibels(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Power [bins, frames] of 32 ms Hann windows, four to a window."""
    size = 2 * round(_WINDOW_SECONDS * sample_rate_hz / 2)
    waveform = torch.nn.functional.pad(torch.from_numpy(audio), (0, max(0, size - len(audio))))
    window = torch.hann_window(size)
    spectrum = torch.stft(waveform, size, size // 4, window=window, return_complex=True)
    decibels: np.ndarray = (10 * spectrum.abs().square().clamp(min=_SMALLEST).log10()).numpy()
    return decibels
