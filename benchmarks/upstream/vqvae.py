"""The audio puzzle VQ-VAE trained the published way, from the published description alone.

Every clip is decoded again for every step, mel spectrograms are part of the step, the network is
plain torch in torch's default order, codes are found by `cdist`, and metrics are read every step.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor, nn

from benchmarks.cantus import Cantus, differences
from benchmarks.comparison import Comparison, Training
from benchmarks.words_project import NUM_CLIPS, words_project
from engine.project import Project
from engine.training.system import Batch, System

SIZES = ("published",)
_RECIPES = ("audio_vae", "audio_vae_plus")


def comparison(_: str) -> Comparison:
    """The published way, and both of Cantus's networks; one of them is the published function."""

    def apart(project: Project) -> dict[str, float]:
        torch.manual_seed(1)
        return differences(project, "audio_vae", (), PublishedTraining([]))

    return Comparison(
        project=words_project,
        num_clips=NUM_CLIPS // 2,
        ways={
            "published": _published,
            **{recipe: partial(Cantus, recipe=recipe) for recipe in _RECIPES},
        },
        differences={"audio_vae": apart},
        batch_size=64,
        num_threads=2,
        clock="wall",
    )


def _published(project: Project) -> "PublishedTraining":
    return PublishedTraining(sorted((project.root / "data" / "words").glob("*.wav")))


class PublishedNetwork(nn.Module):
    """83,777 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"encoder": _encoder()})  # one child: named as published
        codebook = nn.Embedding(10, 64)
        nn.init.uniform_(codebook.weight, -0.1, 0.1)
        self.vq = nn.ModuleDict({"codebook": codebook})
        self.decoder = nn.ModuleDict({"decoder": _decoder()})

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Reconstruction, codes, commitment and codebook loss of mels [B, 1, 128, 32]."""
        table = self.vq["codebook"]
        assert isinstance(table, nn.Embedding), "as __init__ makes it"
        cells = self.encoder["encoder"](mel).permute(0, 2, 3, 1).contiguous()
        flat = cells.view(-1, 64)
        codes = torch.cdist(flat, table.weight).argmin(1)
        vectors = table(codes).view(cells.shape)
        commitment = F.mse_loss(cells, vectors.detach())
        codebook = F.mse_loss(vectors, cells.detach())
        vectors = cells + (vectors - cells).detach()
        mel = self.decoder["decoder"](vectors.permute(0, 3, 1, 2).contiguous())
        return mel, codes, commitment, codebook


class PublishedTraining(Training):
    """Steps of the published training loop over WAV files."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.network = PublishedNetwork()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.mel = torchaudio.transforms.MelSpectrogram(
            sample_rate=16_000, n_fft=1024, hop_length=512, n_mels=128, f_min=0.0, f_max=8000.0
        )
        self.to_db = torchaudio.transforms.AmplitudeToDB()

    def weights(self) -> dict[str, dict[str, Tensor]]:
        """See `Upstream`."""
        return {"network": self.network.state_dict()}

    def batch(self, system: System) -> Batch:
        """See `Upstream`; in double precision."""
        system.module.double()
        self.network.double()
        decibels = 120.0 * torch.rand(8, 1, 128, 32, dtype=torch.float64) - 80.0
        return {"mel_db": decibels, "target_db": decibels}

    def gradients(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """See `Upstream`."""
        mel = _normalized(batch["mel_db"])
        reconstruction, _, commitment, codebook = self.network(mel)
        losses = {
            "reconstruction": F.mse_loss(reconstruction, mel),
            "commitment": commitment,
            "codebook": codebook,
        }
        loss, _ = published_loss(self.network, mel)
        named = dict(self.network.named_parameters(prefix="network"))
        found = torch.autograd.grad(loss, [*named.values()])
        return losses, dict(zip(named, found, strict=True))

    def step(self, clips: Sequence[int]) -> None:
        """See `Training`: from files to updated weights."""
        waveforms = torch.stack([_waveform(self.paths[clip]) for clip in clips])
        decibels = self.to_db(self.mel(waveforms)).unsqueeze(1)
        loss, codes = published_loss(self.network, _normalized(decibels))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        shares = torch.bincount(codes, minlength=10) / codes.numel()
        _perplexity = torch.exp(-(shares * (shares + 1e-10).log()).sum()).item()
        loss.item()


def published_loss(network: PublishedNetwork, mel: Tensor) -> tuple[Tensor, Tensor]:
    """Reconstruction + 0.25 commitment + codebook, and the codes."""
    reconstruction, codes, commitment, codebook = network(mel)
    return F.mse_loss(reconstruction, mel) + 0.25 * commitment + codebook, codes


def _normalized(decibels: Tensor) -> Tensor:
    """By the fixed window that Cantus's recipe uses: the same function on both sides."""
    return ((decibels + 80.0) / 120.0).clamp(0.0, 1.0)


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
