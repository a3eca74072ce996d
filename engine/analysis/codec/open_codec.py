"""Opening the folder of a codec that `transformers` loads; nothing is ever downloaded."""

from pathlib import Path

import torch
from torch import Tensor

from engine.analysis.codec.audio_codec import AudioCodec, audio_codec
from engine.analysis.codec.families import FAMILIES, Facts, family_of
from engine.errors import UserError
from engine.metrics.pretrained import read_config

_WAY_OUT = (
    "A codec's folder is what transformers' save_pretrained writes: 'cantus fetch "
    "higgs_audio_v2_tokenizer' makes one, and a codec recipe leaves one in "
    "models/<recipe>/export/transformers."
)
_PROBE_FRAMES = 24


def open_codec(
    folder: Path, num_codebooks: int | None = None, device: str | torch.device = "cpu"
) -> AudioCodec:
    """The codec of a folder, of whose codebooks the first `num_codebooks` are used, or all.

    Raises UserError where there is no such folder, it holds no codec or one of another type, it has
    fewer codebooks, its weights are missing or damaged, or it was never trained.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. {_WAY_OUT}")
    config = read_config(folder, "audio codec", FAMILIES, _WAY_OUT)
    facts = family_of(config, folder).facts(config)
    used = facts.num_codebooks if num_codebooks is None else num_codebooks
    if not 1 <= used <= facts.num_codebooks:
        raise UserError(
            f"The codec of {folder} has {facts.num_codebooks} codebooks, and {used} are asked for "
            f"(codec.num_codebooks). Ask for 1 to {facts.num_codebooks}."
        )
    codec = audio_codec(folder, config.model_type, facts, used, str(device))
    _require_trained(codec, facts)
    return codec


def _require_trained(codec: AudioCodec, facts: Facts) -> None:
    """Raise UserError where any audio becomes the same code, as with random Higgs weights."""
    codes = codec.encode(_probe(_PROBE_FRAMES * facts.hop_length))
    if (codes == codes[:1]).all():
        raise UserError(
            f"The codec of {codec.folder} is untrained: it codes noise and tones alike as the "
            f"single code {int(codes[0, 0])}. Take the published weights, or train a codec."
        )


def _probe(num_samples: int) -> Tensor:
    """Noise whose loudness rises, and a tone in its second half."""
    random = torch.Generator().manual_seed(0)
    time = torch.linspace(0, 1, num_samples)
    noise = torch.randn(num_samples, generator=random) * 0.1 * time
    return noise + 0.3 * torch.sin(200 * time) * (time > 0.5)
