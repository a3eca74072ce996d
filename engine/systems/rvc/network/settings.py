"""The settings that decide a synthesizer's shapes, and those of RVC's six published ones."""

import math
from typing import Literal

from attrs import evolve, frozen

from engine.systems.rvc.recipe import Model

Resblock = Literal["1", "2"]
Version = Literal["v1", "v2"]


@frozen(kw_only=True)
class SynthesizerSettings:
    """The sizes of a synthesizer, by default those of RVC v2 at 40 kHz with f0.

    In brackets the name in RVC's configuration files, where it differs.
    """

    sample_rate_hz: int = 40000
    n_fft: int = 2048
    """Samples of an STFT's window (`filter_length`); the posterior encoder sees n_fft / 2 + 1
    bins."""
    content_dim: int = 768
    """Values of a content vector: 768 of v2, 256 of v1."""
    uses_f0: bool = True
    """Without, there is no embedding of the pitch, and the decoder has no sine source."""
    num_speakers: int = 109
    """Rows of the speaker embedding (`spk_embed_dim`)."""
    speaker_dim: int = 256
    """Values of a speaker's vector (`gin_channels`)."""
    latent_dim: int = 192
    """Channels of the latents (`inter_channels`)."""
    hidden_dim: int = 192
    """Channels of text encoder, posterior encoder and flow (`hidden_channels`)."""
    filter_dim: int = 768
    """Channels inside a feed-forward layer of the text encoder (`filter_channels`)."""
    num_heads: int = 2
    num_layers: int = 6
    """Heads and layers of the text encoder (`n_heads`, `n_layers`)."""
    feed_forward_kernel: int = 3
    """Frames that a feed-forward layer sees (`kernel_size`)."""
    dropout: float = 0.0
    """Dropout of the text encoder (`p_dropout`)."""
    posterior_layers: int = 16
    """Layers of the posterior encoder, fixed in RVC's code; exported models have none."""
    resblock: Resblock = "1"
    resblock_kernels: tuple[int, ...] = (3, 7, 11)
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    """One tuple for each kernel."""
    upsample_rates: tuple[int, ...] = (10, 10, 2, 2)
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    upsample_initial_channels: int = 512
    """Channels before the first upsampling; each halves them."""

    @classmethod
    def of(cls, model: Model, sample_rate_hz: int, *, uses_f0: bool) -> "SynthesizerSettings":
        """The settings of a recipe's table `model`."""
        return cls(
            sample_rate_hz=sample_rate_hz,
            n_fft=model.n_fft,
            content_dim=model.content_channels,
            uses_f0=uses_f0,
            num_speakers=model.speaker_rows,
            speaker_dim=model.speaker_channels,
            latent_dim=model.latent_channels,
            hidden_dim=model.hidden_channels,
            filter_dim=model.filter_channels,
            num_heads=model.num_heads,
            num_layers=model.num_layers,
            feed_forward_kernel=model.kernel_size,
            dropout=model.dropout,
            posterior_layers=model.posterior_layers,
            resblock=model.resblock,
            resblock_kernels=model.resblock_kernels,
            resblock_dilations=model.resblock_dilations,
            upsample_rates=model.upsample_rates,
            upsample_kernels=model.upsample_kernels,
            upsample_initial_channels=model.upsample_channels,
        )

    @property
    def hop_length(self) -> int:
        """Number of samples per frame, which the decoder makes of one latent vector."""
        return math.prod(self.upsample_rates)

    @property
    def num_bins(self) -> int:
        """Bins of the spectrogram that the posterior encoder reads."""
        return self.n_fft // 2 + 1


def published_settings(
    sample_rate_hz: int, version: Version = "v2", *, uses_f0: bool = True
) -> SynthesizerSettings:
    """The settings of RVC's `f0G40k.pth`, `G48k.pth` and so on: 32, 40 or 48 kHz, v1 or v2."""
    rates, kernels = _UPSAMPLING[version, sample_rate_hz]
    return evolve(
        SynthesizerSettings(),
        sample_rate_hz=sample_rate_hz,
        n_fft=1024 if sample_rate_hz == 32000 else 2048,
        content_dim=768 if version == "v2" else 256,
        uses_f0=uses_f0,
        upsample_rates=rates,
        upsample_kernels=kernels,
    )


_UPSAMPLING = {
    ("v1", 32000): ((10, 4, 2, 2, 2), (16, 16, 4, 4, 4)),
    ("v1", 40000): ((10, 10, 2, 2), (16, 16, 4, 4)),
    ("v1", 48000): ((10, 6, 2, 2, 2), (16, 16, 4, 4, 4)),
    ("v2", 32000): ((10, 8, 2, 2), (20, 16, 4, 4)),
    ("v2", 40000): ((10, 10, 2, 2), (16, 16, 4, 4)),
    ("v2", 48000): ((12, 10, 2, 2), (24, 20, 4, 4)),
}
