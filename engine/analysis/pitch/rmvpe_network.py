"""RMVPE's network (Wei et al., 2023): a U-Net over mel spectrograms, then a recurrent layer.

Modules have the names of the published rmvpe.pt, so that its tensors load as they are.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn

from engine.analysis.pitch.salience import NUM_BINS

NUM_MELS = 128
_NUM_STAGES = 5
_FRAMES = 2**_NUM_STAGES
"""What the U-Net halves five times."""
_HEADS = 3
_GRU_CHANNELS = 256


@frozen(kw_only=True)
class RmvpeSizes:
    """How large the network is; as published by default."""

    channels: int = 16
    """Channels of the first stage; each further stage has twice as many."""
    num_blocks: int = 4
    """Residual blocks of a stage."""
    num_inner: int = 4
    """Stages at the U-Net's lowest point."""


class RmvpeNetwork(nn.Module):
    """Log mel spectrogram [B, 128, frames] to salience [B, frames, 360] of pitch bins in 0..1.

    Upstream: `E2E(4, 1, (2, 2))`.
    """

    def __init__(self, sizes: RmvpeSizes = RmvpeSizes()) -> None:
        super().__init__()
        self.unet = _UNet(sizes)
        self.cnn = nn.Conv2d(sizes.channels, _HEADS, 3, padding=1)
        self.fc = nn.Sequential(
            _Gru(), nn.Linear(2 * _GRU_CHANNELS, NUM_BINS), nn.Dropout(0.25), nn.Sigmoid()
        )

    def forward(self, mel: Tensor) -> Tensor:
        """Salience of each frame. Frames are filled up with zeros, as upstream does."""
        num_frames = mel.shape[-1]
        padded = F.pad(mel, (0, -num_frames % _FRAMES))
        maps = self.cnn(self.unet(padded.transpose(1, 2)[:, None]))  # [B, 3, frames, 128]
        salience: Tensor = self.fc(maps.transpose(1, 2).flatten(2))
        return salience[:, :num_frames]


class _Gru(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(
            _HEADS * NUM_MELS, _GRU_CHANNELS, num_layers=1, batch_first=True, bidirectional=True
        )

    def forward(self, x: Tensor) -> Tensor:
        states: Tensor = self.gru(x)[0]
        return states


class _UNet(nn.Module):
    """Feature maps [B, 1, frames, mels] to [B, channels, frames, mels]."""

    def __init__(self, sizes: RmvpeSizes) -> None:
        super().__init__()
        lowest = sizes.channels * 2**_NUM_STAGES
        self.encoder = _Encoder(sizes)
        self.intermediate = _Intermediate(lowest, sizes)
        self.decoder = _Decoder(lowest, sizes)

    def forward(self, x: Tensor) -> Tensor:
        x, skipped = self.encoder(x)
        result: Tensor = self.decoder(self.intermediate(x), skipped)
        return result


class _Encoder(nn.Module):
    """Stages that each double the channels and then halve frames and mels."""

    def __init__(self, sizes: RmvpeSizes) -> None:
        super().__init__()
        widths = [1, *(sizes.channels * 2**stage for stage in range(_NUM_STAGES))]
        self.bn = nn.BatchNorm2d(1)
        self.layers = nn.ModuleList(
            _Stage(before, after, sizes.num_blocks) for before, after in pairwise(widths)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The lowest maps, and those of each stage before it was halved."""
        x, skipped = self.bn(x), []
        for stage in self.layers:
            x = stage(x)
            skipped.append(x)
            x = F.avg_pool2d(x, 2)
        return x, skipped


class _Intermediate(nn.Module):
    def __init__(self, channels: int, sizes: RmvpeSizes) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _Stage(channels // 2, channels, sizes.num_blocks),
            *(_Stage(channels, channels, sizes.num_blocks) for _ in range(sizes.num_inner - 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return result


class _Decoder(nn.Module):
    def __init__(self, channels: int, sizes: RmvpeSizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _UpStage(channels // 2**stage, sizes.num_blocks) for stage in range(_NUM_STAGES)
        )

    def forward(self, x: Tensor, skipped: list[Tensor]) -> Tensor:
        for stage, beside in zip(self.layers, reversed(skipped), strict=True):
            x = stage(x, beside)
        return x


class _Stage(nn.Module):
    """Residual blocks, the first of which changes the channels."""

    def __init__(self, channels_in: int, channels: int, num_blocks: int) -> None:
        super().__init__()
        self.conv = _blocks(channels_in, channels, num_blocks)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(x)
        return result


class _UpStage(nn.Module):
    """Doubles frames and mels, halves the channels, and takes in maps of the encoder."""

    def __init__(self, channels_in: int, num_blocks: int) -> None:
        super().__init__()
        channels = channels_in // 2
        self.conv1 = nn.Sequential(
            nn.ConvTranspose2d(
                channels_in, channels, 3, stride=2, padding=1, output_padding=1, bias=False
            ),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.conv2 = _blocks(channels_in, channels, num_blocks)

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        result: Tensor = self.conv2(torch.cat([self.conv1(x), beside], dim=1))
        return result


def _blocks(channels_in: int, channels: int, number: int) -> nn.Sequential:
    return nn.Sequential(
        _Residual(channels_in, channels), *(_Residual(channels, channels) for _ in range(1, number))
    )


class _Residual(nn.Module):
    """Two convolutions beside the input; where the channels change, beside a product of it."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels_in, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        if channels_in != channels:
            self.shortcut: nn.Module = nn.Conv2d(channels_in, channels, 1)
        else:
            self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv(x) + self.shortcut(x)
        return result
