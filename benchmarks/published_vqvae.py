"""The audio puzzle VQ-VAE trained the published way, from the published description alone.

Every clip is decoded again for every step, mel spectrograms are part of the step, the network is
plain torch in torch's default order, codes are found by `cdist`, and metrics are read every step.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor, nn


class PublishedNetwork(nn.Module):
    """83,777 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = _Holder("encoder", _encoder())
        self.vq = _Holder("codebook", nn.Embedding(10, 64))
        nn.init.uniform_(self.vq.codebook.weight, -0.1, 0.1)
        self.decoder = _Holder("decoder", _decoder())

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Reconstruction, codes, commitment and codebook loss of mels [B, 1, 128, 32]."""
        cells = self.encoder.encoder(mel).permute(0, 2, 3, 1).contiguous()
        flat = cells.view(-1, 64)
        codes = torch.cdist(flat, self.vq.codebook.weight).argmin(1)
        vectors = self.vq.codebook(codes).view(cells.shape)
        commitment = F.mse_loss(cells, vectors.detach())
        codebook = F.mse_loss(vectors, cells.detach())
        vectors = cells + (vectors - cells).detach()
        mel = self.decoder.decoder(vectors.permute(0, 3, 1, 2).contiguous())
        return mel, codes, commitment, codebook


class PublishedTraining:
    """Steps of the published training loop over WAV files."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.network = PublishedNetwork()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=16_000, n_fft=1024, hop_length=512, n_mels=128, f_min=0.0, f_max=8000.0
        )
        self.to_db = torchaudio.transforms.AmplitudeToDB()

    def step(self, indices: Sequence[int]) -> float:
        """One step, from files to updated weights; returns the loss."""
        waveforms = torch.stack([_waveform(self.paths[index]) for index in indices])
        decibels = self.to_db(self.mel(waveforms)).unsqueeze(1)
        # The fixed window that Cantus's recipe uses: the same function on both sides.
        mel = ((decibels + 80.0) / 120.0).clamp(0.0, 1.0)
        loss, codes = published_loss(self.network, mel)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        shares = torch.bincount(codes, minlength=10) / codes.numel()
        _perplexity = torch.exp(-(shares * (shares + 1e-10).log()).sum()).item()
        return loss.item()


def published_loss(network: PublishedNetwork, mel: Tensor) -> tuple[Tensor, Tensor]:
    """Reconstruction + 0.25 commitment + codebook, and the codes."""
    reconstruction, codes, commitment, codebook = network(mel)
    return F.mse_loss(reconstruction, mel) + 0.25 * commitment + codebook, codes


class _Holder(nn.Module):
    """One child under a name, so that parameters are named as published."""

    def __init__(self, name: str, child: nn.Module) -> None:
        super().__init__()
        self.add_module(name, child)


def _encoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 4, 2, 1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Upsample((30, 30), mode="bilinear", align_corners=False),
        nn.Conv2d(64, 64, 1),
    )


def _decoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(64, 64, 1),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Upsample((128, 32), mode="bilinear", align_corners=False),
        nn.Conv2d(16, 1, 1),
        nn.Sigmoid(),
    )


def _waveform(path: Path) -> Tensor:
    samples, _ = soundfile.read(path, dtype="float32")
    return torch.from_numpy(np.pad(samples[:16_000], (0, max(0, 16_000 - len(samples)))))
