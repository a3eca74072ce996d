"""RMVPE (Wei et al., 2023) from its published weights, rmvpe.pt."""

from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from attrs import frozen
from torch import Tensor, nn

from engine.analysis.pitch.method import (
    HOP_LENGTH,
    SAMPLE_RATE_HZ,
    a_window_at_least,
    limited,
)
from engine.analysis.pitch.rmvpe_network import NUM_MELS, RmvpeNetwork
from engine.analysis.pitch.salience import hertz_around
from engine.errors import UserError
from engine.files.checksum import digest_of, sha256_of
from engine.nn.mel import MelSettings, MelSpectrogram
from engine.training.safe_load import load_state

_THRESHOLD = 0.03
"""Salience up to which a frame is not voiced, as RVC WebUI has it."""
_SMALLEST_MAGNITUDE = 1e-5

_MEL = MelSettings(
    sample_rate_hz=SAMPLE_RATE_HZ,
    n_fft=1024,
    hop_length=HOP_LENGTH,
    num_mels=NUM_MELS,
    low_hz=30.0,
    high_hz=8000.0,
    scale="htk",
    norm="slaney",
    power=1.0,
)


@frozen(slots=False)
class Rmvpe:
    """RMVPE as RVC WebUI uses it: the weighted mean around the most salient bin."""

    weights: Path
    device: torch.device

    @classmethod
    def open(cls, weights: Path | None, device: torch.device) -> "Rmvpe":
        """RMVPE with published weights. Raises UserError where there is no such file."""
        if weights is None or not weights.is_file():
            named = "no weights" if weights is None else f"{weights}, which does not exist"
            raise UserError(
                f"Pitch by 'rmvpe' needs the published weights rmvpe.pt, and is given {named}. "
                "'cantus fetch rmvpe' puts them into published/rmvpe; dataset.pitch.weights names "
                'the file. Without them take dataset.pitch = { kind = "fcpe" }.'
            )
        return cls(weights, device)

    @cached_property
    def digest(self) -> str:
        """Digest of the weights."""
        return digest_of(["rmvpe", sha256_of(self.weights)])

    @torch.inference_mode()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame: see `PitchMethod`.

        Raises UserError where the file of weights is damaged, or another model's.
        """
        network, mel = _loaded(self.weights, self.device), _mel(self.device)
        waveform = torch.from_numpy(a_window_at_least(samples)).to(self.device)
        salience = network(log_mel(waveform[None], mel))[0].float().cpu().numpy()
        hertz = hertz_around(salience, salience.argmax(axis=1))
        voiced = salience.max(axis=1) > _THRESHOLD
        return limited(np.where(voiced, hertz, 0.0), len(samples))


def log_mel(samples: Tensor, mel: nn.Module) -> Tensor:
    """The input of the network for audio [B, samples]: [B, 128, frames]."""
    result: Tensor = mel(samples).clamp(min=_SMALLEST_MAGNITUDE).log()
    return result


def read_network(path: Path) -> RmvpeNetwork:
    """The network with the weights of rmvpe.pt.

    Raises UserError where the file is damaged, or holds other tensors than RMVPE's.
    """
    state = load_state(path)
    with torch.device("meta"):
        network = RmvpeNetwork()
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in state.items()}
    wrong = [name for name in wanted if found.get(name) != tuple(wanted[name])]
    unknown = [name for name in found if name not in wanted]
    if wrong or unknown:
        raise UserError(
            f"{path} is no rmvpe.pt: of its {len(wanted)} tensors {len(wrong)} are missing or of "
            f"another shape, and {len(unknown)} are unknown (first: {(wrong + unknown)[0]}). "
            "Fetch the published file again: cantus fetch rmvpe"
        )
    floats = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }
    network.load_state_dict(floats, assign=True)
    return network.eval().requires_grad_(False)


@cache
def _loaded(path: Path, device: torch.device) -> RmvpeNetwork:
    return read_network(path).to(device)


@cache
def _mel(device: torch.device) -> MelSpectrogram:
    return MelSpectrogram(_MEL).to(device)
