"""The speaker encoder of XTTS: H/ASP (Heo et al., 2020, arXiv:2009.14153).

A ResNet-34 over log mel frames whose blocks squeeze and excite (Hu et al., 2018), and attentive
statistics over time (Okabe et al., 2018). Parameters and buffers are named as those of Coqui's
`ResNetSpeakerEncoder`, so that published weights load as they are. Inference only: it is frozen.
"""

import torch
import torch.nn.functional as F
import torchaudio
from torch import Tensor, nn

SAMPLE_RATE_HZ = 16_000
SPEAKER_DIM = 512
"""Size of a speaker embedding."""

_NUM_MELS = 64
_CHANNELS = (32, 64, 128, 256)
_NUM_BLOCKS = (3, 4, 6, 3)
_ATTENTION_DIM = 128
_SMALLEST_POWER = 1e-6
_SMALLEST_VARIANCE = 1e-5


class SpeakerEncoder(nn.Module):
    """Waveform at 16 kHz to a speaker embedding of length one. It has one published size."""

    def __init__(self) -> None:
        super().__init__()
        self.torch_spec = nn.Sequential(_PreEmphasis(0.97), _mel_spectrogram())
        self.instancenorm = nn.InstanceNorm1d(_NUM_MELS)
        self.conv1 = nn.Conv2d(1, _CHANNELS[0], 3, padding=1)
        self.bn1 = nn.BatchNorm2d(_CHANNELS[0])
        self.layer1 = _stage(_CHANNELS[0], _CHANNELS[0], _NUM_BLOCKS[0], stride=1)
        self.layer2 = _stage(_CHANNELS[0], _CHANNELS[1], _NUM_BLOCKS[1], stride=2)
        self.layer3 = _stage(_CHANNELS[1], _CHANNELS[2], _NUM_BLOCKS[2], stride=2)
        self.layer4 = _stage(_CHANNELS[2], _CHANNELS[3], _NUM_BLOCKS[3], stride=2)
        features = _CHANNELS[3] * _NUM_MELS // 8  # each of three stages halves the bands
        self.attention = nn.Sequential(
            nn.Conv1d(features, _ATTENTION_DIM, 1),
            nn.ReLU(),
            nn.BatchNorm1d(_ATTENTION_DIM),
            nn.Conv1d(_ATTENTION_DIM, features, 1),
            nn.Softmax(dim=2),
        )
        self.fc = nn.Linear(2 * features, SPEAKER_DIM)

    def forward(self, waveform: Tensor) -> Tensor:
        """Embeddings [B, 512] of length one of waveforms [B, samples] in -1..1 at 16 kHz.

        Clips of a batch are equally long, and longer than 256 samples.
        """
        mel = (self.torch_spec(waveform) + _SMALLEST_POWER).log()
        x = F.relu(self.conv1(self.instancenorm(mel)[:, None]))
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.bn1(x)))))
        frames = x.flatten(1, 2)  # [B, channels * bands, frames]
        return F.normalize(self.fc(_statistics(frames, self.attention(frames))), dim=1)


def _statistics(frames: Tensor, shares: Tensor) -> Tensor:
    """Means and deviations [B, 2 * features] over time, each frame weighed by its share."""
    mean = (frames * shares).sum(2)
    variance = (frames.square() * shares).sum(2) - mean.square()
    return torch.cat([mean, variance.clamp(min=_SMALLEST_VARIANCE).sqrt()], 1)


def _mel_spectrogram() -> nn.Module:
    """Power in 64 mel bands: not `engine.nn.mel`'s, whose window and buffer names differ."""
    transform: nn.Module = torchaudio.transforms.MelSpectrogram(
        sample_rate=SAMPLE_RATE_HZ,
        n_fft=512,
        win_length=400,
        hop_length=160,
        n_mels=_NUM_MELS,
        window_fn=torch.hamming_window,
    )
    return transform


class _PreEmphasis(nn.Module):
    """y[t] = x[t] - coefficient * x[t - 1]; what comes before the first sample is its mirror."""

    filter: Tensor

    def __init__(self, coefficient: float) -> None:
        super().__init__()
        self.register_buffer("filter", torch.tensor([[[-coefficient, 1.0]]]))

    def forward(self, waveform: Tensor) -> Tensor:
        padded = F.pad(waveform[:, None], (1, 0), mode="reflect")
        return F.conv1d(padded, self.filter)[:, 0]


class _SqueezeExcite(nn.Module):
    """Scales each channel by a factor in 0..1 that follows from the means of all channels."""

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        factors: Tensor = self.fc(x.mean((2, 3)))
        return x * factors[:, :, None, None]


class _Block(nn.Module):
    """Two convolutions, squeeze and excitation, and a way past them. ReLU precedes the first norm.

    `downsample` is None where what goes past needs no other shape.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.se = _SqueezeExcite(channels)
        self.downsample = _reshaped(channels_in, channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        past = x if self.downsample is None else self.downsample(x)
        x = self.bn1(F.relu(self.conv1(x)))
        return F.relu(self.se(self.bn2(self.conv2(x))) + past)


def _reshaped(channels_in: int, channels: int, stride: int) -> nn.Module | None:
    if stride == 1 and channels_in == channels:
        return None
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels)
    )


def _stage(channels_in: int, channels: int, num_blocks: int, stride: int) -> nn.Sequential:
    first = _Block(channels_in, channels, stride)
    return nn.Sequential(first, *(_Block(channels, channels, 1) for _ in range(num_blocks - 1)))
