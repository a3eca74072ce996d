"""FCPE (torchfcpe): a small conformer whose weights lie in its package."""

import io
from contextlib import redirect_stdout
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from attrs import frozen

from engine.analysis.pitch.method import SAMPLE_RATE_HZ, a_window_at_least, limited
from engine.files.packages import packaged_digest, require_package

_THRESHOLD = 0.006
"""Salience below which a frame is not voiced, as RVC WebUI has it."""


@frozen(slots=False)
class Fcpe:
    """FCPE as RVC WebUI uses it: the weighted mean around the most salient bin."""

    device: torch.device

    def __attrs_post_init__(self) -> None:
        require_package("torchfcpe", "torchfcpe", "Pitch by 'fcpe'")

    @cached_property
    def digest(self) -> str:
        """Digest of the package's version and weights."""
        version = require_package("torchfcpe", "torchfcpe", "Pitch by 'fcpe'")
        return packaged_digest("torchfcpe", version, "assets/fcpe_c_v001.pt")

    @torch.inference_mode()
    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Hz of each frame: see `PitchMethod`."""
        waveform = torch.from_numpy(a_window_at_least(samples))[None, :, None].to(self.device)
        found = _network(self.device).infer(
            waveform, sr=SAMPLE_RATE_HZ, decoder_mode="local_argmax", threshold=_THRESHOLD
        )
        return limited(found[0, :, 0].cpu().numpy(), len(samples))


@cache
def _network(device: torch.device) -> Any:
    with redirect_stdout(io.StringIO()):  # it prints its arguments, and defaults as warnings
        from torchfcpe import spawn_bundled_infer_model

        return spawn_bundled_infer_model(str(device))
