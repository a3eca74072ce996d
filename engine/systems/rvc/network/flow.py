"""The flow between posterior and prior (`ResidualCouplingBlock` of VITS and RVC).

Half of the channels say how far the other half moves; then the channels are turned round. Nothing
is scaled, so that the flow's volume does not change.
"""

import torch
from torch import Tensor, nn

from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.wavenet import KERNEL, WaveNet

_NUM_COUPLINGS, _LAYERS = 4, 3


class Flow(nn.Module):
    """Four couplings of three layers, and between them turned channels."""

    context_frames = _NUM_COUPLINGS * _LAYERS * (KERNEL // 2)
    """Frames on each side that a frame depends on."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        self.flows = nn.ModuleList()
        for _ in range(_NUM_COUPLINGS):
            self.flows.extend([_Coupling(settings), nn.Identity()])  # RVC counts its flips too

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Latents [B, latent_dim, T] of the posterior as the prior describes them."""
        for coupling in self.flows[::2]:
            x = coupling(x, mask, speaker).flip(1)
        return x

    def inverse(self, x: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """Latents [B, latent_dim, T] of the prior as the decoder takes them."""
        for coupling in reversed(self.flows[::2]):
            x = coupling(x.flip(1), mask, speaker, inverse=True)
        return x


class _Coupling(nn.Module):
    """Moves the second half of the channels by what the first half says."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        half, dim = settings.latent_dim // 2, settings.hidden_dim
        self.pre = nn.Conv1d(half, dim, 1)
        self.enc = WaveNet(dim, settings.speaker_dim, _LAYERS)
        self.post = nn.Conv1d(dim, half, 1)
        nn.init.zeros_(self.post.weight)
        assert self.post.bias is not None
        nn.init.zeros_(self.post.bias)

    def forward(self, x: Tensor, mask: Tensor, speaker: Tensor, *, inverse: bool = False) -> Tensor:
        first, second = x.chunk(2, 1)
        hidden = self.enc(self.pre(first) * mask, mask, speaker)
        shift = self.post(hidden).float() * mask
        moved = (second - shift) * mask if inverse else second * mask + shift
        return torch.cat([first, moved], 1)
