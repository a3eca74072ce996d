"""The source of the neural source-filter decoder (Wang et al., 2019): a sine at the pitch, noise.

The phase is the sum of f0 over time, in closed form: what whole frames have gone through, and the
way into the present one. RVC computes the same by interpolating and by undoing overflow.
"""

import torch
from torch import Tensor, nn

_AMPLITUDE = 0.1
_VOICED_NOISE, _UNVOICED_NOISE = 0.003, 0.1 / 3
"""Standard deviations of the noise beside the sine, and in place of it."""


class SineSource(nn.Module):
    """A sine of each frame's f0, or noise where there is none, through one weight and tanh."""

    def __init__(self, sample_rate_hz: int, hop_length: int) -> None:
        super().__init__()
        self.sample_rate_hz, self.hop_length = sample_rate_hz, hop_length
        self.l_linear = nn.Linear(1, 1)

    def forward(self, f0: Tensor, noise: Tensor, phase: Tensor | None = None) -> Tensor:
        """The excitation [B, 1, T * hop].

        Args:
            f0: Hz [B, T], 0 where unvoiced.
            noise: Normal, of deviation 1 [B, T * hop].
            phase: Cycles gone through before the first frame [B], 0 by default.

        """
        with torch.no_grad(), torch.autocast(f0.device.type, enabled=False):
            voiced = (f0 > 0).float().repeat_interleave(self.hop_length, 1)
            sine = _AMPLITUDE * self._sine(f0.float(), phase)
            noise = noise * torch.lerp(
                torch.full_like(voiced, _UNVOICED_NOISE),
                torch.full_like(voiced, _VOICED_NOISE),
                voiced,
            )
            wave = (sine * voiced + noise)[..., None]
        source: Tensor = self.l_linear(wave).tanh()
        return source.transpose(1, 2)

    def phases(self, f0: Tensor) -> Tensor:
        """Cycles gone through before each frame, and after the last [B, T + 1], each below 1.

        In double precision: that of a frame an hour into a file is as exact as that of the first.
        """
        cycles = (f0.float() / self.sample_rate_hz % 1).double() * self.hop_length
        whole = cycles.cumsum(1) % 1
        return torch.cat([torch.zeros_like(whole[:, :1]), whole], 1)

    def _sine(self, f0: Tensor, phase: Tensor | None) -> Tensor:
        """[B, T] to [B, T * hop]. The first sample of a frame is already one step into it."""
        before = self.phases(f0)[:, :-1]
        if phase is not None:
            before = (before + phase[:, None]) % 1
        steps = torch.arange(1, self.hop_length + 1, device=f0.device)
        step = (f0 / self.sample_rate_hz % 1)[..., None]
        cycles = (before.float()[..., None] + step * steps).flatten(1)
        return (2 * torch.pi * cycles).sin()
