"""ContentVec (Qian et al., 2022), a HuBERT that was taught to forget the speaker."""

from functools import cache, cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from torch import Tensor, nn

from engine.analysis.content.encoder import HOP_LENGTH
from engine.analysis.content.model_files import WAY_OUT, model_files
from engine.errors import UserError
from engine.files.checksum import digest_of, sha256_of
from engine.files.untrusted import read_json_object
from engine.metrics.pretrained import load_network, read_config

_NUM_LAYERS = 12
_PROJECTED_LAYER = 9
_RECEPTIVE_FIELD = 400
"""Samples of one frame of HuBERT's convolutions."""


@frozen(slots=False)
class ContentVec:
    """Layer 12, or layer 9 projected to fewer dimensions: RVC's versions 2 and 1."""

    folder: Path
    dim: int
    projected: bool
    device: torch.device

    @classmethod
    def open(cls, folder: Path, dim: int, device: torch.device) -> "ContentVec":
        """The encoder of a folder. Its weights are read when audio is first encoded.

        Raises UserError where the folder holds no HuBERT, or none with features of `dim`.
        """
        config = read_config(folder, "ContentVec", ["hubert"], WAY_OUT)
        _require_layers(folder, config)
        if dim == config.hidden_size:
            return cls(folder, dim, projected=False, device=device)
        if dim == config.classifier_proj_size:
            return cls(folder, dim, projected=True, device=device)
        raise UserError(
            f"{folder} has features of {config.hidden_size} dimensions, projected "
            f"{config.classifier_proj_size}, and the model takes {dim}: it is another model's. "
            f"{WAY_OUT}"
        )

    @cached_property
    def digest(self) -> str:
        """Digest of the files of weights, the configuration and the layer."""
        files = [sha256_of(path) for path in model_files(self.folder)]
        return digest_of(["contentvec", self.dim, self.projected, *files])

    def num_frames(self, num_samples: int) -> int:
        """Frames of so many samples: HuBERT's convolutions are not padded."""
        return (max(num_samples, _RECEPTIVE_FIELD) - _RECEPTIVE_FIELD) // HOP_LENGTH + 1

    @torch.inference_mode()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Features of each frame: see `ContentEncoder`.

        Raises UserError where weights are missing or cannot be read.
        """
        network = _network(self.folder, self.projected, self.device)
        missing = max(0, _RECEPTIVE_FIELD - len(samples))
        padded = np.pad(samples.astype(np.float32, copy=False), (0, missing))
        if _is_normalized(self.folder):
            padded = (padded - padded.mean()) / np.sqrt(padded.var() + 1e-5)
        features: np.ndarray = (
            network(torch.from_numpy(padded)[None].to(self.device))[0].cpu().numpy()
        )
        return features


def _require_layers(folder: Path, config: Any) -> None:
    stride = prod(config.conv_stride)
    if config.num_hidden_layers != _NUM_LAYERS or stride != HOP_LENGTH:
        raise UserError(
            f"{folder} is no ContentVec: it has {config.num_hidden_layers} layers and a frame for "
            f"{stride} samples, instead of {_NUM_LAYERS} and {HOP_LENGTH}. {WAY_OUT}"
        )


class _Encoder(nn.Module):
    """HuBERT's last layer [B, frames, hidden], or the projection of layer 9."""

    def __init__(self, hubert: Any, projected: bool) -> None:
        super().__init__()
        self.hubert, self.projected = hubert, projected

    def forward(self, samples: Tensor) -> Tensor:
        found = self.hubert(samples, output_hidden_states=self.projected)
        features: Tensor = found.last_hidden_state
        if self.projected:
            features = self.hubert.final_proj(found.hidden_states[_PROJECTED_LAYER])
        return features


@cache
def _network(folder: Path, projected: bool, device: torch.device) -> _Encoder:
    from transformers import HubertModel

    class Projected(HubertModel):  # type: ignore[no-untyped-call]  # transformers' own
        """HuBERT as the published folder was saved: with the projection trained with it."""

        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.final_proj = nn.Linear(config.hidden_size, config.classifier_proj_size)

    kind = Projected if projected else HubertModel
    return _Encoder(load_network(kind, folder, device), projected)


@cache
def _is_normalized(folder: Path) -> bool:
    """Whether audio is brought to one loudness first: published ContentVec folders say not."""
    path = folder / "preprocessor_config.json"
    return path.is_file() and bool(read_json_object(path).get("do_normalize", False))
