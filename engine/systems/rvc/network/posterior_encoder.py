"""The posterior: what a spectrogram says of the latents (`PosteriorEncoder` of RVC).

The posterior encoder is used in training only; an exported model has none.
"""

from torch import Tensor, nn

from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.wavenet import WaveNet


class PosteriorEncoder(nn.Module):
    """A WaveNet over the frames of a linear spectrogram."""

    def __init__(self, settings: SynthesizerSettings) -> None:
        super().__init__()
        dim = settings.hidden_dim
        self.pre = nn.Conv1d(settings.num_bins, dim, 1)
        self.enc = WaveNet(dim, settings.speaker_dim, settings.posterior_layers)
        self.proj = nn.Conv1d(dim, 2 * settings.latent_dim, 1)

    def forward(self, spectrogram: Tensor, mask: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the deviation of the latents, both [B, latent_dim, T].

        `spectrogram` is [B, bins, T], `mask` [B, 1, T], `speaker` [B, speaker_dim, 1].
        """
        hidden = self.enc(self.pre(spectrogram) * mask, mask, speaker)
        mean, log_deviation = (self.proj(hidden).float() * mask).chunk(2, 1)
        return mean, log_deviation
