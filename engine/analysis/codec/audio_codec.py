"""A neural audio codec that is used and not trained: audio to codes and back."""

from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor

from engine.analysis.codec.families import FAMILIES, Facts
from engine.analysis.codec.folder import digest_of_codec
from engine.errors import UserError
from engine.files.checksum import digest_of
from engine.metrics.pretrained import load_network


@frozen(kw_only=True, slots=False)
class AudioCodec:
    """A codec of a folder. Pickles without its network, so that workers can share it."""

    folder: Path
    model_type: str
    """Model type of config.json, one of the FAMILIES."""
    sample_rate_hz: int
    hop_length: int
    """Samples of a frame of codes."""
    num_codebooks: int
    """Number of codebooks in use, from the first on."""
    codebook_size: int
    weights_digest: str
    """SHA-256 over the folder's configuration and weights."""
    device: str

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what decides the codes."""
        return digest_of([self.weights_digest, self.num_codebooks])

    @property
    def frames_per_second(self) -> float:
        """Frames of codes in a second of audio."""
        return self.sample_rate_hz / self.hop_length

    def num_frames(self, num_samples: int) -> int:
        """Frames of so many samples: one for each that is begun."""
        return -(-num_samples // self.hop_length)

    @torch.no_grad()
    def encode(self, waveform: Tensor | np.ndarray) -> Tensor:
        """Codes int64 [T, K], on the CPU, of a waveform float32 [samples] in -1..1.

        Silence fills the last frame. A clip is coded alone, so that its codes are its own.
        """
        samples = torch.as_tensor(waveform).float()
        frames = self.num_frames(len(samples))
        if not frames:
            return torch.zeros(0, self.num_codebooks, dtype=torch.int64)
        whole = F.pad(samples, (0, frames * self.hop_length - len(samples)))
        codes = FAMILIES[self.model_type].encode(_network(self), whole[None, None].to(self.device))
        if codes.shape[-1] != frames:
            raise UserError(
                f"{self.folder}: the codec gives {codes.shape[-1]} frames of codes for "
                f"{len(whole):,} samples, and its strides say {frames}. Its config.json is not "
                "that of its weights."
            )
        kept: Tensor = codes[0, : self.num_codebooks].T.long().cpu().contiguous()
        return kept

    @torch.no_grad()
    def decode(self, codes: Tensor | np.ndarray) -> Tensor:
        """Waveform float32 [T x hop_length], on the CPU, of codes [T, n] of the first n codebooks.

        Raises UserError where one is no code, such as the mark of an end of stream.
        """
        frames = torch.as_tensor(codes).long()
        self._require_codes(frames)
        if not len(frames):
            return torch.zeros(0)
        family = FAMILIES[self.model_type]
        audio = family.decode(_network(self), frames.T[None].to(self.device)).flatten()
        decoded: Tensor = audio[: len(frames) * self.hop_length].float().cpu()
        return decoded

    def require_sample_rate(self, sample_rate_hz: int) -> None:
        """Raise UserError where audio of this rate is not what the codec takes."""
        if sample_rate_hz != self.sample_rate_hz:
            raise UserError(
                f"The codec of {self.folder} takes audio at {self.sample_rate_hz:,} Hz, and "
                f"dataset.sample_rate_hz is {sample_rate_hz:,}. Set it to {self.sample_rate_hz}, "
                "and have the corpus packed at that rate (corpora.<corpus>.sample_rates_hz in "
                "params.toml)."
            )

    def _require_codes(self, frames: Tensor) -> None:
        if frames.dim() != 2 or not 1 <= frames.shape[1] <= self.num_codebooks:
            raise UserError(
                f"Codes of shape {[*frames.shape]} do not fit the codec of {self.folder}: the "
                f"shape must be [frames, 1 to {self.num_codebooks} codebooks]."
            )
        if len(frames) and not 0 <= int(frames.min()) <= int(frames.max()) < self.codebook_size:
            raise UserError(
                f"Codes from {int(frames.min())} to {int(frames.max())} do not fit the codec of "
                f"{self.folder}: its codebooks hold 0 to {self.codebook_size - 1}."
            )


def audio_codec(
    folder: Path, model_type: str, facts: Facts, num_codebooks: int, device: str
) -> AudioCodec:
    """The codec of a folder, by what its configuration says."""
    return AudioCodec(
        folder=folder,
        model_type=model_type,
        sample_rate_hz=facts.sample_rate_hz,
        hop_length=facts.hop_length,
        num_codebooks=num_codebooks,
        codebook_size=facts.codebook_size,
        weights_digest=digest_of_codec(folder),
        device=device,
    )


@lru_cache(maxsize=2)
def _network(codec: AudioCodec) -> Any:
    """The network of a codec with this digest: another may lie in its folder later."""
    import transformers

    family = FAMILIES[codec.model_type]
    kind = getattr(transformers, family.class_name)
    network = load_network(kind, codec.folder, torch.device(codec.device))
    if family.adjust is not None:
        family.adjust(network)
    return network
