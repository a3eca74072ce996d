"""The neural audio codecs of `transformers` that can be read, by the model type in config.json."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from torch import Tensor, nn

from engine.errors import UserError


@frozen(kw_only=True)
class Facts:
    """What a codec's configuration says of its codes."""

    sample_rate_hz: int
    hop_length: int
    """Samples of a frame of codes."""
    num_codebooks: int
    codebook_size: int


@frozen(kw_only=True)
class Family:
    """A model class, and how it codes."""

    class_name: str
    """Name of the class in `transformers`."""
    facts: Callable[[Any], Facts]
    """From the configuration of a codec to its facts."""
    encode: Callable[[Any, Tensor], Tensor]
    """Codes [1, K, T] of audio [1, 1, samples], whole frames, by all codebooks."""
    decode: Callable[[Any, Tensor], Tensor]
    """Audio [1, 1, samples] or [1, samples] of codes [1, K, T] of the first K codebooks."""
    adjust: Callable[[Any], None] | None = None
    """Mends what the class gets wrong."""
    why_not: Callable[[Any], str | None] | None = None
    """Why a configuration's audio is not coded as codes alone, in words; None where it is."""


def family_of(config: Any, folder: Path) -> Family:
    """The family of a configuration of one of the FAMILIES.

    Raises UserError where its audio is not coded as one stream of codes.
    """
    family = FAMILIES[config.model_type]
    reason = family.why_not(config) if family.why_not else None
    if reason is not None:
        raise UserError(f"{folder} holds a codec that cannot be used here: {reason}.")
    return family


def _facts(rate: str, num_codebooks: str) -> Callable[[Any], Facts]:
    """Reads the facts of a configuration that calls rate and number of codebooks by these names."""

    def facts(config: Any) -> Facts:
        return Facts(
            sample_rate_hz=getattr(config, rate),
            hop_length=config.hop_length,
            num_codebooks=getattr(config, num_codebooks),
            codebook_size=config.codebook_size,
        )

    return facts


def _mimi_facts(config: Any) -> Facts:
    return Facts(
        sample_rate_hz=config.sampling_rate,
        hop_length=round(config.sampling_rate / config.frame_rate),
        num_codebooks=config.num_quantizers,
        codebook_size=config.codebook_size,
    )


def _encodec_why_not(config: Any) -> str | None:
    if config.audio_channels != 1:
        return f"it codes {config.audio_channels} channels, and clips are mono"
    if config.chunk_length is not None or config.normalize:
        return "it codes chunks with a scale each, which are no codes"
    return None


def _with_whole_frames(network: Any) -> None:
    """Let the decoder give a whole frame where a stride is odd (`output_padding`).

    DacModel cuts samples there; the Higgs Audio v2 tokenizer mends its decoder likewise.
    """
    for module in network.decoder.modules():
        if isinstance(module, nn.ConvTranspose1d):
            module.output_padding = (module.stride[0] % 2,)


def _best_bandwidth(network: Any, audio: Tensor) -> Any:
    return network.encode(audio, bandwidth=network.config.target_bandwidths[-1]).audio_codes


_XCODEC: Mapping[str, Any] = {
    "facts": _facts("sample_rate", "num_quantizers"),
    "encode": _best_bandwidth,
    "decode": lambda network, codes: network.decode(codes).audio_values,
}

FAMILIES: Mapping[str, Family] = {
    "dac": Family(
        class_name="DacModel",
        facts=_facts("sampling_rate", "n_codebooks"),
        encode=lambda network, audio: network.encode(audio).audio_codes,
        decode=lambda network, codes: network.decode(audio_codes=codes).audio_values,
        adjust=_with_whole_frames,
    ),
    "higgs_audio_v2_tokenizer": Family(class_name="HiggsAudioV2TokenizerModel", **_XCODEC),
    "xcodec": Family(class_name="XcodecModel", **_XCODEC),
    "encodec": Family(
        class_name="EncodecModel",
        facts=_facts("sampling_rate", "num_quantizers"),
        encode=lambda network, audio: _best_bandwidth(network, audio)[0],
        decode=lambda network, codes: network.decode(codes[None], [None]).audio_values,
        why_not=_encodec_why_not,
    ),
    "mimi": Family(
        class_name="MimiModel",
        facts=_mimi_facts,
        encode=lambda network, audio: network.encode(audio).audio_codes,
        decode=lambda network, codes: network.decode(codes).audio_values,
    ),
}
