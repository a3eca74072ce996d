"""Errors of reconstructed mel spectrograms over a whole set of clips."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from attrs import define, field
from torch import Tensor

from engine.systems.vqvae.data.dataset import VqvaeClips
from engine.systems.vqvae.network.normalize import Window, window_of
from engine.systems.vqvae.recipe import Normalization
from engine.systems.vqvae.shapes import GRID

LOW_DB, HIGH_DB = -80.0, 40.0
"""Decibels are compared clamped to this range, whatever window the network reads."""

Coder = Callable[[Tensor], Tensor]
"""Normalized mels [B, 1, 128, 32] to their reconstructions."""


@define
class Errors:
    """Mean squared errors, one figure a clip, in the order in which they were added."""

    _normalized: list[Tensor] = field(factory=list, init=False)
    _decibels: list[Tensor] = field(factory=list, init=False)

    def add(self, mel_db: Tensor, window: Window, reconstruction: Tensor) -> None:
        """Take in a batch [B, 1, 128, 32]: decibels, their window, normalized reconstructions."""
        self._normalized.append(_mean_square(reconstruction - window.normalize(mel_db)))
        decibels = window.decibels(reconstruction).clamp(LOW_DB, HIGH_DB)
        self._decibels.append(_mean_square(decibels - mel_db.clamp(LOW_DB, HIGH_DB)))

    @property
    def metrics(self) -> dict[str, float]:
        """`reconstruction` (of normalized mels) and `rmse_db` over the whole set."""
        return {
            "reconstruction": float(torch.cat(self._normalized).mean()),
            "rmse_db": float(torch.cat(self._decibels).mean().sqrt()),
        }

    @property
    def per_clip(self) -> dict[str, np.ndarray]:
        """`reconstruction` and `rmse_db` of each clip [clips].

        The mean of `rmse_db` over clips is not that of the set.
        """
        return {
            "reconstruction": torch.cat(self._normalized).numpy(),
            "rmse_db": torch.cat(self._decibels).sqrt().numpy(),
        }


def errors_of(
    coder: Coder, clips: VqvaeClips, normalisation: Normalization, batch_size: int
) -> Errors:
    """The errors of a coder on a set of clips."""
    errors = Errors()
    for mel_db, window in normalized_batches(clips, normalisation, batch_size):
        errors.add(mel_db, window, coder(window.normalize(mel_db)))
    return errors


def normalized_batches(
    clips: VqvaeClips, normalisation: Normalization, batch_size: int
) -> Iterator[tuple[Tensor, Window]]:
    """Decibels [B, 1, 128, 32] of a set in its order, each batch with its window."""
    for start in range(0, len(clips), batch_size):
        mel_db = clips.mel_db(range(start, min(start + batch_size, len(clips))))
        yield mel_db, window_of(normalisation, mel_db)


def cell_means(mel: Tensor) -> Tensor:
    """Mean over each cell's area, [B, 1, 128, 32] to [B, 30, 30]."""
    return F.adaptive_avg_pool2d(mel, (GRID, GRID))[:, 0]


def _mean_square(difference: Tensor) -> Tensor:
    return difference.double().square().mean((1, 2, 3))
