"""The kind of a state dict of RVC, by its names and shapes: "f0G40k of RVC v2"."""

from collections.abc import Mapping
from typing import Literal

from attrs import frozen
from torch import Tensor

from engine.systems.rvc.network.discriminators import PERIODS
from engine.systems.rvc.network.settings import Version, published_settings

Tensors = Mapping[str, Tensor]
_RATES_HZ = (32000, 40000, 48000)
_CONTENT_DIMS: dict[int, Version] = {768: "v2", 256: "v1"}
_NOT_OF_RVC = {
    "final_proj.weight": "a HuBERT or ContentVec, which makes content features",
    "encoder.layers.0.attention.k_proj.weight": "a HuBERT or ContentVec, which makes content "
    "features",
    "unet.encoder.bn.weight": "RMVPE, which measures the pitch",
    "mel_extractor.mel_basis": "RMVPE, which measures the pitch",
}


@frozen(kw_only=True)
class Kind:
    """The kind of a state dict, as far as its tensors show it."""

    role: Literal["generator", "discriminator"]
    version: Version | None
    """By its content vectors, or its periods; None of sizes that RVC does not have."""
    uses_f0: bool | None = None
    """Whether a generator is conditioned on pitch."""
    sample_rate_hz: int | None = None
    """Sample rate of a generator, by its upsampling; discriminators are alike at every rate."""

    def __str__(self) -> str:
        """The name of the published file of this kind, and the version."""
        version = f"of RVC {self.version}" if self.version else "of sizes that RVC does not have"
        if self.role == "discriminator":
            return f"a discriminator {version} (f0D*.pth)"
        rate = f"{self.sample_rate_hz // 1000}k" if self.sample_rate_hz else " (of its own rates)"
        return f"{'f0' if self.uses_f0 else ''}G{rate} {version}"


def kind_of(state: Tensors) -> Kind | None:
    """The kind of a state dict; None where it is not one of RVC's networks."""
    if "discriminators.0.conv_post.bias" in state:
        return Kind(role="discriminator", version=_discriminator_version(state))
    if "enc_p.emb_phone.weight" not in state:
        return None
    version = _CONTENT_DIMS.get(_size(state, "enc_p.emb_phone.weight", -1))
    return Kind(
        role="generator",
        version=version,
        uses_f0="enc_p.emb_pitch.weight" in state,
        sample_rate_hz=_rate(state, version) if version else None,
    )


def said_of_others(state: Tensors) -> str:
    """A phrase for a state dict that is not one of RVC's networks."""
    known = (said for name, said in _NOT_OF_RVC.items() if name in state)
    return next(known, "no network of RVC")


def _discriminator_version(state: Tensors) -> Version | None:
    places = {name.split(".")[1] for name in state}
    versions = (version for version, periods in PERIODS.items() if len(places) == 1 + len(periods))
    return next(versions, None)


def _rate(state: Tensors, version: Version) -> int | None:
    """The one of RVC's rates whose decoder, and spectrogram if it is read, have these sizes."""
    for rate in _RATES_HZ:
        settings = published_settings(rate, version)
        kernels = [_size(state, f"dec.ups.{stage}.weight_v", -1) for stage in range(5)]
        own = [*settings.upsample_kernels, 0][:5]
        bins = _size(state, "enc_q.pre.weight", 1)
        source = _size(state, "dec.noise_convs.0.weight", -1)
        first = 2 * settings.hop_length // settings.upsample_rates[0]
        if kernels == own and bins in (0, settings.num_bins) and source in (0, first):
            return rate
    return None


def _size(state: Tensors, name: str, dimension: int) -> int:
    """A dimension of a tensor, 0 where there is none."""
    shape = state[name].shape if name in state else ()
    return shape[dimension] if len(shape) > 1 else 0
