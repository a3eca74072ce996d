"""Whether two recordings have one voice, by a network that was trained to distinguish speakers."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor

from engine.errors import UserError
from engine.metrics.pretrained import (
    SAMPLE_RATE_HZ,
    at_16_khz,
    features,
    load_network,
    read_config,
    read_part,
)

_SHORTEST_SECONDS = 0.5
"""X-vectors are made of several layers of neighbouring frames, 0.3 s together."""


@frozen(eq=False)
class SpeakerSimilarity:
    """Compares voices by x-vectors (Snyder et al., 2018), as WavLM for verification makes them."""

    network: Any
    extract: Any
    device: torch.device

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> "SpeakerSimilarity":
        """Load it from a folder of `transformers`.

        Raises UserError where `check_speaker_encoder` does, or where weights are missing.
        """
        from transformers import AutoFeatureExtractor, AutoModelForAudioXVector

        check_speaker_encoder(folder)
        extract = read_part(AutoFeatureExtractor.from_pretrained, folder, "feature extractor")
        return cls(load_network(AutoModelForAudioXVector, folder, device), extract, device)

    @torch.inference_mode()
    def embed(self, audio: np.ndarray, sample_rate_hz: int) -> Tensor:
        """The voice of speech [samples] as a vector [dim] of length 1.

        Of less than half a second it is 0, which is like nobody.
        """
        if len(audio) < _SHORTEST_SECONDS * sample_rate_hz:
            return torch.zeros(self.network.config.xvector_output_dim, device=self.device)
        inputs = features(self.extract, at_16_khz(audio, sample_rate_hz), self.device)
        return F.normalize(self.network(**inputs).embeddings[0], dim=0)

    @staticmethod
    def between(voice: Tensor, other: Tensor) -> float:
        """The cosine of two voices [dim] of `embed`: 1 for one voice, about 0 for strangers."""
        return float(voice @ other)


def check_speaker_encoder(folder: Path) -> None:
    """Raise UserError where a folder holds no speaker encoder; no weights are read."""
    from transformers import AutoFeatureExtractor
    from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES

    read_config(folder, "speaker encoder", MODEL_FOR_AUDIO_XVECTOR_MAPPING_NAMES)
    extract = read_part(AutoFeatureExtractor.from_pretrained, folder, "feature extractor")
    if extract.sampling_rate != SAMPLE_RATE_HZ:
        raise UserError(
            f"{folder} takes audio at {extract.sampling_rate} Hz; name a model that takes "
            f"{SAMPLE_RATE_HZ} Hz."
        )
