"""Untrained coders, as baselines that a trained network should beat."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor

from engine.systems.vqvae.data.dataset import VqvaeClips
from engine.systems.vqvae.errors import Coder, cell_means, errors_of, normalized_batches
from engine.systems.vqvae.recipe import Normalization
from engine.systems.vqvae.shapes import NUM_FRAMES, NUM_MELS
from engine.training.system import Evaluated

_NUM_BINS = 4096

UNIFORM_GRID = "baseline/uniform_grid/rmse_db"
"""The figure by which that of a trained network is divided."""


@frozen
class _Seen:
    """Statistics of one pass over the training clips."""

    mean: Tensor
    """Mean normalized spectrogram [1, 128, 32]."""
    histogram: Tensor
    """Normalized cell energies, counted in equal bins."""


def baselines(
    train: VqvaeClips,
    evaluation: VqvaeClips,
    normalisation: Normalization,
    num_codes: int,
    batch_size: int,
) -> Evaluated:
    """Metrics of each coder on the evaluation clips, as `baseline/<coder>/<metric>`.

    The coders: the mean spectrogram of the training clips; a 30 x 30 grid of cell means; that grid
    with `num_codes` uniform levels; and the grid with as many Lloyd-Max levels, fitted to the
    training clips. A grid is decoded by bilinear interpolation.
    """
    seen = _look(train, normalisation, batch_size)
    fitted = lloyd_max(seen.histogram, num_codes)
    coders: dict[str, Coder] = {
        "mean_spectrogram": lambda mel: seen.mean.expand_as(mel),
        "unquantised_grid": grid_coder(lambda cells: cells),
        "uniform_grid": grid_coder(lambda cells: uniform_levels(cells, num_codes)),
        "lloyd_max": grid_coder(lambda cells: _nearest_level(cells, fitted)),
    }
    metrics: dict[str, float] = {}
    per_clip: dict[str, np.ndarray] = {}
    for name, coder in coders.items():
        errors = errors_of(coder, evaluation, normalisation, batch_size)
        metrics |= {f"baseline/{name}/{metric}": value for metric, value in errors.metrics.items()}
        per_clip |= {f"{name}/{metric}": values for metric, values in errors.per_clip.items()}
    return Evaluated(metrics, per_clip)


def grid_coder(quantize: Callable[[Tensor], Tensor]) -> Coder:
    """A coder that keeps quantized cell means [B, 30, 30] and interpolates them back."""

    def code(mel: Tensor) -> Tensor:
        cells = quantize(cell_means(mel))[:, None]
        return F.interpolate(cells, (NUM_MELS, NUM_FRAMES), mode="bilinear")

    return code


def uniform_levels(cells: Tensor, num_levels: int) -> Tensor:
    """Cells in 0..1 rounded to the middles of `num_levels` equal steps."""
    return ((cells * num_levels).floor().clamp(max=num_levels - 1) + 0.5) / num_levels


def lloyd_max(histogram: Tensor, num_levels: int, num_iterations: int = 300) -> Tensor:
    """Levels of least mean squared error for values in 0..1 given as a histogram (Lloyd, 1982)."""
    values = (torch.arange(len(histogram)) + 0.5) / len(histogram)
    levels = (torch.arange(num_levels) + 0.5) / num_levels
    for _ in range(num_iterations):
        nearest = torch.bucketize(values, (levels[1:] + levels[:-1]) / 2)
        counts = torch.zeros(num_levels).index_add_(0, nearest, histogram)
        sums = torch.zeros(num_levels).index_add_(0, nearest, histogram * values)
        levels = torch.where(counts > 0, sums / counts.clamp(min=1e-12), levels)
    return levels


def _nearest_level(cells: Tensor, levels: Tensor) -> Tensor:
    return levels[torch.bucketize(cells.contiguous(), (levels[1:] + levels[:-1]) / 2)]


def _look(train: VqvaeClips, normalisation: Normalization, batch_size: int) -> _Seen:
    total = torch.zeros(1, NUM_MELS, NUM_FRAMES, dtype=torch.float64)
    histogram = torch.zeros(_NUM_BINS)
    for mel_db, window in normalized_batches(train, normalisation, batch_size):
        mel = window.normalize(mel_db)
        total += mel.double().sum(0)
        histogram += torch.histc(cell_means(mel), _NUM_BINS, 0.0, 1.0)
    return _Seen((total / len(train)).float(), histogram / histogram.sum())
