"""Pictures of a clip: its mel spectrogram, its grid of codes, and the spectrogram read back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from torch import Tensor

from engine.systems.vqvae.errors import HIGH_DB, LOW_DB
from engine.systems.vqvae.shapes import HIGH_HZ

_TITLES = ("original (dB)", "codes", "reconstruction (dB)")
_SECONDS = 1.0
_TICKS_HZ = (250, 1_000, 2_000, 4_000, 8_000)


@frozen
class Picture:
    """One clip: mels [1, 128, 32] in dB and codes [30, 30]."""

    name: str
    original: Tensor
    codes: Tensor
    rebuilt: Tensor


def draw_clip(picture: Picture, path: Path) -> None:
    """One row: original, codes, reconstruction."""
    draw_overview([picture], path)


def draw_overview(pictures: Sequence[Picture], path: Path) -> None:
    """A PNG with a row for each clip; time in seconds, frequency in hertz on the mel scale."""
    from matplotlib.figure import Figure  # imported late: it is slow and seldom needed

    figure = Figure(figsize=(9.0, 0.4 + 2.6 * len(pictures)), layout="constrained", dpi=100)
    rows = figure.subplots(len(pictures), len(_TITLES), squeeze=False)
    for axes, picture in zip(rows, pictures, strict=True):
        _draw_row(axes, picture)
    for axis, title in zip(rows[0], _TITLES, strict=True):
        axis.set_title(title)
    for axis in rows[-1]:
        axis.set_xlabel("seconds")
    figure.savefig(path, metadata={"Software": None})


def _draw_row(axes: Any, picture: Picture) -> None:
    panels = (picture.original[0], picture.codes, picture.rebuilt[0])
    maps = ("magma", "viridis", "magma")
    for axis, panel, colours in zip(axes, panels, maps, strict=True):
        limits = (LOW_DB, HIGH_DB) if panel.is_floating_point() else (None, None)
        axis.imshow(
            panel.numpy(),
            origin="lower",
            aspect="auto",
            cmap=colours,
            vmin=limits[0],
            vmax=limits[1],
            extent=(0.0, _SECONDS, 0.0, _mel(HIGH_HZ)),
        )
        axis.set_yticks([_mel(hz) for hz in _TICKS_HZ], [str(hz) for hz in _TICKS_HZ])
    axes[0].set_ylabel(f"{picture.name}\nHz")


def _mel(hz: float) -> float:
    """HTK's mel scale, on which the bands are evenly spaced."""
    return float(2595.0 * np.log10(1.0 + hz / 700.0))
