"""Audio codes by k-means, for demonstrations without published weights.

A code stands for four successive frames of a normalized mel spectrogram, as a code of the DVAE
does, and is decoded by a look-up.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import RefusedValuesError
from engine.nn.quantize import nearest
from engine.systems.xtts.network.mel import FRAMES_PER_CODE, NUM_MELS

_ROWS_AT_ONCE = 16_384
"""Whose distances to all centroids are in memory at a time."""


class KmeansCodes(nn.Module):
    """Normalized mel spectrogram [B, 80, frames] to codes and back, by centroids [codes, 320]."""

    centroids: Tensor

    def __init__(self, centroids: Tensor) -> None:
        super().__init__()
        assert centroids.ndim == 2, tuple(centroids.shape)
        assert centroids.shape[1] == FRAMES_PER_CODE * NUM_MELS, tuple(centroids.shape)
        self.register_buffer("centroids", centroids.detach().float().clone())

    @property
    def num_codes(self) -> int:
        """Codes there are."""
        return len(self.centroids)

    def encode(self, mel: Tensor) -> Tensor:
        """Codes int64 [B, frames / 4, rounded up] of a mel spectrogram."""
        with torch.autocast(mel.device.type, enabled=False):
            return nearest(stack_frames(mel.float()), self.centroids)

    def decode(self, codes: Tensor) -> Tensor:
        """Normalized mel spectrogram [B, 80, 4 n] of codes [B, n]."""
        stacked: Tensor = F.embedding(codes.long(), self.centroids)
        return stacked.reshape(len(codes), -1, NUM_MELS).mT


def stack_frames(mel: Tensor) -> Tensor:
    """Mel frames [B, 80, frames] side by side, four at a time: [B, frames / 4 rounded up, 320].

    The last frame goes on until the last four are full.
    """
    full = F.pad(mel, (0, -mel.shape[-1] % FRAMES_PER_CODE), mode="replicate")
    return full.mT.reshape(len(mel), -1, FRAMES_PER_CODE * NUM_MELS)


@torch.no_grad()
def fit_centroids(frames: Tensor, num_codes: int, seed: int, iterations: int = 20) -> Tensor:
    """Centroids [num_codes, 320] of stacked frames [N, 320] (Lloyd, 1982).

    They start at frames drawn with `seed`. One that is nearest to none moves to a frame that lies
    far from its own. The same seed gives the same centroids on a CPU with as many threads. Raises
    UserError where there are fewer frames than codes.
    """
    if len(frames) < num_codes:
        raise RefusedValuesError(
            f"{num_codes:,} audio codes cannot be fitted to {len(frames):,} pieces of audio of "
            "46 ms. Ask for fewer codes, or give more audio."
        )
    generator = torch.Generator().manual_seed(seed)
    start = torch.randperm(len(frames), generator=generator)[:num_codes]
    centroids = frames[start.to(frames.device)].float()
    for _ in range(iterations):
        centroids = _moved(frames, centroids)
    return centroids


def _moved(frames: Tensor, centroids: Tensor) -> Tensor:
    """Every centroid in the middle of the frames that it is nearest to."""
    sums, counts = torch.zeros_like(centroids), centroids.new_zeros(len(centroids))
    distances = []
    for rows in torch.split(frames, _ROWS_AT_ONCE):
        codes = nearest(rows.float(), centroids)
        sums.index_add_(0, codes, rows.float())
        counts += codes.bincount(minlength=len(centroids))
        distances.append((rows - centroids[codes]).square().sum(1))
    empty = (counts == 0).nonzero()[:, 0]
    moved = sums / counts.clamp(min=1)[:, None]
    moved[empty] = frames[torch.cat(distances).topk(len(empty)).indices].float()
    return moved
